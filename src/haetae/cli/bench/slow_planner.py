"""A model's server that takes its time and then answers as whatever role it is asked; in a process of its own."""

import asyncio
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


@contextmanager
def slow_planner(delay_s: float) -> Iterator[str]:
    """The address of a server that answers each call after `delay_s`: it weighs, chooses the first thing offered, and approves."""
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


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    """What the form that is asked for is filled in with."""
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    if "approved" in properties:
        return {"reasons": [], "approved": True}
    if "urgency" in properties:
        return {"known": ["Two people are at the gate."], "doubtful": [], "urgency": "high"}
    choice = properties["actions"]["items"]["properties"]
    blank = dict.fromkeys(choice)
    action = blank | {"action": choice["action"]["enum"][0], "text": "Two people are at the gate.", "why": "It helps."}
    return {"summary": "Two people are at the gate.", "actions": [action]}


def _serve(pipe: Connection, delay_s: float) -> None:
    asyncio.run(_run(pipe, delay_s))


async def _run(pipe: Connection, delay_s: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                body = await reader.readexactly(length)
                await asyncio.sleep(delay_s)
                data = _completion(body)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _completion(body: bytes) -> bytes:
    said = json.dumps(answer_to(json.loads(body)))
    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    # About what a tokenizer makes of it: four bytes a token.
    usage = {"prompt_tokens": len(body) // 4, "completion_tokens": len(said) // 4, "total_tokens": (len(body) + len(said)) // 4}
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "slow", "choices": [choice], "usage": usage}).encode()
