import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene

from haetae.vad.motion.flow import Flow, Grid
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
