import numpy as np
import pytest

from haetae.vad.embedding.bank import MOST_PARTS, MOST_SAMPLES, Learning, coreset

DIMENSIONS = 16


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def around(centre: int, count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors close to one axis."""
    rows = np.random.default_rng(seed).normal(0.0, 0.02, (count, DIMENSIONS))
    rows[:, centre] += 1.0
    return unit(rows)


def test_a_coreset_keeps_what_is_rare():
    crowd, outliers = around(0, 500), np.concatenate([around(5, 1), around(9, 1)])
    chosen = coreset(np.concatenate([crowd, outliers]), 10)
    assert len(chosen) == 10
    for outlier in outliers:
        assert (chosen @ outlier).max() == pytest.approx(1.0, abs=1e-6)


def test_a_coreset_covers_better_than_the_first_or_random_rows():
    random = np.random.default_rng(3)
    rows = unit(random.normal(size=(400, DIMENSIONS)) * np.linspace(3.0, 0.2, DIMENSIONS))

    def radius(bank: np.ndarray) -> float:
        return float((1.0 - (rows @ bank.T).max(axis=1)).max())

    chosen = radius(coreset(rows, 40))
    assert chosen < 0.9 * min(radius(rows[:40]), *(radius(random.permutation(rows)[:40]) for _ in range(5)))


def test_copies_are_not_kept():
    assert len(coreset(np.repeat(np.concatenate([around(0, 1), around(1, 1)]), 50, axis=0), 20)) == 2


def learning(seconds: float, fps: float = 5.0, exemplars: int = 64) -> Learning:
    made = Learning(exemplars, DIMENSIONS)
    for number in range(int(seconds * fps)):
        made.take(around(number % 3, 1, seed=number)[0], number / fps)
    return made


@pytest.mark.parametrize("seconds", [30.0, 600.0, 3600.0])
def test_memory_does_not_grow_with_the_footage(seconds):
    made = learning(seconds, fps=2.0)
    assert len(made.parts) <= MOST_PARTS
    assert len(made.samples) <= MOST_SAMPLES
    assert len(made.total()) <= 64


def test_parts_share_the_footage_evenly():
    lengths = sorted(part.length_s for part in learning(600.0).parts)
    assert sum(lengths) == pytest.approx(600.0, abs=1.0)
    assert lengths[-1] < 5.0 * lengths[len(lengths) // 2]


def test_a_gap_starts_a_part_and_is_no_footage():
    made = Learning(64, DIMENSIONS)
    for t_s in (0.0, 0.2, 0.4, 100.0, 100.2, 100.4):
        made.take(around(0, 1)[0], t_s)
    assert [part.start_s for part in made.parts] == [0.0, 100.0]
    assert [part.length_s for part in made.parts] == pytest.approx([0.4, 0.4])


def test_samples_cover_long_footage_at_an_even_pace():
    made = learning(3600.0, fps=1.0)
    steps = np.diff([sample.t_s for sample in made.samples])
    assert len(made.samples) > MOST_SAMPLES // 2
    assert steps.min() > 0.0
    assert steps.max() <= 3.0 * np.median(steps)


@pytest.mark.parametrize("rare_s", [1003.0, 3003.0], ids=["before", "after the first thinning"])
def test_the_peak_of_long_footage_is_not_thinned_away(rare_s):
    made = Learning(64, DIMENSIONS)
    for number in range(4000):
        made.take(around(7 if number == rare_s else 0, 1, seed=number)[0], float(number))
    t_s, distance = made.judge(np.empty((0, DIMENSIONS), np.float32))
    assert t_s[int(distance.argmax())] == rare_s
    assert distance.max() > 0.5


def test_a_sample_is_judged_by_the_other_parts_and_by_what_was_known_before():
    made = Learning(64, DIMENSIONS)
    for number in range(30):
        made.take(around(4 if 10 <= number < 15 else 0, 1, seed=number)[0], number * 0.5)
    t_s, distance = made.judge(np.empty((0, DIMENSIONS), np.float32))
    rare = (t_s >= 5.0) & (t_s < 7.5)
    assert distance[~rare].max() < 0.1
    _, known = made.judge(around(4, 3))
    assert known.max() < 0.1


def test_a_part_alone_is_judged_far_from_everything():
    """What was seen in one part only is new to all others, however often it was seen there."""
    made = Learning(64, DIMENSIONS)
    for number in range(40):
        made.take(around(4 if number >= 30 else 0, 1, seed=number)[0], number * 0.1 + (100.0 if number >= 30 else 0.0))
    t_s, distance = made.judge(np.empty((0, DIMENSIONS), np.float32))
    assert distance[t_s > 100.0].min() > 0.5
