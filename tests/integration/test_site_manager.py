"""A whole site on SQLite and on PostgreSQL: what the manager does is in the database, and what is in the database is done."""

from dataclasses import replace

import pytest
from tests.support.postgres import Wire, empty_url, postgres_database  # noqa: F401
from tests.support.rtsp_server import RtspServer
from tests.support.site import RunningSite, learn, render, site_config, store_cameras
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.engine import session_scope
from haetae.database.event_repository import list_events
from haetae.database.opening import reading, writing
from haetae.database.statistics_repository import list_statistics
from haetae.domain.camera import CameraConfig, CameraState
from haetae.domain.event import CAMERA_OFFLINE, EventKind, EventStatus
from haetae.errors import CameraLimit, Conflict, DatabaseUnavailable, StorageError, UnknownCamera
from haetae.ids import new_id
from haetae.simulate.spec import IncidentKind

ALIVE = (CameraState.LEARNING, CameraState.WATCHING)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("videos") / "small.mp4", seconds=4.0, fps=10, size=(160, 96))


@pytest.fixture
def config(tmp_path, empty_url):  # noqa: F811
    return site_config(tmp_path / "site", max_cameras=2, database_url=empty_url)


def camera(name, source, **settings):
    return CameraConfig(new_id(), name, str(source), **settings)


def test_cameras_are_added_changed_stopped_and_removed_and_a_restart_finds_them_so(config, video):
    with RtspServer(video, burst_s=3.5) as server:
        door, yard = camera("door", server.url), camera("yard", server.url)
        with RunningSite(config) as running:
            manager = running.site.cameras
            manager.add_camera(door)
            manager.add_camera(yard)
            for one in (door, yard):
                running.wait(one, lambda status: status.state in ALIVE, "comes up")
            with pytest.raises(CameraLimit, match="max_cameras"):
                manager.add_camera(camera("gate", server.url))
            with pytest.raises(Conflict, match="door"):
                manager.update_camera(replace(yard, name="door"))
            manager.update_camera(replace(door, name="front door", offline_alert_s=5.0))
            manager.stop_camera(yard.id)
            manager.stop_camera(yard.id)
            assert running.status(yard).state is CameraState.STOPPED
        with RunningSite(config) as running:
            manager = running.site.cameras
            running.wait(door, lambda status: status.state in ALIVE, "is restored")
            assert running.status(door).name == "front door"
            assert running.status(yard).state is CameraState.STOPPED
            manager.start_camera(yard.id)
            running.wait(yard, lambda status: status.state in ALIVE, "starts")
            manager.remove_camera(door.id)
            with pytest.raises(UnknownCamera):
                manager.get_camera_status(door.id)


def test_what_another_process_writes_takes_effect_within_seconds(config, video):
    with RtspServer(video, burst_s=3.5) as server, RunningSite(config) as running, writing(config.database_url()) as sessions:
        store = CameraStore(sessions, SystemClock(), max_cameras=2)
        door = camera("door", server.url)
        store.add(door)
        wait_until(lambda: any(status.name == "door" for status in running.site.status.cameras), "the new camera")
        running.wait(door, lambda status: status.state in ALIVE, "comes up")
        store.set_enabled(door.id, False)
        running.wait(door, lambda status: status.state is CameraState.STOPPED, "stops")


