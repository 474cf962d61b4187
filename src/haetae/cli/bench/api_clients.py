"""Clients of a running site that measure how long it keeps them waiting."""

import asyncio
import http.client
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect


class Client:
    """One connection that is kept open. The plainest client there is: what is measured is the server, on the same two cores."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60.0)
        self._headers = headers

    def get(self, path: str, **query: Any) -> int:
        """The status of the answer, which is read to its end."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None, self._headers)

    def post(self, path: str, body: object) -> int:
        return self._ask("POST", path, orjson.dumps(body), {**self._headers, "Content-Type": "application/json"})

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


Ask = Callable[[Client, int], int]
"""One request, and the status of its answer; the number grows with each, so that not all ask the same."""


def measure(url: str, headers: dict[str, str], ask: Ask, *, clients: int, seconds: float) -> dict[str, Any]:
    """Ask from so many threads at once for `seconds`, each on a connection of its own; latencies in milliseconds, of what was not refused
    (log-ins are, when there are too many)."""
    latencies: list[float] = []
    failures: list[int] = []
    stop_at = time.monotonic() + seconds

    def run(number: int) -> None:
        with closing(Client(url, headers)) as client:
            ask(client, number)
            while time.monotonic() < stop_at:
                number += clients
                began = time.perf_counter()
                status = ask(client, number)
                if status < 400:
                    latencies.append(time.perf_counter() - began)
                else:
                    failures.append(status)

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
