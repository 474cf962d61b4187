"""Skeletons and postures."""

import numpy as np
import pytest

from haetae.simulate import body
from haetae.simulate.body import J, Person
from haetae.simulate.streams import stream

LOOK = body.random_look(stream(1, "test"))


def joints_of(angles: body.Angles) -> np.ndarray:
    return body.skeletons([Person(LOOK, 3.0, 10.0, 0.4, angles)])[0]


def test_a_standing_person_is_as_tall_as_the_look_says() -> None:
    top = joints_of(body.standing())[J.HEAD, 2] + 0.062 * LOOK.height_m
    assert top == pytest.approx(LOOK.height_m, rel=0.06)


@pytest.mark.parametrize("phase", np.linspace(0.0, 6.0, 7))
def test_some_part_of_a_walker_always_touches_the_ground(phase: float) -> None:
    lowest = float(joints_of(body.walking(phase))[:, 2].min())
    assert 0.0 < lowest < 0.1


def test_the_legs_of_a_walker_swap_after_half_a_stride() -> None:
    ahead = np.array([np.cos(0.4), np.sin(0.4), 0.0])
    for phase, sign in ((np.pi / 2.0, 1.0), (3.0 * np.pi / 2.0, -1.0)):
        joints = joints_of(body.walking(phase))
        assert sign * float((joints[J.ANKLE_L] - joints[J.ANKLE_R]) @ ahead) > 0.3


def test_a_fallen_person_lies_flat() -> None:
    joints = joints_of(body.fallen(1.52))
    assert float(joints[:, 2].max()) < 0.45 * LOOK.height_m
    assert float(np.ptp(joints[:, :2], axis=0).max()) > 0.6 * LOOK.height_m


def test_a_runner_takes_longer_strides_than_a_walker() -> None:
    assert body.stride_m(LOOK, 4.2) > 1.6 * body.stride_m(LOOK, 1.35)
