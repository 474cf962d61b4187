import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene

from haetae.vad.motion.flow import GRID, MOST_POINTS, Flow, Grid
from haetae.vad.preprocess import WorkSize

SIZE = WorkSize(320, 240, 320, 240)


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0])
@pytest.mark.parametrize("speed", [-45.0, 30.0, 60.0])
def test_speeds_are_px_per_second_at_any_frame_rate(fps: float, speed: float) -> None:
    scene = MovingScene((Mover(140, 90, speed, width=48, height=60),))
    flow = Flow(Grid.of(SIZE))
    everywhere = np.full((240, 320), 255, np.uint8)
    assert not flow.step(scene.picture(0.0), everywhere, 0.0).any()
    blocks = flow.step(scene.picture(1 / fps), everywhere, 1 / fps)
    inside = blocks[13:17, 19:22]
    count = inside[..., 0].sum()
    assert count > 10
    assert inside[..., 2].sum() / count == pytest.approx(speed, rel=0.1)
    assert inside[..., 1].sum() / count == pytest.approx(abs(speed), rel=0.1)
    assert abs(inside[..., 3].sum() / count) < 0.1 * abs(speed)


def test_only_foreground_is_measured_and_a_reset_forgets() -> None:
    scene = MovingScene()
    flow = Flow(Grid.of(SIZE))
    mask = np.zeros((240, 320), np.uint8)
    mask[:, :80] = 255
    flow.step(scene.picture(0.0), mask, 0.1)
    blocks = flow.step(scene.picture(0.1), mask, 0.1)
    assert blocks[:, :10, 0].sum() > 0
    assert blocks[:, 10:, 0].sum() == 0
    flow.reset()
    assert not flow.step(scene.picture(0.2), mask, 0.1).any()


def box(width: int, height: int) -> np.ndarray:
    mask = np.zeros((240, 320), np.uint8)
    mask[60 : 60 + height, 60 : 60 + width] = 255
    return mask


def test_small_things_are_measured_at_every_point() -> None:
    chosen, weight = Grid.of(SIZE).within(box(2 * GRID, 4 * GRID))
    assert chosen.size == 8
    assert (weight == 1.0).all()


@pytest.mark.parametrize(("width", "height"), [(15 * GRID, 15 * GRID), (250, 170)])
def test_of_large_things_some_points_stand_for_all(width: int, height: int) -> None:
    chosen, weight = Grid.of(SIZE).within(box(width, height))
    every = (width // GRID) * (height // GRID)
    assert chosen.size <= min(MOST_POINTS, 0.7 * every)
    assert weight.sum() == pytest.approx(every, rel=0.1)
    x, y = Grid.of(SIZE).points[chosen].T
    # Even spread: each quarter has its share.
    left, upper = x < 60 + width / 2, y < 60 + height / 2
    assert [weight[part].sum() for part in (left & upper, left & ~upper, ~left & upper, ~left & ~upper)] == pytest.approx(
        [every / 4] * 4, rel=0.2
    )
