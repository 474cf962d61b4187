"""A real RTSP server (RFC 2326) that serves an H.264 file in a loop over TCP, and misbehaves on command.

with RtspServer(video, user="admin", password="secret") as server:
    read(server.url)
    server.stall()
"""

import asyncio
import hashlib
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.support.rtp import H264Video, Packetiser

_REALM = "test"
_NONCE = "0123456789abcdef"
_DEADLINE_S = 20.0


class RtspServer:
    """Listens on a free port of 127.0.0.1, in a thread of its own, for any number of clients. Each starts at the first picture.

    `speed` 4 sends four times as fast as the time stamps say; the first `burst_s` of video come at once, as from a recorder that keeps
    the last pictures for whoever connects (FFmpeg looks at some 3 s before it gives out the first). `sdp` replaces the description,
    `answers` the whole response to a method (bytes as they go over the wire). `report_at` makes RTCP sender reports: it maps the
    presentation time of now to the seconds since 1970 that the camera claims.
    """

    def __init__(
        self,
        video: Path,
        *,
        speed: float = 1.0,
        burst_s: float = 0.0,
        user: str = "",
        password: str = "",
        auth: Literal["digest", "basic"] = "digest",
        sdp: str | None = None,
        answers: Mapping[str, bytes] | None = None,
        report_at: Callable[[float], float] | None = None,
    ) -> None:
        self.speed, self.burst_s = speed, burst_s
        self.user, self.password, self.auth = user, password, auth
        self.sdp = sdp
        self.answers = dict(answers or {})
        self.report_at = report_at
        self.video = H264Video.load(video)
        self.corrupt_next = 0
        self.port = 0
        self.connections = 0
        self._playing: set[_Client] = set()
        self._clients: set[_Client] = set()
        self._loop = asyncio.new_event_loop()
        self._flow = asyncio.Event()
        self._flow.set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="rtsp-server", daemon=True)
        self._started: Future[None] = Future()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        login = f"{self.user}:{self.password}@" if self.user else ""
        return f"rtsp://{login}127.0.0.1:{self.port}/camera"

    @property
    def playing(self) -> int:
        """Clients that receive pictures now."""
        return len(self._playing)

    def stall(self) -> None:
        """Keep every connection open and send nothing more."""
        self._call(self._flow.clear)

    def resume(self) -> None:
        self._call(self._flow.set)

    def drop_clients(self) -> None:
        """Cut every connection without a word."""
        self._each(self._clients, lambda client: client.abort())

    def send_garbage(self, size: int = 65536) -> None:
        """Put `size` random bytes into the middle of every stream."""
        self._each(self._playing, lambda client: client.write(os.urandom(size)))

    def corrupt(self, pictures: int) -> None:
        """Overwrite most of the next `pictures` coded pictures with random bytes."""

        def set_it() -> None:
            self.corrupt_next = pictures

        self._call(set_it)

    def show(self, video: Path) -> None:
        """Go on with another video, from its first picture, in the running streams."""
        loaded = H264Video.load(video)

        def set_it() -> None:
            self.video = loaded

        self._call(set_it)

    def wait_until(self, condition: Callable[["RtspServer"], bool]) -> None:
        """Wait for something that clients do; fails after 20 s."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), _DEADLINE_S), "no client did what the test waits for"

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(_DEADLINE_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(_DEADLINE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_DEADLINE_S)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._started.set_result(None)
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(self, reader, writer)
        self._clients.add(client)
        self.connections += 1
        self.tell()
        try:
            await client.serve()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, ValueError):
            pass  # the client left, talks nonsense, or the server shuts
        finally:
            self._clients.discard(client)
            self.set_playing(client, False)
            client.abort()

    async def _shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for client in tuple(self._clients):
            client.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def flow(self) -> None:
        """Wait while the server stalls."""
        await self._flow.wait()

    def set_playing(self, client: "_Client", playing: bool) -> None:
        (self._playing.add if playing else self._playing.discard)(client)
        self.tell()

    def tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _each(self, clients: set["_Client"], action: Callable[["_Client"], None]) -> None:
        def act() -> None:
            for client in tuple(clients):
                action(client)

        self._call(act)

    def _call(self, action: Callable[[], Any]) -> None:
        """Run `action` on the server's thread and wait for it."""

        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(_DEADLINE_S)


