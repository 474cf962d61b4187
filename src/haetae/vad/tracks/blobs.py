"""What stands out of the empty scene in one picture: connected pieces of foreground with what is measured of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import StateError
from haetae.vad.motion.foreground import Background, middle
from haetae.vad.motion.glance import Glance
from haetae.vad.preprocess import BLOCK, WORK_PIXELS, WorkSize, to_work

LEAST_AREA = 14
LEAST_HEIGHT = 5
"""Working pixels; smaller pieces are noise, leaves and insects."""

MOST = 48
"""Pieces of one picture, the largest ones: more is weather."""

GAP_S = 1.0
"""After a longer silence, the background is not what it was a moment ago."""

SPARSE = 8
GAINS, LEAST_GAIN = (0.6, 1.7), 0.03
"""How far light is evened out, and from where on; it is told from one pixel in SPARSE squared."""

LEAST_PATTERN = 80
"""Smaller pieces have no pattern to tell by, in pixels."""


SAME_PATTERN = 0.85
"""Correlation of a piece with the empty scene from which on nothing stands there but light."""

_CLOSE = np.ones((5, 3), np.uint8)
"""Head, trunk and legs of one body belong together."""

_MARGIN = 4
"""Working pixels round all foreground that are looked at with it: more than closing reaches, so that no edge of theirs counts as that of
the picture."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One piece. Left, top, right and bottom in working pixels; `area` in pixels of foreground; `change` the mean change since the picture
    before in grey levels over its foreground; `glare` by how many grey levels its brightest spot is brighter than any of the empty scene
    there."""

    left: float
    top: float
    right: float
    bottom: float
    area: float
    change: float
    glare: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def x(self) -> float:
        return 0.5 * (self.left + self.right)


@dataclass(slots=True)
class Seen:
    """One picture: `blobs` in it, `changed` for a change of the whole scene, of `share` in [0, 1] of it, `valid` false while there is
    nothing to compare with."""

    blobs: list[Blob]
    valid: bool
    changed: bool
    share: float = 0.0


class Eye:
    """One camera's: finds the blobs of its pictures in order of time. Keeps the empty scene and the picture before."""

    def __init__(self, size: WorkSize | None = None, background: Background | None = None) -> None:
        self.size = size
        self.background = background or Background()
        self.work: Luma | None = None
        self._last_s: float | None = None

    def step(self, luma: Luma, t_s: float, ignored: NDArray[np.bool_] | None = None, glance: Glance | None = None) -> Seen:
        """Look at a picture of any size (the same for all) taken at `t_s`. What touches the middle of `ignored` is not seen.

        Where the model has a `glance` of the picture, that is looked at, and it is not reduced again. The empty scene is one's own all the
        same: it is kept in evened light, without which headlights at night cost three times as many false alarms (16 beside 3).
        """
        if self.size is None:
            self.size = WorkSize.of(luma, WORK_PIXELS)
        reduced = glance.work if glance is not None and glance.size == self.size else to_work(luma, self.size)
        former, work = self.work, self._evened(reduced)
        elapsed_s = 0.0 if self._last_s is None else t_s - self._last_s
        self.work, self._last_s = work, t_s
        seen = self.background.step(work, t_s, min(max(elapsed_s, 0.0), GAP_S))
        if not seen.settled or seen.changed or former is None or not 0.0 < elapsed_s <= GAP_S:
            return Seen([], False, seen.changed, seen.share)
        if not seen.count:
            return Seen([], True, False)
        blobs = self._blobs(seen.mask, work, former)
        if ignored is not None:
            blobs = [blob for blob in blobs if not self.hides(blob, ignored)]
        return Seen(blobs, True, False)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The empty scene where it is our own; `of_arrays` reads it back."""
        if self.size is None or self.background.mean is None:
            return {}
        size = self.size
        return {
            "size": np.array([size.source_width, size.source_height, size.width, size.height], np.int32),
            "background": np.clip(np.rint(self.background.mean), 0, 255).astype(np.uint8),
            "noise": np.array([self.background.noise], np.float32),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Eye":
        """One that has seen nothing where there are none. Raises StateError for what is damaged."""
        if "background" not in arrays:
            return cls()
        sides, mean, noise = arrays.get("size"), arrays["background"], arrays.get("noise")
        if sides is None or sides.shape != (4,) or noise is None or noise.shape != (1,) or not 0.0 <= float(noise[0]) < 255.0:
            raise StateError("the saved empty scene cannot be read", hint="Learn this camera again")
        size = WorkSize(*(int(side) for side in sides))
        if mean.dtype != np.uint8 or mean.shape != (size.height, size.width) or size.width % BLOCK or min(size.width, size.height) < BLOCK:
            raise StateError(f"the saved empty scene has shape {mean.shape}", hint="Learn this camera again")
        return cls(size, Background(mean.astype(np.float32), float(noise[0])))

    def _evened(self, work: Luma) -> Luma:
        """The picture in the light of the empty scene, so that headlights, a cloud or the camera's exposure are no change of everything."""
        mean = self.background.mean
        if mean is None or mean.shape != work.shape:
            return work
        now, empty = work[::SPARSE, ::SPARSE].astype(np.float32), mean[::SPARSE, ::SPARSE]
        gain = min(GAINS[1], max(GAINS[0], middle(((now + 1.0) / (empty + 1.0)).ravel())))
        return work if abs(gain - 1.0) < LEAST_GAIN else np.asarray(cv2.convertScaleAbs(work, alpha=1.0 / gain), np.uint8)

    def _blobs(self, mask: Luma, work: Luma, former: Luma) -> list[Blob]:
        assert self.background.mean is not None
        left, top, part = _around(mask)
        closed = cv2.morphologyEx(mask[part], cv2.MORPH_CLOSE, _CLOSE)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_16U)
        large = ((stats[:, cv2.CC_STAT_AREA] >= LEAST_AREA) & (stats[:, cv2.CC_STAT_HEIGHT] >= LEAST_HEIGHT)).nonzero()[0]
        # The first one is what is no foreground.
        large = large[large > 0]
        if not large.size:
            return []
        if large.size > MOST:
            large = large[np.argsort(-stats[large, cv2.CC_STAT_AREA])[:MOST]]
        now, empty = work[part], self.background.mean[part]
        measured = _Measured(left, top, labels, now, empty, np.asarray(cv2.absdiff(now, former[part]), np.uint8))
        found = [measured.blob(label, *place) for label, place in zip(large.tolist(), stats.take(large, axis=0).tolist())]
        return [blob for blob in found if not self._only_light(blob, work)]

    def _only_light(self, blob: Blob, work: Luma) -> bool:
        """A shadow or a beam: the place shows its own pattern, darker or lighter."""
        if blob.area < LEAST_PATTERN:
            return False
        assert self.background.mean is not None
        part = (slice(int(blob.top), int(blob.bottom)), slice(int(blob.left), int(blob.right)))
        now, empty = work[part].astype(np.float32), self.background.mean[part]
        # Their correlation: OpenCV has it in one pass for histograms only.
        return cv2.compareHist(now, np.ascontiguousarray(empty), cv2.HISTCMP_CORREL) > SAME_PATTERN

    def hides(self, blob: Blob, ignored: NDArray[np.bool_]) -> bool:
        """Where it stands, or its middle, is in the part that does not count."""
        assert self.size is not None
        rows, columns = ignored.shape
        column = min(columns - 1, int(blob.x / self.size.width * columns))
        at = (0.5 * (blob.top + blob.bottom), blob.bottom - 1.0)
        return any(bool(ignored[min(rows - 1, int(y / self.size.height * rows)), column]) for y in at)

    def stands_out(self, blob: Blob) -> float:
        """Whether a blob is a thing rather than the place that a thing left: the share, in [0, 1], that the picture of now has of the edges
        at its rim, of now and of the empty scene together."""
        assert self.work is not None
        assert self.background.mean is not None
        height, width = self.work.shape
        rows = slice(max(0, int(blob.top) - 3), min(height, int(blob.bottom) + 3))
        columns = slice(max(0, int(blob.left) - 3), min(width, int(blob.right) + 3))
        now, empty = self.work[rows, columns].astype(np.float32), self.background.mean[rows, columns]
        rim = np.ones(now.shape, np.bool_)
        rim[6:-6, 6:-6] = False
        of_now, of_empty = (float(_edges(picture)[rim].sum()) for picture in (now, empty))
        return of_now / max(1e-6, of_now + of_empty)


