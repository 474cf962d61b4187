import pytest

from haetae.domain.zone import MAX_CORNERS, Zone, ZoneKind
from haetae.errors import ConfigError

TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))


def test_a_triangle_that_reaches_the_edges_is_a_zone():
    assert Zone("door", ZoneKind.EXCLUDE, TRIANGLE).polygon == TRIANGLE


@pytest.mark.parametrize("corners", [0, 2, MAX_CORNERS + 1])
def test_too_few_and_too_many_corners_are_refused_with_the_limits(corners):
    polygon = tuple((index / 200, (index % 7) / 10) for index in range(corners))
    with pytest.raises(ConfigError, match=rf"'door' has {corners} corners.*3 to {MAX_CORNERS}"):
        Zone("door", ZoneKind.INCLUDE, polygon)


def test_as_many_corners_as_are_allowed_are_a_zone():
    Zone("door", ZoneKind.INCLUDE, tuple((index / 200, (index % 7) / 10) for index in range(MAX_CORNERS)))


@pytest.mark.parametrize("corner", [(-0.01, 0.5), (0.5, 1.01), (320.0, 240.0), (float("nan"), 0.5), (0.5, float("inf"))])
def test_a_corner_outside_the_picture_is_refused_with_the_scale(corner):
    with pytest.raises(ConfigError, match="Corners are relative"):
        Zone("door", ZoneKind.PRIVACY, (*TRIANGLE, corner))


def test_corners_that_repeat_enclose_nothing():
    with pytest.raises(ConfigError, match="encloses nothing"):
        Zone("door", ZoneKind.PRIVACY, ((0.1, 0.1), (0.9, 0.9), (0.1, 0.1), (0.9, 0.9)))