def test_a_camera_that_goes_away_is_an_event_in_the_database_and_its_day_is_counted(config, video):
    with RtspServer(video, burst_s=3.5) as server, RunningSite(config) as running:
        door = camera("door", server.url, offline_alert_s=3.0)
        running.site.cameras.add_camera(door)
        running.wait(door, lambda status: status.state in ALIVE, "comes up")
        server.stall()
        running.wait(door, lambda status: status.state is CameraState.OFFLINE, "is lost")
        wait_until(lambda: _offline(config) == [EventStatus.OPEN], "the event")
        server.resume()
        wait_until(lambda: _offline(config) == [EventStatus.CLOSED], "its end")
    with writing(config.database_url()) as sessions, session_scope(sessions, read_only=True) as session:
        [event] = list_events(session)
        assert (event.kind, event.camera_id) == (EventKind.SYSTEM, door.id)
        days = list_statistics(session, camera_ids=[door.id])
        assert sum(day.events for day in days) == 1
        assert sum(day.events_by_type[CAMERA_OFFLINE] for day in days) == 1
        frames = running.status(door).frames
        assert (sum(day.frames_read for day in days), sum(day.frames_analysed for day in days)) == (frames.read, frames.analysed)
        assert 0.0 < sum(day.uptime_s for day in days) < 120.0


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """A plaza across which somebody rides, and what is normal there."""
    folder = tmp_path_factory.mktemp("footage")
    calm = render(folder / "calm.mp4", seconds=20.0, incidents=())
    busy = render(folder / "busy.mp4", seconds=11.0, incidents=(IncidentKind.CYCLIST,), begins_s=(3.0,), seed=3)
    return busy, learn(calm, folder / "calm.state")


def test_events_that_are_opened_are_stored_with_their_clips(tmp_path, empty_url, footage):  # noqa: F811
    busy, state = footage
    config = site_config(tmp_path / "site", database_url=empty_url)
    plaza = camera("plaza", busy, analysed_fps=5.0, false_alarms_per_day=100.0, post_roll_s=1.0)
    store_cameras(config, [plaza])
    path = tmp_path / "site" / "states" / str(plaza.id) / "motion.state"
    path.parent.mkdir(parents=True)
    path.write_bytes(state.read_bytes())
    with RunningSite(config) as running:
        running.wait(plaza, lambda status: status.cause == "the source came to its end", "plays to the end", deadline_s=90.0)
    opened = running.status(plaza).events
    with writing(config.database_url()) as sessions, session_scope(sessions, read_only=True) as session:
        events = list_events(session)
        days = list_statistics(session, camera_ids=[plaza.id])
    assert len(events) == opened == sum(day.events for day in days) >= 1
    for event in events:
        assert event.status is EventStatus.CLOSED
        files = [tmp_path / "site" / name for name in (event.clip_path, event.thumbnail_path)]
        assert all(file.is_file() for file in files), event
        assert event.media_bytes >= sum(file.stat().st_size for file in files)


def test_cameras_go_on_while_the_database_is_away_and_changes_are_refused(tmp_path, video):
    with postgres_database() as url, RtspServer(video, burst_s=3.5) as server:
        wire = Wire(url)
        config = site_config(tmp_path / "site", database_url=wire.url)
        door = camera("door", server.url)
        with RunningSite(config) as running:
            running.site.cameras.add_camera(door)
            running.wait(door, lambda status: status.state in ALIVE, "comes up")
            wire.cut()
            before = running.status(door).frames.read
            running.wait(door, lambda status: status.frames.read > before + 20, "goes on")
            with pytest.raises(DatabaseUnavailable):
                running.site.cameras.stop_camera(door.id)
            assert running.status(door).reconnects == 0
            wire.mend()
            wait_until(lambda: _works(running.site.cameras.stop_camera, door.id), "the database is back")
            running.wait(door, lambda status: status.state is CameraState.STOPPED, "stops")
        wire.cut()


def _offline(config):
    """The states of the events in the database that say that a camera is away."""
    with reading(config.database_url()) as sessions, session_scope(sessions, read_only=True) as session:
        return [event.status for event in list_events(session) if event.subtype == CAMERA_OFFLINE]


def _works(call, *arguments):
    try:
        call(*arguments)
    except DatabaseUnavailable:
        return False
    return True


def test_a_second_site_on_the_same_folder_is_refused_and_the_first_goes_on(config, video):
    with RunningSite(config) as running:
        with pytest.raises(StorageError, match="another Haetae"):
            RunningSite(config).site.start()
        assert running.site.status.cameras == ()
