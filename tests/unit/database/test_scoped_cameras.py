from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.events import ONSET, make_event
from tests.support.postgres import empty_url, engine  # noqa: F401

from haetae.database.account_models import AuditEntry, Feedback
from haetae.database.camera_store import CameraStore
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Camera, DailyStatistics, Event
from haetae.database.scoped.cameras import ScopedCameras
from haetae.domain.camera import CameraConfig
from haetae.domain.event import SITE, EventStatus
from haetae.domain.notation import parse_schedule, parse_zone
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import CameraLimit, Conflict, Forbidden, UnknownCamera, VersionConflict
from haetae.ids import new_id
from haetae.testing.clock import FakeClock
from haetae.vault import Vault

BOSS = Viewer(new_id(), "boss", Role.ADMIN)
ACTOR = Actor("boss", BOSS.user_id, "10.0.0.9")


class Site:
    def __init__(self, engine, folder):  # noqa: F811
        self.sessions = session_factory(engine)
        self.clock = FakeClock(ONSET)
        self.store = CameraStore(self.sessions, self.clock, max_cameras=3, vault=Vault.open(folder))
        self.cameras = ScopedCameras(self.store, self.sessions, self.clock)

    def add(self, name, **changes):
        config = replace(CameraConfig(new_id(), name, "rtsp://root:first-password@10.0.0.5/main"), **changes)
        return self.cameras.add(BOSS, ACTOR, config).config

    def add_events(self, camera, count, **changes):
        values = {"camera_id": camera.id, "status": EventStatus.CLOSED, "media_bytes": 0} | changes
        events = [make_event(number, **values) for number in range(count)]
        with session_scope(self.sessions) as session:
            upsert_events(session, events, stored_at=ONSET)
        return events

    def lock(self, event):
        with session_scope(self.sessions) as session:
            session.execute(sa.update(Event).where(Event.id == event.id).values(locked=True))

    def audit(self):
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)))

    def event_ids(self):
        with session_scope(self.sessions, read_only=True) as session:
            return set(session.scalars(sa.select(Event.id)))


@pytest.fixture
def site(engine, tmp_path):  # noqa: F811
    return Site(engine, tmp_path)


def granted(camera, level, role=Role.OPERATOR):
    return Viewer(new_id(), "kim", role, {camera.id: level})


def test_a_viewer_lists_and_gets_only_what_was_granted(site):
    seen, hidden = site.add("seen"), site.add("hidden")
    viewer = granted(seen, AccessLevel.VIEW)
    assert [camera.config for camera in site.cameras.visible_to(viewer)[0]] == [seen]
    assert site.cameras.visible_to(viewer, AccessLevel.CONTROL) == ([], [])
    assert site.cameras.get(viewer, seen.id).config == seen
    with pytest.raises(UnknownCamera):
        site.cameras.get(viewer, hidden.id)
    with pytest.raises(Forbidden):
        site.cameras.get(viewer, seen.id, AccessLevel.CONTROL)
    assert {camera.config.name for camera in site.cameras.visible_to(BOSS)[0]} == {"seen", "hidden"}


def test_a_grant_on_a_camera_that_is_gone_shows_nothing(site):
    with pytest.raises(UnknownCamera):
        site.cameras.get(Viewer(new_id(), "kim", Role.OPERATOR, {(gone := new_id()): AccessLevel.ADMIN}), gone)


def test_who_may_not_do_something_changes_nothing(site):
    seen, hidden = site.add("seen"), site.add("hidden")
    before = len(site.audit())
    viewer, controller = granted(seen, AccessLevel.ADMIN, Role.VIEWER), granted(seen, AccessLevel.CONTROL)
    for doing in (
        lambda: site.cameras.add(controller, ACTOR, replace(seen, id=new_id(), name="new")),
        lambda: site.cameras.change(controller, ACTOR, seen.id, lambda config: replace(config, name="mine")),
        lambda: site.cameras.set_enabled(viewer, ACTOR, seen.id, False),
        lambda: site.cameras.note_relearn(controller, ACTOR, seen.id),
        lambda: site.cameras.remove(granted(seen, AccessLevel.ADMIN), ACTOR, seen.id),
        lambda: site.cameras.delete_events(granted(seen, AccessLevel.ADMIN), ACTOR, seen.id),
    ):
        with pytest.raises(Forbidden):
            doing()
    for doing in (
        lambda: site.cameras.change(controller, ACTOR, hidden.id, lambda config: replace(config, name="mine")),
        lambda: site.cameras.set_enabled(controller, ACTOR, hidden.id, False),
        lambda: site.cameras.note_relearn(controller, ACTOR, hidden.id),
    ):
        with pytest.raises(UnknownCamera):
            doing()
    assert {camera.config for camera in site.cameras.visible_to(BOSS)[0]} == {seen, hidden}
    assert len(site.audit()) == before


