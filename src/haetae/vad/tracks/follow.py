"""The same thing from one picture to the next: blobs become tracks."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot
from typing import NamedTuple

from haetae.domain.frame import Luma
from haetae.vad.tracks.blobs import Blob

KEPT = 80
"""Samples of a track: 16 s at the pace at which things are followed."""

FORGET_S = 1.2
HIDDEN_S = 4.0
"""What was not seen for FORGET_S is gone; for HIDDEN_S where another thing stands in front of it."""

REACH = 0.9
"""In body heights: so far from where it was expected a thing may be found again."""

LEAST_MATCH = 0.12
MOST_UNLIKE = 1.6
UNLIKE_MATCH = 1.0
"""What overlaps nothing of a track is the same only at about the same height: a bag is not who put it down."""

COVERED = 0.5
SPLIT_REACH = 1.0
"""In body heights: what begins so near to something that moves may have been put down by it."""


class Sample(NamedTuple):
    """A track at one moment: working pixels, `y` where it stands. `alone`: no other track is in the same blob."""

    t_s: float
    x: float
    y: float
    width: float
    height: float
    area: float
    change: float
    glare: float
    alone: bool


@dataclass(slots=True, eq=False)
class Track:
    """One thing. `body` is the height of a person where it is, in working pixels; lengths in body heights are in these.

    `home` is where it has been about since `home_s`; `path` how far it went, in body heights; `fastest` its highest speed, body heights/s,
    held for half a second; `beside` the track that moved beside it when it began.
    """

    id: int
    born_s: float
    blob: Blob
    body: float
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    last_s: float = 0.0
    home: tuple[float, float] = (0.0, 0.0)
    home_s: float = 0.0
    still_s: float = 0.0
    path: float = 0.0
    speed: float = 0.0
    fastest: float = 0.0
    heading: tuple[float, float] = (0.0, 0.0)
    roamed: float = 0.0
    beside: int = 0
    behind: "Track | None" = None
    others: int = 0
    zones: dict[str, float] = field(default_factory=dict)
    picture: Luma | None = None
    """A small one, once it was whole in view."""
    pictured_s: float = 0.0
    measured: dict[str, float] = field(default_factory=dict)
    """What rules remember of it, by their names."""
    votes: dict[str, float] = field(default_factory=dict)
    """What a detector held it for, and how often."""

    @property
    def name(self) -> str:
        """The class that a detector held it for most; empty where none did."""
        return max(self.votes, key=lambda name: (self.votes[name], name), default="")

    @property
    def age_s(self) -> float:
        return self.last_s - self.born_s

    @property
    def ratio(self) -> float:
        """Height over width."""
        return self.blob.height / max(1.0, self.blob.width)

    @property
    def hidden(self) -> bool:
        """Whether another thing stands in front of it."""
        return self.behind is not None

    def expected(self, t_s: float) -> tuple[float, float]:
        """Where it should stand at `t_s`: as far on as it was fast, but not out of what hides it."""
        step_s = min(t_s - self.last_s, FORGET_S)
        x, y = self.blob.x + self.heading[0] * step_s, self.blob.bottom + self.heading[1] * step_s
        if self.behind is not None:
            x = min(max(x, self.behind.blob.left), self.behind.blob.right)
        return x, y


HOME_RADIUS = 3.0
"""In body heights: who stays within this from where he was is still there."""

SPEED_S = 0.7
"""Speeds are told from so much time: limbs and a ragged rim would make up others."""

RESTS = 0.06
"""Body heights/s and less is rest."""


class Follower:
    """One camera's tracks. `tracks` are those that were seen in the last picture, `ended` those that were given up at it."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.ended: list[Track] = []
        self._all: list[Track] = []
        self._next = 1

    def reset(self) -> None:
        """What comes next does not follow: all tracks end."""
        self.ended = self._all
        self._all, self.tracks = [], []

    def forget_pictures(self) -> None:
        """Of what is followed, new ones are taken."""
        for track in self._all:
            track.picture = None

    def step(self, blobs: list[Blob], bodies: list[float], t_s: float, quiet: float) -> None:
        """Take the blobs of a picture at `t_s` with the height of a person where each is. Changes of less than `quiet` are noise."""
        taken = self._match(blobs, t_s)
        for track in self._all:
            track.others = 0
        for number, (blob, body) in enumerate(zip(blobs, bodies)):
            if number not in taken:
                track = Track(self._next, t_s, blob, body, last_s=t_s, home=(blob.x, blob.bottom), home_s=t_s)
                track.beside = self._neighbour(track)
                self._next += 1
                self._all.append(track)
                taken[number] = track
        self._hide(taken, blobs, t_s)
        for number, track in taken.items():
            _take(track, blobs[number], bodies[number], t_s, quiet)
        self.tracks = [track for track in self._all if track.last_s == t_s]
        self.ended = [track for track in self._all if t_s - track.last_s > (HIDDEN_S if track.hidden else FORGET_S)]
        if self.ended:
            self._all = [track for track in self._all if track not in self.ended]

    def _match(self, blobs: list[Blob], t_s: float) -> dict[int, Track]:
        pairs: list[tuple[float, int, Track]] = []
        # Nearly all pairs are far apart, and this is asked of each: so little as possible is done for those.
        places = [(number, blob, blob.x, blob.left, blob.top, blob.right, blob.bottom) for number, blob in enumerate(blobs)]
        for track in self._all:
            x, y = track.expected(t_s)
            reach = REACH * track.body
            soft, nearest, farthest, highest, lowest = max(reach, 1.0), x - reach, x + reach, y - reach, y + reach
            half, height = 0.5 * track.blob.width, track.blob.height
            left, top, right = x - half, y - height, x + half
            for number, blob, blob_x, blob_left, blob_top, blob_right, blob_bottom in places:
                apart = blob_left > right or blob_right < left or blob_top > y or blob_bottom < top
                if apart and not (nearest <= blob_x <= farthest and highest <= blob_bottom <= lowest):
                    continue
                away = hypot(blob_x - x, blob_bottom - y)
                if apart and away > reach:
                    continue
                overlap = 0.0 if apart else _overlap(blob, left, top, right, y)
                likeness = overlap + 0.6 * (1.0 - away / soft) if away < soft else overlap
                alike = overlap > 0.0 or 1.0 / MOST_UNLIKE < blob.height / height < MOST_UNLIKE
                if likeness >= (LEAST_MATCH if alike else UNLIKE_MATCH):
                    pairs.append((likeness, number, track))
        pairs.sort(key=lambda pair: -pair[0])
        taken: dict[int, Track] = {}
        used: set[int] = set()
        for _, number, track in pairs:
            if number not in taken and track.id not in used:
                taken[number] = track
                used.add(track.id)
        return taken

    def _hide(self, taken: dict[int, Track], blobs: list[Blob], t_s: float) -> None:
        """Tracks that no blob was left for, but which lie in the blob of another: they stand in front of each other."""
        seen = {track.id for track in taken.values()}
        # What has only now come stands in front of nothing.
        known = [(blobs[number], other) for number, other in taken.items() if other.born_s < t_s]
        for track in self._all:
            if track.id in seen:
                continue
            x, y = track.expected(t_s)
            half, top = 0.5 * track.blob.width, y - track.blob.height
            left, right = x - half, x + half
            track.behind = next(
                (other for blob, other in known if blob.left < right and covered(blob, left, top, right, y) > COVERED),
                track.behind if track.behind is not None and track.behind.id in seen else None,
            )
            if track.behind is not None:
                track.behind.others += 1

    def _neighbour(self, track: Track) -> int:
        for other in self._all:
            away = hypot(max(0.0, abs(other.blob.x - track.blob.x) - 0.5 * other.blob.width), other.blob.bottom - track.blob.bottom)
            if other.roamed > 1.0 and away < SPLIT_REACH * track.body:
                return other.id
        return 0


