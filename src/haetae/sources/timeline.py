"""Time stamps as a source sends them, mapped to one timeline that has no jumps."""

from dataclasses import dataclass
from fractions import Fraction

_USUAL_FPS = 25.0
_BACKWARD_S = 1.0
_BACKWARD_FRAMES = 20
_LIVE_FORWARD_S = 10.0
_FILE_FORWARD_S = 3600.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A packet's place, in ticks of the time base. `timed` is false where the source gave no presentation time."""

    pts: int
    dts: int
    timed: bool


class Timeline:
    """Maps pts and dts, in decoding order, to a timeline that continues across wraps, camera reboots and missing stamps.

    A stream that runs as it should keeps its own numbers. One that jumps (back by more than reordering explains; forward by
    more than 10 s when live, an hour in a file) goes on one frame after the last. Missing stamps are filled at the nominal rate.
    dts strictly increases and never exceeds pts, as muxers demand.
    """

    def __init__(self, time_base: Fraction, *, fps: float | None, live: bool, reorder: int = 0) -> None:
        self._time_base = float(time_base)
        per_second = 1.0 / self._time_base
        self.step = max(1, round(per_second / (fps or _USUAL_FPS)))
        self._backward = max(per_second * _BACKWARD_S, self.step * _BACKWARD_FRAMES)
        self._forward = per_second * (_LIVE_FORWARD_S if live else _FILE_FORWARD_S)
        self._reorder = max(0, reorder)
        self._offset = 0
        self._zero: int | None = None
        self._last_raw: int | None = None
        self._highest = 0
        self._last_dts: int | None = None

    def place(self, pts: int | None, dts: int | None) -> Placed:
        """The packet's pts and dts on the timeline; called once per packet, in decoding order."""
        raw = pts if pts is not None else dts
        if raw is None:
            placed = self._highest + self.step if self._zero is not None else 0
        else:
            self._follow(raw)
            placed = raw + self._offset
        placed_dts = self._decoding_time(placed, None if dts is None else dts + self._offset)
        placed = max(placed, placed_dts)
        if self._zero is None:
            self._zero = self._highest = placed
        self._highest = max(self._highest, placed)
        self._last_dts = placed_dts
        return Placed(placed, placed_dts, pts is not None)

    def seconds(self, ticks: int) -> float:
        """`ticks` in seconds since the first packet's pts."""
        return (ticks - (self._zero or 0)) * self._time_base

    def _follow(self, raw: int) -> None:
        """Set the offset anew when `raw` has jumped."""
        if self._last_raw is None:
            jumped = self._zero is not None
        else:
            jumped = not -self._backward <= raw - self._last_raw <= self._forward
        if jumped:
            self._offset = self._highest + self.step - raw
        self._last_raw = raw

    def _decoding_time(self, pts: int, dts: int | None) -> int:
        if self._last_dts is None:
            return min(pts - self._reorder * self.step, pts) if dts is None else min(dts, pts)
        if dts is None:
            dts = min(pts, self._last_dts + self.step)
        return max(dts, self._last_dts + 1)
