import threading
from datetime import timedelta

import pytest

from haetae.domain.score import Score
from haetae.pipeline.score_curve import ScoreCurves
from haetae.testing.scripted_source import START


def score(t_s, value):
    return Score(value, value, 1.0, 0, t_s, START + timedelta(seconds=t_s))


def filled(*values, capacity=8192, start_s=0.0):
    """Curves that heard a score every second."""
    curves = ScoreCurves(capacity)
    for number, value in enumerate(values):
        curves.scored(score(start_s + number, value))
    return curves


def around(curves, position, onset_s, first_s, last_s):
    curve = curves.around(position, onset_s=onset_s, first_s=first_s, last_s=last_s)
    return [(t_s, round(value, 3)) for t_s, value in zip(curve.t_s, curve.values, strict=True)]


def test_a_curve_runs_from_before_the_onset_to_after_the_end_both_included():
    curves = filled(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    assert around(curves, 4, 3.0, 1.0, 5.0) == [(-2.0, 0.1), (-1.0, 0.2), (0.0, 0.3), (1.0, 0.4), (2.0, 0.5)]
    assert around(curves, 4, 3.0, -5.0, 99.0)[0] == (-3.0, 0.0)
    assert around(curves, 4, 3.0, -5.0, float("inf"))[-1] == (4.0, 0.7)


def test_scores_of_another_connection_are_no_part_of_it():
    curves = filled(0.1, 0.1, 0.1, 0.1)
    for t_s in (0.0, 1.0, 2.0):
        curves.scored(score(t_s, 0.9))
    for t_s in (0.0, 1.0):
        curves.scored(score(t_s, 0.4))
    assert around(curves, 3, 2.0, 0.0, 9.0) == [(-2.0, 0.1), (-1.0, 0.1), (0.0, 0.1), (1.0, 0.1)]
    assert around(curves, 4, 0.0, -9.0, 9.0) == [(0.0, 0.9), (1.0, 0.9), (2.0, 0.9)]
    assert around(curves, 8, 1.0, -9.0, 9.0) == [(-1.0, 0.4), (0.0, 0.4)]


def test_only_the_newest_are_kept_and_a_long_curve_begins_later():
    curves = filled(*(number / 100 for number in range(20)), capacity=8)
    assert around(curves, 3, 3.0, 0.0, 99.0) == [(float(t_s - 3), t_s / 100) for t_s in range(12, 20)]
    assert around(curves, 15, 15.0, 13.0, 17.0) == [(-2.0, 0.13), (-1.0, 0.14), (0.0, 0.15), (1.0, 0.16), (2.0, 0.17)]


def test_of_a_connection_that_is_overwritten_nothing_is_made_up():
    curves = filled(*[0.1] * 30, capacity=8)
    for t_s in range(8):
        curves.scored(score(float(t_s), 0.9))
    assert around(curves, 29, 28.0, 0.0, 99.0) == []


def test_without_scores_there_is_no_curve():
    curves = ScoreCurves()
    assert curves.position == -1
    assert around(curves, -1, 0.0, -5.0, 5.0) == []


def test_a_curve_can_be_taken_while_scores_come():
    curves, stop = ScoreCurves(256), threading.Event()

    def hear():
        number = 0
        while not stop.is_set():
            curves.scored(score(float(number), (number % 100) / 100))
            number += 1

    thread = threading.Thread(target=hear)
    thread.start()
    try:
        for _ in range(200):
            position = curves.position
            curve = curves.around(position, onset_s=0.0, first_s=0.0, last_s=float("inf"))
            assert all(value == pytest.approx((t_s % 100) / 100) for t_s, value in zip(curve.t_s, curve.values, strict=True))
            assert list(curve.t_s) == sorted(set(curve.t_s))
    finally:
        stop.set()
        thread.join()
