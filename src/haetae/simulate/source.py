"""`sim://plaza?seed=1`: a rendered scene as a camera that delivers H.264."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from urllib.parse import parse_qsl

import av
from av.video.codeccontext import VideoCodecContext

from haetae.clock import Clock
from haetae.domain.frame import StreamInfo
from haetae.errors import ConfigError
from haetae.simulate.caption import captioned
from haetae.simulate.conditions import parse_conditions
from haetae.simulate.encoder import MemoryEncoder, VideoPacket
from haetae.simulate.labelling import ground_truth
from haetae.simulate.labels import LabelRecorder, SceneLabels
from haetae.simulate.render import render
from haetae.simulate.spec import RenderedFrame, SceneSpec, parse_kinds, parse_size
from haetae.sources.base import SourceOptions
from haetae.sources.decoding import set_up_decoder
from haetae.sources.faults import FaultKind
from haetae.sources.reader import AvSource
from haetae.sources.walltime import ArrivalWallTime, RecordedWallTime

DEFAULT_MINUTES = 2.0
KEPT_INCIDENTS = 50
"""Incidents of an endless scene whose ground truth is remembered."""

KEYS = ("seed", "minutes", "incidents", "fps", "size", "live", "normal_s", "conditions", "hour")


class SimSource(AvSource):
    """Renders, encodes in memory and decodes again, so that compression is part of the picture and `packets` are real.

    The address is `sim://SCENE?seed=1&minutes=2&incidents=fall,fight&fps=15&size=640x360&normal_s=60&live=1`, every part after the scene
    optional. Without `live=1` it is like a file of 2 minutes: as fast as it is read. With it it keeps to the clock, like a camera, and
    never ends unless `minutes` says when. A live scene that ends is lost, like any camera. Bad addresses raise ConfigError when the
    object is made.
    """

    live = False
    kind: FaultKind = "file"

    def __init__(self, url: str, options: SourceOptions, *, clock: Clock) -> None:
        self._spec, live = parse_url(url)
        self._caption = options.caption
        super().__init__(url, options, clock=clock)
        self.live = live
        self._recorder = LabelRecorder(self._spec, keep=KEPT_INCIDENTS)
        self._ready: deque[VideoPacket] = deque()
        self._pictures: Iterator[RenderedFrame] = iter(())
        self._encoder: MemoryEncoder | None = None
        self._began_s = 0.0
        self._flushed = False

    @cached_property
    def _whole_truth(self) -> SceneLabels:
        return ground_truth(self._spec)

    @property
    def labels(self) -> SceneLabels:
        """The ground truth: of the whole scene, or of the frames read so far (the last 50 incidents) where it never ends."""
        return self._recorder.labels() if self._spec.seconds is None else self._whole_truth

    def _open(self) -> StreamInfo:
        self._pictures = render(self._spec)
        self._encoder = MemoryEncoder(self._spec.size, self._spec.fps)
        info = self._encoder.info
        self._duration_s = None if self.live else self._spec.seconds
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.extradata = info.extradata
        wall = ArrivalWallTime(self._clock) if self.live else RecordedWallTime(self._clock)
        self._set_up(info, wall, reorder=0, decoder=set_up_decoder(decoder))
        self._began_s = self._clock.monotonic()
        return info

    def _next_packet(self) -> VideoPacket | None:
        while not self._ready:
            with self._busy:
                if self._stop.is_set() or self._encoder is None:
                    self._release()
                    return None
                picture = next(self._pictures, None)
                if picture is None:
                    if self._flushed:
                        self._at_end = True
                        return None
                    self._flushed = True
                    self._ready.extend(self._encoder.flush())
                    continue
                self._recorder.add(picture.number, picture.labels, picture.harmless)
                rgb = captioned(picture.rgb, self._caption())
                self._ready.extend(self._encoder.encode(rgb, picture.number))
            if self.live:
                early_s = self._began_s + picture.t_s - self._clock.monotonic()
                if early_s > 0 and self._clock.wait(early_s, self._stop):
                    return None
        return self._ready.popleft()

    def _release(self) -> None:
        encoder, self._encoder = self._encoder, None
        self._pictures = iter(())
        if encoder is not None:
            with suppress(av.FFmpegError):
                encoder.close()
        super()._release()


def parse_url(url: str) -> tuple[SceneSpec, bool]:
    """The scene that an address asks for, and whether it is live. Raises ConfigError that names the key and what it may be."""
    scene, _, query = url.removeprefix("sim://").partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    for key in values:
        if key not in KEYS:
            raise ConfigError(f"sim://: unknown key {key!r}", hint=f"Known: {', '.join(KEYS)}.")
    live = _flag(values, "live")
    minutes = _number(values, "minutes", None if live else DEFAULT_MINUTES)
    spec = SceneSpec(
        scene=scene.strip("/"),
        seed=int(_number(values, "seed", 1.0, whole=True) or 0),
        seconds=None if minutes is None else minutes * 60.0,
        fps=_number(values, "fps", 15.0) or 0.0,
        size=parse_size(values["size"]) if "size" in values else (640, 360),
        incidents=parse_kinds(values["incidents"]) if "incidents" in values else None,
        normal_s=_number(values, "normal_s", None),
        conditions=parse_conditions(values["conditions"]) if "conditions" in values else (),
        starts_at=_number(values, "hour", None),
    )
    return spec, live


def _number(values: Mapping[str, str], key: str, default: float | None, *, whole: bool = False) -> float | None:
    text = values.get(key)
    if text is None:
        return default
    try:
        return int(text) if whole else float(text)
    except ValueError:
        raise ConfigError(f"{key} must be a {'whole ' if whole else ''}number, not {text!r}", hint=f"Write sim://plaza?{key}=1.") from None


def _flag(values: Mapping[str, str], key: str) -> bool:
    text = values.get(key, "0").lower()
    if text not in ("0", "1", "false", "true", "no", "yes"):
        raise ConfigError(f"{key} must be 1 or 0, not {text!r}", hint=f"Write sim://plaza?{key}=1.")
    return text in ("1", "true", "yes")
