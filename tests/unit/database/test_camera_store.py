import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.events import ONSET, make_event
from tests.support.postgres import Wire, empty_url, engine, postgres_database  # noqa: F401

from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions, make_engine, session_factory, session_scope
from haetae.database.event_repository import list_events, upsert_events
from haetae.database.models import Camera, CameraAccess, DailyStatistics, User
from haetae.database.opening import writing
from haetae.domain.camera import CameraConfig
from haetae.domain.notation import parse_schedule, parse_zone
from haetae.domain.viewer import AccessLevel
from haetae.errors import CameraLimit, ConfigError, Conflict, DatabaseUnavailable, UnknownCamera, VersionConflict
from haetae.ids import new_id
from haetae.testing.clock import FakeClock


def a_camera(name: str = "gate", **changes: object) -> CameraConfig:
    return replace(CameraConfig(new_id(), name, "rtsp://10.0.0.5/main"), **changes)


@pytest.fixture
def sessions(engine: sa.Engine) -> Sessions:  # noqa: F811
    return session_factory(engine)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(ONSET)


@pytest.fixture
def store(sessions: Sessions, clock: FakeClock) -> CameraStore:
    return CameraStore(sessions, clock, max_cameras=3)


def spoil(sessions: Sessions, config: CameraConfig, column: str, value: str) -> None:
    """Write what no Haetae writes, past all types."""
    cast = "CAST(:value AS jsonb)" if sessions.kw["bind"].dialect.name == "postgresql" else ":value"
    with session_scope(sessions) as session:
        session.execute(sa.text(f"UPDATE cameras SET {column} = {cast} WHERE name = :name"), {"value": value, "name": config.name})  # noqa: S608


def at_once(*tasks: Callable[[], object]) -> list[BaseException | None]:
    """Run all tasks in threads of their own; what each raised."""
    found: list[BaseException | None] = [None] * len(tasks)
    barrier = threading.Barrier(len(tasks))

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            tasks[number]()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return found


def test_a_camera_comes_back_as_it_was_added(store: CameraStore) -> None:
    config = a_camera(
        analysed_fps=7.5,
        learning_s=60.0,
        vad_settings=(("path", "/m.onnx"), ("pixels", 21600)),
        zones=(parse_zone("exclude:나무:0.1,0.1 0.4,0.1 0.4,0.5"),),
        schedule=parse_schedule("mon-fri 18:00-08:00; sat,sun 00:00-24:00", time_zone="Asia/Seoul"),
        offline_alert_s=5.0,
        pre_roll_s=1.0,
        post_roll_s=2.0,
    )
    added = store.add(config)
    assert (added.config, added.version, added.created_at, added.updated_at) == (config, 1, ONSET, ONSET)
    assert store.get("gate") == store.get(str(config.id)) == store.get(config.id) == added
    assert store.list() == [added]
    assert store.read_all() == ([added], [])


def test_cameras_are_listed_by_name(store: CameraStore) -> None:
    for name in ("plaza", "gate"):
        store.add(a_camera(name))
    assert [stored.config.name for stored in store.list()] == ["gate", "plaza"]


def test_an_unknown_camera_is_answered_with_those_of_a_similar_name(store: CameraStore) -> None:
    store.add(a_camera("front gate"))
    with pytest.raises(UnknownCamera, match="'front gate'"):
        store.get("frnt gate")
    for absent in (lambda: store.get(new_id()), lambda: store.remove(new_id()), lambda: store.set_enabled(new_id(), False)):
        with pytest.raises(UnknownCamera, match="camera list"):
            absent()
    with pytest.raises(UnknownCamera):
        store.change(new_id(), lambda config: config)


def test_a_name_that_several_have_is_answered_with_their_ids(store: CameraStore, sessions: Sessions) -> None:
    with session_scope(sessions) as session:
        ids = [new_id(), new_id()]
        session.add_all(Camera(id=id_, name="twin", source="sim://x", created_at=ONSET, updated_at=ONSET) for id_ in ids)
    with pytest.raises(ConfigError) as caught:
        store.get("twin")
    assert all(str(id_) in caught.value.hint for id_ in ids)
    assert store.get(ids[1]).config.id == ids[1]


def test_a_taken_name_is_refused_whether_new_or_changed(store: CameraStore) -> None:
    store.add(a_camera("gate"))
    plaza = store.add(a_camera("plaza"))
    with pytest.raises(Conflict, match="'gate' already"):
        store.add(a_camera(" gate "))
    with pytest.raises(Conflict, match="'gate' already"):
        store.change(plaza.config.id, lambda config: replace(config, name="gate"))
    with pytest.raises(ConfigError, match="id"):
        store.add(replace(plaza.config, name="other"))
    assert [stored.config.name for stored in store.list()] == ["gate", "plaza"]


