"""Of the samples of a track: those of a while, and what a handful of values comes to."""

from collections.abc import Sequence
from math import sqrt

from haetae.vad.tracks.follow import Sample, Track


def since(track: Track, from_s: float, to_s: float = 0.0) -> list[Sample]:
    """Its samples from `from_s` seconds ago to `to_s` seconds ago."""
    first_s, last_s = track.last_s - from_s, track.last_s - to_s
    found = []
    for sample in reversed(track.samples):
        if sample.t_s < first_s:
            break
        if sample.t_s <= last_s:
            found.append(sample)
    return found[::-1]


def mean(values: Sequence[float]) -> float:
    """Of a handful of values, for which arrays would cost ten times as much."""
    return sum(values) / len(values)


def middle(values: Sequence[float]) -> float:
    """The median, the upper one of an even number."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[float]) -> float:
    """The standard deviation."""
    about = mean(values)
    return sqrt(sum((value - about) ** 2 for value in values) / len(values))
