"""Clients of a running site that measure how long it keeps them waiting."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect

Ask = Callable[[httpx2.Client, int], httpx2.Response]
"""One request; the number grows with each, so that not all ask the same."""


def measure(url: str, headers: dict[str, str], ask: Ask, *, clients: int, seconds: float) -> dict[str, Any]:
    """Ask from so many threads at once for `seconds`, each on a connection of its own; latencies in milliseconds."""
    latencies: list[float] = []
    failures: list[int] = []
    stop_at = time.monotonic() + seconds

    def run(number: int) -> None:
        with httpx2.Client(base_url=url, headers=headers, timeout=60.0) as client:
            ask(client, number)
            while time.monotonic() < stop_at:
                number += clients
                began = time.perf_counter()
                answer = ask(client, number)
                latencies.append(time.perf_counter() - began)
                if answer.is_error:
                    failures.append(answer.status_code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "requests": len(latencies),
        "failures": len(failures),
        "per_s": round(len(latencies) / seconds, 1),
        "p50_ms": percentile_ms(latencies, 50),
        "p95_ms": percentile_ms(latencies, 95),
    }


def fan_out(url: str, headers: dict[str, str], publish: Callable[[], None], *, clients: int, events: int) -> dict[str, Any]:
    """Connect so many WebSockets, have `events` events published one by one, and measure how long each client waited for each."""
    return asyncio.run(_fan_out(url.replace("http", "ws", 1) + "/api/v1/ws", headers, publish, clients, events))


async def _fan_out(url: str, headers: dict[str, str], publish: Callable[[], None], clients: int, events: int) -> dict[str, Any]:
    sockets = await asyncio.gather(*(connect(url, additional_headers=headers, open_timeout=60) for _ in range(clients)))
    waits: list[float] = []
    try:
        for socket in sockets:
            await socket.send(orjson.dumps({"type": "subscribe", "topics": ["events"], "cameras": None}).decode())
        # The answer to a ping comes after the subscription was taken in.
        for socket in sockets:
            await socket.send('{"type": "ping"}')
            await _until(socket, "pong")
        for _ in range(events):
            began = time.perf_counter()
            listening = [asyncio.ensure_future(_heard(socket, began)) for socket in sockets]
            await asyncio.to_thread(publish)
            waits += await asyncio.gather(*listening)
            await asyncio.sleep(0.3)
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))
    return {"clients": clients, "events": events, "p50_ms": percentile_ms(waits, 50), "p95_ms": percentile_ms(waits, 95)}


async def _heard(socket: ClientConnection, began: float) -> float:
    await _until(socket, "event")
    return time.perf_counter() - began


async def _until(socket: ClientConnection, kind: str) -> None:
    async with asyncio.timeout(30):
        while orjson.loads(await socket.recv())["type"] != kind:
            pass


def watch_live(
    url: str, headers: dict[str, str], camera_id: str, *, viewers: int, seconds: float, cpu_s: Callable[[], float]
) -> dict[str, Any]:
    """Open so many live views of one camera for `seconds`; what the server used meanwhile, in cores, and what came, in bytes."""
    return asyncio.run(_watch_live(f"{url.replace('http', 'ws', 1)}/api/v1/cameras/{camera_id}/live", headers, viewers, seconds, cpu_s))


async def _watch_live(url: str, headers: dict[str, str], viewers: int, seconds: float, cpu_s: Callable[[], float]) -> dict[str, Any]:
    sockets = await asyncio.gather(*(connect(url, additional_headers=headers, max_size=None) for _ in range(viewers)))
    received = 0

    async def drain(socket: ClientConnection) -> None:
        nonlocal received
        async for message in socket:
            received += len(message)

    readers = [asyncio.ensure_future(drain(socket)) for socket in sockets]
    # The backlog of the first moment is not what a viewer costs.
    await asyncio.sleep(2.0)
    received, before, began = 0, cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    cores = (cpu_s() - before) / (time.monotonic() - began)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    return {"viewers": viewers, "cores": round(cores, 4), "kbit_per_s_each": round(received * 8 / 1000 / seconds / max(1, viewers), 1)}


def percentile_ms(seconds: list[float], percent: float) -> float | None:
    return round(1000 * float(np.percentile(seconds, percent)), 2) if seconds else None