def test_every_change_is_noted_with_what_changed_and_without_passwords(site):
    camera = site.add("gate", zones=(parse_zone("privacy:desk:0.1,0.1 0.4,0.1 0.4,0.5"),))
    owner = granted(camera, AccessLevel.ADMIN)
    schedule = parse_schedule("mon-fri 18:00-08:00", time_zone="Asia/Seoul")
    site.cameras.change(owner, ACTOR, camera.id, lambda config: replace(config, name="정문", schedule=schedule))
    site.cameras.change(owner, ACTOR, camera.id, lambda config: replace(config, source="rtsp://root:second-password@10.0.0.5/main"))
    assert site.cameras.set_enabled(owner, ACTOR, camera.id, False)
    assert not site.cameras.set_enabled(owner, ACTOR, camera.id, False)
    site.cameras.change(owner, ACTOR, camera.id, lambda config: config)
    site.cameras.note_relearn(owner, ACTOR, camera.id)
    site.cameras.remove(BOSS, ACTOR, camera.id)
    entries = site.audit()
    assert [entry.action for entry in entries] == [
        "camera.add",
        "camera.change",
        "camera.change",
        "camera.stop",
        "camera.relearn",
        "camera.remove",
    ]
    assert {entry.target_id for entry in entries} == {str(camera.id)}
    source = "rtsp://root:***@10.0.0.5/main"
    assert entries[0].after == {"name": "gate", "source": source, "zones": ["privacy:desk:0.1,0.1 0.4,0.1 0.4,0.5"]}
    assert entries[1].before == {"name": "gate", "schedule": None}
    assert entries[1].after == {"name": "정문", "schedule": "mon-fri 18:00-08:00 @ Asia/Seoul"}
    assert (entries[2].before, entries[2].after) == ({"source": source}, {"source": source, "credentials": "changed"})
    assert entries[5].before == {"name": "정문"}
    assert "password" not in repr([(entry.before, entry.after) for entry in entries])


def test_a_change_that_cannot_be_noted_is_not_made(site, monkeypatch):
    camera = site.add("gate")

    def refuse(*_arguments, **_named):
        raise Conflict("the audit log is full")

    monkeypatch.setattr("haetae.database.scoped.cameras.record", refuse)
    for doing in (
        lambda: site.cameras.add(BOSS, ACTOR, replace(camera, id=new_id(), name="other")),
        lambda: site.cameras.change(BOSS, ACTOR, camera.id, lambda config: replace(config, name="other")),
        lambda: site.cameras.set_enabled(BOSS, ACTOR, camera.id, False),
        lambda: site.cameras.remove(BOSS, ACTOR, camera.id),
    ):
        with pytest.raises(Conflict, match="full"):
            doing()
    assert [(stored.config, stored.version) for stored in site.store.list()] == [(camera, 1)]


def test_a_version_that_is_not_the_newest_any_more_changes_nothing(site):
    camera = site.add("gate")
    site.cameras.change(BOSS, ACTOR, camera.id, lambda config: replace(config, name="a"), expected_version=1)
    with pytest.raises(VersionConflict):
        site.cameras.change(BOSS, ACTOR, camera.id, lambda config: replace(config, name="b"), expected_version=1)
    assert site.cameras.get(BOSS, camera.id).config.name == "a"


