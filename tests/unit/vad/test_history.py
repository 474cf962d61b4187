import numpy as np
import pytest

from haetae.errors import StateError
from haetae.vad.history import History


def test_it_counts_what_lasts_minute_by_minute_and_drops_what_was_interrupted():
    history = History(2)
    quiet, loud = np.array([0.5, 0.25], np.float32), np.array([9.0, 0.25], np.float32)
    for number in range(3 * 60 * 5):
        t_s = number / 5
        # One frame alone is noise, three of five are not; the second minute has an alarm.
        spike = t_s in (10.0, 130.0, 130.2, 130.4)
        if t_s == 90.0:
            history.interrupt()
        history.take(t_s, loud if spike else quiet)
    assert history.by_block().tolist() == [[0.5, 0.25], [9.0, 0.25]]
    assert history.seconds == pytest.approx(120.0, abs=0.5)
    again = History.of_arrays(history.arrays(), 2)
    assert again.by_block().tolist() == history.by_block().tolist()
    assert again.seconds == history.seconds


def test_a_silence_is_no_footage():
    history = History(1)
    for number in range(20):
        history.take(number * 300.0, np.ones(1, np.float32))
    assert history.seconds == 0.0


def test_it_begins_anew_with_each_learning():
    history = History(1)
    t_s = np.arange(3000) / 10
    for _ in range(2):
        history.begin(t_s, np.full((3000, 1), 0.7))
        assert history.seconds == pytest.approx(300.0)
        assert history.by_block() == pytest.approx(0.7, abs=1e-3)


@pytest.mark.parametrize("damaged", [{}, {"history": np.zeros((2, 3), np.float16)}, {"lengths": np.zeros(2, np.float32)}])
def test_what_is_none_is_refused(damaged):
    whole = {"history": np.ones((2, 1), np.float16), "lengths": np.ones(2, np.float32)}
    with pytest.raises(StateError):
        History.of_arrays({**whole, **damaged} if damaged else {}, 1)
