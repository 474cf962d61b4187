"""What a camera learns of how things go about, and what is odd to it then."""

import numpy as np
import pytest

from haetae.domain.score import ALARM_LEVEL
from haetae.errors import StateError
from haetae.vad.rules.conduct import FEWEST_S, Conduct
from haetae.vad.tracks.blobs import Blob
from haetae.vad.tracks.follow import Follower
from haetae.vad.tracks.ground import Ground

FPS, BODY = 5.0, 40.0
GROUND = Ground(320, 240, BODY, 0.0)


class Street:
    """One person after the other walks by, 4 s apart, now and then somebody brisk."""

    def __init__(self) -> None:
        self.follower, self.random = Follower(), np.random.default_rng(5)
        self.speeds = self.random.uniform(32.0, 48.0, 1000)

    def walkers(self, t_s: float) -> list[Blob]:
        places = [(t_s - 4.0 * n) * self.speeds[n] for n in range(max(0, int(t_s / 4.0) - 3), int(t_s / 4.0) + 1)]
        return [person(x) for x in places if 12.0 < x < 308.0]

    def step(self, conduct: Conduct, t_s: float, *others: Blob, learn: bool = False) -> float:
        blobs = [*self.walkers(t_s), *others]
        self.follower.step(blobs, [BODY] * len(blobs), t_s, 2.0)
        if learn:
            conduct.learn(self.follower.tracks, GROUND, t_s)
            return 0.0
        return conduct.judge(self.follower.tracks, GROUND, t_s, normal=True)[0]


def person(x: float, y: float = 120.0) -> Blob:
    return Blob(x - 8.0, y - BODY, x + 8.0, y, 500.0, 20.0, 0.0)


def learned(seconds: float) -> Conduct:
    conduct, street = Conduct(1.0), Street()
    for look in range(int(seconds * FPS)):
        street.step(conduct, look / FPS, learn=True)
    conduct.finish()
    return conduct


def runner(conduct: Conduct, start_s: float = 1000.0) -> float:
    """The greatest strength while somebody runs by on an empty street at 2.6 body heights/s."""
    follower, greatest = Follower(), 0.0
    for look in range(13):
        follower.step([person(20.0 + 2.6 * BODY * look / FPS)], [BODY], start_s + look / FPS, 2.0)
        greatest = max(greatest, conduct.judge(follower.tracks, GROUND, start_s + look / FPS, normal=True)[0])
    return greatest


@pytest.fixture(scope="module")
def arrays():
    return learned(2.1 * FEWEST_S).arrays()


def test_who_goes_as_others_do_is_not_odd_and_a_runner_is(arrays):
    conduct, street = Conduct.of_arrays(arrays), Street()
    usual = [street.step(conduct, 800.0 + look / FPS) for look in range(int(60 * FPS))]
    assert max(usual) < ALARM_LEVEL
    assert runner(conduct) > ALARM_LEVEL


def test_of_too_little_footage_nothing_is_odd_until_there_is_enough():
    assert runner(learned(0.2 * FEWEST_S)) == 0.0
    conduct, street = learned(0.2 * FEWEST_S), Street()
    for look in range(int(FEWEST_S * FPS)):
        street.step(conduct, 1010.0 + look / FPS)
    assert runner(conduct, 3000.0) > ALARM_LEVEL


def test_what_people_call_normal_is_not_odd_again(arrays):
    conduct = Conduct.of_arrays(arrays)
    assert runner(conduct) > ALARM_LEVEL
    assert not conduct.accept(500.0)
    assert conduct.accept(1001.0)
    assert runner(conduct, 1100.0) < ALARM_LEVEL


def test_without_a_ground_nothing_can_be_told(arrays):
    conduct, follower = Conduct.of_arrays(arrays), Follower()
    for look in range(10):
        follower.step([person(20.0 + 30.0 * look)], [BODY], look / FPS, 2.0)
        assert conduct.judge(follower.tracks, None, look / FPS, normal=True) == (0.0, None)


def test_what_was_learned_survives_being_saved_and_damage_is_refused(arrays):
    again = Conduct.of_arrays(arrays).arrays()
    assert again.keys() == arrays.keys()
    for name, saved in arrays.items():
        np.testing.assert_array_equal(again[name], saved, err_msg=name)
    assert Conduct.of_arrays({}).levels.seconds == 0.0
    for name in ("conduct_repeats", "conduct_levels", "conduct_ways"):
        with pytest.raises(StateError):
            Conduct.of_arrays({**arrays, name: arrays[name][:0]})
