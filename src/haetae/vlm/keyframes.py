"""Which pictures of an event a model is shown, and how they are made ready.

One from before the event, the onset, then as the score's density has them, the last; near-duplicates are left out by difference hash
(dHash, N. Krawetz 2013). Each is a picture of its own, RGB, its longer side bounded, JPEG 85; one enlargement of the abnormal region is
added, for what is small on the whole picture is what people look for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.analysis import Picture
from haetae.domain.frame import RGB, Box
from haetae.domain.score import ALARM_LEVEL
from haetae.errors import MediaError

BEFORE_S = 1.5
"""How long before the onset the first picture is."""

NEAR = 4
"""Pictures whose difference hashes differ in fewer of 64 bits than this show the same."""

_QUALITY = 85
_MARGIN = 0.3
_FLOOR = 0.005
_SMALL = 0.35
"""A region that takes more than this of both sides needs no enlargement."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A candidate: `t_s` seconds after the onset (before: negative), shape (height, width, 3)."""

    t_s: float
    rgb: RGB


def choose_times(curve_t_s: Sequence[float], scores: Sequence[float], lasted_s: float, count: int) -> list[float]:
    """At most `count` times in seconds after the onset, growing strictly: before it, at it, along the score, at the end.

    `curve_t_s` and `scores` (in [0, 1]) are how the score went; without them the event is divided evenly.
    """
    end_s = max(0.0, lasted_s)
    inner = max(0, count - 3)
    wanted = [0.0, -BEFORE_S, end_s][: max(1, count)] if count < 3 else [-BEFORE_S, 0.0, end_s]
    wanted += _along(curve_t_s, scores, end_s, inner)
    return sorted({round(time_s, 3) for time_s in wanted})


def _along(curve_t_s: Sequence[float], scores: Sequence[float], end_s: float, count: int) -> list[float]:
    """Where the share of the sum of scores reaches (k + 0.5) / count."""
    if count <= 0 or end_s <= 0.0:
        return []
    points = [(t_s, score) for t_s, score in zip(curve_t_s, scores) if 0.0 <= t_s <= end_s and math.isfinite(score)]
    if len(points) < 2:
        return [end_s * (index + 0.5) / count for index in range(count)]
    times = np.array([t_s for t_s, _ in points])
    # Above the alarm level: below it is what the event was not raised for.
    weight = np.cumsum(np.array([max(0.0, score - ALARM_LEVEL) for _, score in points]) + _FLOOR)
    shares = (np.arange(count) + 0.5) / count * weight[-1]
    return [float(each) for each in times[np.searchsorted(weight, shares).clip(0, len(times) - 1)]]


def make_pictures(seen: Sequence[Seen], box: Box | None, *, count: int, side: int, peak_s: float = 0.0) -> tuple[Picture, ...]:
    """At most `count` pictures and one enlargement of `box`, from the candidate nearest to `peak_s`. Raises MediaError."""
    kept = _distinct(sorted(seen, key=lambda each: each.t_s), keep=_nearest(seen, 0.0), most=count)
    pictures = [_picture(number, each.t_s, _bounded(each.rgb, side)) for number, each in enumerate(kept, start=1)]
    nearest = _nearest(seen, peak_s)
    if nearest is not None and box is not None and _is_small(box):
        pictures.append(_picture(len(pictures) + 1, nearest.t_s, _bounded(_cut(nearest.rgb, box), side, enlarge=True), detail=True))
    return tuple(pictures)


def difference_hash(rgb: RGB) -> int:
    """64 bits: whether each of 8 x 8 cells is brighter than its right neighbour."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if rgb.ndim == 3 else rgb
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits: NDArray[np.bool_] = small[:, 1:] > small[:, :-1]
    return int.from_bytes(np.packbits(bits).tobytes())


def picture_hash(picture: Picture) -> int:
    """The difference hash of a picture as it is sent; 0 for one that cannot be read."""
    decoded = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return 0 if decoded is None else difference_hash(np.asarray(decoded, np.uint8))


def is_dark(pictures: Sequence[Picture]) -> bool:
    """Whether the whole pictures are so dark that a model, like a person, sees little."""
    means = []
    for picture in pictures:
        decoded = None if picture.detail else cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if decoded is not None:
            means.append(float(np.asarray(decoded).mean()))
    return bool(means) and sum(means) / len(means) < 40.0


def _distinct(seen: Sequence[Seen], *, keep: Seen | None, most: int) -> list[Seen]:
    """Without those that show the same as the one before; `keep` always stays."""
    found: list[Seen] = []
    last = None
    for each in seen:
        bits = difference_hash(each.rgb)
        if each is keep or last is None or (bits ^ last).bit_count() >= NEAR:
            found.append(each)
            last = bits
    while len(found) > most:
        # The one that its neighbours tell most of goes; the first and the last stay as long as they can.
        middle = [each for each in found[1:-1] if each is not keep] or [each for each in found if each is not keep] or found
        found.remove(middle[len(middle) // 2])
    return found


def _nearest(seen: Sequence[Seen], t_s: float) -> Seen | None:
    return min(seen, key=lambda each: abs(each.t_s - t_s), default=None)


def _is_small(box: Box) -> bool:
    width, height = box.right - box.left, box.bottom - box.top
    return width > 0 and height > 0 and (width < _SMALL or height < _SMALL)


def _cut(rgb: RGB, box: Box) -> RGB:
    """The region with a margin round it, at least a quarter of the picture's shorter side."""
    height, width = rgb.shape[:2]
    least = 0.25 * min(height, width)
    centre_x, centre_y = (box.left + box.right) / 2 * width, (box.top + box.bottom) / 2 * height
    half_x = max((box.right - box.left) * width * (0.5 + _MARGIN), least / 2)
    half_y = max((box.bottom - box.top) * height * (0.5 + _MARGIN), least / 2)
    left, right = max(0, math.floor(centre_x - half_x)), min(width, math.ceil(centre_x + half_x))
    top, bottom = max(0, math.floor(centre_y - half_y)), min(height, math.ceil(centre_y + half_y))
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def _bounded(rgb: RGB, side: int, *, enlarge: bool = False) -> RGB:
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1.0 and not enlarge:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC), np.uint8)


def _picture(number: int, t_s: float, rgb: RGB, *, detail: bool = False) -> Picture:
    # OpenCV means BGR.
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise MediaError("the picture could not be encoded as JPEG")
    return Picture(number, round(t_s, 2), data.tobytes(), rgb.shape[1], rgb.shape[0], detail)