def test_what_makes_no_sense_is_not_stored(store: CameraStore) -> None:
    with pytest.raises(ConfigError, match="analysed_fps"):
        store.add(a_camera(analysed_fps=100.0))
    gate = store.add(a_camera())
    with pytest.raises(ConfigError, match="pre_roll_s"):
        store.change(gate.config.id, lambda config: replace(config, pre_roll_s=90.0))
    assert store.list() == [gate]


def test_only_enabled_cameras_count_against_the_limit(store: CameraStore) -> None:
    for name in ("a", "b", "c"):
        store.add(a_camera(name))
    with pytest.raises(CameraLimit, match="site.max_cameras"):
        store.add(a_camera("d"))
    spare = store.add(a_camera("d", enabled=False)).config
    with pytest.raises(CameraLimit):
        store.set_enabled(spare.id, True)
    with pytest.raises(CameraLimit):
        store.change(spare.id, lambda config: replace(config, enabled=True))
    assert not store.get("d").config.enabled
    assert store.get("d").version == 1
    assert store.set_enabled(store.get("a").config.id, False)
    assert store.set_enabled(spare.id, True)


def test_a_limit_that_was_lowered_takes_no_right_to_be_changed(store: CameraStore, sessions: Sessions, clock: FakeClock) -> None:
    cameras = [store.add(a_camera(name)).config for name in ("a", "b", "c")]
    small = CameraStore(sessions, clock, max_cameras=1)
    assert small.change(cameras[0].id, lambda config: replace(config, name="first")).config.name == "first"
    assert not small.set_enabled(cameras[1].id, True)
    assert small.set_enabled(cameras[1].id, False)


def test_starting_and_stopping_twice_changes_nothing_more(store: CameraStore, clock: FakeClock) -> None:
    camera_id = store.add(a_camera()).config.id
    clock.advance(60)
    assert [store.set_enabled(camera_id, False), store.set_enabled(camera_id, False)] == [True, False]
    stopped = store.get(camera_id)
    assert (stopped.config.enabled, stopped.version, stopped.updated_at) == (False, 2, clock.now())
    assert [store.set_enabled(camera_id, True), store.set_enabled(camera_id, True)] == [True, False]
    assert (store.get(camera_id).config.enabled, store.get(camera_id).version) == (True, 3)


def test_a_change_that_changes_nothing_leaves_the_version(store: CameraStore, clock: FakeClock) -> None:
    added = store.add(a_camera())
    clock.advance(60)
    assert store.change(added.config.id, lambda config: replace(config, analysed_fps=None)) == added
    changed = store.change(added.config.id, lambda config: replace(config, analysed_fps=5.0))
    assert (changed.version, changed.updated_at, changed.created_at) == (2, clock.now(), ONSET)
    assert store.get("gate") == changed


def test_a_change_of_something_that_somebody_else_has_changed_is_refused(store: CameraStore) -> None:
    seen = store.add(a_camera())
    store.change(seen.config.id, lambda config: replace(config, analysed_fps=5.0), expected_version=seen.version)
    with pytest.raises(VersionConflict, match="changed by somebody else.*try again"):
        store.change(seen.config.id, lambda config: replace(config, analysed_fps=9.0), expected_version=seen.version)
    assert store.get(seen.config.id).config.analysed_fps == 5.0


def test_changes_at_the_same_time_all_take_effect(store: CameraStore) -> None:
    camera_id = store.add(a_camera(offline_alert_s=1.0)).config.id

    def add_one() -> None:
        for _ in range(5):
            store.change(camera_id, lambda config: replace(config, offline_alert_s=config.offline_alert_s + 1.0))

    assert at_once(add_one, add_one, add_one, add_one) == [None] * 4
    assert store.get(camera_id).config.offline_alert_s == 21.0
    assert store.get(camera_id).version == 21


def test_one_of_those_who_saw_the_same_version_wins(store: CameraStore) -> None:
    seen = store.add(a_camera())

    def rename(name: str) -> Callable[[], object]:
        return lambda: store.change(seen.config.id, lambda config: replace(config, name=name), expected_version=1)

    failures = [error for error in at_once(*(rename(f"n{number}") for number in range(4))) if error is not None]
    assert len(failures) == 3
    assert all(isinstance(error, VersionConflict) and "somebody else" in str(error) for error in failures)
    assert store.get(seen.config.id).version == 2


