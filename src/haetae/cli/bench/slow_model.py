"""A model's server that takes its time and then answers as it was told to; in a process of its own."""

import asyncio
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What a request's body, read from JSON, is answered with; a function of a module, for it travels to another process."""


@contextmanager
def slow_model(delay_s: float, answer: Answer) -> Iterator[str]:
    """The address of a server that answers each call after `delay_s`."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, delay_s, answer), daemon=True)
    process.start()
    try:
        if not ours.poll(60):
            raise RuntimeError("the model's server did not come up")
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()
        process.join(10)


def _serve(pipe: Connection, delay_s: float, answer: Answer) -> None:
    asyncio.run(_run(pipe, delay_s, answer))


async def _run(pipe: Connection, delay_s: float, answer: Answer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                body = await reader.readexactly(length)
                await asyncio.sleep(delay_s)
                data = _completion(body, answer)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**24)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _completion(body: bytes, answer: Answer) -> bytes:
    said = json.dumps(answer(json.loads(body)))
    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    # About what a tokenizer makes of it: four bytes a token.
    usage = {"prompt_tokens": len(body) // 4, "completion_tokens": len(said) // 4, "total_tokens": (len(body) + len(said)) // 4}
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "slow", "choices": [choice], "usage": usage}).encode()
