"""How things go about in one camera's scene: how fast, for how long about one place, and against which way.

Unlike rules, these name nothing: each is a number that grows with how odd something is, of which the camera learns what is usual where.
Lengths are on the ground, in body heights, so that a step towards the camera counts as one across the picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot, sqrt

from haetae.vad.tracks.follow import Sample, Track
from haetae.vad.tracks.ground import Ground
from haetae.vad.tracks.samples import middle, since, spread
from haetae.vad.tracks.ways import Ways

PACE_S = 1.2
JITTER_S = 1e-6
"""Time stamps are sums: what is a span old counts."""

FEWEST = 5
BRISK = 1.5
"""Body heights/s, one and a half times a usual walk: slower than this is no surprise anywhere."""

HEIGHTS = (0.45, 1.9)
"""In heights of a person, what a pace is told of: people, bicycles and cars, but no shadows, leaves and insects."""

RIM_PX = 2.0
LARGE = 1.0
"""In squares of a body height: a person covers a third of one, a car two."""

RAGGED = 0.35
"""Body heights by which what moves evenly strays from its line; more is one thing taken for another."""

STEADY = 0.25
"""Of its height: what changes it by more is two things that meet or part, or streaks of rain, and neither its pace nor its way is known."""

LINGERS_S = 8.0
ABOUT = 1.5
"""In body heights on the ground: who stays within this from where he was is still there."""

SETTLED = 5
STIRS = 0.15
"""In body heights: so much does the place of a living thing vary while it stays; that of a drop on the lens does not."""

ARRIVED = 1.0
REMEMBERED = 40

WAY_S = 4.0
STRAIGHT = 1.0
UPRIGHT = (0.5, 1.9)
WIDE = 0.28
"""Ways are told of what is as tall as a person and no thinner than WIDE of that: streaks of rain that happen to follow each other are."""

ODD_WAY = 0.5
"""As `Ways.against` has it: one in ten."""


@dataclass(frozen=True, slots=True)
class View:
    """Of one moment: the ground and the usual ways of one camera."""

    ground: Ground
    ways: Ways


Measure = Callable[[Track, View], float]
"""0 for nothing to say, 1 for what is odd anywhere unless it is usual there, more beyond."""


def pace(track: Track, view: View) -> float:
    """How fast something no larger than a person or a bicycle crosses the ground."""
    return 0.0 if _large(track, view.ground) else _pace(track, view)


def pace_of_large(track: Track, view: View) -> float:
    """How fast a car or a group does. Of each there is another usual: where cars pass nobody runs, and where people walk no car does."""
    return _pace(track, view) if _large(track, view.ground) else 0.0


def _large(track: Track, ground: Ground) -> bool:
    recent = list(track.samples)[-SETTLED:]
    return middle([each.area for each in recent]) > LARGE * ground.body(track.blob.bottom) ** 2


def _pace(track: Track, view: View) -> float:
    """Held for PACE_S; what a ragged outline could have made up is taken off."""
    ground = view.ground
    now = since(track, PACE_S + JITTER_S)
    if len(now) < FEWEST or now[-1].t_s - now[0].t_s < 0.8 * PACE_S or not ground.told(track.blob.bottom):
        return 0.0
    if any(_at_the_rim(each, ground) for each in now):
        return 0.0
    y = middle([each.y for each in now])
    body = ground.body(y)
    heights = [each.height for each in now]
    if not HEIGHTS[0] < middle(heights) / body < HEIGHTS[1] or spread(heights) > STEADY * middle(heights):
        return 0.0
    times = [each.t_s for each in now]
    right, strays_x, doubt_x = _line(times, [each.x for each in now])
    down, strays_y, doubt_y = _line(times, [each.y for each in now])
    if hypot(strays_x, strays_y) > RAGGED * body:
        return 0.0
    return ground.distance(max(0.0, abs(right) - doubt_x), max(0.0, abs(down) - doubt_y), y) / BRISK


def linger(track: Track, view: View) -> float:
    """How long it has stirred about one place, of whoever walked there."""
    ground, kept = view.ground, track.measured
    recent = list(track.samples)[-SETTLED:]
    x, y = middle([each.x for each in recent]), middle([each.y for each in recent])
    if "linger_s" not in kept or ground.distance(x - kept["linger_x"], y - kept["linger_y"], y) > ABOUT:
        kept["linger_x"], kept["linger_y"], kept["linger_s"] = x, y, track.last_s
        return 0.0
    here = [each for each in list(track.samples)[-REMEMBERED:] if each.t_s >= kept["linger_s"]]
    if len(here) < 2 * SETTLED or track.roamed < ARRIVED or not ground.told(y):
        return 0.0
    body = ground.body(y)
    if not UPRIGHT[0] < middle([each.height for each in here]) / body < UPRIGHT[1]:
        return 0.0
    if hypot(spread([each.x for each in here]), spread([each.y for each in here])) < STIRS * body:
        return 0.0
    return (track.last_s - kept["linger_s"]) / LINGERS_S


def against(track: Track, view: View) -> float:
    """How rare it is to go there by that way, of what goes straight on."""
    way = going(track, view)
    if way is None:
        return 0.0
    now = since(track, WAY_S + JITTER_S)
    return view.ways.against([(each.x, each.y) for each in now[:: max(1, len(now) // 6)]], *way) / ODD_WAY


def going(track: Track, view: View) -> tuple[float, float] | None:
    """By which way something goes straight on, in working pixels to the right and down; None where it does not."""
    now = since(track, WAY_S + JITTER_S)
    if len(now) < FEWEST + 3 or not view.ground.told(track.blob.bottom):
        return None
    body, tall = view.ground.body(track.blob.bottom), middle([each.height for each in now])
    if not UPRIGHT[0] < tall / body < UPRIGHT[1] or middle([each.width for each in now]) < WIDE * tall:
        return None
    times = [each.t_s for each in now]
    span_s = times[-1] - times[0]
    right, strays_x, _ = _line(times, [each.x for each in now])
    down, strays_y, _ = _line(times, [each.y for each in now])
    if hypot(right, down) * span_s < STRAIGHT * body or hypot(strays_x, strays_y) > RAGGED * body:
        return None
    return (right, down) if spread([each.height for each in now]) < STEADY * tall else None


MEASURES: tuple[Measure, ...] = (pace, pace_of_large, linger, against)


def _at_the_rim(sample: Sample, ground: Ground) -> bool:
    """There things grow and shrink without any movement."""
    beside = sample.x - 0.5 * sample.width < RIM_PX or sample.x + 0.5 * sample.width > ground.width - RIM_PX
    return beside or sample.y - sample.height < RIM_PX or sample.y > ground.height - RIM_PX


def _line(times: Sequence[float], values: Sequence[float]) -> tuple[float, float, float]:
    """Least squares: the slope, how far the values lie from the line (root of the mean square), and the slope's standard error."""
    count = len(times)
    middle_t, middle_v = sum(times) / count, sum(values) / count
    # Lists, for this is asked at every look of everything that moves: generators take half as long again.
    away_t, away_v = [t - middle_t for t in times], [v - middle_v for v in values]
    spread_t = sum([t * t for t in away_t])
    slope = sum([t * v for t, v in zip(away_t, away_v)]) / spread_t
    rest = sum([(v - slope * t) ** 2 for t, v in zip(away_t, away_v)])
    return slope, sqrt(rest / count), sqrt(rest / (count - 2) / spread_t)
