"""Real footage: counters that add up, times in order."""

from pathlib import Path

import pytest

from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.testing.clock import FakeClock

STREET = ["car-detection.mp4", "one-by-one-person-detection.mp4", "people-detection.mp4", "person-bicycle-car-detection.mp4", "road.avi"]
FALLS = ["s1_fall13.mp4", "s3_adl07.mp4", "s3_fall01.mp4"]
FIGHTS = [f"fi{index:03}.mp4" for index in range(1, 31, 6)]
CLIPS = [f"{kind}/{name}" for kind, names in (("street", STREET), ("fall", FALLS), ("fight", FIGHTS)) for name in names]


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("analysed_fps", [None, 2.0])
def test_every_frame_of_real_footage_is_accounted_for(shared_data: Path, clip: str, analysed_fps: float | None) -> None:
    path = shared_data / "clips" / clip
    if not path.is_file():
        pytest.skip(f"needs {path}")
    source = open_source(str(path), SourceOptions(analysed_fps=analysed_fps), clock=FakeClock())
    info = source.open()
    number, t_s = -1, 0.0
    for frame in source.frames():
        assert frame.number > number
        assert frame.t_s >= t_s
        assert (frame.height, frame.width) == frame.luma.shape == (info.height, info.width)
        number, t_s = frame.number, frame.t_s
    counts = source.counts
    assert counts.adds_up()
    assert source.duration_s is not None
    assert counts.analysed == pytest.approx(min(analysed_fps or 10.0, info.fps or 10.0) * source.duration_s, rel=0.05, abs=3)
    assert counts.dropped_total <= 8


def test_broken_pictures_at_the_end_of_a_real_file_are_counted(shared_data: Path) -> None:
    path = shared_data / "clips" / "street" / "person-bicycle-car-detection.mp4"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    source = open_source(str(path), SourceOptions(), clock=FakeClock())
    source.open()
    assert sum(1 for _ in source.frames()) > 370
    assert (source.counts.read, source.counts.dropped_total) == (467, 8)
