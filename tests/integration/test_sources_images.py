"""Folders of images."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.video import draw_picture

from haetae.domain.frame import Frame, Packet
from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.testing.clock import FakeClock

ALL = SourceOptions(analysed_fps=1000.0)


def write(folder: Path, name: str, index: int = 0, size: tuple[int, int] = (160, 120)) -> None:
    assert cv2.imwrite(str(folder / name), draw_picture(index, size=size)[..., ::-1])


def read(url: Path | str, options: SourceOptions = ALL) -> tuple[list[Frame], Source]:
    source = open_source(str(url), options, clock=FakeClock())
    source.open()
    frames = list(source.frames())
    assert source.counts.adds_up()
    return frames, source


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp", ".ppm"])
def test_images_of_every_kind_are_read_in_natural_order(tmp_path: Path, suffix: str) -> None:
    for index in range(12):
        write(tmp_path, f"img{index}{suffix}", index)
    frames, source = read(tmp_path)
    assert [frame.t_s for frame in frames] == pytest.approx([index / 10 for index in range(12)])
    assert [frame.number for frame in frames] == list(range(12))
    assert source.duration_s == pytest.approx(1.2)
    for frame in frames:
        truth = draw_picture(frame.number, size=(160, 120))
        assert np.abs(frame.rgb().astype(float) - truth).mean() < 20
        assert frame.luma.shape == (120, 160)


def test_gray_images_keep_their_values(tmp_path: Path) -> None:
    truth = draw_picture(0).mean(axis=2).astype(np.uint8)
    for name in ("001.tif", "002.png"):
        assert cv2.imwrite(str(tmp_path / name), truth)
    frames, _ = read(tmp_path)
    assert all(np.array_equal(frame.luma, truth) for frame in frames)


def test_the_rate_is_ten_or_as_the_address_says(tmp_path: Path) -> None:
    for index in range(10):
        write(tmp_path, f"{index}.png", index)
    assert read(tmp_path)[0][-1].t_s == pytest.approx(0.9)
    frames, source = read(f"{tmp_path}?fps=30", SourceOptions(analysed_fps=15))
    assert source.duration_s == pytest.approx(1 / 3)
    assert (source.counts.analysed, source.counts.skipped) == (len(frames), 10 - len(frames))
    assert abs(len(frames) - 5) <= 1


@pytest.mark.parametrize("fps", ["0", "-3", "many", "nan", "1e9"])
def test_a_rate_without_sense_is_refused(tmp_path: Path, fps: str) -> None:
    write(tmp_path, "a.png")
    with pytest.raises(ConfigError, match="fps"):
        read(f"{tmp_path}?fps={fps}")


def test_broken_images_are_dropped_and_sizes_may_differ(tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(b"\xff\xd8 broken from the start")
    write(tmp_path, "1.jpg", 1)
    (tmp_path / "2.jpg").write_bytes(b"")
    (tmp_path / "3.png").write_bytes(b"hello")
    write(tmp_path, "4.png", 4, size=(320, 240))
    (tmp_path / "5.jpg").symlink_to(tmp_path / "nowhere")
    write(tmp_path, "6.jpg", 6)
    (tmp_path / "notes.txt").write_text("no image")
    frames, source = read(tmp_path)
    assert [(frame.number, frame.width) for frame in frames] == [(1, 160), (4, 320), (6, 160)]
    assert [frame.t_s for frame in frames] == pytest.approx([0.1, 0.4, 0.6])
    assert source.counts.dropped_total == 4


def test_a_name_may_lie_about_the_kind(tmp_path: Path) -> None:
    write(tmp_path, "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert len(read(tmp_path)[0]) == 1


def test_the_packets_are_the_files(tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path, f"{index}.jpg", index)
    source = open_source(str(tmp_path), ALL, clock=FakeClock())
    info = source.open()
    packets: list[Packet] = []
    list(source.frames(packets.append))
    assert (info.codec, info.width, info.height, info.fps, info.init_segment) == ("mjpeg", 160, 120, 10.0, None)
    assert [packet.data for packet in packets] == [(tmp_path / f"{index}.jpg").read_bytes() for index in range(3)]
    assert all(packet.is_keyframe for packet in packets)


@pytest.mark.parametrize("content", [None, b"not an image"])
def test_a_folder_without_a_readable_image_is_refused_for_good(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(SourceUnavailable, match="image") as refused:
        read(tmp_path)
    assert refused.value.permanent
    assert refused.value.hint


def test_realtime_paces_a_folder(tmp_path: Path) -> None:
    for index in range(5):
        write(tmp_path, f"{index}.png", index)
    clock = FakeClock()
    source = open_source(str(tmp_path), SourceOptions(analysed_fps=1000.0, realtime=True), clock=clock)
    source.open()
    assert len(list(source.frames())) == 5
    assert clock.monotonic() == pytest.approx(0.4)
