"""What is left behind, and what burns."""

from math import hypot

from haetae.vad.rules.base import Scene
from haetae.vad.tracks.follow import Track
from haetae.vad.tracks.samples import mean, middle, since, spread

LEFT_S = 6.0
"""Calibration raises it where things are put down all day."""

ALONE = 1.0
"""In body heights: so far nobody is from what was left."""

IS_THERE = 0.5
"""Share of the edges at its rim that the picture of now has: below it something left the place, and nothing was put there."""

BURNS_S = 1.6
STRAYS = 0.4
"""In body heights: so far the middle of a flame wanders; who walks goes further in BURNS_S."""

GLARE = 30.0
FLICKERS = 8.0
"""Grey levels."""


def abandoned(track: Track, scene: Scene) -> float:
    """Something smaller than a person that came from one who moved on, has not stirred since, and nobody is with it."""
    if not track.beside or track.age_s < 0.3 * LEFT_S or track.roamed > 1.2 or track.blob.height > 0.8 * track.body:
        return 0.0
    resting = [each for each in track.samples if hypot(each.x - track.blob.x, each.y - track.blob.bottom) < 0.25 * track.body]
    if len(resting) < 0.7 * len(track.samples) or track.blob.width > track.body:
        return 0.0
    near = (other for other in scene.tracks if other is not track and other.roamed > 1.0)
    if any(hypot(other.blob.x - track.blob.x, other.blob.bottom - track.blob.bottom) < ALONE * track.body for other in near):
        return track.measured.get("abandoned", 0.0)
    if scene.eye.stands_out(track.blob) < IS_THERE:
        return 0.0
    track.measured["abandoned"] = track.age_s / LEFT_S
    return track.age_s / LEFT_S


def fire(track: Track, _scene: Scene) -> float:
    """Something brighter than the place ever is, that flickers, changes its size and stays."""
    if track.roamed > 2.0 * STRAYS:
        return 0.0
    now = since(track, BURNS_S)
    if len(now) < 5 or now[-1].t_s - now[0].t_s < 0.7 * BURNS_S:
        return 0.0
    away = max(hypot(each.x - now[-1].x, each.y - now[-1].y) for each in now) / track.body
    if away > STRAYS:
        return 0.0
    area = [each.area for each in now]
    glare = middle([each.glare for each in now]) / GLARE
    flicker = mean([each.change for each in now]) / FLICKERS
    return min(glare, flicker, 8.0 * spread(area) / max(1.0, mean(area)))
