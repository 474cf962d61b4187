"""How fast, how long about one place, and against which way: of tracks whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.errors import StateError
from haetae.vad.tracks.blobs import Blob
from haetae.vad.tracks.follow import Follower, Track
from haetae.vad.tracks.ground import FOCAL, Ground
from haetae.vad.tracks.heights import Heights
from haetae.vad.tracks.manners import BRISK, LINGERS_S, View, against, linger, pace, pace_of_large
from haetae.vad.tracks.repeats import Repeats
from haetae.vad.tracks.ways import Ways

WIDTH, HEIGHT, FPS = 320, 180, 5.0
HORIZON, CAMERA_M, PERSON_M = 20.0, 4.0, 1.7
SLOPE = PERSON_M / CAMERA_M * HEIGHT
GROUND = Ground(WIDTH, HEIGHT, -HORIZON * SLOPE / HEIGHT, SLOPE)
"""Seen from CAMERA_M by a camera that looks at the horizon."""


def pixel(right_m: float, depth_m: float) -> tuple[float, float, float]:
    """Where somebody on the ground stands in the picture, and how tall he is there."""
    focal = FOCAL * WIDTH
    return 0.5 * WIDTH + focal * right_m / depth_m, HORIZON + focal * CAMERA_M / depth_m, focal * PERSON_M / depth_m


def walk(
    steps: list[tuple[float, float]], *, wide: float = 0.35, high: float = 1.0, follower: Follower | None = None, start_s: float = 0.0
) -> Track:
    """Somebody at these places (metres to the right, metres away), one for each look."""
    follower = follower or Follower()
    for number, (right_m, depth_m) in enumerate(steps):
        x, y, body = pixel(right_m, depth_m)
        blob = Blob(x - 0.5 * wide * body, y - high * body, x + 0.5 * wide * body, y, 0.6 * wide * high * body**2, 20.0, 0.0)
        follower.step([blob], [GROUND.body(y)], start_s + number / FPS, 2.0)
    [track] = follower.tracks
    return track


def line(start: tuple[float, float], speed_m_s: tuple[float, float], seconds: float) -> list[tuple[float, float]]:
    return [(start[0] + speed_m_s[0] * i / FPS, start[1] + speed_m_s[1] * i / FPS) for i in range(int(seconds * FPS))]


VIEW = View(GROUND, Ways(WIDTH, HEIGHT))


@given(st.floats(8.0, 20.0), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_a_step_on_the_ground_is_as_long_whichever_way_it_goes(depth_m, right_m, deeper_m):
    x0, y0, _ = pixel(0.0, depth_m)
    x1, y1, _ = pixel(right_m, depth_m + deeper_m)
    truth = float(np.hypot(right_m, deeper_m)) / PERSON_M
    assert GROUND.distance(x1 - x0, y1 - y0, 0.5 * (y0 + y1)) == pytest.approx(truth, rel=0.06, abs=0.01)


def test_from_above_all_ways_are_alike_and_the_sky_is_no_ground():
    above = Ground(WIDTH, HEIGHT, 30.0, 0.0)
    assert above.distance(30.0, 0.0, 100.0) == above.distance(0.0, 30.0, 100.0) == pytest.approx(1.0)
    assert GROUND.told(100.0)
    assert not GROUND.told(HORIZON)
    assert Ground.of(Heights(), WIDTH, HEIGHT) is None


@pytest.mark.parametrize("way", [(1.0, 0.0), (0.0, -1.0), (0.6, -0.8)])
@pytest.mark.parametrize("speed_m_s", [1.3, 4.2])
def test_pace_is_that_on_the_ground_across_and_towards_the_camera(way, speed_m_s):
    track = walk(line((-1.0, 14.0), (speed_m_s * way[0], speed_m_s * way[1]), 1.6))
    assert pace(track, VIEW) == pytest.approx(speed_m_s / PERSON_M / BRISK, rel=0.15)
    assert pace_of_large(track, VIEW) == 0.0


def test_a_car_has_a_pace_of_its_own_and_a_shred_none():
    car = walk(line((-2.0, 12.0), (5.0, 0.0), 1.6), wide=2.4, high=0.9)
    assert pace(car, VIEW) == 0.0
    assert pace_of_large(car, VIEW) == pytest.approx(5.0 / PERSON_M / BRISK, rel=0.1)
    assert pace(walk(line((-2.0, 12.0), (5.0, 0.0), 1.6), wide=0.2, high=0.3), VIEW) == 0.0


def test_a_ragged_outline_is_no_pace():
    random = np.random.default_rng(1)
    track = walk([(0.4 * float(random.normal()), 12.0) for _ in range(12)])
    assert pace(track, VIEW) < 0.5


def test_who_paces_about_lingers_and_who_walks_through_or_does_not_stir_does_not():
    arrives = line((-4.0, 12.0), (1.3, 0.0), 3.0)
    paces = [(0.8 * float(np.sin(0.9 * i / FPS)), 12.0) for i in range(int(16 * FPS))]
    follower, greatest = Follower(), 0.0
    for number, step in enumerate(arrives + paces):
        track = walk([step], follower=follower, start_s=number / FPS)
        greatest = max(greatest, linger(track, VIEW))
    assert greatest == pytest.approx(16.0 / LINGERS_S, rel=0.1)

    def all_along(steps: list[tuple[float, float]]) -> float:
        follower = Follower()
        return max(linger(walk([step], follower=follower, start_s=n / FPS), VIEW) for n, step in enumerate(steps))

    assert all_along(line((-6.0, 12.0), (1.3, 0.0), 9.0)) < 0.5
    assert all_along(arrives + [(0.0, 12.0)] * 80) < 0.5
    assert all_along(paces) == 0.0


def test_a_way_that_nobody_takes_is_odd_and_streaks_take_none():
    view = View(GROUND, Ways(WIDTH, HEIGHT))
    for number in range(40):
        x, y, _ = pixel(0.0, 8.0 + number / 3)
        for _ in range(6):
            view.ways.learn(x, y, 0.0, 1.0)
    leaving, coming = line((0.0, 9.0), (0.0, 1.4), 5.0), line((0.0, 16.0), (0.0, -1.4), 5.0)
    assert against(walk(leaving), view) > 1.5
    assert against(walk(coming), view) == 0.0
    assert against(walk(leaving, wide=0.15), view) == 0.0


def test_what_one_thing_did_is_not_usual_and_what_two_did_is():
    repeats = Repeats(2)
    repeats.learn(0, 0.5, 0.5, 3.0, 7)
    repeats.learn(0, 0.5, 0.5, 4.0, 7)
    assert repeats.beyond((0,), 0.5, 0.5, 6.0) == pytest.approx(6.0)
    repeats.learn(0, 0.5, 0.5, 2.0, 8)
    assert repeats.beyond((0,), 0.5, 0.5, 6.0) == pytest.approx(3.0)
    assert repeats.beyond((0,), 0.9, 0.9, 6.0) == pytest.approx(6.0)
    assert repeats.beyond((1,), 0.5, 0.5, 6.0) == pytest.approx(6.0)
    assert repeats.beyond((0, 1), 0.5, 0.5, 6.0) == pytest.approx(3.0)
    repeats.accept(1, 0.5, 0.5, 6.0)
    again = Repeats.of_arrays(repeats.arrays(), 2)
    assert again.beyond((1,), 0.5, 0.5, 6.0) == pytest.approx(1.0)
    with pytest.raises(StateError):
        Repeats.of_arrays({"repeats": np.full((2, 2, 3, 3), 1.0)}, 2)
