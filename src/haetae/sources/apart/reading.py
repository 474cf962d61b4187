"""One source in a decoding process: read on one thread, what the site says heard on another."""

import queue
import threading
from contextlib import suppress
from typing import Any

import structlog

from haetae.clock import SystemClock
from haetae.domain.frame import Frame, Packet
from haetae.errors import HaetaeError, SourceUnavailable
from haetae.settings import SourcePolicySettings
from haetae.sources.apart.pictures import counts_words, frame_words, packet_words, stream_words
from haetae.sources.apart.wire import Wire
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.sources.policy import SourcePolicy

_log = structlog.get_logger()

HELD_S = 0.25
"""So long packets may wait for the wanted picture that follows them: one message for both, and one wake-up at the other end."""


class Reading:
    """`run` on a thread of its own."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._clock = SystemClock()
        self._source: Source | None = None
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._begin: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._late: str | None = None
        self._sending = threading.Lock()
        self._held: list[Packet] = []
        self._held_since = 0.0

    def run(self) -> None:
        """Read until the source ends, or the other side goes."""
        try:
            self._read(self._wire.receive().words)
        except (OSError, EOFError):
            # The site closed the source, or is gone.
            pass
        except HaetaeError as error:
            self._fail(error.message, error.hint, permanent=isinstance(error, SourceUnavailable) and error.permanent)
        except Exception as error:
            _log.exception("a source crashed in its decoding process")
            self._fail(f"internal error: {type(error).__name__}: {error}", "")
        finally:
            if self._source is not None:
                self._source.close()
            self._wire.close()

    def _read(self, wanted: dict[str, Any]) -> None:
        source = self._source = open_source(wanted["url"], _options(wanted), clock=self._clock)
        threading.Thread(target=self._listen, args=(source,), name="listen", daemon=True).start()
        words, data = stream_words(source.open())
        self._wire.send("opened", {"info": words, "live": source.live, "duration_s": source.duration_s}, data)
        only_packets = self._begin.get()
        if only_packets:
            for packet in source.packets():
                self._hold(packet)
                self._send("part")
        elif only_packets is not None:
            self._send_frames(source)
        self._send("ended")

    def _send_frames(self, source: Source) -> None:
        for frame in source.frames(self._hold):
            self._send("part", frame)
            if self._late is not None:
                reason, self._late = self._late, None
                source.catch_up(self._in_time, reason)

    def flush(self) -> None:
        """Send what was held for so long that no picture will follow: the camera stalls. Any thread; never waits for the reading one."""
        if self._sending.acquire(blocking=False):
            try:
                if self._held and self._clock.monotonic() - self._held_since > HELD_S:
                    self._send_now("part")
            except OSError:
                # The reading thread finds the same when it has something to say.
                self._wire.close()
            finally:
                self._sending.release()

    def _hold(self, packet: Packet) -> None:
        with self._sending:
            if not self._held:
                self._held_since = self._clock.monotonic()
            self._held.append(packet)

    def _send(self, kind: str, frame: Frame | None = None, **more: Any) -> None:
        with self._sending:
            self._send_now(kind, frame, **more)

    def _send_now(self, kind: str, frame: Frame | None = None, **more: Any) -> None:
        """Everything that was held, the frame, and the counts of now."""
        held, self._held = self._held, []
        words = {"packets": [packet_words(packet) for packet in held], **more}
        data: list[bytes | memoryview] = [packet.data for packet in held]
        if self._source is not None:
            words["counts"] = counts_words(self._source.counts)
        if frame is not None:
            words["frame"], planes = frame_words(frame)
            data += planes
        self._wire.send(kind, words, data)

    def _fail(self, message: str, hint: str, *, permanent: bool = False) -> None:
        # Perhaps nobody is there to hear it.
        with suppress(OSError):
            self._send("failed", message=message, hint=hint, permanent=permanent)

    def _in_time(self, t_s: float) -> bool:
        """Ask the site, which alone knows how late it is."""
        with self._sending:
            self._wire.send("ask", {"t_s": t_s})
        return self._answers.get()

    def _listen(self, source: Source) -> None:
        """On a thread of its own, for the reading one may be in FFmpeg when the site closes the source."""
        try:
            while True:
                message = self._wire.receive()
                if message.kind == "late":
                    self._late = message.words["reason"]
                elif message.kind == "answer":
                    self._answers.put(bool(message.words["in_time"]))
                elif message.kind == "read":
                    self._begin.put(bool(message.words["only_packets"]))
        except (OSError, EOFError, ValueError):
            source.close()
            # Should the reading thread wait for a word.
            self._answers.put(False)
            self._begin.put(None)
            self._wire.close()


def _options(wanted: dict[str, Any]) -> SourceOptions:
    policy = wanted["policy"]
    return SourceOptions(
        analysed_fps=wanted["analysed_fps"],
        realtime=wanted["realtime"],
        connect_timeout_s=wanted["connect_timeout_s"],
        read_timeout_s=wanted["read_timeout_s"],
        policy=None if policy is None else SourcePolicy(SourcePolicySettings(**policy)),
    )
