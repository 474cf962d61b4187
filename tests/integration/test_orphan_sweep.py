"""What crashes leave behind in the storage folder and in the database, on both databases with real files."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from tests.support.events import CAMERA
from tests.support.postgres import engine  # noqa: F401
from tests.support.stored_media import CLIP_BYTES, EVENT_BYTES, THUMBNAIL_BYTES, MediaStore

from haetae.database.engine import session_factory
from haetae.domain.event import EventStatus
from haetae.ids import new_id
from haetae.media.blobs import DurableFile
from haetae.pipeline import orphan_sweep
from haetae.pipeline.orphan_sweep import NO_CLIP


@pytest.fixture
def store(engine, tmp_path):  # noqa: F811
    return MediaStore(tmp_path / "storage", session_factory(engine))


def stranger(store, age=timedelta(days=3)):
    """A clip whose event the database does not know."""
    return store.write(store.layout.clip(CAMERA, new_id(), store.clock.now() - age), CLIP_BYTES, age=age)


def sweep(store):
    with structlog.testing.capture_logs() as logs:
        report = store.keeper().sweep_orphans()
    return report, {line["event"] for line in logs}


def test_a_store_in_order_is_left_as_it_is(store):
    events = [store.add(timedelta(days=number), locked=number == 3) for number in range(1, 5)]
    report, logged = sweep(store)
    assert (report.files, report.file_bytes, report.leftovers, report.strangers, report.missing) == (16, 4 * EVENT_BYTES, 0, 0, 0)
    assert store.kept(*events) == [True] * 4
    assert logged == {"storage_swept"}


def test_files_of_released_events_go_once_they_are_an_hour_old_but_never_evidence(store):
    old, young, locked = store.add(timedelta(days=3)), store.add(timedelta(minutes=50)), store.add(timedelta(days=3), locked=True)
    gone = {"clip_path": None, "thumbnail_path": None, "media_bytes": 0, "media_deleted_at": store.clock.now()}
    for event in (old, young, locked):
        store.change(event.id, **gone)
    assert sweep(store)[0].leftovers == 4
    assert store.kept(old) == [False]
    assert store.files() == 8
    store.clock.advance(1200)
    assert sweep(store)[0].leftovers == 4
    assert store.files() == 4


def test_a_file_that_its_final_event_does_not_name_goes(store):
    event = store.add(timedelta(days=3))
    store.change(event.id, clip_path=None)
    assert sweep(store)[0].leftovers == 1
    assert store.files() == 3


def test_files_of_events_that_are_being_recorded_stay(store):
    opened = store.add(timedelta(days=3), status=EventStatus.OPEN, ended_at=None, media_bytes=None, clip_path=None, thumbnail_path=None)
    report, _ = sweep(store)
    assert (report.leftovers, report.settled, store.files()) == (0, 0, 4)
    assert store.row(opened).media_bytes is None


def test_temporary_files_and_files_of_others_stay(store):
    notes = store.write("clips/notes.txt", 10)
    clip = store.layout.path(store.layout.clip(CAMERA, new_id(), store.clock.now()))
    with DurableFile(clip) as writing:
        store.touch(writing.temp, timedelta(days=9))
        sweep(store)
        assert writing.temp.exists()
    assert notes.exists()


def test_a_few_files_of_unknown_events_go_after_a_day(store):
    for number in range(1, 5):
        store.add(timedelta(days=number))
    old, young = stranger(store), stranger(store, timedelta(hours=23))
    report, logged = sweep(store)
    assert (report.strangers, report.strangers_deleted) == (1, 1)
    assert (old.exists(), young.exists()) == (False, True)
    assert "deleting_files_of_unknown_events" in logged


def test_many_files_of_unknown_events_mean_a_wrong_database_and_nothing_goes(store):
    for number in range(1, 5):
        store.add(timedelta(days=number))
    strangers = [stranger(store) for _ in range(2)]
    report, logged = sweep(store)
    assert (report.strangers, report.strangers_deleted) == (2, 0)
    assert all(path.exists() for path in strangers)
    assert "files_of_unknown_events" in logged


def test_events_without_their_clip_are_counted_aloud_and_kept(store):
    events = [store.add(timedelta(days=number)) for number in range(1, 5)]
    for event in events[:2]:
        (store.root / str(event.clip_path)).unlink()
    report, logged = sweep(store)
    assert (report.missing, set(report.missing_examples)) == (2, {event.clip_path for event in events[:2]})
    assert "clips_missing" in logged
    assert store.row(events[0]).clip_path == events[0].clip_path


def test_sizes_that_disagree_are_said(store, monkeypatch):
    monkeypatch.setattr(orphan_sweep, "_TOLERANCE_BYTES", 100)
    event = store.add(timedelta(days=2))
    assert "media_sizes_differ" not in sweep(store)[1]
    store.change(event.id, media_bytes=EVENT_BYTES * 2)
    assert "media_sizes_differ" in sweep(store)[1]


def killed(store, age, **changes):
    """An event whose recording ended by force, as the database has it at the next start."""
    values = {"status": EventStatus.INTERRUPTED, "ended_at": None, "media_bytes": None, "clip_path": None, "thumbnail_path": None}
    return store.add(age, **values | changes)


def test_at_the_start_events_of_a_killed_process_get_what_there_is_of_them(store):
    whole = killed(store, timedelta(minutes=1))
    pictured = killed(store, timedelta(minutes=2))
    for name in (store.layout.clip, store.layout.contact_sheet, store.layout.score_curve):
        (store.root / name(CAMERA, pictured.id, pictured.timestamp)).unlink()
    bare = killed(store, timedelta(minutes=3), files=False, status=EventStatus.CLOSED, faults=("no clip: the disk is full",))
    done = store.add(timedelta(minutes=4))

    assert store.keeper().recover() == 3
    assert store.kept(whole, done) == [True, True]
    assert store.row(whole).clip_path == store.layout.clip(CAMERA, whole.id, whole.timestamp)
    row = store.row(pictured)
    assert (row.clip_path, row.media_bytes, row.faults) == (None, THUMBNAIL_BYTES, [NO_CLIP])
    assert row.thumbnail_path == store.layout.thumbnail(CAMERA, pictured.id, pictured.timestamp)
    assert (store.row(bare).media_bytes, store.row(bare).faults) == (0, ["no clip: the disk is full"])
    assert store.keeper().recover() == 0
    store.store(replace(whole, revision=whole.revision + 1, media_bytes=5))
    assert store.row(whole).media_bytes == 5


def test_at_the_start_nothing_waits_for_a_database_that_is_away(store, monkeypatch):
    killed(store, timedelta(minutes=1))
    monkeypatch.setattr(orphan_sweep, "session_scope", lambda *arguments, **options: 1 / 0)
    assert store.keeper().recover() == 0


def test_the_sweep_settles_what_nobody_finished_within_an_hour(store):
    forgotten, running = killed(store, timedelta(hours=2)), killed(store, timedelta(minutes=30), status=EventStatus.CLOSED)
    assert sweep(store)[0].settled == 1
    assert store.kept(forgotten) == [True]
    assert store.row(running).media_bytes is None


def test_checks_sweep_in_small_steps_once_a_day(store, monkeypatch):
    monkeypatch.setattr(orphan_sweep, "STEP", 4)
    for number in range(1, 5):
        store.add(timedelta(days=number))
    orphan = store.add(timedelta(days=9))
    store.change(orphan.id, clip_path=None, thumbnail_path=None, media_bytes=0, media_deleted_at=store.clock.now())
    looked = []
    watched = orphan_sweep.known_media
    monkeypatch.setattr(orphan_sweep, "known_media", lambda session, ids: looked.append(len(ids)) or watched(session, ids))
    keeper = store.keeper()
    with structlog.testing.capture_logs() as logs:
        store.run(keeper, 1)
        store.run(keeper, 12)
        assert max(looked) <= 4
        assert [line["event"] for line in logs].count("storage_swept") == 1
        assert store.files() == 16
        store.run(keeper, 5)
        assert len(looked) == 5
        store.clock.advance(86400)
        store.run(keeper, 12)
    assert [line["event"] for line in logs].count("storage_swept") == 2


def test_a_sweep_that_fails_is_given_up_and_begun_again_later(store, monkeypatch):
    store.add(timedelta(days=2))
    keeper = store.keeper()
    monkeypatch.setattr(orphan_sweep, "known_media", lambda session, ids: 1 / 0)
    with structlog.testing.capture_logs() as logs:
        store.run(keeper, 10)
        monkeypatch.undo()
        store.run(keeper, 10)
        assert [line["event"] for line in logs].count("storage_swept") == 0
        store.clock.advance(3600)
        store.run(keeper, 10)
    assert [line["event"] for line in logs].count("storage_swept") == 1
    assert keeper.why_not_recording() == ""
