"""A mail server and a web server that accept everything, or nothing while they are told to be down; in a process of their own."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True)
class Sinks:
    smtp_port: int
    http_port: int
    pipe: Connection

    def set_up(self, up: bool) -> None:
        """Let them accept messages or not."""
        self.pipe.send("up" if up else "down")
        self.pipe.recv()


@contextmanager
def sinks() -> Iterator[Sinks]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(60):
            raise RuntimeError("the receivers did not come up")
        smtp_port, http_port = ours.recv()
        yield Sinks(smtp_port, http_port, ours)
        ours.send("end")
        process.join(10)
    finally:
        if process.is_alive():
            process.kill()


def _serve(pipe: Connection) -> None:
    asyncio.run(_run(pipe))


async def _run(pipe: Connection) -> None:
    state = {"up": True}

    async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _smtp(reader, writer, state)

    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _http(reader, writer, state)

    servers = [await asyncio.start_server(handle, "127.0.0.1", 0) for handle in (smtp, http)]
    pipe.send(tuple(server.sockets[0].getsockname()[1] for server in servers))
    while (order := await asyncio.to_thread(pipe.recv)) != "end":
        state["up"] = order == "up"
        pipe.send("done")
    for server in servers:
        server.close()


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: dict[str, bool]) -> None:
    """As much of RFC 5321 as a client needs to hand a message over."""
    try:
        writer.write(b"220 sink\r\n" if state["up"] else b"421 down\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                writer.write(b"250 2.0.0 accepted\r\n" if state["up"] else b"451 4.3.0 down\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif word == b"EHLO":
                writer.write(b"250-sink\r\n250 8BITMIME\r\n")
            else:
                writer.write(b"250 2.0.0 fine\r\n" if state["up"] else b"451 4.3.0 down\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: dict[str, bool]) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            status = b"200 OK" if state["up"] else b"503 Service Unavailable"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
