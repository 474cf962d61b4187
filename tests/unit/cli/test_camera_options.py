from dataclasses import replace
from typing import Any

import pytest

from haetae.cli.camera_options import CameraOptions, read_options
from haetae.domain.camera import CameraConfig
from haetae.domain.notation import parse_schedule, parse_zone
from haetae.errors import ConfigError
from haetae.ids import new_id

TREE, BUSH, WALK = (parse_zone(f"exclude:{name}:0,0 1,0 1,1") for name in ("tree", "bush", "walk"))
NIGHTS = parse_schedule("daily 20:00-06:00", time_zone="UTC")
FULL = CameraConfig(
    new_id(),
    "gate",
    "rtsp://10.0.0.5/main",
    analysed_fps=7.0,
    learning_s=60.0,
    vad_settings=(("fast", True), ("pixels", 21600)),
    zones=(TREE, BUSH),
    schedule=NIGHTS,
)


def changed(config: CameraConfig = FULL, **options: Any) -> CameraConfig:
    return read_options(CameraOptions(**options), time_zone="Asia/Seoul")(config)


def test_nothing_given_changes_nothing() -> None:
    assert changed() == FULL


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"name": "plaza", "source": "sim://plaza", "enabled": False}, {"name": "plaza", "source": "sim://plaza", "enabled": False}),
        ({"fps": "2.5", "learning_time": "10m"}, {"analysed_fps": 2.5, "learning_s": 600.0}),
        ({"fps": "auto", "learning_time": "auto"}, {"analysed_fps": None, "learning_s": None}),
        ({"false_alarms_per_day": 0.5, "offline_alert": "2m"}, {"false_alarms_per_day": 0.5, "offline_alert_s": 120.0}),
        ({"pre_roll": "0", "post_roll": "7.5s"}, {"pre_roll_s": 0.0, "post_roll_s": 7.5}),
        ({"always_armed": True}, {"schedule": None}),
        ({"schedule": "daily 20:00-06:00 @ UTC"}, {"schedule": NIGHTS}),
        ({"schedule": "daily 20:00-06:00"}, {"schedule": replace(NIGHTS, time_zone="Asia/Seoul")}),
        ({"no_zones": True}, {"zones": ()}),
        ({"remove_zones": ("tree",)}, {"zones": (BUSH,)}),
        ({"zones": ("exclude:walk:0,0 1,0 1,1",)}, {"zones": (TREE, BUSH, WALK)}),
        ({"zones": ("exclude:walk:0,0 1,0 1,1",), "no_zones": True}, {"zones": (WALK,)}),
        ({"zones": ("privacy:tree:0,0 1,0 1,1",)}, {"zones": (parse_zone("privacy:tree:0,0 1,0 1,1"), BUSH)}),
        ({"model_settings": ("pixels=4096", "share=0.5", "path=m.onnx")}, None),
        ({"model_settings": ("fast=",)}, {"vad_settings": (("pixels", 21600),)}),
        ({"model": "motion"}, {}),
        ({"model": "other"}, {"vad_model": "other", "vad_settings": ()}),
        ({"model": "other", "model_settings": ("size=3",)}, {"vad_model": "other", "vad_settings": (("size", 3),)}),
    ],
)
def test_what_is_given_changes_and_nothing_else(options: dict[str, Any], fields: dict[str, Any] | None) -> None:
    if fields is None:
        fields = {"vad_settings": (("fast", True), ("path", "m.onnx"), ("pixels", 4096), ("share", 0.5))}
    assert changed(**options) == replace(FULL, **fields)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-2.5", -2.5), ("true", True), ("True", "True"), ("007", "007"), ("[1]", "[1]"), ("null", "null"), ("a=b", "a=b")],
)
def test_a_model_setting_is_a_number_a_boolean_or_text(text: str, value: object) -> None:
    ((_, found),) = changed(replace(FULL, vad_settings=()), model_settings=(f"x={text}",)).vad_settings
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"fps": "five"}, "--fps"),
        ({"learning_time": "soon"}, "--learning-time"),
        ({"offline_alert": "soon"}, "--offline-alert"),
        ({"pre_roll": "-1"}, "--pre-roll"),
        ({"schedule": "nightly"}, "schedule"),
        ({"schedule": "daily 00:00-24:00", "always_armed": True}, "--always-armed"),
        ({"zones": ("tree",)}, "zone 'tree'"),
        ({"remove_zones": ("oak",)}, "'tree', 'bush'"),
        ({"model_settings": ("pixels",)}, "NAME=VALUE"),
        ({"model_settings": ("=3",)}, "NAME=VALUE"),
    ],
)
def test_what_cannot_be_read_is_named(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(**options)
    assert word in str(caught.value)
    assert caught.value.hint
