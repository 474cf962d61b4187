import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.training.metrics import (
    auc,
    average_precision,
    legacy_micro_auc,
    macro_auc,
    micro_auc,
    micro_auc_interval,
)

PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=1, max_size=40)


@given(PAIRS)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, int]]) -> None:
    labels, scores = np.array(pairs).T
    wins = [0.5 if a == b else float(a > b) for a in scores[labels == 1] for b in scores[labels == 0]]
    expected = float(np.mean(wins)) if wins else None
    assert auc(labels, scores.astype(float)) == (None if expected is None else pytest.approx(expected))


@given(PAIRS)
def test_average_precision_sums_precision_over_recall_steps(pairs: list[tuple[int, int]]) -> None:
    labels, scores = np.array(pairs).T
    expected, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        above = scores >= threshold
        recall = labels[above].sum() / max(1, labels.sum())
        expected += (recall - recall_before) * labels[above].mean()
        recall_before = recall
    found = average_precision(labels, scores.astype(float))
    assert found == (pytest.approx(expected) if labels.any() else None)


def test_micro_auc_punishes_what_a_scale_per_clip_hides() -> None:
    labels = {"a": np.array([0, 0, 1, 1], np.uint8), "b": np.array([0, 0, 1, 1], np.uint8)}
    scores = {"a": np.array([1.0, 1, 2, 2]), "b": np.array([11.0, 11, 12, 12])}
    assert macro_auc(labels, scores) == 1.0
    assert micro_auc(labels, scores) == 0.75


def test_macro_auc_leaves_out_clips_of_one_kind() -> None:
    labels = {"a": np.array([0, 1], np.uint8), "b": np.array([1, 1], np.uint8)}
    assert macro_auc(labels, {"a": np.array([0.0, 1]), "b": np.array([0.0, 1])}) == 1.0
    assert macro_auc({"b": labels["b"]}, {"b": np.array([0.0, 1])}) is None


def test_legacy_stretches_each_clip_and_smooths_with_the_future() -> None:
    labels = {name: np.repeat([0, 1], 100).astype(np.uint8) for name in "ab"}
    scores = {"a": np.repeat([0.0, 1.0], 100), "b": np.repeat([100.0, 200.0], 100)}
    assert legacy_micro_auc(labels, scores) == pytest.approx(1.0)
    assert micro_auc(labels, scores) < 1.0


def test_a_constant_score_says_nothing() -> None:
    labels = {"a": np.repeat([0, 1], 50).astype(np.uint8)}
    constant = {"a": np.ones(100)}
    assert micro_auc(labels, constant) == legacy_micro_auc(labels, constant) == 0.5


def test_the_interval_holds_the_figure_and_is_wider_with_fewer_clips() -> None:
    random = np.random.default_rng(1)
    labels = {str(number): (np.arange(60) >= 30).astype(np.uint8) for number in range(24)}
    scores = {name: random.normal(truth * random.uniform(0, 2), 1.0) for name, truth in labels.items()}
    widths = []
    for count in (24, 4):
        some = dict(list(labels.items())[:count])
        interval = micro_auc_interval(some, scores)
        figure = micro_auc(some, scores)
        assert interval is not None
        assert figure is not None
        assert interval[0] <= figure <= interval[1]
        widths.append(interval[1] - interval[0])
    assert widths[0] < widths[1]
