import numpy as np
import pytest

from haetae.vad.calibrate import Calibration
from haetae.vad.trained.learning import (
    GREATEST_REFERENCE,
    LEAST_REFERENCE,
    MOST_PARTS,
    Judged,
    Learning,
    Smoothing,
    Values,
    held_out,
    references,
)

LEAST = np.array([0.5], np.float32)
ROWS, COLUMNS = 6, 8


def frame(t_s: float, values: np.ndarray, elapsed_s: float = 0.1) -> Values:
    cell = np.arange(values.size) * 3 % (ROWS * COLUMNS)
    return Values(t_s, elapsed_s, cell, values[None].astype(np.float32))


def learned(seconds: float, *, odd: tuple[float, float] | None = None, seed: int = 0) -> Learning:
    """Exponential values in five cells; within `odd` they are ten times as large."""
    random, learning = np.random.default_rng(seed), Learning(LEAST, ROWS, COLUMNS)
    for t_s in np.arange(0.0, seconds, 0.1):
        factor = 10.0 if odd is not None and odd[0] <= t_s < odd[1] else 1.0
        learning.take(frame(float(t_s), factor * random.exponential(3.0, 5)))
    return learning


def test_what_happened_in_one_part_only_surprises_the_others():
    judged = learned(120.0, odd=(60.0, 61.0)).judge()
    odd = (judged.t_s >= 60.0) & (judged.t_s < 61.0)
    assert judged.surprise[odd].max() > 2 * judged.surprise[~odd].max()


def test_memory_does_not_grow_with_the_footage(monkeypatch):
    monkeypatch.setattr("haetae.vad.trained.learning.MOST_VALUES", 2000)
    learning = learned(300.0)
    assert len(learning.parts) <= MOST_PARTS
    assert sum(kept.value.size for kept in learning.kept) <= 2005
    assert learning.total().frames == 3000


def test_thinned_footage_keeps_its_most_surprising_frames(monkeypatch):
    whole = learned(300.0, odd=(200.0, 200.5)).judge()
    monkeypatch.setattr("haetae.vad.trained.learning.MOST_VALUES", 2000)
    thinned = learned(300.0, odd=(200.0, 200.5)).judge()
    assert thinned.t_s.size < whole.t_s.size
    odd = np.floor(thinned.t_s) == 200.0
    assert thinned.surprise[odd].max() > 1.5 * thinned.surprise[~odd].max()


def test_the_raw_level_that_normal_footage_passes_once_a_day_is_about_one():
    judged = learned(3600.0).judge()
    reference = references(judged)
    level = Calibration.fit(held_out(judged, reference), 1.0).theta
    assert 0.6 <= level <= 1.3


def test_references_stay_within_their_bounds():
    t_s = np.arange(0.0, 60.0, 0.1)
    step = np.full(t_s.size, 0.1)
    calm = Judged(t_s, step, np.zeros((t_s.size, 1), np.float32))
    wild = Judged(t_s, step, np.random.default_rng(0).exponential(30.0, (t_s.size, 1)).astype(np.float32))
    assert references(calm).tolist() == [LEAST_REFERENCE]
    assert references(wild).tolist() == [GREATEST_REFERENCE]


def test_a_frame_with_nothing_in_it_is_learned_as_such():
    learning = Learning(LEAST, ROWS, COLUMNS)
    for t_s in np.arange(0.0, 30.0, 0.1):
        learning.take(frame(float(t_s), np.empty(0)))
    assert learning.enough()
    assert learning.judge().surprise.max() == 0.0


def test_too_little_is_not_enough():
    learning = Learning(LEAST, ROWS, COLUMNS)
    learning.take(frame(0.0, np.ones(2)))
    assert not learning.enough()


def test_smoothing_follows_within_two_frames_and_starts_anew_after_a_gap():
    smoothing = Smoothing()
    assert smoothing.step(1.0, 0.0) == 1.0
    assert smoothing.step(0.0, 0.1) == pytest.approx(np.exp(-0.1 / 0.09))
    assert smoothing.step(5.0, 0.0) == 5.0
