"""Webcams: what can be shown without one."""

from pathlib import Path

import pytest

from haetae.errors import SourceUnavailable
from haetae.sources.base import SourceOptions
from haetae.sources.webcam import WebcamSource
from haetae.testing.clock import FakeClock


def refused(url: str) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as caught:
        WebcamSource(url, SourceOptions(), clock=FakeClock()).open()
    return caught.value


@pytest.mark.skipif(Path("/dev/video97").exists(), reason="this machine has that many webcams")
def test_a_missing_webcam_is_named() -> None:
    fault = refused("/dev/video97?size=640x480")
    assert "no such device" in fault.message
    assert "/dev/video97" in fault.message
    assert "webcam" in fault.hint


@pytest.mark.parametrize("url", ["webcam:///etc/passwd", "webcam:///dev/sda", "webcam:///dev/video0/../sda"])
def test_only_video_devices_are_webcams(url: str) -> None:
    assert "no webcam" in refused(url).message
