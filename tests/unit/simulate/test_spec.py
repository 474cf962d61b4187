"""What can be asked for."""

from typing import Any

import pytest

from haetae.errors import ConfigError
from haetae.simulate.spec import IncidentKind, SceneSpec, parse_kinds, parse_size


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"scene": "moon"}, "moon"),
        ({"seed": -1}, "seed"),
        ({"fps": 0.5}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"normal_s": -1.0}, "normal_s"),
        ({"size": (641, 360)}, "size"),
        ({"size": (32, 32)}, "size"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        SceneSpec(**{"scene": "plaza", **values})


def test_the_car_park_has_two_spellings() -> None:
    assert SceneSpec("carpark") == SceneSpec("car_park")


def test_the_lead_in_is_four_tenths_or_what_was_asked_for() -> None:
    assert SceneSpec("plaza", seconds=100.0).lead_in_s == pytest.approx(40.0)
    assert SceneSpec("plaza", seconds=100.0, normal_s=5.0).lead_in_s == 5.0
    assert SceneSpec("plaza", seconds=None).lead_in_s == 600.0


def test_kinds_are_read_in_their_order() -> None:
    assert parse_kinds("fight, Camera-Covered") == (IncidentKind.FIGHT, IncidentKind.CAMERA_COVERED)
    assert parse_kinds("none") == ()


@pytest.mark.parametrize("text", ["fall,flying", "", ","])
def test_an_unknown_kind_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ConfigError, match="crowd_running"):
        parse_kinds(text)


@pytest.mark.parametrize("text", ["640", "640x", "x360", "-640x360", "6.4x3", "٦٤٠xa"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="size"):
        parse_size(text)
