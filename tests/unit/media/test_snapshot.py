from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.video import draw_picture, make_video

from haetae.domain.frame import RGB, Box
from haetae.errors import MediaError
from haetae.media.snapshot import write_contact_sheet, write_thumbnail


def read_rgb(path: Path) -> RGB:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def test_red_stays_red_and_proportions_stay(tmp_path: Path) -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    picture[...] = (200, 30, 10)
    write_thumbnail(picture, None, tmp_path / "t.jpg")

    thumbnail = read_rgb(tmp_path / "t.jpg")
    assert thumbnail.shape == (360, 640, 3)
    assert np.abs(thumbnail.mean(axis=(0, 1)) - (200, 30, 10)).max() < 4


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    write_thumbnail(np.zeros((120, 160, 3), np.uint8), None, tmp_path / "t.jpg")
    assert read_rgb(tmp_path / "t.jpg").shape == (120, 160, 3)


def test_the_box_is_outlined_where_it_is_and_the_frame_itself_is_untouched(tmp_path: Path) -> None:
    picture = np.full((400, 640, 3), 90, np.uint8)
    write_thumbnail(picture, Box(0.25, 0.25, 0.75, 0.75), tmp_path / "t.jpg")

    changed = np.abs(read_rgb(tmp_path / "t.jpg").astype(int) - 90).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max()) == pytest.approx((100, 299), abs=2)
    assert (columns.min(), columns.max()) == pytest.approx((160, 479), abs=2)
    assert not changed[110:290, 170:470].any()
    assert changed.mean() < 0.02
    assert (picture == 90).all()


def test_a_contact_sheet_shows_evenly_spaced_pictures(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mp4", seconds=4, bframes=2)
    write_contact_sheet(clip, tmp_path / "s.jpg", columns=2, rows=2, width=652)

    sheet = read_rgb(tmp_path / "s.jpg")
    assert sheet.shape == (2 * 240 + 12, 2 * 320 + 12, 3)
    for place, index in enumerate((12, 37, 62, 87)):
        top, left = 4 + place // 2 * 244, 4 + place % 2 * 324
        tile = sheet[top : top + 200, left : left + 320].astype(int)
        errors = {other: np.abs(tile - draw_picture(other)[:200].astype(int)).mean() for other in (12, 37, 62, 87)}
        assert min(errors, key=lambda other: errors[other]) == index


def test_what_is_concealed_is_in_no_picture_of_the_sheet(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mp4", seconds=2)

    def conceal(rgb: RGB) -> RGB:
        shown = rgb.copy()
        shown[:, :160] = 0
        return shown

    write_contact_sheet(clip, tmp_path / "s.jpg", columns=2, rows=1, width=652, conceal=conceal)
    sheet = read_rgb(tmp_path / "s.jpg")
    for left in (4, 328):
        # The caption lies in the lower left corner.
        assert sheet[4:200, left : left + 150].max() < 30
        assert sheet[4:200, left + 170 : left + 310].mean() > 60


def test_a_clip_shorter_than_its_sheet_fills_the_first_places(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "clip.mp4", seconds=0.12)
    write_contact_sheet(clip, tmp_path / "s.jpg", columns=4, rows=1, width=340)

    sheet = read_rgb(tmp_path / "s.jpg").astype(float)
    tiles = [sheet[8:-24, 8 + column * 84 : 80 + column * 84] for column in range(4)]
    assert [tile.std() > 10 for tile in tiles] == [True, True, True, False]


@pytest.mark.parametrize("content", [None, b"", b"no video at all" * 100])
def test_a_clip_that_cannot_be_read_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    clip = tmp_path / "clip.mp4"
    if content is not None:
        clip.write_bytes(content)

    with pytest.raises(MediaError, match=r"cannot read the clip .*clip\.mp4") as raised:
        write_contact_sheet(clip, tmp_path / "s.jpg")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "s.jpg").exists()
