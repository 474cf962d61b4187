"""What a rule is, and what it is shown."""

from collections.abc import Callable
from dataclasses import dataclass

from haetae.domain.suspicion import Suspicion
from haetae.vad.tracks.blobs import Eye
from haetae.vad.tracks.follow import Track
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
    meaning of the rule is another name. `suspicion` is what it would call an event, were it right often enough; whether it may do so, or
    open one, is measured (`naming.py`)."""

    name: str
    suspicion: Suspicion
    measure: Callable[[Track, Scene], float]


def like_a_person(track: Track) -> bool:
    """Whether it is about as high as a person there, and higher than wide; or, with its shadow, not much wider."""
    return 0.55 <= track.blob.height / track.body <= 1.8 and track.ratio >= 0.8
