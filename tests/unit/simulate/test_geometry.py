"""The pinhole camera."""

import numpy as np
import pytest

from haetae.simulate.geometry import PinholeCamera

CAMERA = PinholeCamera.mounted(height_m=6.0, pitch_deg=15.0, fov_deg=64.0, size=(640, 360))


def person_height_px(distance_m: float) -> float:
    pixels, _ = CAMERA.project(np.array([[0.0, distance_m, 0.0], [0.0, distance_m, 1.7]]))
    return float(pixels[0, 1] - pixels[1, 1])


def test_what_is_twice_as_far_looks_about_half_as_tall() -> None:
    assert person_height_px(12.0) == pytest.approx(2.0 * person_height_px(24.0), rel=0.12)


def test_the_optical_axis_meets_the_ground_in_the_middle_of_the_picture() -> None:
    y = 6.0 / np.tan(np.radians(15.0))
    pixels, depth = CAMERA.project(np.array([0.0, y, 0.0]))
    assert pixels == pytest.approx([320.0, 180.0])
    assert float(depth) == pytest.approx(np.hypot(6.0, y))


def test_a_ray_through_a_pixel_leads_back_to_its_point() -> None:
    point = np.array([2.5, 17.0, 0.4])
    pixel, depth = CAMERA.project(point)
    ray = CAMERA.rays(pixel[0], pixel[1])
    assert np.asarray(CAMERA.position) + ray * depth == pytest.approx(point, abs=1e-4)


def test_turning_to_the_right_moves_things_to_the_left() -> None:
    point = np.array([0.0, 15.0, 0.0])
    assert CAMERA.turned(0.2, 0.0).project(point)[0][0] < CAMERA.project(point)[0][0]


def test_the_homography_between_two_directions_maps_projections_onto_each_other() -> None:
    turned = CAMERA.turned(0.3, 0.1)
    point = np.array([1.0, 14.0, 0.0])
    u, v = CAMERA.project(point)[0]
    mapped = turned.homography_from(CAMERA) @ np.array([u, v, 1.0])
    assert mapped[:2] / mapped[2] == pytest.approx(turned.project(point)[0])