@dataclass(frozen=True, slots=True)
class _Measured:
    """The part of a picture with its corner at (left, top) in which all foreground lies: the numbers of its pieces, the picture of now, the
    empty scene, and the change since the picture before."""

    left: int
    top: int
    labels: NDArray[Any]
    now: Luma
    empty: NDArray[np.float32]
    change: Luma

    def blob(self, label: int, left: int, top: int, width: int, height: int, area: int) -> Blob:
        """The piece with that number, which lies there in the part."""
        own = (slice(top, top + height), slice(left, left + width))
        change = cv2.mean(self.change[own], (self.labels[own] == label).view(np.uint8))[0]
        glare = float(self.now[own].max()) - float(self.empty[own].max())
        left, top = left + self.left, top + self.top
        return Blob(left, top, left + width, top + height, area, change, glare)


def _around(mask: Luma) -> tuple[int, int, tuple[slice, slice]]:
    """The part of a picture that holds all of `mask` with _MARGIN round it, and its left upper corner. That is even: OpenCV numbers pieces
    by squares of 2x2 pixels, and so their order is the one of the whole picture."""
    left, top, width, height = cv2.boundingRect(mask)
    right, bottom = left + width + _MARGIN, top + height + _MARGIN
    left, top = max(0, left - _MARGIN) // 2 * 2, max(0, top - _MARGIN) // 2 * 2
    return left, top, (slice(top, bottom), slice(left, right))


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)
