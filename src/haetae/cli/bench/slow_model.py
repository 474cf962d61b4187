"""A model's server that takes its time and then always answers the same; in a process of its own."""

import asyncio
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

_ANSWER = {
    "observations": [{"text": "Two people walk through the gate.", "frames": [1]}],
    "visible_text": "",
    "movement": "several",
    "summary": "Two people walk through the gate.",
    "event_type": "Other_Anomaly",
    "certainty": "medium",
    "verdict": "A",
}


@contextmanager
def slow_model(delay_s: float) -> Iterator[str]:
    """The address of a server that answers each look after `delay_s`."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, delay_s), daemon=True)
    process.start()
    try:
        if not ours.poll(60):
            raise RuntimeError("the model's server did not come up")
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()
        process.join(10)


def _serve(pipe: Connection, delay_s: float) -> None:
    asyncio.run(_run(pipe, delay_s))


async def _run(pipe: Connection, delay_s: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                await reader.readexactly(length)
                await asyncio.sleep(delay_s)
                body = _completion()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _completion() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": json.dumps(_ANSWER)}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990}
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "slow", "choices": [choice], "usage": usage}).encode()
