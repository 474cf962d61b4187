"""What things came to while a camera learned, held against the others once all are known."""

import numpy as np
import pytest

from haetae.vad.rules import learned as learned_module
from haetae.vad.rules.learned import Learned
from haetae.vad.rules.levels import BLOCK_S
from haetae.vad.tracks.manners import MEASURES, linger, pace, pace_of_large
from haetae.vad.tracks.repeats import Repeats

PACE, LARGE, LINGER = (MEASURES.index(each) for each in (pace, pace_of_large, linger))


def passing(values: dict[int, float], number: int = PACE) -> tuple[Learned, Repeats]:
    """One thing a minute comes to such a value at the same place."""
    learned, usual = Learned(), Repeats(len(MEASURES))
    for minute, (thing, value) in enumerate(values.items()):
        for share in (0.6, 1.0):
            usual.learn(number, 0.5, 0.5, share * value, thing)
            learned.take(number, thing, 0.5, 0.5, share * value, minute * BLOCK_S, usual)
    return learned, usual


def test_what_came_first_is_held_against_what_came_later():
    learned, usual = passing({1: 3.0, 2: 3.0, 3: 3.0, 4: 3.0})
    assert learned.things == 4
    np.testing.assert_allclose(learned.blocks(usual)[:, PACE], 1.0)


def test_what_only_one_did_is_beyond_what_is_usual_without_it():
    learned, usual = passing({1: 2.0, 2: 2.0, 3: 6.0, 4: 2.0})
    assert learned.blocks(usual)[:, PACE].tolist() == pytest.approx([1.0, 1.0, 3.0, 1.0])


def test_small_pieces_of_cars_are_held_against_cars():
    learned, usual = passing({1: 4.0, 2: 4.0}, LARGE)
    learned.take(PACE, 9, 0.5, 0.5, 3.0, 3 * BLOCK_S, usual)
    usual.learn(PACE, 0.5, 0.5, 3.0, 9)
    assert learned.blocks(usual)[3, PACE] == pytest.approx(0.75)


def test_of_a_busy_place_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(learned_module, "MOST_KEPT", 10)
    learned, usual = Learned(), Repeats(len(MEASURES))
    for thing in range(100):
        usual.learn(LINGER, 0.2, 0.2, 2.0, thing)
        learned.take(LINGER, thing, 0.2, 0.2, 2.0, thing * BLOCK_S, usual)
    assert len(learned._values) <= 10
    blocks = learned.blocks(usual)
    assert blocks.shape == (100, len(MEASURES))
    # Only the first ones were judged when little was usual yet.
    assert (blocks[12:, LINGER] == 1.0).all()
    assert (blocks[:, LINGER] > 0.0).all()
