import numpy as np
import pytest

from haetae.training.incidents import IncidentFigures, Span, judge_incidents, labelled_spans, raised_incidents


def at_10_fps(count: int) -> np.ndarray:
    return np.arange(count) / 10


def spans(count: int, *ranges: tuple[int, int]) -> np.ndarray:
    out = np.zeros(count, np.uint8)
    for start, end in ranges:
        out[start:end] = 1
    return out


def test_labelled_spans_with_a_gap_under_a_second_are_one_incident() -> None:
    found = labelled_spans(spans(100, (10, 20), (25, 30), (60, 70)), at_10_fps(100))
    assert found == [Span(1.0, 2.9), Span(6.0, 6.9)]


def test_a_single_high_frame_raises_nothing() -> None:
    scores = np.full(100, 0.1)
    scores[50] = 0.99
    assert raised_incidents(scores, at_10_fps(100)) == []


def test_recall_delay_and_false_alarms() -> None:
    labels = {"a": spans(300, (100, 150), (250, 280)), "b": spans(300)}
    scores = {"a": np.where(spans(300, (120, 150)), 0.9, 0.1), "b": np.where(spans(300, (50, 80)), 0.9, 0.1)}
    figures = judge_incidents(labels, scores, {name: at_10_fps(300) for name in labels})
    assert (figures.events, figures.found, figures.false_alarms) == (2, 1, 1)
    assert figures.recall == 0.5
    assert figures.delay_s_median == pytest.approx(2.0 + 0.3)
    assert figures.normal_s == pytest.approx(52.0)
    assert figures.false_alarms_per_hour == pytest.approx(3600 / 52.0)


def test_an_incident_that_lasts_to_the_end_of_the_clip_counts() -> None:
    figures = judge_incidents({"a": spans(50, (20, 50))}, {"a": np.where(spans(50, (20, 50)), 0.9, 0.1)}, {"a": at_10_fps(50)})
    assert (figures.found, figures.false_alarms) == (1, 0)


def test_the_interval_of_the_false_alarm_rate_is_poisson() -> None:
    none = IncidentFigures(1, 1, (), 0, 3600.0).false_alarms_per_hour_interval
    ten = IncidentFigures(1, 1, (), 10, 3600.0).false_alarms_per_hour_interval
    assert none == (0.0, pytest.approx(3.69, rel=0.02))
    assert ten == (pytest.approx(4.795, rel=0.02), pytest.approx(18.39, rel=0.02))


def test_nothing_labelled_gives_no_recall() -> None:
    figures = judge_incidents({"a": spans(50)}, {"a": np.zeros(50)}, {"a": at_10_fps(50)})
    assert figures.recall is None
    assert figures.delay_s_median is None
    assert figures.delay_s_p90 is None
    assert figures.false_alarms_per_hour == 0.0
