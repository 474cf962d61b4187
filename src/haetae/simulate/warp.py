"""A labelled data set from any clip of a fixed camera: its first half is what is normal, its second half is shown again with stretches
that cannot be: too fast, backwards, or with something that does not belong.

Each stretch joins what is round it without a cut, so that only what happens in it can give it away: a fast one skips pictures, a
backward one runs to its start and then forwards again, a foreign thing comes in from the rim and leaves over it. Pace and direction are
changed only where something moves: of a still picture they cannot be told.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.clock import SystemClock
from haetae.domain.frame import RGB, Frame, Luma
from haetae.errors import ConfigError, MediaError
from haetae.simulate.encoder import add_h264, picture_of
from haetae.simulate.foreign import ForeignThing
from haetae.simulate.streams import stream
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source

FAST = 3
"""How many times too fast."""

STRETCH_S = 2.0
"""Shown length of an abnormal stretch."""

GAP_S = (4.0, 7.0)
"""Shown length of the normal time before each stretch, drawn evenly."""

MOST_FPS = 15.0
LEAST_FRAMES = 40

MOVING_LEVELS = 12.0
MOVING_ROWS = 96
MOVING_SIDE = 8
"""A picture moves where the mean of a block of MOVING_SIDE pixels, at about MOVING_ROWS rows, differs by MOVING_LEVELS grey levels from the
picture before."""

MOVING_SHARE = 0.6
"""Least share of moving pictures in a stretch whose pace or direction is changed."""

OnFrame = Callable[[str, int], None]
"""Called with the clip's name and the count of its frames so far."""


class WarpKind(StrEnum):
    FAST = "fast"
    REVERSED = "reversed"
    FOREIGN = "foreign"


def parse_warps(text: str, key: str = "kinds") -> tuple[WarpKind, ...]:
    """The kinds in "fast,foreign". Raises ConfigError that names the allowed values."""
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in list(WarpKind)]
    if unknown or not names:
        raise ConfigError(f"{key}: unknown kind {unknown[0]!r}" if unknown else f"{key} is empty", hint=f"Known: {', '.join(WarpKind)}.")
    return tuple(WarpKind(name) for name in names)


@dataclass(frozen=True, slots=True)
class WarpSpec:
    """What to make of `clip`. Equal specs give equal sets.

    `kinds` gives one test clip each. `fps` None keeps the clip's own rate, up to MOST_FPS. Raises ConfigError for values without sense.
    """

    clip: str
    kinds: tuple[WarpKind, ...] = tuple(WarpKind)
    seed: int = 1
    stretch_s: float = STRETCH_S
    fps: float | None = None

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ConfigError("no kinds of warping", hint=f"Use some of {', '.join(WarpKind)}.")
        if not 0.5 <= self.stretch_s <= 60.0:
            raise ConfigError(f"a stretch of {self.stretch_s:g} s", hint="Use 0.5 to 60 s.")
        if self.fps is not None and not 1.0 <= self.fps <= 60.0:
            raise ConfigError(f"{self.fps:g} pictures per second", hint="Use 1 to 60.")


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a test clip; `mask` (height, width) says where the foreign thing is, None where there is none."""

    rgb: RGB
    abnormal: bool
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class WarpedSet:
    """What was written: frames to learn from and, by test clip, frames and abnormal ones."""

    folder: Path
    training_frames: int
    testing: dict[str, tuple[int, int]]


def warp(spec: WarpSpec, folder: Path, on_frame: OnFrame | None = None) -> WarpedSet:
    """Write `training/normal.mp4`, `testing/KIND.mp4`, `labels.npz` and, where known, `masks_packbits.npz` into `folder`.

    Raises ConfigError for a clip that is too short or a folder that holds something, SourceUnavailable for one that cannot be read,
    MediaError when the set cannot be written. `folder` appears only when it is complete.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty", hint="Give a new folder.")
    pictures = _Pictures(spec)
    half = pictures.count // 2
    stretch = max(2, round(spec.stretch_s * pictures.fps))
    if half < LEAST_FRAMES or half < FAST * stretch + round(GAP_S[0] * pictures.fps):
        raise ConfigError(f"{spec.clip} is too short: {pictures.count} frames", hint="Give a longer clip, or a shorter --stretch.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
            made = Path(name) / "set"
            (made / "training").mkdir(parents=True)
            (made / "testing").mkdir()
            normal = (Shown(rgb, abnormal=False) for rgb in pictures.between(0, half))
            _write(made / "training" / "normal.mp4", normal, pictures.fps, on_frame)
            labels: dict[str, NDArray[np.uint8]] = {}
            masks: dict[str, NDArray[np.uint8]] = {}
            for kind in spec.kinds:
                shown = _warped(kind, pictures, half, stretch, spec.seed)
                labels[kind.value], packed = _write(made / "testing" / f"{kind.value}.mp4", shown, pictures.fps, on_frame)
                if kind is WarpKind.FOREIGN:
                    masks[kind.value] = packed
            np.savez_compressed(made / "labels.npz", allow_pickle=False, **labels)
            if masks:
                np.savez_compressed(made / "masks_packbits.npz", allow_pickle=False, **masks)
            if folder.exists():
                folder.rmdir()
            os.replace(made, folder)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"cannot write {folder}: {error}", hint="Check the folder, its permissions and the free space.") from error
    return WarpedSet(folder, half, {name: (each.size, int(each.sum())) for name, each in labels.items()})


