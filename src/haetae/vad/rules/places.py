"""Where something goes, and where it must not be."""

from haetae.vad.rules.base import Scene, like_a_person
from haetae.vad.tracks.follow import Track
from haetae.vad.tracks.samples import since

STRAIGHT = 2.5
"""In body heights: so far it went before anybody says in which direction."""

ENTERS_S = 1.0


def wrong_way(track: Track, scene: Scene) -> float:
    """It goes where others of this place hardly ever go, against the way that they take."""
    if track.roamed < STRAIGHT:
        return 0.0
    now = since(track, 3.0)
    if len(now) < 8:
        return 0.0
    first, last = now[0], now[-1]
    right, down = last.x - first.x, last.y - first.y
    if (right * right + down * down) ** 0.5 < STRAIGHT * track.body:
        return 0.0
    return scene.ways.against([(each.x, each.y) for each in now[:: max(1, len(now) // 6)]], right, down)


def intrusion(track: Track, scene: Scene) -> float:
    """In a zone that is watched, in the hours that the camera is armed for."""
    if not scene.armed or not track.zones or not like_a_person(track) or track.roamed < 0.7:
        return 0.0
    return max(track.zones.values()) / ENTERS_S
