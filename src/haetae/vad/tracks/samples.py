"""Of the samples of a track: those of a while, and what a handful of values comes to."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import sqrt
from operator import attrgetter

from haetae.vad.tracks.follow import Sample, Track

_T_S = attrgetter("t_s")


def since(track: Track, from_s: float, to_s: float = 0.0) -> list[Sample]:
    """Its samples from `from_s` seconds ago to `to_s` seconds ago."""
    samples = list(track.samples)
    first = bisect_left(samples, track.last_s - from_s, key=_T_S)
    return samples[first:] if to_s <= 0.0 else samples[first : bisect_right(samples, track.last_s - to_s, key=_T_S)]


def mean(values: Sequence[float]) -> float:
    """Of a handful of values, for which arrays would cost ten times as much."""
    return sum(values) / len(values)


def middle(values: Sequence[float]) -> float:
    """The median, the upper one of an even number."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[float]) -> float:
    """The standard deviation."""
    about = mean(values)
    return sqrt(sum([(value - about) ** 2 for value in values]) / len(values))
