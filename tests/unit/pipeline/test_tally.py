from haetae.domain.frame import FrameCounts
from haetae.pipeline.tally import ABANDONED, Tally, with_shed


def test_counters_go_on_over_connections():
    tally = Tally()
    now = FrameCounts(10, 6, 3, {"corrupt": 1})
    tally.begin(lambda: now)
    assert tally.frames == now
    tally.end()
    tally.begin(lambda: FrameCounts(5, 5))
    assert tally.frames == FrameCounts(15, 11, 3, {"corrupt": 1})
    assert tally.frames.adds_up()


def test_ending_twice_counts_once():
    tally = Tally()
    tally.begin(lambda: FrameCounts(4, 4))
    tally.end()
    tally.end()
    assert tally.frames.read == 4


def test_what_a_thread_holds_for_ever_is_dropped_and_named():
    tally = Tally()
    tally.begin(lambda: FrameCounts(10, 6, 3))
    tally.end()
    assert tally.frames == FrameCounts(10, 6, 3, {ABANDONED: 1})
    assert tally.frames.adds_up()


def test_a_shed_frame_is_dropped_instead_of_analysed():
    counts = with_shed(FrameCounts(10, 7, 3), {"late": 2, "stale": 1})
    assert counts == FrameCounts(10, 4, 3, {"late": 2, "stale": 1})
    assert counts.adds_up()