class _Pictures:
    """The clip's pictures at a steady rate; read anew for each pass, so that a long clip needs no memory.

    `moving` (count,) says in which of them something moves.
    """

    def __init__(self, spec: WarpSpec) -> None:
        self._clip = spec.clip
        with_rate = open_source(spec.clip, SourceOptions(), clock=SystemClock())
        try:
            rate = with_rate.open().fps or MOST_FPS
        finally:
            with_rate.close()
        self.fps = min(rate, MOST_FPS) if spec.fps is None else min(rate, spec.fps)
        self.moving = np.array(list(_moving(frame.luma for frame in self._frames())), np.bool_)
        self.count = self.moving.size

    def between(self, first: int, last: int | None) -> Iterator[RGB]:
        """Pictures `first` up to `last`, with even sides."""
        for number, frame in enumerate(self._frames()):
            if last is not None and number >= last:
                return
            if number >= first:
                yield _even(frame.rgb())

    def _frames(self) -> Iterator[Frame]:
        source = open_source(self._clip, SourceOptions(analysed_fps=self.fps), clock=SystemClock())
        try:
            source.open()
            yield from source.frames()
        finally:
            source.close()


def _moving(lumas: Iterator[Luma]) -> Iterator[bool]:
    former: Luma | None = None
    for luma in lumas:
        part = max(1, luma.shape[0] // MOVING_ROWS)
        size = (luma.shape[1] // part, luma.shape[0] // part)
        small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        if former is None:
            yield False
        else:
            blocks = (max(1, small.shape[1] // MOVING_SIDE), max(1, small.shape[0] // MOVING_SIDE))
            yield bool(cv2.resize(cv2.absdiff(small, former), blocks, interpolation=cv2.INTER_AREA).max() >= MOVING_LEVELS)
        former = small


def _even(rgb: RGB) -> RGB:
    height, width = rgb.shape[:2]
    return rgb[: height - height % 2, : width - width % 2]


def _warped(kind: WarpKind, pictures: _Pictures, first: int, stretch: int, seed: int) -> Iterator[Shown]:
    """The clip from picture `first` on, with its abnormal stretches."""
    rng = stream(seed, "warp", kind.value)
    frames = pictures.between(first, None)
    for gap in _gaps(kind, pictures, first, stretch, rng):
        if kind is WarpKind.REVERSED:
            seen = [next(frames) for _ in range(gap + stretch)]
            yield from (Shown(rgb, abnormal=False) for rgb in seen)
            back = seen[-stretch - 1 : -1]
            yield from (Shown(rgb, abnormal=True) for rgb in reversed(back))
            # Once more forwards, to where it was.
            yield from (Shown(rgb, abnormal=False) for rgb in back[1:])
            continue
        yield from (Shown(next(frames), abnormal=False) for _ in range(gap))
        if kind is WarpKind.FAST:
            run = (next(frames) for _ in range(FAST * stretch))
            yield from (Shown(rgb, abnormal=True) for number, rgb in enumerate(run) if number % FAST == FAST - 1)
            continue
        thing: ForeignThing | None = None
        for number in range(stretch):
            rgb = next(frames)
            thing = thing or ForeignThing.drawn(rng, (rgb.shape[1], rgb.shape[0]))
            changed, mask = thing.paste(rgb, (number + 0.5) / stretch)
            yield Shown(changed, abnormal=bool(mask.any()), mask=mask)
    yield from (Shown(rgb, abnormal=False) for rgb in frames)


def _gaps(kind: WarpKind, pictures: _Pictures, first: int, stretch: int, rng: np.random.Generator) -> Iterator[int]:
    """How many pictures stand before each stretch, none where no further one fits."""
    needed = FAST * stretch if kind is WarpKind.FAST else stretch
    at, least = first, round(GAP_S[0] * pictures.fps)
    while True:
        last = pictures.count - needed - 1
        start = min(at + round(float(rng.uniform(*GAP_S)) * pictures.fps), max(last, at + least))
        if kind is not WarpKind.FOREIGN:
            while start <= last and pictures.moving[start : start + needed].mean() < MOVING_SHARE:
                start += 1
        if start > last:
            return
        yield start - at
        at = start + needed


def _write(path: Path, shown: Iterator[Shown], fps: float, on_frame: OnFrame | None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Encode the clip; its labels (frames,) and its masks, packed along the width."""
    labels: list[int] = []
    masks: list[NDArray[np.uint8]] = []
    with av.open(str(path), "w") as container:
        coded = None
        for number, picture in enumerate(shown):
            height, width = picture.rgb.shape[:2]
            if coded is None:
                coded = add_h264(container, (width, height), fps)
            labels.append(int(picture.abnormal))
            mask = np.zeros((height, width), np.bool_) if picture.mask is None else picture.mask
            masks.append(np.packbits(mask, axis=1))
            container.mux(coded.encode(picture_of(picture.rgb, number, coded.codec_context.time_base)))
            if on_frame is not None:
                on_frame(path.stem, number + 1)
        if coded is not None:
            container.mux(coded.encode(None))
    return np.array(labels, np.uint8), np.stack(masks)
