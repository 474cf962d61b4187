"""What weather can be asked for, and when it holds."""

import pytest

from haetae.errors import ConfigError
from haetae.simulate.conditions import FADE_S, Climate, Condition, ConditionKind, parse_conditions
from haetae.simulate.hours import busy, darkness, sun_direction
from haetae.simulate.spec import SceneSpec

NOON_SUN = (-0.62, -0.30, 0.72)


def climate(text: str, starts_at: float | None = None) -> Climate:
    return Climate(parse_conditions(text), starts_at, indoors=False)


def test_conditions_are_read_with_their_intensity_and_hours() -> None:
    assert parse_conditions("night, Rain:0.6@13-16.5") == (
        Condition(ConditionKind.NIGHT),
        Condition(ConditionKind.RAIN, 0.6, (13.0, 16.5)),
    )
    assert parse_conditions("none") == ()


@pytest.mark.parametrize("text", ["night", "rain:0.6", "gusts@13-16", "insects:0.25@20-6", "rain:0.5@37-39.5"])
def test_a_condition_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_conditions(text)[0]) == text


@pytest.mark.parametrize(
    "text",
    ["hail", "", ",", "rain:", "rain:x", "rain:0", "rain:1.1", "rain:nan", "rain@5", "rain@5-", "rain@5-25", "rain@30-26", "rain@nan-3"],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="conditions"):
        parse_conditions(text)


def test_without_conditions_and_clock_nothing_changes() -> None:
    assert not climate("none").changes
    assert climate("none", 8.0).changes
    assert climate("rain").changes


def test_hours_come_again_every_day_and_wrap_round_midnight() -> None:
    night = climate("insects:0.5@20-6", 19.0)
    hours = {hour: night.at(hour * 3600.0).insects for hour in (0.5, 3.0, 10.5, 11.5, 24.5, 27.0)}
    assert hours == {0.5: 0.0, 3.0: 0.5, 10.5: 0.5, 11.5: 0.0, 24.5: 0.0, 27.0: 0.5}


def test_hours_from_24_on_come_once() -> None:
    once = climate("rain@37-39", 12.0)
    assert [once.at(hour * 3600.0).rain for hour in (0.5, 2.0, 3.5, 26.0)] == [0.0, 1.0, 0.0, 0.0]


def test_a_condition_fades_in_and_out_within_its_hours() -> None:
    rain = climate("rain@13-14", 12.0)
    assert rain.at(3600.0 + FADE_S / 2.0).rain == pytest.approx(0.5)
    assert rain.at(7200.0 - FADE_S / 4.0).rain == pytest.approx(0.25)


def test_weather_has_the_name_of_what_matters_most() -> None:
    assert climate("none", 12.0).at(0.0).name == "day"
    assert climate("none", 2.0).at(0.0).name == "night"
    assert climate("night").at(0.0).name == "night"
    assert climate("night,rain").at(0.0).name == "rain"
    assert climate("snow").at(0.0).name == "snow"


def test_the_sun_rises_and_sets_and_crosses_the_sky() -> None:
    assert [darkness(hour, indoors=False) for hour in (0.0, 3.0, 12.0, 23.0)] == [1.0, 1.0, 0.0, 1.0]
    dusk = [darkness(19.4 + minute / 60.0, indoors=False) for minute in range(-45, 50, 5)]
    assert dusk == sorted(dusk)
    heights = [sun_direction(hour, NOON_SUN)[2] for hour in (7.0, 12.85, 19.0)]
    assert heights[1] > heights[0] + 0.4
    assert heights[1] > heights[2] + 0.4
    assert sun_direction(9.0, NOON_SUN)[:2] != sun_direction(17.0, NOON_SUN)[:2]


def test_nobody_is_about_at_three_and_most_are_at_eight() -> None:
    assert busy(3.0) == 0.0
    assert busy(8.0) == 1.0
    assert 0.0 < busy(14.5) < busy(18.0)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"scene": "corridor", "conditions": parse_conditions("rain")}, "roof"),
        ({"conditions": parse_conditions("rain@5-7")}, "no clock"),
        ({"starts_at": 24.0}, "hour"),
        ({"starts_at": float("nan")}, "hour"),
    ],
)
def test_a_scene_refuses_weather_that_it_cannot_have(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        SceneSpec(**{"scene": "plaza", **values})  # type: ignore[arg-type]
