"""The score curve as geometry, for every page that shows one: templates only draw what is computed here."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1200.0, 220.0
_MAX_POINTS = 1500
_TICKS = 8
_NICE_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Span:
    """A shaded stretch of the time axis: x and width in chart units, and what it stands for."""

    x: float
    width: float
    label: str
    t0_s: float
    t1_s: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the drawing needs, in the units of a `width` x `height` view box; score 1 is y = 0."""

    width: float
    height: float
    line: str
    alarm_y: float
    ticks: tuple[tuple[float, str], ...]
    learning: tuple[Span, ...]
    truth: tuple[Span, ...]
    events: tuple[Span, ...]


def clock_text(seconds: float, decimals: int = 0) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on, with up to one decimal; cut off, not rounded, so that it never runs ahead."""
    units = 10**decimals
    whole, part = divmod(max(0, int(seconds * units + 1e-6)), units)
    hours, rest = divmod(whole, 3600)
    text = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
    return f"{text}.{part}" if decimals else text


def make_chart(
    t_s: NDArray[np.float64],
    value: NDArray[np.float64],
    *,
    alarm_level: float,
    learning: list[tuple[float, float]],
    truth: list[tuple[float, float, str]],
    events: list[tuple[float, float, str]],
    height: float = HEIGHT,
) -> Chart:
    """Lay the curve out. `t_s` grows, `value` is in [0, 1]; spans are (start, end[, label]) in seconds."""
    ends = [float(t) for t in t_s[-1:]] + [span[1] for span in learning] + [span[1] for span in (*truth, *events)]
    starts = [float(t) for t in t_s[:1]] + [span[0] for span in learning] + [span[0] for span in truth]
    start, end = min(starts, default=0.0), max(ends, default=1.0)
    scale = WIDTH / max(end - start, 1e-6)

    def span(t0: float, t1: float, label: str) -> Span:
        # Never thinner than two units, or a short incident on a long axis could not be seen.
        return Span((t0 - start) * scale, max(2.0, (t1 - t0) * scale), label, t0, t1)

    return Chart(
        width=WIDTH,
        height=height,
        line=_path(t_s, value, start, scale, height),
        alarm_y=(1 - alarm_level) * height,
        ticks=_ticks(start, end, scale),
        learning=tuple(span(t0, t1, "") for t0, t1 in learning),
        truth=tuple(span(t0, t1, label) for t0, t1, label in truth),
        events=tuple(span(t0, t1, label) for t0, t1, label in events),
    )


def _path(t_s: NDArray[np.float64], value: NDArray[np.float64], start: float, scale: float, height: float) -> str:
    """An SVG path: at most _MAX_POINTS points, each the maximum of its bucket so that no peak is lost; gaps over 5 s break it."""
    if not len(t_s):
        return ""
    bucket = max(1, -(-len(t_s) // _MAX_POINTS))
    edges = [*range(0, len(t_s), bucket), len(t_s)]
    points = [(float(t_s[a]), float(value[a:b].max())) for a, b in pairwise(edges)]
    gap_s = max(5.0, 4 * (points[-1][0] - points[0][0]) / max(1, len(points)))
    parts: list[str] = []
    last = -np.inf
    for t, score in points:
        command = "M" if t - last > gap_s else "L"
        parts.append(f"{command}{(t - start) * scale:.1f} {(1 - min(1.0, max(0.0, score))) * height:.1f}")
        last = t
    return "".join(parts)


def _ticks(start: float, end: float, scale: float) -> tuple[tuple[float, str], ...]:
    step = next((nice for nice in _NICE_STEPS_S if (end - start) / nice <= _TICKS), _NICE_STEPS_S[-1])
    first = int(start // step) * step
    times = [t for t in range(first, int(end) + 1, step) if t >= start]
    return tuple(((t - start) * scale, clock_text(t)) for t in times)
