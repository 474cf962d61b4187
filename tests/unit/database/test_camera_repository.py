from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy.orm.exc import StaleDataError
from tests.support.events import ONSET
from tests.support.postgres import engine  # noqa: F401

from haetae.database.camera_repository import ensure_camera, get_camera, list_cameras, to_config
from haetae.database.engine import session_factory, session_scope
from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig
from haetae.domain.schedule import ArmedSpan, Weekday, WeeklySchedule
from haetae.domain.zone import Zone, ZoneKind
from haetae.ids import new_id

CONFIG = CameraConfig(id=new_id(), name="gate", source="rtsp://10.0.0.5/main", analysed_fps=5.0, learning_s=600.0)
LATER = ONSET + timedelta(days=1)


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


def test_a_camera_is_made_once_and_its_version_grows_only_when_something_changes(sessions):
    for now in (ONSET, LATER):
        with session_scope(sessions) as session:
            ensure_camera(session, CONFIG, now=now)
    with session_scope(sessions, read_only=True) as session:
        row = get_camera(session, CONFIG.id)
        assert (row.version, row.created_at, row.updated_at) == (1, ONSET, ONSET)
        assert to_config(row) == CONFIG
    changed = replace(CONFIG, name="main gate", learning_s=None)
    with session_scope(sessions) as session:
        ensure_camera(session, changed, now=LATER)
    with session_scope(sessions, read_only=True) as session:
        row = get_camera(session, CONFIG.id)
        assert (row.version, row.created_at, row.updated_at) == (2, ONSET, LATER)
        assert to_config(row) == changed


def test_a_change_over_someone_elses_newer_change_is_refused(sessions):
    with session_scope(sessions) as session:
        ensure_camera(session, CONFIG, now=ONSET)
    with session_scope(sessions, read_only=True) as session:
        stale = get_camera(session, CONFIG.id)
    with session_scope(sessions) as session:
        ensure_camera(session, replace(CONFIG, enabled=False), now=LATER)
    stale.name = "mine"
    with pytest.raises(StaleDataError), session_scope(sessions) as session:
        session.add(stale)


def test_cameras_are_listed_by_name(sessions):
    with session_scope(sessions) as session:
        for name, enabled in (("plaza", True), ("gate", False)):
            session.add(Camera(name=name, source="sim://x", enabled=enabled, created_at=ONSET, updated_at=ONSET))
    with session_scope(sessions, read_only=True) as session:
        assert [row.name for row in list_cameras(session)] == ["gate", "plaza"]
        assert [row.name for row in list_cameras(session, enabled=True)] == ["plaza"]
        assert [row.name for row in list_cameras(session, name="gate")] == ["gate"]
        assert get_camera(session, new_id()) is None


def full_config() -> CameraConfig:
    """Every field differs from its default; the days of a span are as many as make an unsorted set likely."""
    nights = ArmedSpan(frozenset(Weekday) - {Weekday.WED}, time(22, 0), time(6, 30))
    sunday = ArmedSpan(frozenset({Weekday.SUN}), time(0), time(0))
    return CameraConfig(
        id=new_id(),
        name="정문",
        source="rtsp://10.0.0.5/main",
        vad_model="onnx",
        analysed_fps=4.0,
        false_alarms_per_day=0.5,
        learning_s=60.0,
        enabled=False,
        vad_settings=(("file", "m.onnx"), ("mirror", True), ("scale", 0.1), ("stride", 2)),
        zones=(
            Zone("문", ZoneKind.INCLUDE, ((0.0, 0.0), (1.0, 0.0), (0.1, 0.9))),
            Zone("neighbour", ZoneKind.PRIVACY, ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))),
        ),
        schedule=WeeklySchedule("Asia/Seoul", (nights, sunday)),
        offline_alert_s=12.5,
        pre_roll_s=1.0,
        post_roll_s=2.0,
    )


def test_zones_schedule_and_model_settings_come_back_and_only_a_difference_is_a_change(sessions):
    config = full_config()
    for now in (ONSET, LATER):
        with session_scope(sessions) as session:
            ensure_camera(session, config, now=now)
        with session_scope(sessions, read_only=True) as session:
            row = get_camera(session, config.id)
            assert to_config(row) == config
            assert (row.version, row.updated_at) == (1, ONSET)


@pytest.mark.parametrize(
    "change",
    [
        {"zones": ()},
        {"zones": full_config().zones[::-1]},
        {"schedule": None},
        {"schedule": WeeklySchedule("Europe/Berlin", full_config().schedule.spans)},
        {"vad_settings": ()},
        {"vad_settings": (("stride", 3),)},
    ],
)
def test_a_difference_in_zones_schedule_or_model_settings_is_one_new_version(sessions, change):
    config = full_config()
    with session_scope(sessions) as session:
        ensure_camera(session, config, now=ONSET)
    changed = replace(config, **change)
    for _ in range(2):
        with session_scope(sessions) as session:
            ensure_camera(session, changed, now=LATER)
    with session_scope(sessions, read_only=True) as session:
        row = get_camera(session, config.id)
        assert to_config(row) == changed
        assert (row.version, row.updated_at) == (2, LATER)


def test_the_order_of_model_settings_is_no_difference(sessions):
    config = full_config()
    for settings in (config.vad_settings, config.vad_settings[::-1]):
        with session_scope(sessions) as session:
            row = ensure_camera(session, replace(config, vad_settings=settings), now=ONSET)
            assert row.version == 1
