"""The definitions of the rules about people, on tracks that are written down."""

from collections.abc import Callable

import pytest

from haetae.vad.motion.foreground import Background
from haetae.vad.rules.base import Scene
from haetae.vad.rules.people import LEAST_BODY, RUNS, fall, running
from haetae.vad.tracks.blobs import Blob, Eye
from haetae.vad.tracks.follow import Sample, Track
from haetae.vad.tracks.ways import Ways

BODY = 30.0
SCENE = Scene(0.0, [], Ways(), Eye(None, Background()))


def sample(t_s: float, *, x: float = 100.0, width: float = 12.0, height: float = 30.0, alone: bool = True) -> Sample:
    return Sample(t_s, x, 150.0, width, height, width * height, 5.0, 0.0, alone)


def track(seconds: float, at: Callable[[float], Sample], *, body: float = BODY) -> Track:
    """What `at` says, five times a second up to now."""
    samples = [at(number / 5.0) for number in range(int(5 * seconds) + 1)]
    last = samples[-1]
    blob = Blob(last.x - last.width / 2, last.y - last.height, last.x + last.width / 2, last.y, last.area, last.change, 0.0)
    found = Track(1, 0.0, blob, body, last_s=last.t_s, roamed=3.0)
    found.samples.extend(samples)
    return found


def runner(heights_per_s: float, *, body: float = BODY, alone: bool = True) -> Track:
    scale = body / BODY
    return track(
        2.0, lambda t: sample(t, x=20.0 + heights_per_s * body * t, width=12.0 * scale, height=30.0 * scale, alone=alone), body=body
    )


def test_who_runs_is_running_and_who_walks_briskly_is_not():
    assert running(runner(1.1 * RUNS), SCENE) >= 1.0
    assert running(runner(1.1), SCENE) < 0.8


def test_who_runs_among_others_is_running_too():
    assert running(runner(1.1 * RUNS, alone=False), SCENE) >= 1.0


def test_nothing_is_said_of_people_who_are_seen_as_a_few_pixels():
    assert running(runner(2.0 * RUNS, body=LEAST_BODY - 1.0), SCENE) == 0.0


def test_what_changes_its_height_all_the_time_is_no_runner():
    shaking = track(2.0, lambda t: sample(t, x=20.0 + 2.0 * RUNS * BODY * t, height=26.0 + 16.0 * (round(t * 5) % 2)))
    assert running(shaking, SCENE) == 0.0


@pytest.mark.parametrize(("upright_until_s", "found"), [(9.0, True), (5.0, True), (1.5, False)])
def test_a_fall_counts_though_the_last_seconds_before_it_did_not_show_him_upright(upright_until_s, found):
    """He is seen upright, then merged with somebody, and lies from the ninth second on."""

    def at(t_s: float) -> Sample:
        if t_s >= 10.0:
            return sample(t_s, width=26.0, height=10.0)
        return sample(t_s, alone=t_s <= upright_until_s)

    assert (fall(track(12.0, at), SCENE) >= 1.0) is found
