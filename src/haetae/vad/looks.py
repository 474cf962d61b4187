"""What a camera usually sees: a few reference looks (day, infrared night, ...) and how well a picture matches them.

Pictures are compared by the direction of their gradients, block by block, so that brightness and contrast do not matter:
lights, exposure, shadows and dusk keep the edges where they are, turning or covering a camera does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import StateError
from haetae.vad.preprocess import WorkSize, to_work

Thumb = NDArray[np.float32]
"""A picture reduced to THUMB_SIZE, in grey levels, shape (60, 90)."""

Blocks = NDArray[np.float32]
"""One figure for each block of the picture, shape (4, 6)."""

PICTURE_SIZE = (360, 240)
"""Width and height that every picture is brought to, whatever its shape: the same camera is always distorted alike."""

THUMB_SIZE = (90, 60)
GRID = (4, 6)
"""Rows and columns of blocks."""

LOOKS_KEPT = 3
MIN_TEXTURED = 5
"""With fewer blocks that carry structure nothing can be said about a view (a blank wall, fog)."""

SAME_VIEW = 0.5
"""Share of matching blocks from which a view counts as found: on real footage 0.7 to 1.0, shifted by half a picture below 0.3."""

_BLOCK_MATCH = 0.5
"""Correlation of the gradients of one block; unrelated blocks (some 50 independent values) reach 0.14 (one sigma)."""

_MIN_ENERGY = 2.0
"""Squared gradient, grey levels per thumbnail pixel, below which a block is flat: thrice that of sensor noise of 5 levels."""

_REACH = 0.1
"""Sway and drift that still count as the same view, as a share of the picture's sides."""

_QUIET_SHARE = 0.1
"""Share of small cells, the flattest ones, whose detail counts as noise. Too little noise found makes deaf, never jumpy."""

_LEAST_CONTRAST = 0.15
"""Squared contrast of a block, relative to the look's, below which sharpness is not judged: coders drop fine detail in the dark."""

_COARSE_ENERGY = 0.3
"""Squared contrast, relative to the look's, above which a view is not merely out of focus: a blur of 4 px of 360 leaves 0.2 to 0.7,
and edges match then; where they do not, the blur is stronger."""


def reduce_picture(luma: Luma) -> Luma:
    """`luma` as a picture of PICTURE_SIZE, shape (240, 360)."""
    height, width = (int(side) for side in luma.shape)
    return to_work(luma, WorkSize(width, height, *PICTURE_SIZE))


