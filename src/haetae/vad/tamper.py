"""Is somebody at the camera? Covered, turned, defocused or frozen, from a look or two a second at a small picture."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Luma
from haetae.domain.score import TamperKind
from haetae.errors import ConfigError, StateError
from haetae.vad.looks import (
    GRID,
    MIN_TEXTURED,
    SAME_VIEW,
    Detail,
    Looks,
    Match,
    Thumb,
    matching_share,
    measure_detail,
    read_array,
    reduce_picture,
    thumbnail,
)


@dataclass(frozen=True, slots=True)
class TamperSettings:
    """How patient the monitor is, in seconds of video.

    It looks every `interval_s`, and every `alert_s` while it learns, warms up, sees something wrong, or the whole picture has changed.
    A view that is lost counts after `persist_s`; a picture that stands still after `freeze_s`, or twice the longest
    stillness that this camera has shown, at most `freeze_max_s`. A view that stays turned for `relearn_s` becomes one of
    the camera's looks. Looks follow slow change with the time constant `adapt_s`. Nothing is reported before `warm_up`
    observations, and no frozen picture before as many that differed from the one before.
    """

    interval_s: float = 1.0
    alert_s: float = 0.5
    persist_s: float = 3.0
    clear_s: float = 1.0
    freeze_s: float = 15.0
    freeze_max_s: float = 300.0
    relearn_s: float = 300.0
    adapt_s: float = 600.0
    warm_up: int = 20

    def __post_init__(self) -> None:
        """Raises ConfigError for values that cannot work."""
        paces = 0 < self.alert_s <= self.interval_s
        if not paces or self.clear_s <= 0 or not self.persist_s < self.relearn_s or not 0 < self.freeze_s <= self.freeze_max_s:
            raise ConfigError(
                "tamper times contradict each other",
                hint="Use positive times with alert_s <= interval_s, persist_s < relearn_s and freeze_s <= freeze_max_s.",
            )


_LOST = 0.2
"""Share of matching blocks below which the view is lost: a lorry in front of the camera leaves more at the rim."""

_FLAT = 0.15
"""Squared contrast, relative to the look, below which a lost view is covered rather than turned."""

_BLURRED = 0.2
"""Fine detail, relative to the look, below which a picture is blurred: 2 px of 360 leave 0.01 to 0.16; usual is 0.5 to 1.2."""

_STILL_SHARE = 0.004
"""Share of pixels that may change in a frozen picture: the digits of a clock in the picture still run."""

_AVERAGED = 3
"""Thumbnails whose mean is compared, against noise in the dark. Nothing older: gradients match however faint they are."""

_JUMP = 0.5
"""Mean change of a thumbnail, relative to its contrast, that calls for another look soon: 0.8 and more where the view is lost."""

_BUSY_FACTOR = 5.0
"""A lost view that does not come to rest counts after this many times `persist_s`."""


SOURCE = "tamper"
_GRID_BLOCKS = GRID[0] * GRID[1]


@dataclass(frozen=True, slots=True)
class _Gone:
    """What one kind of tampering took, at its worst: `value` in `unit`, seen in [since_s, until_s], with `textured` blocks to tell by."""

    value: float
    unit: str
    since_s: float
    until_s: float
    textured: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """One observation: the mean of the newest thumbnails, the fine detail, model time and how much of it passed since the last one.

    `previous` and `newest` are single thumbnails, the former None after a discontinuity; `frozen`: stood still for too long.
    """

    thumb: Thumb
    detail: Detail
    t_s: float
    step_s: float
    previous: Thumb | None
    newest: Thumb
    frozen: bool

    def steady(self) -> bool:
        """Whether this picture resembles the one before."""
        return self.previous is None or matching_share(self.newest, self.previous) >= SAME_VIEW


class TamperMonitor:
    """One camera's monitor. Called on that camera's thread only, about 0.5 ms for each of at most two observations a second, usually one.

    What it tells apart: the view is lost when the edges that the camera is used to are gone nearly everywhere, and then
    it is COVERED where contrast is gone too, TURNED where there are other edges that rest; DEFOCUSED when shapes stay and
    fine detail goes; FROZEN when pictures repeat although this camera's never did for so long (not told while learning:
    how still a scene can be is just what is learned then).

    What it cannot tell: a camera that is covered from the very beginning; a room that becomes pitch dark (no picture is
    left to tell it from a cover: reported as COVERED); a view without structure (never reported but for FROZEN); a turn
    by less than a tenth of the picture (followed as drift). The first switch to another look of the same place (infrared
    night) may be reported as TURNED once; after `relearn_s` it is remembered.
    """

    def __init__(self, settings: TamperSettings | None = None) -> None:
        self._settings = settings or TamperSettings()
        self._looks = Looks()
        self._observations = 0
        self._changes = 0
        self._longest_still_s = 0.0
        self.discontinuity()

    @property
    def suspicious(self) -> bool:
        """True while something is wrong, reported or not yet: such footage should not be learned."""
        return self._kind is not None or self._wrong_since is not None

    def discontinuity(self) -> None:
        """The next picture does not follow the last one (reconnect, another clip): drop everything that spans time."""
        self._kind: TamperKind | None = None
        self._last_s: float | None = None
        self._picture: Luma | None = None
        self._thumbs: deque[Thumb] = deque(maxlen=_AVERAGED)
        self._jumped = False
        self._still_since: float | None = None
        self._wrong_since: float | None = None
        self._turned_since: float | None = None
        self._other: tuple[TamperKind | None, float] | None = None
        self._gone: dict[TamperKind, _Gone] = {}

    def fact(self) -> Fact | None:
        """How far the picture changed as a whole, at the worst since it began: % of the picture whose edges are gone, % of the detail where
        it is out of focus, seconds that it stands still. None while nothing is reported."""
        gone = None if self._kind is None else self._gone.get(self._kind)
        if gone is None:
            return None
        quality = min(1.0, gone.textured / _GRID_BLOCKS)
        span = (gone.since_s, gone.until_s)
        return Fact(f"{SOURCE}.scene_change", FactKind.SCENE_CHANGE, gone.value, gone.unit, *span, quality=quality, source=SOURCE)

    def observe(self, luma: Luma, t_s: float, learning: bool) -> TamperKind | None:
        """Take a frame's luma (any size, the same for all frames) at model time `t_s`; what is wrong with the camera, if anything.

        Frames closer than the pace of the settings to the last one observed are not looked at. While `learning`, the look follows the
        plain mean.
        """
        last_s = self._last_s
        if last_s is not None and t_s - last_s < self._pace_s(learning) - 0.01:
            return self._kind
        picture = reduce_picture(luma)
        frozen = self._watch_stillness(picture, t_s, learning)
        thumb = thumbnail(picture)
        previous = self._thumbs[-1] if self._thumbs else None
        self._thumbs.append(thumb)
        average = sum(self._thumbs, np.zeros_like(thumb)) * np.float32(1 / len(self._thumbs))
        self._jumped = previous is not None and _jumps(previous, thumb)
        self._last_s, self._picture = t_s, picture
        step_s = self._settings.alert_s if last_s is None else t_s - last_s
        self._judge(_Seen(average, measure_detail(picture), t_s, step_s, previous, thumb, frozen), learning)
        return self._kind

    def _pace_s(self, learning: bool) -> float:
        alert = learning or self.suspicious or self._jumped or self._observations <= self._settings.warm_up
        return self._settings.alert_s if alert else self._settings.interval_s

    def _judge(self, seen: "_Seen", learning: bool) -> None:
        settings = self._settings
        self._observations += 1
        if not len(self._looks):
            self._looks.add(seen.thumb, seen.detail, seen.t_s)
            return
        match = self._looks.match(seen.thumb, seen.detail, seen.t_s)
        if learning and seen.previous is None and match.share < _LOST:
            # Another clip to learn from shows another scene: no tampering, for nothing was seen to happen.
            self._looks.add(seen.thumb, seen.detail, seen.t_s)
            return
        evidence = _evidence(match)
        weight = 0.0 if learning else min(1.0, seen.step_s / settings.adapt_s)
        if self._observations <= settings.warm_up:
            self._looks.current.adapt(seen.thumb, seen.detail, weight)
            return
        self._settle(evidence, seen)
        self._measure(evidence, match, seen)
        self._relearn(seen)
        if evidence is None and not seen.frozen:
            self._looks.current.adapt(seen.thumb, seen.detail, weight)

    def _settle(self, evidence: TamperKind | None, seen: "_Seen") -> None:
        """From what one picture shows to what is reported: it must persist, and so must the all-clear."""
        settings, t_s = self._settings, seen.t_s
        if evidence is None:
            self._wrong_since = None
            if self._lasts(TamperKind.FROZEN if seen.frozen else None, t_s, 0.0 if seen.frozen else settings.clear_s):
                self._kind = TamperKind.FROZEN if seen.frozen else None
            return
        self._wrong_since = t_s if self._wrong_since is None else self._wrong_since
        patience_s = settings.persist_s
        if evidence is TamperKind.TURNED and not seen.steady():
            patience_s *= _BUSY_FACTOR
        if self._kind is None:
            if t_s - self._wrong_since >= patience_s - 0.01:
                self._kind = evidence
        elif self._lasts(evidence, t_s, patience_s):
            self._kind = evidence

    def _measure(self, evidence: TamperKind | None, match: Match, seen: "_Seen") -> None:
        """Remember the worst of what is wrong; forget it with the all-clear."""
        kind = evidence or (TamperKind.FROZEN if seen.frozen else None)
        if kind is None:
            if self._kind is None:
                self._gone = {}
            return
        since_s = self._still_since if kind is TamperKind.FROZEN else self._wrong_since
        value, unit = 100.0 * (1.0 - match.share), "% of the picture"
        if kind is TamperKind.FROZEN:
            value, unit = seen.t_s - (seen.t_s if since_s is None else since_s), "s"
        elif kind is TamperKind.DEFOCUSED and match.sharpness is not None and not match.coarse:
            value, unit = 100.0 * (1.0 - match.sharpness), "% of the detail"
        before = self._gone.get(kind)
        if before is not None and before.unit == unit:
            value = max(value, before.value)
        begun_s = before.since_s if before is not None else seen.t_s if since_s is None else since_s
        self._gone[kind] = _Gone(value, unit, begun_s, seen.t_s, match.textured)

    def _lasts(self, kind: TamperKind | None, t_s: float, patience_s: float) -> bool:
        """True when `kind`, which differs from what is reported, has been seen for `patience_s` without a break."""
        if kind is self._kind:
            self._other = None
            return False
        if self._other is None or self._other[0] is not kind:
            self._other = (kind, t_s)
        if t_s - self._other[1] < patience_s - 0.01:
            return False
        self._other = None
        return True

    def _relearn(self, seen: "_Seen") -> None:
        if self._kind is not TamperKind.TURNED:
            self._turned_since = None
            return
        self._turned_since = seen.t_s if self._turned_since is None else self._turned_since
        if seen.t_s - self._turned_since >= self._settings.relearn_s:
            self._looks.add(seen.thumb, seen.detail, seen.t_s)
            self._turned_since = None

    def _watch_stillness(self, picture: Luma, t_s: float, learning: bool) -> bool:
        """Compare with the last observed picture; true when the picture has stood still for too long."""
        previous = self._picture
        if previous is None:
            return False
        difference = np.asarray(cv2.absdiff(picture, previous), np.uint8)
        still = cv2.countNonZero(difference) <= _STILL_SHARE * difference.size
        if not still:
            if self._still_since is not None and self._last_s is not None:
                self._longest_still_s = max(self._longest_still_s, self._last_s - self._still_since)
            self._still_since = None
            self._changes += 1
            return False
        if self._still_since is None:
            self._still_since = t_s if self._last_s is None else self._last_s
        settings = self._settings
        still_s = t_s - self._still_since
        if learning or self._changes < settings.warm_up:
            self._longest_still_s = max(self._longest_still_s, still_s)
            return False
        return still_s >= min(settings.freeze_max_s, max(settings.freeze_s, 2.0 * self._longest_still_s))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, as named arrays; `from_arrays` reads it back. What is going on now is not part of it."""
        figures = np.array([self._observations, self._changes, self._longest_still_s], np.float64)
        return {"figures": figures, **self._looks.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], settings: TamperSettings | None = None) -> "TamperMonitor":
        """The monitor whose `arrays()` these were. Raises StateError where they are not."""
        figures = read_array(arrays, "figures", np.float64, (3,))
        if float(figures.min()) < 0.0:
            raise StateError("the saved tamper figures are negative", hint="Learn the camera again.")
        monitor = cls(settings)
        monitor._looks = Looks.from_arrays(arrays)
        monitor._observations, monitor._changes = int(figures[0]), int(figures[1])
        monitor._longest_still_s = float(figures[2])
        return monitor


def _jumps(previous: Thumb, thumb: Thumb) -> bool:
    """Whether the whole picture changed, not something in it."""
    contrast = float(cv2.meanStdDev(previous)[1].item())
    return cv2.norm(thumb, previous, cv2.NORM_L1) > _JUMP * contrast * thumb.size


def _evidence(match: Match) -> TamperKind | None:
    """What one picture alone suggests."""
    if match.textured < MIN_TEXTURED:
        return None
    if match.share < _LOST:
        if match.coarse:
            return TamperKind.DEFOCUSED
        return TamperKind.COVERED if match.energy < _FLAT else TamperKind.TURNED
    if match.sharpness is not None and match.sharpness < _BLURRED:
        return TamperKind.DEFOCUSED
    return None
