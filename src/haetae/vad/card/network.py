"""A network that scores clips, with what its card says about it (docs/reference/bring-your-network.md)."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ConfigError, ModelError
from haetae.vad.network_card import CardReader
from haetae.vad.network_picture import Levels, PictureInput, picture_input
from haetae.vad.onnx_file import fingerprint
from haetae.vad.onnx_runtime import Session, Tensor

Layout = Literal["NCTHW", "NTCHW", "NTHWC", "NCHW", "NHWC"]
"""Order of the axes: N batch (1), C colour, T time, H height, W width; without T the frames of a clip lie one after the other in C."""

Meaning = Literal["score", "probability", "logit", "softmax", "features"]
"""What the output is: `score` any number, a reconstruction error or a distance; `probability` in [0, 1]; `logit` of one; `softmax`
numbers of several classes, of which `index` are the abnormal ones; `features` a vector whose distance to what was learned counts."""

Pooling = Literal["max", "mean", "last"]
MOST_FRAMES = 128
MOST_CLIP_S = 60.0
LEAST_P = 1e-6
"""Probabilities nearer to 0 or 1 are taken for this near: rounding is no evidence."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What a clip is: `frames` pictures, `stride_s` apart, one clip scored each `every_s`."""

    frames: int
    stride_s: float
    every_s: float


@dataclass(frozen=True, slots=True)
class Output:
    """Which output, and what it says. `sign` is -1 where lower is more abnormal."""

    name: str
    meaning: Meaning
    pooling: Pooling
    index: tuple[int, ...]
    sign: float


class ClipNetwork:
    """A scorer of clips. Knows nothing of cameras; `score` and `features` may be called from several threads.

    `dimensions` is the length of the vector where the meaning is `features`, else 0. `id` (32 bytes) is the same where the network and the
    card are.
    """

    def __init__(self, session: Session, card: CardReader) -> None:
        """Raises ConfigError that names the key of the card and the fix, ModelError for a network that does not fit its card."""
        self.path = session.path
        self.device = session.device
        self._session = session
        tensor = _chosen_input(session, card)
        layout: Any = card.text("layout", _likely_layout(tensor), choices=get_args(Layout))
        if layout is None:
            raise ConfigError(
                f"{card.path}: layout is missing", hint=f"Say how the axes lie: layout = one of {', '.join(get_args(Layout))}"
            )
        self.layout: Layout = layout
        self.levels = Levels(fit="stretch").of_card(card)
        if self.levels.fit != "stretch":
            raise card.refusal("fit", self.levels.fit, 'A clip fills the whole input: write fit = "stretch", or leave it out')
        self.entry, fixed = _entry(tensor, layout, card, self.levels, session.path)
        self.clip = _clip(card, fixed)
        self.output = _output(session, card)
        described = f"{self.clip} {self.output} {self.levels} {layout} {self.entry.width}x{self.entry.height} {tensor.name}"
        self.id = hashlib.sha256(fingerprint(session.path) + described.encode()).digest()
        self.dimensions = 0
        found = self._run([np.zeros((self.entry.height, self.entry.width), np.uint8)] * self.clip.frames)
        if self.output.meaning == "features":
            self.dimensions = int(found.size)
        else:
            self._number(found)

    def picture(self, luma: Luma) -> Luma:
        """`luma` at the size of the network."""
        return self.entry.place(luma)[0]

    def score(self, pictures: list[Luma]) -> float:
        """How abnormal a clip of `picture()`s is, oldest first: any number, higher is more abnormal; NaN where the network gave none."""
        return self._number(self._run(pictures))

    def features(self, pictures: list[Luma]) -> NDArray[np.float32]:
        """The unit vector of a clip, shape (dimensions,); not finite where the network gave no numbers."""
        found = self._run(pictures).ravel()
        if found.size != self.dimensions:
            raise ModelError(f"{self.path} gave {found.size} numbers, and {self.dimensions} before", hint="Use an export of fixed shape")
        with np.errstate(invalid="ignore"):
            return np.asarray(found / max(float(np.linalg.norm(found)), 1e-12), np.float32)

    def _run(self, pictures: list[Luma]) -> NDArray[np.float32]:
        each = np.stack([self.entry.feed(picture)[0] for picture in pictures])
        # (T, C, H, W) from here.
        if self.layout == "NCTHW":
            fed = each.transpose(1, 0, 2, 3)
        elif self.layout == "NTHWC":
            fed = each.transpose(0, 2, 3, 1)
        elif self.layout in ("NCHW", "NHWC"):
            fed = each.reshape(-1, *each.shape[2:])
            fed = fed.transpose(1, 2, 0) if self.layout == "NHWC" else fed
        else:
            fed = each
        [found] = self._session.run({self.entry.name: np.ascontiguousarray(fed[None])}, [self.output.name])
        if found.dtype.kind not in "fiu" or not found.size:
            raise ModelError(f"{self.path} gave {found.dtype} {list(found.shape)} as {self.output.name!r}", hint="Name another output")
        return found.astype(np.float32)

    def _number(self, found: NDArray[np.float32]) -> float:
        """One number of the output, as its meaning says."""
        how = self.output
        if how.meaning == "softmax" or how.index:
            if found.shape[-1] <= max(how.index):
                raise ConfigError(
                    f"output {how.name!r} of {self.path} has {found.shape[-1]} numbers, index is {list(how.index)}",
                    hint=f"Give indices from 0 to {found.shape[-1] - 1}",
                )
            if how.meaning == "softmax":
                powers = np.exp(found - found.max(axis=-1, keepdims=True))
                found = powers / powers.sum(axis=-1, keepdims=True)
                found = np.clip(found[..., list(how.index)].sum(axis=-1), LEAST_P, 1.0 - LEAST_P)
                return self._pooled(np.log(found / (1.0 - found)))
            found = found[..., list(how.index)]
        if how.meaning == "probability":
            if float(found.min()) < -1e-3 or float(found.max()) > 1.0 + 1e-3:
                raise ConfigError(
                    f"output {how.name!r} of {self.path} is {float(found.max()):.3g}, no probability",
                    hint='Write meaning = "logit" or "score"',
                )
            found = np.clip(found, LEAST_P, 1.0 - LEAST_P)
            found = np.log(found / (1.0 - found))
        return self._pooled(found)

    def _pooled(self, found: NDArray[np.float32]) -> float:
        values = self.output.sign * found.ravel()
        if self.output.pooling == "mean":
            return float(values.mean())
        return float(values[-1] if self.output.pooling == "last" else values.max())


