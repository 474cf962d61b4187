"""Falls, fights, running, loitering."""

from math import hypot

from haetae.vad.rules.base import Scene, like_a_person
from haetae.vad.tracks.follow import Track
from haetae.vad.tracks.samples import mean, middle, since, spread

DROP = 1.5
"""Who falls loses a third of his height or more, and then is FLAT times as wide as high."""

FLAT = 1.3
LIES_S = 1.0
WALKED_S = 9.0
"""So long ago he may have been seen upright for the last time: who leans on somebody or stands in a crowd falls out of it, too."""

RUNS = 1.6
"""Body heights/s; a brisk walk is 1.1."""

LEAST_BODY = 10.0
"""Working pixels; speeds of people that are seen smaller are those of their rims."""

STRUGGLE_S = 3.2
STRUGGLE = 0.10
"""Spread of the width and height of a struggle over time, in body heights: walking legs give 0.06."""

RESTLESS = 10.0
"""Mean change in grey levels."""

LOITERS_S = 12.0
"""Calibration raises it to what a camera is used to: a bus stop is no empty yard."""

PACES = 1.5


def fall(track: Track, _scene: Scene) -> float:
    """It was upright and moved, then within seconds it is low, wider than high, and stays where it is."""
    if track.roamed < 1.0:
        return 0.0
    now, before = since(track, LIES_S), [each for each in since(track, WALKED_S, 2.0) if each.alone and each.height >= 0.8 * each.width]
    if len(now) < 4 or len(before) < 4 or now[-1].t_s - now[0].t_s < 0.7 * LIES_S or not all(each.alone for each in now):
        return 0.0
    upright = middle([each.height for each in before])
    low, wide = mean([each.height for each in now]), mean([each.width for each in now])
    area = mean([each.area for each in now]) / max(1.0, middle([each.area for each in before]))
    moved = hypot(now[-1].x - now[0].x, now[-1].y - now[0].y) / track.body
    if not 0.6 <= upright / track.body <= 1.7 or not 0.4 <= area <= 2.0 or moved > 0.5 or low < 0.15 * track.body:
        return 0.0
    return min(upright / max(low, 1.0) / DROP, wide / max(low, 1.0) / FLAT)


def fight(track: Track, _scene: Scene) -> float:
    """One piece of foreground, larger than one person at rest, that stays where it is and changes its shape all the time."""
    if track.roamed < 1.0 and not track.beside:
        return 0.0
    now = since(track, STRUGGLE_S)
    if len(now) < 8 or now[-1].t_s - now[0].t_s < 0.8 * STRUGGLE_S:
        return 0.0
    x, y = middle([each.x for each in now]), middle([each.y for each in now])
    away = sorted([hypot(each.x - x, each.y - y) for each in now])[int(0.9 * len(now))] / track.body
    if away > 0.5:
        return 0.0
    width, height = [each.width / track.body for each in now], [each.height / track.body for each in now]
    if not 0.6 <= middle(height) <= 1.8 or not 0.45 <= middle(width) <= 2.5:
        return 0.0
    restless = mean([each.change for each in now]) / RESTLESS
    return min(restless, (spread(width) + spread(height)) / (2.0 * STRUGGLE))


def running(track: Track, _scene: Scene) -> float:
    """A person's shape that covers more ground in a second than who walks, straight on; alone or with others."""
    if track.roamed < 2.0 or track.body < LEAST_BODY or not like_a_person(track):
        return 0.0
    now = since(track, 1.1)
    if len(now) < 5:
        return 0.0
    first, last = now[0], now[-1]
    middle = now[len(now) // 2]
    straight = hypot(last.x - first.x, last.y - first.y)
    bent = hypot(middle.x - first.x, middle.y - first.y) + hypot(last.x - middle.x, last.y - middle.y)
    steady = spread([each.height for each in now]) / track.body
    if straight < 0.9 * bent or steady > 0.2:
        return 0.0
    return straight / track.body / max(0.5, last.t_s - first.t_s) / RUNS


def loitering(track: Track, _scene: Scene) -> float:
    """A person's shape that moves about, and does not leave."""
    here = track.last_s - track.home_s
    if not like_a_person(track) or track.path < PACES or track.still_s > 0.5 * here:
        return 0.0
    return here / LOITERS_S
