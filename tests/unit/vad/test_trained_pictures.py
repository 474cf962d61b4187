from types import SimpleNamespace

import numpy as np
import pytest
from tests.support.moving_scene import MovingScene, walkers

from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.errors import ErrorMemory
from haetae.vad.trained.look import CELL, Grid, active_cells, cell_sums, heat_map, hidden_cells, top_region
from haetae.vad.trained.pictures import BLOCK, UNIT, PictureEye, Seen

SCENE = MovingScene(walkers(12))


def looked(fps: float, *, seconds: float = 14.0, step_s: float = 0.2, scene: MovingScene = SCENE, offset_s: float = 0.0) -> list[Seen]:
    eye = PictureEye(PictureEye.size_of(scene.picture(0.0)), Background(), frames=5, step_s=step_s)
    return [eye.step(scene.picture(float(t_s)), float(t_s)) for t_s in offset_s + np.arange(0.0, seconds, 1.0 / fps)]


def test_a_window_holds_the_pictures_minus_the_background_newest_last():
    last = next(seen for seen in reversed(looked(10.0)) if seen.window is not None)
    assert last.window is not None
    assert last.window.shape == (5, *last.scene.work.shape)
    box = last.window[-1][last.scene.mask > 0] * UNIT
    # Walkers are a hundred grey levels brighter than the ground.
    assert 60.0 < float(np.median(box)) < 127.1
    still = last.scene.mask == 0
    assert abs(float(last.window[-1][still].mean())) * UNIT < 3.0


@pytest.mark.parametrize("fps", [5.0, 10.0, 12.5, 20.0])
def test_the_pictures_of_a_window_are_as_far_apart_at_any_rate(fps):
    """The walker of the newest picture was 4 x 0.2 s earlier where he was then."""
    seen = [each for each in looked(fps) if each.window is not None]
    assert len(seen) > 20
    window = seen[-1].window
    assert window is not None
    columns = np.arange(window.shape[2])
    centres = [float((columns * np.maximum(picture - 0.8, 0.0)).sum() / np.maximum(picture - 0.8, 0.0).sum()) for picture in window]
    slowest, fastest = 0.8 * 0.85 * 40.0, 0.8 * 1.15 * 40.0
    scale = SCENE.width / window.shape[2]
    assert 0.6 * slowest < (centres[-1] - centres[0]) * scale < 1.5 * fastest


def test_frames_that_come_too_rarely_give_no_window_which_is_said_once():
    scene, said = MovingScene(walkers(80, every_s=2.0)), []
    eye = PictureEye(PictureEye.size_of(scene.picture(0.0)), Background(), frames=5, step_s=0.2, starved=lambda: said.append(1))
    seen = [eye.step(scene.picture(float(t_s)), float(t_s)) for t_s in np.arange(0.0, 120.0, 0.5)]
    assert all(each.window is None for each in seen)
    assert said == [1]


def test_a_gap_empties_the_window():
    eye = PictureEye(PictureEye.size_of(SCENE.picture(0.0)), Background(), frames=5, step_s=0.2)
    for t_s in np.arange(0.0, 14.0, 0.1):
        eye.step(SCENE.picture(float(t_s)), float(t_s))
    seen = eye.step(SCENE.picture(30.0), 30.0)
    assert seen.window is None
    assert seen.unjudged


def test_where_it_is_wanted_what_was_before_the_first_picture_is_taken_to_have_looked_like_it():
    eye = PictureEye(PictureEye.size_of(SCENE.picture(0.0)), Background(), frames=5, step_s=0.2, from_start=True)
    for t_s in np.arange(0.0, 14.0, 0.1):
        eye.step(SCENE.picture(float(t_s)), float(t_s))
    later = [eye.step(SCENE.picture(float(t_s)), float(t_s)).window for t_s in np.arange(30.0, 31.0, 0.1)]
    assert all(window is not None for window in later)
    assert all((picture == later[0][-1]).all() for picture in later[0])
    known = [sum((picture != window[0]).any() for picture in window) for window in later]
    assert known == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_frames_that_come_too_rarely_give_no_window_from_the_start_either():
    scene = MovingScene(walkers(20, every_s=2.0))
    eye = PictureEye(PictureEye.size_of(scene.picture(0.0)), Background(), frames=5, step_s=0.2, from_start=True)
    seen = [eye.step(scene.picture(float(t_s)), float(t_s)) for t_s in np.arange(0.0, 20.0, 0.5)]
    assert all(each.window is None for each in seen if each.scene.t_s > 6.0)


def test_an_empty_scene_has_no_active_cells():
    assert all(not each.cell.size for each in looked(5.0, scene=MovingScene()))


def test_blocks_cover_the_picture():
    size = WorkSize.of(np.zeros((480, 704), np.uint8), 21_600)
    grid = Grid(size, BLOCK)
    assert (grid.rows * BLOCK, grid.columns * BLOCK) == (size.height, size.width)
    assert grid.mean(np.full((size.height, size.width), 7, np.uint8)).tolist() == [[7.0] * grid.columns] * grid.rows


def test_a_cell_sums_its_blocks_and_the_map_gives_its_value_back_to_them():
    blocks = np.zeros((12, 15), np.float32)
    blocks[5:7, 6:8] = 1.0
    cell = active_cells(blocks)
    assert cell_sums(blocks).max() == pytest.approx(4.0)
    assert len(cell) == (CELL + 1) ** 2 - 4
    heat = heat_map(cell, np.full(cell.size, 3.0, np.float32), blocks)
    assert (heat == 3.0 * blocks).all()
    box = top_region(heat)
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((6 / 15, 5 / 12, 8 / 15, 7 / 12))


def test_what_is_ignored_hides_the_cells_that_lie_in_it():
    grid = Grid(WorkSize.of(np.zeros((240, 360), np.uint8)), 8)
    ignored = np.zeros((240, 360), np.bool_)
    ignored[:, :180] = True
    hidden = hidden_cells(ignored, grid).reshape(grid.rows, grid.columns)
    assert hidden[:, :20].all()
    assert not hidden[:, 26:].any()


def test_an_error_is_told_as_the_shift_that_would_make_it():
    """A slope of 20 grey levels per pixel, foretold half a pixel off, is wrong by 10 grey levels and by half a pixel."""
    grid = Grid(WorkSize(64, 48, 64, 48), BLOCK)
    mask = np.zeros((48, 64), np.uint8)
    mask[8:40, 16:48] = 255
    slope = np.broadcast_to(np.arange(64, dtype=np.float32) * 20 / UNIT, (48, 64)).copy()
    cell = active_cells(grid.mean(mask) / np.float32(255))
    seen = SimpleNamespace(scene=SimpleNamespace(t_s=0.0, mask=mask), cell=cell)
    memory = ErrorMemory(grid, UNIT)
    error = np.full((48, 64), 10 / UNIT, np.float32)
    inner = (cell // grid.columns == grid.rows // 2) & (cell % grid.columns == grid.columns // 2)
    [value] = memory.values(seen, slope, error)[inner]
    assert value == pytest.approx(0.5, rel=0.05)
    # A frame without error halves the mean square; one after a second is alone.
    seen.scene.t_s = 0.1
    [value] = memory.values(seen, slope, error * 0)[inner]
    assert value == pytest.approx(0.5 / 2**0.5, rel=0.05)
    seen.scene.t_s = 1.0
    [value] = memory.values(seen, slope, error)[inner]
    assert value == pytest.approx(0.5, rel=0.05)