def _chosen_input(session: Session, card: CardReader) -> Tensor:
    wanted = card.text("input")
    found = next((each for each in session.inputs if wanted in (None, each.name)), None)
    if found is None:
        names = ", ".join(str(each) for each in session.inputs)
        raise ConfigError(f"{card.path}: {session.path} has no input {wanted!r}", hint=f"Write input = one of: {names}")
    if len(session.inputs) > 1:
        names = ", ".join(each.name for each in session.inputs)
        raise ModelError(f"{session.path} takes {len(session.inputs)} inputs ({names})", hint="Export it with one: the clip")
    return found


def _likely_layout(tensor: Tensor) -> str | None:
    """Where an axis of 1 or 3 leaves no doubt."""
    colours = [axis for axis, side in enumerate(tensor.shape) if axis and side in (1, 3)]
    if len(tensor.shape) == 5 and len(colours) == 1:
        return {1: "NCTHW", 2: "NTCHW", 4: "NTHWC"}.get(colours[0])
    return None


def _entry(tensor: Tensor, layout: Layout, card: CardReader, levels: Levels, path: Path) -> tuple[PictureInput, int | None]:
    """The input for one picture, and the number of pictures that the network takes, None where it is open."""
    if len(tensor.shape) != len(layout):
        hint = f"Write the layout of {len(tensor.shape)} axes, or use another export"
        raise ConfigError(f"{card.path or path}: layout is {layout!r}, but the network takes {tensor}", hint=hint)
    side = dict(zip(layout, tensor.shape, strict=True))
    channels = len(levels.mean)
    frames = side.get("T")
    if "T" not in side:
        if side["C"] is not None and side["C"] % channels:
            hint = 'Write colour = "grey" for frames of one channel each'
            raise ConfigError(f"{card.path or path}: {path} takes {side['C']} channels, {channels} per frame do not fit", hint=hint)
        frames = None if side["C"] is None else side["C"] // channels
    elif side["C"] not in (channels, None):
        hint = 'Write colour = "grey" for one channel, "rgb" or "bgr" for three, or another layout'
        raise ConfigError(f"{card.path or path}: the network takes {side['C']} channels, colour means {channels}", hint=hint)
    one = replace(tensor, shape=(side["N"], channels, side["H"], side["W"]))
    return picture_input(one, size=card.wholes("size", count=2, least=8), levels=levels, what=str(path)), frames


def _clip(card: CardReader, fixed: int | None) -> Clip:
    frames = card.whole("frames", fixed, least=1, most=MOST_FRAMES)
    if frames is None:
        raise ConfigError(f"{card.path}: frames is missing", hint="Say how many frames a clip has: frames = 16")
    if fixed is not None and frames != fixed:
        raise card.refusal("frames", frames, f"The network takes {fixed}: write frames = {fixed}, or leave it out")
    fps, stride = card.number("fps", least=0.1, most=100.0), card.number("stride_s", least=0.01, most=10.0)
    if (fps is None) == (stride is None):
        raise ConfigError(f"{card.path}: give fps or stride_s, one of them", hint="For 16 frames over 2 s: fps = 8, or stride_s = 0.125")
    stride_s = stride if stride is not None else 1.0 / float(fps or 1.0)
    if frames * stride_s > MOST_CLIP_S:
        raise card.refusal("frames", frames, f"A clip may last {MOST_CLIP_S:g} s at most, this one {frames * stride_s:g} s")
    every_s = card.number("every_s", stride_s * max(1, frames // 4), least=0.01, most=MOST_CLIP_S)
    return Clip(frames, stride_s, every_s or stride_s)


def _output(session: Session, card: CardReader) -> Output:
    wanted = card.text("output")
    found = next((each for each in session.outputs if wanted in (None, each.name)), None)
    if found is None:
        names = ", ".join(str(each) for each in session.outputs)
        raise ConfigError(f"{card.path}: {session.path} has no output {wanted!r}", hint=f"Write output = one of: {names}")
    meaning: Any = card.text("meaning", choices=get_args(Meaning))
    if meaning is None:
        raise ConfigError(
            f"{card.path}: meaning is missing", hint=f"Say what {found.name!r} is: meaning = one of {', '.join(get_args(Meaning))}"
        )
    pooling: Any = card.text("pooling", "max", choices=get_args(Pooling))
    higher = card.text("higher", "abnormal", choices=("abnormal", "normal"))
    index = card.wholes("index", least=0, most=100_000) or ()
    if meaning == "softmax" and not index:
        raise ConfigError(f"{card.path}: index is missing", hint="Say which classes are abnormal: index = [1]")
    return Output(found.name, meaning, pooling, index, 1.0 if higher == "abnormal" else -1.0)