def _take(track: Track, blob: Blob, body: float, t_s: float, quiet: float) -> None:
    elapsed_s = t_s - track.last_s
    track.behind = None
    track.blob, track.last_s = blob, t_s
    track.body = body
    alone = track.others == 0
    track.samples.append(Sample(t_s, blob.x, blob.bottom, blob.width, blob.height, blob.area, blob.change, blob.glare, alone))
    _move(track, t_s)
    resting = blob.change < quiet and track.speed < RESTS * 4
    track.still_s = track.still_s + elapsed_s if resting else 0.0
    away = hypot(blob.x - track.home[0], blob.bottom - track.home[1]) / body
    if away > HOME_RADIUS:
        track.home, track.home_s = (blob.x, blob.bottom), t_s


def _move(track: Track, t_s: float) -> None:
    samples = track.samples
    past = samples[0]
    for sample in reversed(samples):
        past = sample
        if t_s - sample.t_s >= SPEED_S:
            break
    now = samples[-1]
    span_s = now.t_s - past.t_s
    if span_s < 0.5 * SPEED_S:
        track.speed = 0.0
        return
    # The middle is steadier than the feet, which shadows and kerbs hide.
    right = (now.x - past.x) / span_s
    down = (now.y - 0.5 * now.height - past.y + 0.5 * past.height) / span_s
    track.heading = (right, down)
    speed = hypot(right, down) / track.body
    # The path grows by what the movement of the last SPEED_S says.
    track.path += speed * (now.t_s - samples[-2].t_s if len(samples) > 1 else 0.0)
    track.fastest = max(track.fastest, min(speed, track.speed))
    track.speed = speed
    first = samples[0]
    track.roamed = max(track.roamed, hypot(now.x - first.x, now.y - first.y) / track.body)


def _overlap(blob: Blob, left: float, top: float, right: float, bottom: float) -> float:
    """Intersection over union."""
    common = _common(blob, left, top, right, bottom)
    return 0.0 if common == 0.0 else common / max(1e-6, blob.width * blob.height + (right - left) * (bottom - top) - common)


def covered(blob: Blob, left: float, top: float, right: float, bottom: float) -> float:
    """The share of a rectangle that a blob's covers."""
    common = _common(blob, left, top, right, bottom)
    return 0.0 if common == 0.0 else common / max(1e-6, (right - left) * (bottom - top))


def _common(blob: Blob, left: float, top: float, right: float, bottom: float) -> float:
    if blob.right <= left or blob.left >= right or blob.bottom <= top or blob.top >= bottom:
        return 0.0
    return (min(blob.right, right) - max(blob.left, left)) * (min(blob.bottom, bottom) - max(blob.top, top))
