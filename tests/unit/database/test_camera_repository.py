from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm.exc import StaleDataError
from tests.support.events import ONSET
from tests.support.postgres import engine  # noqa: F401

from haetae.database.camera_repository import ensure_camera, get_camera, list_cameras, to_config
from haetae.database.engine import session_factory, session_scope
from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig
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
