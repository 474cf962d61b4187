"""A few dozen things that one camera saw while nothing was wrong, as different from each other as there were."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.example import Compared, Example
from haetae.domain.fact import FactKind
from haetae.domain.frame import Box, Luma
from haetae.errors import StateError

KEPT = 48
"""About 150 KB of pictures a camera."""

FRESH_S = 86_400.0
"""A look of something that is like another takes its place when that is a day old: what is shown should be recent."""

MOST_AGE_S = 30 * 86_400.0
"""Older ones are not saved any more: they show people."""

PICTURE_SIDE = 160
"""Pixels of the longer side."""

MARGIN = 0.35
"""Of its height and width is shown around a thing."""

QUALITY = 75
MOST_BYTES = 64 * 1024
TOLD_FROM = 0.7
"""Differences of less than this many of their scales are not worth a word."""

TOLD = 3


class Look(NamedTuple):
    """A thing at one moment. `x`, `y`: its middle, in [0, 1] of the picture; `size` in body heights; `ratio` height over width; `speed` in
    body heights/s, the highest; `stay_s` how long it has been about there. NaN is unknown."""

    x: float
    y: float
    size: float
    ratio: float
    speed: float
    stay_s: float


_SCALES = np.array([0.12, 0.12, 0.5, 0.6, 0.7, 1.2])
"""What makes as much of a difference: an eighth of the picture, half an octave of size, and so on."""

_TOLD = (
    (2, FactKind.SIZE, "body heights"),
    (3, FactKind.POSTURE_RATIO, ""),
    (4, FactKind.SPEED, "body heights/s"),
    (5, FactKind.DWELL, "s"),
)


class Examples:
    """One camera's, on that camera's thread."""

    def __init__(self) -> None:
        self._looks: list[Look] = []
        self._at_s: list[float] = []
        self._pictures: list[bytes] = []
        self._places = np.empty((0, len(_SCALES)))

    def __len__(self) -> int:
        return len(self._looks)

    def offer(self, look: Look, at_s: float, picture: Luma) -> bool:
        """Something normal was seen at `at_s` (Unix time): keep it where it adds to what there is, or is fresher. Says whether it did."""
        place = _place(look)
        if not np.isfinite(place).all():
            return False
        number = self._room_for(place, at_s)
        if number is None:
            return False
        _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        entry = (look, at_s, encoded.tobytes())
        if number == len(self._looks):
            self._looks.append(entry[0])
            self._at_s.append(entry[1])
            self._pictures.append(entry[2])
            self._places = np.vstack([self._places, place])
        else:
            self._looks[number], self._at_s[number], self._pictures[number] = entry
            self._places[number] = place
        return True

    def nearest(self, look: Look) -> Example | None:
        """What is most like it, told by what is known of both; None while nothing was seen."""
        if not self._looks:
            return None
        away = (self._places - _place(look)) ** 2
        number = int(np.nanmean(away, axis=1).argmin())
        differences = np.sqrt(away[number])
        known = [each for each in _TOLD if isfinite(differences[each[0]]) and differences[each[0]] >= TOLD_FROM]
        known.sort(key=lambda each: -differences[each[0]])
        before = self._looks[number]
        compared = tuple(Compared(kind, look[index], before[index], unit) for index, kind, unit in known[:TOLD])
        return Example(self._pictures[number], datetime.fromtimestamp(self._at_s[number], UTC), compared)

    def _room_for(self, place: NDArray[np.float64], at_s: float) -> int | None:
        """Whose place a new one takes; the end while there is room, None where it would add nothing."""
        if len(self._looks) < KEPT:
            return len(self._looks)
        away = np.linalg.norm(self._places - place, axis=1)
        nearest = int(away.argmin())
        among = np.linalg.norm(self._places[:, None] - self._places[None], axis=2)
        np.fill_diagonal(among, np.inf)
        pair = divmod(int(among.argmin()), len(self._looks))
        if away[nearest] > among[pair]:
            return min(pair, key=lambda each: self._at_s[each])
        return nearest if at_s - self._at_s[nearest] > FRESH_S else None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of them that are not too old beside the newest; `of_arrays` reads them back."""
        newest_s = max(self._at_s, default=0.0)
        kept = [number for number, at_s in enumerate(self._at_s) if newest_s - at_s <= MOST_AGE_S]
        return {
            "example_looks": np.array([self._looks[each] for each in kept], np.float64).reshape(-1, len(_SCALES)),
            "example_at": np.array([self._at_s[each] for each in kept], np.float64),
            "example_sizes": np.array([len(self._pictures[each]) for each in kept], np.int64),
            "example_pictures": np.frombuffer(b"".join(self._pictures[each] for each in kept), np.uint8),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """None were kept where there are none. Raises StateError for what is damaged."""
        examples = cls()
        if "example_looks" not in arrays:
            return examples
        looks, at_s, sizes, pictures = (arrays.get(f"example_{name}") for name in ("looks", "at", "sizes", "pictures"))
        if looks is None or at_s is None or sizes is None or pictures is None:
            raise _damaged()
        count = len(looks)
        whole = looks.shape == (count, len(_SCALES)) and at_s.shape == sizes.shape == (count,) and pictures.dtype == np.uint8
        if not whole or count > KEPT or not np.isfinite(looks).all() or not np.isfinite(at_s).all():
            raise _damaged()
        if ((sizes < 0) | (sizes > MOST_BYTES)).any() or int(sizes.sum()) != pictures.size or (looks[:, 2:] < 0.0).any():
            raise _damaged()
        ends = np.cumsum(sizes)
        examples._looks = [Look(*look) for look in looks.tolist()]
        examples._at_s = at_s.tolist()
        examples._pictures = [pictures[end - size : end].tobytes() for size, end in zip(sizes, ends)]
        examples._places = np.array([_place(look) for look in examples._looks]).reshape(-1, len(_SCALES))
        return examples


def cut_out(luma: Luma, box: Box) -> Luma:
    """A small picture of what is at `box`, with what is around it."""
    height, width = luma.shape
    aside, above = MARGIN * (box.right - box.left), MARGIN * (box.bottom - box.top)
    left, right = int(max(0.0, box.left - aside) * width), int(min(1.0, box.right + aside) * width) + 1
    top, bottom = int(max(0.0, box.top - above) * height), int(min(1.0, box.bottom + above) * height) + 1
    part = luma[top:bottom, left:right]
    scale = min(1.0, PICTURE_SIDE / max(part.shape))
    if scale == 1.0:
        return part.copy()
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _place(look: Look) -> NDArray[np.float64]:
    size, ratio = np.log2(max(look.size, 0.05)), np.log2(max(look.ratio, 0.05))
    place = np.array([look.x, look.y, size, ratio, np.log2(look.speed + 0.25), np.log2(look.stay_s + 2.0)])
    return np.asarray(place / _SCALES, np.float64)


def _damaged() -> StateError:
    return StateError("the saved examples cannot be read", hint="Learn this camera again")