def test_cameras_added_at_the_same_time_keep_to_names_and_limit(store: CameraStore) -> None:
    same = at_once(*(lambda: store.add(a_camera("gate")) for _ in range(4)))
    assert sum(isinstance(error, Conflict) for error in same) == 3
    names = iter("abcdef")
    other = at_once(*(lambda name=name: store.add(a_camera(name)) for name in names))
    assert sum(isinstance(error, CameraLimit) for error in other) == 4
    assert len(store.list()) == 3


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("zones", '[{"name": "x", "kind": "hole", "polygon": []}]', "kind"),
        ("zones", '[{"name": "x", "kind": "exclude", "polygon": [[0, 0], [1, 1]]}]', "2 corners"),
        ("schedule", '{"time_zone": "Mars/Olympus", "spans": []}', "Mars/Olympus"),
        ("vad_settings", "[1, 2]", "items"),
        ("schedule", '"always"', ""),
    ],
)
def test_a_row_that_cannot_be_read_hides_no_other_and_can_be_removed(
    store: CameraStore, sessions: Sessions, column: str, value: str, word: str
) -> None:
    good, bad = store.add(a_camera("gate")), store.add(a_camera("plaza"))
    spoil(sessions, bad.config, column, value)
    cameras, (broken,) = store.read_all()
    assert cameras == store.list() == [good]
    assert (broken.id, broken.name) == (bad.config.id, "plaza")
    assert word in broken.error
    assert "\n" not in broken.error
    with pytest.raises(ConfigError, match=f"camera remove {bad.config.id}"):
        store.get("plaza")
    assert store.set_enabled(store.find_id("plaza"), False)
    store.remove(store.find_id("plaza"))
    assert store.read_all() == ([good], [])


def test_json_that_is_none_spoils_only_its_own_row(tmp_path: Path, clock: FakeClock) -> None:
    with writing(f"sqlite:///{tmp_path / 'haetae.db'}") as sessions:  # PostgreSQL takes no such value
        store = CameraStore(sessions, clock, max_cameras=3)
        good, bad = store.add(a_camera("gate")), store.add(a_camera("plaza"))
        spoil(sessions, bad.config, "zones", "[{")
        cameras, (broken,) = store.read_all()
        assert cameras == [good]
        assert (broken.id, broken.name) == (bad.config.id, "plaza")
        assert "JSONDecodeError" in broken.error


def test_evidence_outlives_its_camera_and_grants_do_not(store: CameraStore, sessions: Sessions) -> None:
    gate, plaza = store.add(a_camera("gate")).config, store.add(a_camera("plaza")).config
    event = make_event(camera_id=gate.id, clip_path="clips/a.mp4")
    user = User(username="kim", password_hash="x", created_at=ONSET, updated_at=ONSET)
    with session_scope(sessions) as session:
        upsert_events(session, [event], stored_at=ONSET)
        session.add(user)
        session.flush()
        session.add(DailyStatistics(camera_id=gate.id, day=date(2026, 3, 1), time_zone="UTC", updated_at=ONSET))
        for camera in (gate, plaza):
            session.add(CameraAccess(user_id=user.id, camera_id=camera.id, level=AccessLevel.VIEW, created_at=ONSET))
    store.remove(gate.id)
    with session_scope(sessions, read_only=True) as session:
        assert list_events(session, camera_id=gate.id) == [event]
        assert [row.camera_id for row in session.scalars(sa.select(DailyStatistics))] == [gate.id]
        assert [row.camera_id for row in session.scalars(sa.select(CameraAccess))] == [plaza.id]
    assert [stored.config.name for stored in store.list()] == ["plaza"]
    with pytest.raises(UnknownCamera):
        store.remove(gate.id)


def test_reading_all_cameras_is_one_query_that_writes_nothing(store: CameraStore, sessions: Sessions) -> None:
    for name in ("a", "b", "c"):
        store.add(a_camera(name))
    statements: list[str] = []
    bound: sa.Engine = sessions.kw["bind"]
    sa.event.listen(bound, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement))
    with session_scope(sessions) as writer:
        # Not even a writer in the middle of its work is waited for.
        writer.execute(sa.update(Camera).values(source="sim://y"))
        statements.clear()
        cameras, _ = store.read_all()
    assert {stored.config.source for stored in cameras} == {"rtsp://10.0.0.5/main"}
    assert [statement.split()[0] for statement in statements if not statement.startswith(("PRAGMA", "BEGIN"))] == ["SELECT"]


def test_a_database_that_is_away_is_said_to_be_away(clock: FakeClock) -> None:
    with postgres_database() as url:
        wire = Wire(url)
        with writing(wire.url) as sessions:
            store = CameraStore(sessions, clock, max_cameras=3)
            gate = store.add(a_camera())
            wire.cut()
            for call in (store.read_all, store.list, lambda: store.get("gate"), lambda: store.set_enabled(gate.config.id, False)):
                with pytest.raises(DatabaseUnavailable):
                    call()
            wire.mend()
            assert store.list() == [gate]
        wire.cut()


def test_a_database_without_tables_is_said_to_be_unusable(empty_url: str, clock: FakeClock) -> None:  # noqa: F811
    bare = make_engine(empty_url)
    store = CameraStore(session_factory(bare), clock, max_cameras=3)
    for call in (store.read_all, lambda: store.add(a_camera())):
        with pytest.raises(DatabaseUnavailable, match="cameras"):
            call()
    bare.dispose()
