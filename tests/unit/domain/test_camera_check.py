import math
from dataclasses import replace
from datetime import UTC, time
from typing import Any

import pytest

from haetae.domain.camera import CameraConfig
from haetae.domain.camera_check import check_camera
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import ConfigError
from haetae.ids import new_id

GOOD = CameraConfig(new_id(), "gate", "rtsp://10.0.0.5/main")
TREE = Zone("tree", ZoneKind.EXCLUDE, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
MONDAY = frozenset({Weekday.MON})


@pytest.mark.parametrize(
    "changes",
    [
        {"analysed_fps": 0.2, "learning_s": 0.5, "false_alarms_per_day": 0.01, "offline_alert_s": 1.0, "pre_roll_s": 0, "post_roll_s": 60},
        {"analysed_fps": None, "learning_s": None},
        {"name": "해태 정문 #2"},
        {"name": "x" * 128},
        {"vad_settings": (("pixels", 21600), ("path", "/models/한글.onnx"), ("fast", True), ("share", 0.5))},
        {"schedule": WeeklySchedule("UTC", (ArmedSpan(MONDAY, time(18), time(8)),)), "zones": (TREE, replace(TREE, name="bush"))},
    ],
)
def test_what_makes_sense_is_taken_as_it_is(changes: dict[str, Any]) -> None:
    config = replace(GOOD, **changes)
    assert check_camera(config) == config


def test_a_name_is_stored_as_it_will_be_typed() -> None:
    decomposed = "  \u1112\u1162\u1110\u1162\n"
    assert check_camera(replace(GOOD, name=decomposed)).name == "해태"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " \t"}, ("name is empty", "1 to 128")),
        ({"name": "x" * 129}, ("name has 129", "1 to 128")),
        ({"name": "a\x1b[2Jb"}, ("name", "control characters")),
        ({"name": "a\udcff"}, ("name", "printed")),
        ({"source": " "}, ("source is empty", "rtsp://")),
        ({"source": "rtsp://host/\r\nSETUP"}, ("source holds control",)),
        ({"source": "/film\udcff.mp4"}, ("source", "no valid text")),
        ({"source": "x" * 5000}, ("source has 5000", "4096")),
        ({"vad_model": ""}, ("vad_model is empty",)),
        ({"analysed_fps": 0.1}, ("analysed_fps is 0.1", "from 0.2 to 60")),
        ({"analysed_fps": math.nan}, ("analysed_fps is nan", "from 0.2 to 60")),
        ({"false_alarms_per_day": 0.0}, ("false_alarms_per_day is 0", "above 0")),
        ({"false_alarms_per_day": math.inf}, ("false_alarms_per_day is inf", "10000")),
        ({"learning_s": 0.0}, ("learning_s is 0", "above 0")),
        ({"offline_alert_s": 0.5}, ("offline_alert_s is 0.5", "from 1")),
        ({"pre_roll_s": -1.0}, ("pre_roll_s is -1", "from 0 to 60")),
        ({"post_roll_s": 61.0}, ("post_roll_s is 61", "from 0 to 60")),
        ({"vad_settings": (("a b", 1),)}, ("'a b'",)),
        ({"vad_settings": (("pixels", 1), ("pixels", 2))}, ("two model settings", "'pixels'")),
        ({"vad_settings": (("pixels", 2**63),)}, ("vad_settings.pixels",)),
        ({"vad_settings": (("share", math.nan),)}, ("vad_settings.share",)),
        ({"vad_settings": (("path", "a\0b"),)}, ("vad_settings.path",)),
        ({"zones": (TREE, replace(TREE, kind=ZoneKind.PRIVACY))}, ("two zones", "'tree'")),
        ({"zones": (replace(TREE, name=""),)}, ("zone's name is empty",)),
        ({"zones": tuple(replace(TREE, name=str(number)) for number in range(65))}, ("65 zones", "64")),
        ({"schedule": WeeklySchedule("UTC", ())}, ("0 spans", "no schedule")),
        ({"schedule": WeeklySchedule("UTC", (ArmedSpan(MONDAY, time(18, tzinfo=UTC), time(8)),))}, ("schedule", "time zone")),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field_and_what_is_allowed(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        check_camera(replace(GOOD, **changes))
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)
