"""The reading loop that every FFmpeg source shares: open, demux, decode, and end well."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import structlog
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext

from haetae.clock import Clock
from haetae.domain.frame import Frame, FrameCounts, Packet, StreamInfo
from haetae.errors import SourceUnavailable
from haetae.sources import faults
from haetae.sources.base import InTime, OnPacket, SourceOptions
from haetae.sources.decoding import Decoding, PictureSizeChanged, set_up_decoder
from haetae.sources.faults import FaultKind
from haetae.sources.intake import Intake, VideoPacket
from haetae.sources.ledger import CLOSED, UNDECODABLE, Coded, FrameLedger
from haetae.sources.reference import NonReferenceFilter
from haetae.sources.sampler import FILE_FPS, LIVE_FPS, Sampler
from haetae.sources.stream import describe, is_too_large, video_stream
from haetae.sources.timeline import Timeline
from haetae.sources.walltime import ArrivalWallTime, RecordedWallTime, WallTime
from haetae.telemetry import redact_url

CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,obu,ivf,m4v,mjpeg,mpjpeg,"
    "jpeg_pipe,png_pipe,bmp_pipe,tiff_pipe,webp_pipe,gif,dv,mxf,nut,mp3,wav,aac,flac"
)
"""The demuxers that may be used, an allow-list: playlists (hls, dash, concat, sdp) would open whatever they name."""

_PROBE = {"probesize": str(5 * 2**20), "analyzeduration": "5000000", "max_streams": "64"}
_ARRIVAL_BASE = Fraction(1, 90_000)
_BROKEN_READS = 200
_BLIND_S = 30.0
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Opening:
    """What FFmpeg is to open. `protocols` and `demuxers` are allow-lists."""

    location: str
    protocols: str
    demuxers: str = CONTAINERS
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)


class AvSource:
    """A source that FFmpeg demuxes and decodes on one thread. Implements `Source`; a subclass says what to open in `_plan`.

    `close` from another thread ends a blocked read after `read_timeout_s` at the latest (a blocked `open` after `connect_timeout_s`):
    FFmpeg can be left early only by its time-outs. The connection is then released by the reading thread.
    """

    live = True
    kind: FaultKind = "network"
    """Chooses the words for errors."""

    def __init__(self, url: str, options: SourceOptions, *, clock: Clock) -> None:
        self._url = url
        self._options = options
        self._clock = clock
        self._log = structlog.get_logger().bind(source=redact_url(url))
        self._ledger = FrameLedger()
        self._stop = threading.Event()
        self._busy = threading.Lock()
        self._container: InputContainer | None = None
        self._demux: Iterator[VideoPacket] | None = None
        self._duration_s: float | None = None
        self._at_end = False

    def _plan(self) -> Opening:
        """What to open; may raise SourceUnavailable, or OSError, which becomes one."""
        raise NotImplementedError

    def _is_live(self, container: InputContainer) -> bool:  # noqa: ARG002
        """Asked once the container is open."""
        return self.live

    def _has_stamps(self, container: InputContainer) -> bool:  # noqa: ARG002
        """False for a live stream whose time stamps FFmpeg makes up; asked once the container is open."""
        return True

    def _decoder_for(self, packet: VideoPacket) -> VideoCodecContext | None:  # noqa: ARG002
        """What decodes this packet, None for the stream's own decoder."""
        return None

    def open(self) -> StreamInfo:
        with self._busy:
            if self._stop.is_set() or self._container is not None:
                raise SourceUnavailable(f"{redact_url(self._url)} was opened before", hint="Make a new source for each connection.")
            try:
                return self._open()
            except BaseException:
                self._stop.set()
                self._release()
                raise

    @property
    def counts(self) -> FrameCounts:
        return self._ledger.counts

    @property
    def duration_s(self) -> float | None:
        return self._duration_s

    def packets(self) -> Iterator[Packet]:
        try:
            for packet, coded in self._read():
                self._ledger.skip(coded)
                yield self._intake.packet(packet, coded)
        finally:
            self._ledger.finish(CLOSED)
        if self._at_end and self.live:
            raise self._lost("it ended the stream")

    def frames(self, on_packet: OnPacket | None = None) -> Iterator[Frame]:
        decoding = self._decoding
        seen_at, seen = self._clock.monotonic(), 0
        try:
            for packet, coded in self._read():
                if on_packet is not None:
                    on_packet(self._intake.packet(packet, coded))
                yield from decoding.frames(packet, coded, self._decoder_for(packet))
                if decoding.decoded != seen or decoding.catching_up:
                    seen_at, seen = self._clock.monotonic(), decoding.decoded
                elif self.live and self._clock.monotonic() - seen_at > _BLIND_S:
                    raise self._lost("none of its pictures can be decoded")
            if self._at_end:
                yield from decoding.flush()
        except PictureSizeChanged:
            raise self._lost("the stream changed its picture size") from None
        finally:
            self._ledger.finish(UNDECODABLE if self._at_end else CLOSED)
        if self._at_end:
            self._check_end(decoding.decoded)

    def catch_up(self, in_time: InTime, reason: str) -> None:
        self._decoding.catch_up(in_time, reason)

    def close(self) -> None:
        self._stop.set()
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()

    def _open(self) -> StreamInfo:
        started = self._clock.monotonic()
        try:
            self._container = container = self._connect(self._plan())
        except faults.FFMPEG_ERRORS as error:
            # FFmpeg reports an exchange that its time-out cut short in many ways, invalid data among them.
            gave_up = self._clock.monotonic() - started >= self._options.connect_timeout_s
            cause = TimeoutError() if gave_up and self.kind == "network" else error
            raise faults.unavailable(cause, self._url, kind=self.kind) from error
        stream = video_stream(container)
        if stream is None or stream.time_base is None:
            raise faults.no_video(self._url, permanent=self.kind == "file")
        context = stream.codec_context
        if is_too_large(context.width, context.height):
            raise faults.too_large(self._url, context.width, context.height)
        self.live = self._is_live(container)
        if not self.live and container.duration and container.duration > 0:
            self._duration_s = container.duration / av.time_base
        info = describe(stream)
        arrival = None
        if self.live and not self._has_stamps(container):
            info = replace(info, time_base=_ARRIVAL_BASE, fps=None)
            arrival = self._ticks_of_now
        wall = ArrivalWallTime(self._clock) if self.live else RecordedWallTime(self._clock, container.metadata.get("creation_time"))
        self._set_up(info, wall, reorder=int(context.reorder_depth), decoder=set_up_decoder(context), arrival=arrival)
        self._demux = container.demux(stream)
        self._stream = stream
        return info

    def _connect(self, plan: Opening) -> InputContainer:
        return av.open(
            plan.location,
            "r",
            format=plan.format,
            options={"max_pixels": str(faults.MAX_PIXELS)},
            container_options={**_PROBE, "protocol_whitelist": plan.protocols, "format_whitelist": plan.demuxers, **plan.options},
            metadata_errors="replace",
            timeout=(self._options.connect_timeout_s, self._options.read_timeout_s),
        )

    def _ticks_of_now(self) -> int:
        return round(self._clock.monotonic() / _ARRIVAL_BASE)

    def _set_up(
        self,
        info: StreamInfo,
        wall: WallTime,
        *,
        reorder: int,
        decoder: VideoCodecContext | None,
        arrival: Callable[[], int] | None = None,
    ) -> None:
        rate_fps = self._options.analysed_fps or (LIVE_FPS if self.live else FILE_FPS)
        timeline = Timeline(info.time_base, fps=info.fps, live=self.live, reorder=reorder)
        self._intake = Intake(self._ledger, timeline, wall, arrival)
        self._decoding = Decoding(
            decoder,
            self._ledger,
            Sampler(rate_fps, info.fps),
            NonReferenceFilter(info.codec, info.extradata, rate_fps),
            fixed_size=self.live,
        )

    def _read(self) -> Iterator[tuple[VideoPacket, Coded]]:
        """Every packet with a picture in it, until the end (`_at_end`) or `close`."""
        paced_from: float | None = None
        while (packet := self._next_packet()) is not None:
            coded = self._intake.receive(packet)
            if self._options.realtime and not self.live:
                now = self._clock.monotonic()
                paced_from = now - coded.t_s if paced_from is None else paced_from
                if (early_s := paced_from + coded.t_s - now) > 0 and self._clock.wait(early_s, self._stop):
                    return
            yield packet, coded

    def _next_packet(self) -> VideoPacket | None:
        """The next packet that is not empty, None at the end and after `close`. Raises SourceUnavailable when the source is lost."""
        broken = 0
        since = self._clock.monotonic()
        while True:
            try:
                with self._busy:
                    if self._stop.is_set() or self._demux is None:
                        self._release()
                        return None
                    packet = next(self._demux, None)
                if packet is None:
                    self._at_end = True
                    return None
                if packet.size:
                    return packet
            except av.error.BlockingIOError as error:
                if self._clock.monotonic() - since > self._options.read_timeout_s:
                    raise self._lost("it sends no more pictures") from error
                self._clock.wait(_POLL_S, self._stop)
                self._demux_again()
            except faults.FFMPEG_ERRORS as error:
                if self._stop.is_set():
                    continue
                broken += 1
                if self.live or not isinstance(error, av.error.InvalidDataError):
                    raise faults.unavailable(error, self._url, kind=self.kind, doing="read") from error
                if broken > _BROKEN_READS:
                    self._log.warning("source_broken_to_the_end", frames=self._ledger.counts.read)
                    self._at_end = True
                    return None
                self._demux_again()

    def _demux_again(self) -> None:
        """An error ends PyAV's generator, but not the container's readability."""
        with self._busy:
            if self._container is not None:
                self._demux = self._container.demux(self._stream)

    def _check_end(self, decoded: int) -> None:
        if self.live:
            raise self._lost("it ended the stream")
        if decoded == 0:
            raise SourceUnavailable(
                f"cannot read {redact_url(self._url)}: not one picture in it can be decoded",
                hint="Check that it plays elsewhere; it may be cut off or damaged.",
                permanent=True,
            )

    def _lost(self, cause: str) -> SourceUnavailable:
        return SourceUnavailable(f"lost {redact_url(self._url)}: {cause}", hint="Check the camera and the network.")

    def _release(self) -> None:
        """Called with `_busy` held."""
        demux, self._demux = self._demux, None
        container, self._container = self._container, None
        if demux is not None:
            demux.close()  # type: ignore[attr-defined]
        if container is not None:
            container.close()
