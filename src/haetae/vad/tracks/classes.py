"""What a detector saw, followed like everything else: it gives tracks their class, and says what stands still and is no foreground."""

from collections.abc import Iterable, Iterator, Sequence

from haetae.domain.fact import Fact, FactKind
from haetae.vad.base import Sighting
from haetae.vad.tracks.blobs import Blob
from haetae.vad.tracks.follow import Follower, Track, covered

SOURCE = "detector"
FRESH_S = 1.5
"""What was not seen for so long at a look of the detector is not there any more; the detector looks twice a second."""

SAME = 0.5
"""Share of the smaller one that a box and a track must have in common."""

TRUSTED_S = 2.0
LEAST_QUALITY = 0.2
"""Of an object that was seen once, and fully after TRUSTED_S."""

MOST_CLASSES = 3


class Sighted:
    """One camera's objects of a detector. Boxes are in working pixels, as those of the other tracks."""

    def __init__(self) -> None:
        self._follower = Follower()
        self._looked_s: float | None = None

    def reset(self) -> None:
        """What comes next does not follow."""
        self._follower.reset()
        self._looked_s = None

    def step(self, sightings: Sequence[tuple[Sighting, Blob]], bodies: list[float], t_s: float) -> None:
        """Take a look of the detector at `t_s`, each object with its box and the height of a person there. Looks are in order of time."""
        self._follower.step([blob for _, blob in sightings], bodies, t_s, 0.0)
        self._looked_s = t_s
        by_blob = {id(blob): sighting for sighting, blob in sightings}
        for track in self._follower.tracks:
            sighting = by_blob[id(track.blob)]
            track.votes[sighting.name] = track.votes.get(sighting.name, 0.0) + sighting.confidence

    def tracks(self, t_s: float) -> list[Track]:
        """Those of the last look; none where that is longer ago than FRESH_S."""
        return self._follower.tracks if self._looked_s is not None and 0.0 <= t_s - self._looked_s <= FRESH_S else []

    def name(self, tracks: Iterable[Track], t_s: float) -> None:
        """Have each of `tracks` that lies where an object was just seen take its class. Only looks that are new count, so that what a
        detector held it for longest wins."""
        if self._looked_s != t_s:
            return
        seen = self._follower.tracks
        for track in tracks:
            best = max(seen, key=lambda other: shared(track.blob, other.blob), default=None)
            if best is not None and shared(track.blob, best.blob) >= SAME:
                track.votes[best.name] = track.votes.get(best.name, 0.0) + 1.0


def shared(one: Blob, other: Blob) -> float:
    """What two boxes have in common, as a share of the smaller one, in [0, 1]; 0 where one is far larger, and holds other things too."""
    areas = sorted((one.width * one.height, other.width * other.height))
    if areas[0] * 4.0 < areas[1]:
        return 0.0
    smaller, larger = (one, other) if one.width * one.height <= other.width * other.height else (other, one)
    return covered(larger, smaller.left, smaller.top, smaller.right, smaller.bottom)


def class_facts(tracks: Sequence[Track], t_s: float) -> Iterator[Fact]:
    """How many of each class there are, the most numerous first. `tracks` are those of `Sighted` that an event is about."""
    by_class: dict[str, list[Track]] = {}
    for track in tracks:
        by_class.setdefault(track.name, []).append(track)
    for name, found in sorted(by_class.items(), key=lambda each: (-len(each[1]), each[0]))[:MOST_CLASSES]:
        age_s = max(track.age_s for track in found)
        yield Fact(
            f"{SOURCE}.class.{name}",
            FactKind.CLASS,
            float(len(found)),
            "",
            min(track.born_s for track in found),
            t_s,
            quality=min(1.0, max(LEAST_QUALITY, age_s / TRUSTED_S)),
            source=f"{SOURCE}.{name}",
            subject=name,
            track_ids=tuple(track.id for track in found[:8]),
        )
