from fractions import Fraction
from itertools import pairwise

from haetae.sources.timeline import Placed, Timeline

RTP = Fraction(1, 90_000)
STEP = 3600


def timeline(*, live: bool = True, reorder: int = 0) -> Timeline:
    return Timeline(RTP, fps=25.0, live=live, reorder=reorder)


def shown(line: Timeline, stamps: list[int | None]) -> list[float]:
    return [round(line.seconds(line.place(stamp, stamp).pts), 3) for stamp in stamps]


def test_a_stream_that_runs_as_it_should_keeps_its_numbers() -> None:
    line = timeline()
    assert line.place(5000, 1400) == Placed(5000, 1400, True)
    assert line.place(8600, 5000) == Placed(8600, 5000, True)
    assert line.seconds(8600) == 0.04


def test_reordered_pictures_are_no_jump() -> None:
    line = timeline()
    order = [(0, -2 * STEP), (3 * STEP, -STEP), (STEP, 0), (2 * STEP, STEP), (6 * STEP, 2 * STEP)]
    assert [(placed.pts, placed.dts) for placed in (line.place(pts, dts) for pts, dts in order)] == order


def test_a_camera_that_reboots_goes_on_one_frame_later() -> None:
    assert shown(timeline(), [900_000_000, 900_003_600, 0, 3600]) == [0.0, 0.04, 0.08, 0.12]


def test_a_wrap_of_32_bits_is_bridged() -> None:
    assert shown(timeline(), [2**32 - 3600, 0, 3600]) == [0.0, 0.04, 0.08]


def test_a_live_stream_that_jumps_ahead_is_pulled_back() -> None:
    assert shown(timeline(), [0, 3600, 90_000 * 500, 90_000 * 500 + 3600]) == [0.0, 0.04, 0.08, 0.12]


def test_a_recording_keeps_its_gaps() -> None:
    assert shown(timeline(live=False), [0, 3600, 90_000 * 500]) == [0.0, 0.04, 500.0]


def test_missing_stamps_are_filled_at_the_nominal_rate() -> None:
    line = timeline(live=False)
    places = [line.place(None, None) for _ in range(4)]
    assert [round(line.seconds(place.pts), 3) for place in places] == [0.0, 0.04, 0.08, 0.12]
    assert not any(place.timed for place in places)


def test_stamps_that_begin_late_continue_what_was_filled() -> None:
    assert shown(timeline(), [None, None, 700_000, 703_600]) == [0.0, 0.04, 0.08, 0.12]


def test_missing_decoding_times_increase_and_stay_below_presentation() -> None:
    line = timeline(reorder=2)
    places = [line.place(index * STEP, None) for index in (0, 4, 2, 1, 3, 8, 6, 5, 7)]
    decoding = [place.dts for place in places]
    assert all(later > earlier for earlier, later in pairwise(decoding))
    assert all(place.dts <= place.pts for place in places)


def test_equal_decoding_times_are_told_apart() -> None:
    line = timeline()
    places = [line.place(1000, 1000) for _ in range(3)]
    assert [place.dts for place in places] == [1000, 1001, 1002]
    assert all(place.pts >= place.dts for place in places)
