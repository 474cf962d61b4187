"""A source that another process reads."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from haetae.domain.frame import Frame, FrameCounts, Packet, StreamInfo
from haetae.errors import SourceUnavailable
from haetae.sources.apart.pictures import counts_of, frame_of, packets_of, stream_of
from haetae.sources.apart.processes import DecodingProcess, DecodingProcesses
from haetae.sources.apart.wire import Message, Wire
from haetae.sources.base import InTime, OnPacket, SourceOptions
from haetae.sources.ledger import CLOSED
from haetae.telemetry import redact_url


class ApartSource:
    """Implements `Source`. What the URL means, the policy and every error are the other process's; here the answers are passed on."""

    def __init__(self, url: str, options: SourceOptions, processes: DecodingProcesses) -> None:
        self.live = True
        self._url = url
        self._options = options
        self._processes = processes
        self._process: DecodingProcess | None = None
        self._wire: Wire | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._counts = FrameCounts()
        self._duration_s: float | None = None
        self._in_time: InTime | None = None

    def open(self) -> StreamInfo:
        with self._lock:
            if self._closed.is_set() or self._wire is not None:
                raise SourceUnavailable(f"{redact_url(self._url)} was opened before", hint="Make a new source for each connection.")
            self._process, self._wire = process, wire = self._processes.take()
        heard = process.heard
        try:
            wire.send("open", self._wanted())
            message = wire.receive(self._options.connect_timeout_s + self._options.read_timeout_s + self._processes.starting_s)
        except TimeoutError as error:
            if process.heard == heard:
                # Its other sources get nothing either. They connect again, to the one that takes its place.
                process.kill()
            self.close()
            raise self._lost("its decoding process does not answer") from error
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise self._lost("its decoding process ended") from error
        if message.kind != "opened":
            self.close()
            raise self._failure(message)
        self.live = message.words["live"]
        self._duration_s = message.words["duration_s"]
        return stream_of(message.words["info"], message.data)

    def packets(self) -> Iterator[Packet]:
        for packets, _ in self._parts(only_packets=True):
            yield from packets

    def frames(self, on_packet: OnPacket | None = None) -> Iterator[Frame]:
        for packets, frame in self._parts(only_packets=False):
            if on_packet is not None:
                for packet in packets:
                    on_packet(packet)
            if frame is not None:
                yield frame

    def catch_up(self, in_time: InTime, reason: str) -> None:
        self._in_time = in_time
        self._say("late", {"reason": reason})

    @property
    def counts(self) -> FrameCounts:
        return self._counts

    @property
    def duration_s(self) -> float | None:
        return self._duration_s

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            process, self._process = self._process, None
            wire = self._wire
        if wire is not None:
            wire.close()
        if process is not None:
            self._processes.give_back(process)
            self._settle()

    def _wanted(self) -> dict[str, Any]:
        options = self._options
        return {
            "url": self._url,
            "analysed_fps": options.analysed_fps,
            "realtime": options.realtime,
            "connect_timeout_s": options.connect_timeout_s,
            "read_timeout_s": options.read_timeout_s,
            "policy": None if options.policy is None else options.policy.settings.model_dump(mode="json"),
        }

    def _parts(self, *, only_packets: bool) -> Iterator[tuple[list[Packet], Frame | None]]:
        """What is read, piece by piece. Raises SourceUnavailable, after what came with it, when the source is lost."""
        self._say("read", {"only_packets": only_packets})
        try:
            while (message := self._next()) is not None:
                if message.kind == "ask":
                    self._answer(message.words["t_s"])
                    continue
                yield self._part(message)
                if message.kind == "failed":
                    raise self._failure(message)
                if message.kind == "ended":
                    return
        finally:
            self.close()

    def _part(self, message: Message) -> tuple[list[Packet], Frame | None]:
        words = message.words
        try:
            packets = list(packets_of(words["packets"], message.data))
            size = sum(len(packet.data) for packet in packets)
            frame = frame_of(words["frame"], message.data[size:]) if "frame" in words else None
            self._counts = counts_of(words["counts"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._lost("its decoding process sends what is no picture") from error
        return packets, frame

    def _next(self) -> Message | None:
        """The next message, None after `close`. Raises SourceUnavailable when the process is gone."""
        wire = self._wire
        if wire is None or self._closed.is_set():
            return None
        try:
            message = wire.receive()
        except (OSError, EOFError, ValueError) as error:
            if self._closed.is_set():
                return None
            raise self._lost("its decoding process ended") from error
        if (process := self._process) is not None:
            process.heard += 1
        return message

    def _answer(self, t_s: float) -> None:
        in_time = self._in_time
        self._say("answer", {"in_time": in_time is None or in_time(t_s)})

    def _say(self, kind: str, words: dict[str, Any]) -> None:
        if self._wire is not None:
            # If it fails, the next message that is waited for says why.
            with suppress(OSError):
                self._wire.send(kind, words)

    def _settle(self) -> None:
        """What was inside the decoder when it was closed is counted as that."""
        counts = self._counts
        inside = counts.read - counts.analysed - counts.skipped - counts.dropped_total
        if inside > 0:
            self._counts = replace(counts, dropped={**counts.dropped, CLOSED: counts.dropped.get(CLOSED, 0) + inside})

    def _failure(self, message: Message) -> SourceUnavailable:
        words = message.words
        return SourceUnavailable(str(words["message"]), hint=str(words["hint"]), permanent=bool(words["permanent"]))

    def _lost(self, cause: str) -> SourceUnavailable:
        return SourceUnavailable(f"lost {redact_url(self._url)}: {cause}", hint="Haetae connects again.")