class _Client:
    """One connection: requests in, responses and interleaved pictures out."""

    def __init__(self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._sender: asyncio.Task[None] | None = None

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def abort(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        self._writer.transport.abort()

    async def serve(self) -> None:
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":
                header = await self._reader.readexactly(3)
                await self._reader.readexactly(int.from_bytes(header[1:], "big"))
                continue
            request = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
            method, uri, _ = request.split("\r\n", 1)[0].split(" ")
            headers = {name.lower(): value for name, value in re.findall(r"^([\w-]+): *(.*?)\r$", request, re.MULTILINE)}
            answer = self._answer(method, uri, headers)
            self.write(answer)
            await self._writer.drain()
            if method == "PLAY" and answer.startswith(b"RTSP/1.0 200"):
                self._sender = asyncio.get_running_loop().create_task(self._quietly(self._send()))
            if method == "TEARDOWN":
                return

    def _answer(self, method: str, uri: str, headers: dict[str, str]) -> bytes:
        if method in self._server.answers:
            return self._server.answers[method]
        sequence = headers.get("cseq", "0")
        if self._server.user and method != "OPTIONS" and not self._is_authorised(method, uri, headers.get("authorization", "")):
            digest = f'Digest realm="{_REALM}", nonce="{_NONCE}"'
            challenge = digest if self._server.auth == "digest" else f'Basic realm="{_REALM}"'
            return response(sequence, status="401 Unauthorized", headers={"WWW-Authenticate": challenge})
        if method == "OPTIONS":
            return response(sequence, headers={"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"})
        if method == "DESCRIBE":
            sdp = self._server.sdp if self._server.sdp is not None else self._server.video.sdp()
            return response(sequence, headers={"Content-Base": f"{uri}/", "Content-Type": "application/sdp"}, body=sdp.encode())
        if method == "SETUP":
            if "interleaved" not in headers.get("transport", ""):
                return response(sequence, status="461 Unsupported Transport")
            return response(sequence, headers={"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", "Session": "1;timeout=60"})
        return response(sequence, headers={"Session": "1"})

    def _is_authorised(self, method: str, uri: str, authorization: str) -> bool:
        user, password = self._server.user, self._server.password
        if self._server.auth == "basic":
            return authorization == "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', authorization))
        secret, request = _md5(f"{user}:{_REALM}:{password}"), _md5(f"{method}:{given.get('uri', uri)}")
        return given.get("username") == user and given.get("response") == _md5(f"{secret}:{_NONCE}:{request}")

    async def _send(self) -> None:
        """Send pictures until the connection ends, each when it is due."""
        packetiser = Packetiser()
        video, index = self._server.video, 0
        offset_s, started, reported_s = 0.0, time.monotonic(), -1.0
        self._server.set_playing(self, True)
        while True:
            if video is not self._server.video or index == len(video.units):
                offset_s += video.units[index - 1].sent_s + video.duration_s / len(video.units)
                video, index = self._server.video, 0
            unit, index = video.units[index], index + 1
            due = started + (offset_s + unit.sent_s - self._server.burst_s) / self._server.speed
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._server.flow()
            t_s = offset_s + unit.shown_s
            if self._server.report_at is not None and unit.sent_s + offset_s - reported_s >= 0.2:
                reported_s = unit.sent_s + offset_s
                self._interleave(1, packetiser.sender_report(t_s, self._server.report_at(t_s)))
            for packet in packetiser.packets(unit, video, t_s):
                self._interleave(0, self._spoiled(packet))
            self._server.corrupt_next = max(0, self._server.corrupt_next - 1)
            await self._writer.drain()

    def _spoiled(self, packet: bytes) -> bytes:
        if not self._server.corrupt_next:
            return packet
        kept = 12 + 4
        return packet[:kept] + os.urandom(len(packet) - kept) if len(packet) > kept else packet

    def _interleave(self, channel: int, packet: bytes) -> None:
        self.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        """A client that hangs up is no fault of the server's."""
        try:
            await work
        except ConnectionError:
            self._server.set_playing(self, False)


def response(sequence: str, *, status: str = "200 OK", headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """An RTSP response as it goes over the wire."""
    lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
