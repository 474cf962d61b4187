import random
from itertools import pairwise

import pytest

from haetae.sources.sampler import Sampler


def picked(times: list[float], rate_fps: float, source_fps: float | None = None) -> list[float]:
    sampler = Sampler(rate_fps, source_fps)
    return [t_s for t_s in times if sampler.wants(t_s)]


def steady(fps: float, seconds: float) -> list[float]:
    return [index / fps for index in range(round(fps * seconds))]


@pytest.mark.parametrize(("rate_fps", "source_fps"), [(10, 25), (5, 30), (5, 29.97), (7, 12.5), (1, 60), (10, 12), (3, 3.5)])
def test_the_average_rate_is_exact_over_an_hour(rate_fps: float, source_fps: float) -> None:
    count = len(picked(steady(source_fps, 3600), rate_fps, source_fps))
    assert abs(count - 3600 * rate_fps) <= 1


@pytest.mark.parametrize("rate_fps", [10, 10.5, 25, 1000])
def test_a_rate_at_or_above_the_source_passes_every_frame(rate_fps: float) -> None:
    times = steady(10, 60)
    assert picked(times, rate_fps) == times


def test_jitter_of_the_time_stamps_loses_nothing_at_the_source_s_own_rate() -> None:
    noise = random.Random(1)
    times = [index / 10 + noise.uniform(-0.02, 0.02) for index in range(1000)]
    assert len(picked(times, 10, 10)) >= 995


@pytest.mark.parametrize("claimed_fps", [None, 1.0, 240.0])
def test_a_wrong_claim_of_the_container_is_unlearned(claimed_fps: float | None) -> None:
    count = len(picked(steady(25, 100), 10, claimed_fps))
    assert abs(count - 1000) <= 5


def test_frames_are_spread_evenly() -> None:
    times = picked(steady(25, 60), 10, 25)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 0.121
    assert min(gaps) > 0.079


def test_after_a_gap_there_is_no_burst_to_catch_up() -> None:
    times = picked([*steady(25, 10), *(3600 + t_s for t_s in steady(25, 10))], 5, 25)
    assert abs(sum(t_s >= 3600 for t_s in times) - 50) <= 1
    assert 3600 in times


def test_after_a_jump_back_frames_are_wanted_at_once() -> None:
    sampler = Sampler(5, 25)
    assert all(sampler.wants(t_s) for t_s in (100.0, 100.2, 100.4))
    assert sampler.wants(3.0)
    assert not sampler.wants(3.04)
    assert sampler.wants(3.2)


def test_equal_time_stamps_do_not_pass_twice() -> None:
    assert picked([0.0, 0.0, 0.0, 0.2, 0.2], 5, 25) == [0.0, 0.2]


@pytest.mark.parametrize("rate_fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(rate_fps: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Sampler(rate_fps)