def thumbnail(picture: Luma) -> Thumb:
    """A quarter of the size of a reduced picture: averages 16 pixels, and with them most sensor noise."""
    return cv2.resize(picture, THUMB_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Detail:
    """Fine detail of one picture: the mean squared Laplacian of each block without the noise, and what `noise` adds to it."""

    blocks: Blocks
    noise: float


def measure_detail(picture: Luma) -> Detail:
    """The fine detail of a reduced picture; it falls with focus. What its flattest cells show counts as noise."""
    laplacian = cv2.Laplacian(picture, cv2.CV_16S, ksize=1)
    cells = cv2.resize(cv2.multiply(laplacian, laplacian, dtype=cv2.CV_32F), (24, 16), interpolation=cv2.INTER_AREA)
    rank = int(cells.size * _QUIET_SHARE)
    noise = float(np.partition(cells, rank, axis=None)[rank])
    return Detail(np.maximum(_block_means(cells) - np.float32(noise), 0.0), noise)


@dataclass(frozen=True, slots=True)
class Match:
    """How a picture compares with a look.

    `share` of the structured blocks that are where they belong, in [0, 1]; `textured` how many blocks have structure in the look;
    `energy` the squared contrast relative to the look's; `coarse` whether the rough shapes still match though the edges do not;
    `sharpness` the fine detail relative to the look's at equal contrast, None where noise hides it.
    """

    share: float
    textured: int
    energy: float
    coarse: bool
    sharpness: float | None


@dataclass(slots=True, eq=False)
class Look:
    """One remembered view: the mean picture, the fine detail of its blocks, how many pictures it has seen, when it was last matched."""

    thumb: Thumb
    detail: Blocks
    seen: float
    used_s: float

    def adapt(self, thumb: Thumb, detail: Detail, least_weight: float) -> None:
        """Move towards a picture: a plain mean at first, later with `least_weight`."""
        self.seen += 1.0
        weight = np.float32(max(1.0 / self.seen, least_weight))
        self.thumb += weight * (thumb - self.thumb)
        self.detail += weight * (detail.blocks - self.detail)

    def match(self, thumb: Thumb, detail: Detail) -> Match:
        """Compare a picture with this look."""
        found = _compare(thumb, self.thumb)
        coarse = found.share < SAME_VIEW and found.energy < _COARSE_ENERGY and self._matches_coarsely(thumb)
        return Match(found.share, int(found.textured.sum()), found.energy, coarse, self._sharpness(detail, found))

    def follow(self, thumb: Thumb) -> bool:
        """Where the same view has swayed or drifted a little, move the look there; true when that made it match."""
        dx, dy = _find_shift(thumb, self.thumb)
        if (dx, dy) == (0, 0):
            return False
        transform = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        moved = thumb.copy()
        cv2.warpAffine(self.thumb, transform, THUMB_SIZE, dst=moved, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_TRANSPARENT)
        if matching_share(thumb, moved) < SAME_VIEW:
            return False
        self.thumb = moved
        return True

    def _matches_coarsely(self, thumb: Thumb) -> bool:
        now, then = (cv2.GaussianBlur(picture, (0, 0), 4.0) for picture in (thumb, self.thumb))
        now, then = now - now.mean(), then - then.mean()
        correlation = float((now * then).mean() / np.sqrt((now * now).mean() * (then * then).mean() + 1e-6))
        return correlation > 0.7 and float(now.std()) > 0.4 * float(then.std())

    def _sharpness(self, detail: Detail, found: "_Comparison") -> float | None:
        expected = self.detail * found.contrast
        clear = found.matching & (found.contrast > _LEAST_CONTRAST) & (expected > max(1.0, 0.25 * detail.noise))
        if int(clear.sum()) < MIN_TEXTURED:
            return None
        return float(np.median(detail.blocks[clear] / expected[clear]))


def matching_share(thumb: Thumb, reference: Thumb) -> float:
    """Share in [0, 1] of the blocks with structure in `reference` that match in `thumb`; 1 where there is no structure."""
    return _compare(thumb, reference).share


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Block by block: which have structure in the reference, which of them match, and with how much of its squared contrast.

    `energy` is the squared gradient of the structured blocks relative to the reference's, matching or not."""

    textured: NDArray[np.bool_]
    matching: NDArray[np.bool_]
    contrast: Blocks
    energy: float

    @property
    def share(self) -> float:
        count = int(self.textured.sum())
        return int(self.matching.sum()) / count if count else 1.0


def _compare(thumb: Thumb, reference: Thumb) -> _Comparison:
    now_x, now_y = _gradient(thumb)
    then_x, then_y = _gradient(reference)
    now = _block_means(now_x * now_x + now_y * now_y)
    then = _block_means(then_x * then_x + then_y * then_y)
    both = _block_means(now_x * then_x + now_y * then_y)
    textured = then > max(_MIN_ENERGY, 0.1 * float(then.mean()))
    matching = textured & (both > _BLOCK_MATCH * np.sqrt(now * then))
    # The part of the picture that follows the reference: noise in the dark adds energy, but no contrast of the view.
    gain = np.maximum(both, 0.0) / np.maximum(then, np.float32(1e-3))
    energy = float(now[textured].sum() / then[textured].sum()) if textured.any() else 1.0
    return _Comparison(textured, matching, np.asarray(gain * gain, np.float32), energy)


def _gradient(thumb: Thumb) -> tuple[Thumb, Thumb]:
    right = cv2.Sobel(thumb, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(thumb, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _block_means(values: NDArray[Any]) -> Blocks:
    return np.asarray(cv2.resize(values, GRID[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _find_shift(thumb: Thumb, reference: Thumb) -> tuple[int, int]:
    """How far (x, y in thumbnail pixels) `reference` has to move to lie on `thumb`, within the reach."""
    now, then = (cv2.magnitude(*_gradient(picture)) for picture in (thumb, reference))
    reach_x, reach_y = round(THUMB_SIZE[0] * _REACH), round(THUMB_SIZE[1] * _REACH)
    core = then[reach_y:-reach_y, reach_x:-reach_x]
    if float(core.std()) < 1e-3:
        return 0, 0
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(now, core, cv2.TM_CCOEFF_NORMED))
    return x - reach_x, y - reach_y


class Looks:
    """The looks that one camera has, at most LOOKS_KEPT; the one that matched last comes first."""

    def __init__(self) -> None:
        self._looks: list[Look] = []

    def __len__(self) -> int:
        return len(self._looks)

    @property
    def current(self) -> Look:
        return self._looks[0]

    def add(self, thumb: Thumb, detail: Detail, t_s: float) -> None:
        """Remember a new view; the one not matched for longest gives way."""
        if len(self._looks) == LOOKS_KEPT:
            self._looks.remove(min(self._looks, key=lambda look: look.used_s))
        self._looks.insert(0, Look(thumb.copy(), detail.blocks.copy(), 1.0, t_s))

    def match(self, thumb: Thumb, detail: Detail, t_s: float) -> Match:
        """Compare with the current look, and where that fails with the others and with the current one moved a little."""
        match = self.current.match(thumb, detail)
        if match.share < SAME_VIEW:
            for look in self._looks[1:]:
                other = look.match(thumb, detail)
                if other.share >= SAME_VIEW and other.textured >= MIN_TEXTURED:
                    self._looks.remove(look)
                    self._looks.insert(0, look)
                    match = other
                    break
            else:
                if self.current.follow(thumb):
                    match = self.current.match(thumb, detail)
        if match.share >= SAME_VIEW:
            self.current.used_s = t_s
        return match

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything remembered; `from_arrays` reads it back."""
        return {
            "thumbs": np.stack([look.thumb for look in self._looks]) if self._looks else np.zeros((0, *THUMB_SIZE[::-1]), np.float32),
            "details": np.stack([look.detail for look in self._looks]) if self._looks else np.zeros((0, *GRID), np.float32),
            "seen": np.array([look.seen for look in self._looks], np.float64),
            "used_s": np.array([look.used_s for look in self._looks], np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Looks":
        """The looks whose `arrays()` these were. Raises StateError where they are not."""
        thumbs = read_array(arrays, "thumbs", np.float32, (None, *THUMB_SIZE[::-1]))
        count = len(thumbs)
        details = read_array(arrays, "details", np.float32, (count, *GRID))
        seen = read_array(arrays, "seen", np.float64, (count,))
        used_s = read_array(arrays, "used_s", np.float64, (count,))
        if count > LOOKS_KEPT:
            raise StateError(f"the saved state holds {count} looks, at most {LOOKS_KEPT} are possible", hint="Learn the camera again.")
        looks = cls()
        # Model time starts again at 0 after loading: what was used before lies before that.
        used_s = used_s - used_s.max(initial=0.0)
        looks._looks = [Look(thumbs[i].copy(), details[i].copy(), float(seen[i]), float(used_s[i])) for i in range(count)]
        return looks


def read_array(arrays: Mapping[str, NDArray[Any]], name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The array `name` of a saved state, checked for type, shape (None: any length) and finite values. Raises StateError."""
    array = arrays.get(name)
    fits = (
        array is not None
        and array.dtype == np.dtype(dtype)
        and array.ndim == len(shape)
        and all(wanted is None or wanted == length for wanted, length in zip(shape, array.shape))
        and bool(np.isfinite(array).all())
    )
    if array is None or not fits:
        raise StateError(f"the saved state lacks a fitting {name!r}", hint="Learn the camera again.")
    return array