def test_of_several_cameras_all_are_added_or_none(site):
    some = [CameraConfig(new_id(), name, "rtsp://10.0.0.5/main") for name in "abcd"]
    with pytest.raises(CameraLimit):
        site.cameras.add_all(BOSS, ACTOR, some)
    assert site.store.list() == []
    assert site.audit() == []
    assert [stored.config for stored in site.cameras.add_all(BOSS, ACTOR, some[:3])] == some[:3]
    assert len(site.audit()) == 3


def test_the_newest_event_of_each_camera_that_is_seen(site):
    seen, hidden, quiet = site.add("seen"), site.add("hidden"), site.add("quiet")
    events = site.add_events(seen, 5)
    site.add_events(hidden, 2)
    viewer = Viewer(new_id(), "kim", Role.VIEWER, {seen.id: AccessLevel.VIEW, quiet.id: AccessLevel.VIEW})
    found = site.cameras.last_events(viewer)
    assert found.keys() == {seen.id}
    assert (found[seen.id].id, found[seen.id].timestamp) == (events[-1].id, ONSET + timedelta(seconds=4))
    assert site.cameras.last_events(viewer, hidden.id) == {}
    assert site.cameras.last_events(BOSS, hidden.id).keys() == {hidden.id}


def test_removing_a_camera_keeps_its_events(site):
    camera = site.add("gate")
    events = site.add_events(camera, 3)
    assert site.cameras.remove(BOSS, ACTOR, camera.id) == 3
    assert site.event_ids() == {event.id for event in events}
    with pytest.raises(UnknownCamera):
        site.cameras.remove(BOSS, ACTOR, camera.id)


def test_events_go_in_batches_but_for_evidence_and_what_is_still_recorded(site):
    camera, other = site.add("gate"), site.add("other")
    events = site.add_events(camera, 5, clip_path="clips/x.mp4", media_bytes=10)
    going_on = site.add_events(camera, 1, status=EventStatus.OPEN, media_bytes=None)
    kept = site.add_events(other, 1)
    site.lock(events[2])
    with session_scope(site.sessions) as session:
        for event in (events[0], kept[0]):
            session.add(Feedback(event_id=event.id, camera_id=event.camera_id, verdict="normal", created_at=ONSET))
        for each in (camera, other):
            session.add(DailyStatistics(camera_id=each.id, day=ONSET.date(), time_zone="UTC", updated_at=ONSET))
    with pytest.raises(Conflict):
        site.cameras.delete_events(BOSS, ACTOR, camera.id)
    site.cameras.remove(BOSS, ACTOR, camera.id)
    batches = [site.cameras.delete_events(BOSS, ACTOR, camera.id, limit=3) for _ in range(2)]
    assert [(len(batch.media), batch.more) for batch in batches] == [(3, True), (1, False)]
    assert {media.event_id for batch in batches for media in batch.media} == {event.id for event in events} - {events[2].id}
    assert batches[0].media[0].clip_path == "clips/x.mp4"
    assert (batches[1].locked, batches[1].unfinished) == (1, 1)
    assert site.event_ids() == {events[2].id, going_on[0].id, kept[0].id}
    with session_scope(site.sessions, read_only=True) as session:
        assert session.scalars(sa.select(Feedback.event_id)).all() == [kept[0].id]
        assert session.scalars(sa.select(DailyStatistics.camera_id)).all() == [other.id]
    noted = [entry.after for entry in site.audit() if entry.action == "camera.delete_events"]
    assert noted == [{"events": 3, "days": 0}, {"events": 1, "days": 1}]


def test_the_events_of_the_site_itself_are_nobodys_to_delete(site):
    with pytest.raises(Conflict):
        site.cameras.delete_events(BOSS, ACTOR, SITE)


def test_a_row_that_cannot_be_read_is_named_apart_and_can_be_removed(site):
    camera = site.add("gate")
    with session_scope(site.sessions) as session:
        session.execute(sa.update(Camera).where(Camera.id == camera.id).values(zones=[{"name": "z"}]))
    viewer = granted(camera, AccessLevel.VIEW)
    assert [row.name for row in site.cameras.visible_to(viewer)[1]] == ["gate"]
    with pytest.raises(Conflict, match="cannot be read"):
        site.cameras.get(viewer, camera.id)
    site.cameras.remove(BOSS, ACTOR, camera.id)
    assert site.cameras.visible_to(BOSS) == ([], [])
