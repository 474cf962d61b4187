"""A source whose consumer cannot keep up leaves pictures undecoded up to a keyframe that is in time."""

import pytest
from tests.support.video import make_video

from haetae.clock import SystemClock
from haetae.sources.base import SourceOptions
from haetae.sources.file import FileSource


@pytest.mark.parametrize("b_frames", [0, 2])
def test_pictures_are_left_undecoded_up_to_a_keyframe_in_time(tmp_path, b_frames):
    video = make_video(tmp_path / "v.mp4", seconds=10, fps=10, gop=20, bframes=b_frames)
    source = FileSource(str(video), SourceOptions(analysed_fps=10.0), clock=SystemClock())
    source.open()
    seen = []
    for frame in source.frames():
        seen.append(frame)
        if len(seen) == 5:
            source.catch_up(lambda t_s: t_s > 4.5, "late")
    times = [round(frame.t_s, 1) for frame in seen]
    source.close()
    # The keyframe at 6 s is the first one after 4.5 s; what the decoder held back at 0.5 s is gone with the rest.
    assert times == [round(0.1 * n, 1) for n in (*range(5), *range(60, 100))]
    assert [frame.number for frame in seen] == [*range(5), *range(60, 100)]
    counts = source.counts
    assert counts.dropped == {"late": 55}
    assert counts.analysed == 45
    assert counts.adds_up()


def test_a_source_that_is_always_in_time_loses_only_what_comes_before_its_next_keyframe(tmp_path):
    video = make_video(tmp_path / "v.mp4", seconds=6, fps=10, gop=20)
    source = FileSource(str(video), SourceOptions(analysed_fps=10.0), clock=SystemClock())
    source.open()
    numbers = []
    for frame in source.frames():
        numbers.append(frame.number)
        if frame.number == 4:
            source.catch_up(lambda _t_s: True, "late")
    source.close()
    assert numbers == [*range(5), *range(20, 60)]
    assert source.counts.dropped == {"late": 15}
