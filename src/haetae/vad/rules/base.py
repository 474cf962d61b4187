"""What a rule is, and what it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from haetae.domain.suspicion import Suspicion
from haetae.vad.tracks.blobs import Eye
from haetae.vad.tracks.follow import Sample, Track
from haetae.vad.tracks.ways import Ways


@dataclass(frozen=True, slots=True)
class Scene:
    """One moment of one camera: the tracks that are seen, where things usually go, and whether the camera is in a time that it is armed
    for; None where it has no schedule."""

    t_s: float
    tracks: list[Track]
    ways: Ways
    eye: Eye
    armed: bool | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`measure` says how far a track meets the definition: 0 not at all, 1 just so, more beyond. `name` carries the version: another
    meaning of the rule is another name. `suspicion` is what it would call an event, were it right often enough (`naming.py`). `raises`
    where a rule may open an event by itself."""

    name: str
    suspicion: Suspicion
    measure: Callable[[Track, Scene], float]
    raises: bool = True


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


def like_a_person(track: Track) -> bool:
    """Whether it is about as high as a person there, and higher than wide; or, with its shadow, not much wider."""
    return 0.55 <= track.blob.height / track.body <= 1.8 and track.ratio >= 0.8


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
