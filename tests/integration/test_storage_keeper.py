"""Retention with real files and both databases; a disk whose free space the test decides, and one that is really full."""

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from tests.support.postgres import engine  # noqa: F401
from tests.support.stored_media import EVENT_BYTES, GB, MediaStore

from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import list_events
from haetae.database.migrate import upgrade
from haetae.domain.event import SITE, STORAGE_FULL, EventKind, EventStatus, Severity
from haetae.media.blobs import StorageLayout
from haetae.pipeline import storage_keeper
from haetae.pipeline.storage_keeper import StorageKeeper
from haetae.pipeline.system_events import SystemEvents
from haetae.settings import RetentionSettings

ROOMY = {"min_free_gb": 0.0, "target_free_gb": 0.0, "stop_free_gb": 0.0}


@pytest.fixture
def store(engine, tmp_path):  # noqa: F811
    return MediaStore(tmp_path / "storage", session_factory(engine))


@pytest.fixture
def batch(monkeypatch):
    monkeypatch.setattr(storage_keeper, "BATCH", 2)
    return 2


def add_days(store, count, **changes):
    """One event a day, oldest first, the newest a day old."""
    return [store.add(timedelta(days=count - number), **changes) for number in range(count)]


def events_gb(count):
    return count * EVENT_BYTES / GB


def room_for(events, *, stop=1, low=5, target=7):
    """Settings in events: stop, delete below, delete until so many would still fit."""
    return {"stop_free_gb": events_gb(stop), "min_free_gb": events_gb(low), "target_free_gb": events_gb(target)}


def test_what_is_older_than_the_setting_goes_with_its_files_and_folders(store):
    old, locked, young = store.add(timedelta(days=31)), store.add(timedelta(days=32), locked=True), store.add(timedelta(days=29))
    store.run(store.keeper(days=30), 1)
    assert store.kept(old, locked, young) == [False, True, True]
    assert not (store.root / "clips" / f"{old.timestamp:%Y/%m/%d}").exists()
    assert store.heard.events == []


def test_a_full_quota_is_emptied_to_the_low_water_mark_oldest_first_and_not_again_before_it_is_full(store, batch):
    events = add_days(store, 10)
    keeper = store.keeper(max_gb=events_gb(10), low_water=0.72, **ROOMY)
    store.run(keeper)
    assert store.kept(*events) == [False] * 3 + [True] * 7
    more = [store.add(timedelta(hours=3 - number)) for number in range(2)]
    store.run(keeper)
    assert store.kept(*events[3:], *more) == [True] * 9
    more.append(store.add(timedelta(minutes=5)))
    store.run(keeper)
    assert store.kept(*events[3:], *more) == [False] * 3 + [True] * 7
    assert keeper.status().media_bytes == 7 * EVENT_BYTES


def test_low_free_space_deletes_until_the_target_and_not_again_before_it_is_low(store, batch):
    events = add_days(store, 10)
    store.disk.free = 14 * EVENT_BYTES  # four free
    keeper = store.keeper(**room_for(events))
    store.run(keeper)
    assert store.kept(*events) == [False] * 3 + [True] * 7
    store.disk.free -= 2 * EVENT_BYTES  # five free
    store.run(keeper)
    assert store.kept(*events[3:]) == [True] * 7
    store.disk.free -= EVENT_BYTES
    store.run(keeper)
    assert store.kept(*events[3:]) == [False] * 3 + [True] * 4
    assert keeper.status().recording


def test_evidence_and_what_is_being_recorded_survive_every_pressure(store):
    locked = store.add(timedelta(days=50), locked=True)
    opened = store.make(timedelta(days=40), status=EventStatus.OPEN, media_bytes=None)
    closing = store.make(timedelta(minutes=2), media_bytes=None)
    for event in (opened, closing):
        store.write_files(event, timedelta(minutes=1))
        store.store(event)
    free = store.add(timedelta(days=1))
    store.disk.free = 3 * EVENT_BYTES
    store.run(store.keeper(days=0.1, max_gb=events_gb(0.5), **room_for(3)), 8)
    assert store.kept(locked, free) == [True, False]
    assert [store.row(event).clip_path for event in (opened, closing)] == [opened.clip_path, closing.clip_path]
    assert store.files() == 12


def test_all_that_was_made_of_an_event_goes_with_it(store):
    event, locked = store.add(timedelta(days=40)), store.add(timedelta(days=40), locked=True)
    others = {each.id: store.layout.unnamed(each.camera_id, each.id, each.timestamp) for each in (event, locked)}
    for name in (*others[event.id], *others[locked.id]):
        store.write(name, 10)
    store.run(store.keeper(days=30))
    assert not any((store.root / name).exists() for name in others[event.id])
    assert all((store.root / name).exists() for name in others[locked.id])


def test_a_check_deletes_one_batch_and_the_next_goes_on_without_waiting(store, batch):
    for _ in range(2 * batch + 1):
        store.add(timedelta(days=40), files=False)
    last = store.add(timedelta(days=39))
    keeper = store.keeper(days=30, check_s=60.0)
    left = []
    for _ in range(4):
        keeper.check()
        with session_scope(store.sessions, read_only=True) as session:
            left.append(storage_keeper.media_usage(session).total_bytes // EVENT_BYTES)
    assert left == [batch + 2, 2, 0, 0]
    assert store.kept(last) == [False]


def test_recording_stops_loudly_when_nothing_can_be_deleted_and_resumes_with_a_margin(store):
    keeper = store.keeper(stop_free_gb=1.0)
    store.run(keeper, 1)
    assert (keeper.why_not_recording(), keeper.status().recording) == ("", True)
    store.disk.free = GB - 1
    with structlog.testing.capture_logs() as logs:
        store.run(keeper, 3)
    assert [line["log_level"] for line in logs if line["event"] == "recording_stopped"] == ["critical"]
    cause = keeper.why_not_recording()
    assert cause == "the disk is full: 1 GB are free, 1.2 GB are needed, and no clip is left to delete"
    assert (keeper.status().recording, keeper.status().cause) == (False, cause)
    store.disk.free = int(1.1 * GB)
    store.run(keeper, 3)
    assert keeper.why_not_recording()
    store.disk.free = int(1.2 * GB)
    store.run(keeper, 1)
    assert (keeper.why_not_recording(), keeper.status().recording) == ("", True)
    store.disk.free = int(1.1 * GB)
    store.run(keeper, 3)
    assert keeper.why_not_recording() == ""
    opened, closed = store.heard.events
    assert (opened.camera_id, opened.kind, opened.subtype, opened.severity) == (SITE, EventKind.SYSTEM, STORAGE_FULL, Severity.CRITICAL)
    assert (opened.status, closed.id, closed.status) == (EventStatus.OPEN, opened.id, EventStatus.CLOSED)
    assert opened.detail == cause.replace("1.2 GB", "1 GB")


def test_a_disk_full_of_evidence_says_so(store):
    store.add(timedelta(days=3), locked=True)
    store.disk.free = EVENT_BYTES
    keeper = store.keeper()
    store.run(keeper)
    assert keeper.why_not_recording().endswith("all locked as evidence")
    assert keeper.status().locked_bytes == EVENT_BYTES


def test_a_quota_full_of_evidence_stops_recording_rather_than_lose_each_new_clip(store):
    locked = [store.add(timedelta(days=3), locked=True) for _ in range(3)]
    keeper = store.keeper(max_gb=events_gb(3), low_water=0.9, **ROOMY)
    store.run(keeper)
    assert "retention.max_gb" in keeper.why_not_recording()
    store.change(locked[0].id, locked=False)
    store.run(keeper)
    assert keeper.why_not_recording() == ""
    assert store.kept(*locked) == [False, True, True]


def test_the_alarm_ends_with_the_process(store):
    store.disk.free = 0
    keeper = store.keeper()
    store.run(keeper, 1)
    keeper.close()
    assert [event.status for event in store.heard.events] == [EventStatus.OPEN, EventStatus.CLOSED]


def test_a_disk_that_is_gone_stops_recording_and_costs_no_reference(store):
    event = store.add(timedelta(days=40))
    keeper = StorageKeeper(
        StorageLayout(store.root / "away"), store.sessions, RetentionSettings(check_s=1.0), store.clock, store.system_events
    )
    store.run(keeper)
    assert "cannot be used: No such file or directory" in keeper.why_not_recording()
    assert store.kept(event) == [True]


def test_an_unmounted_disk_costs_at_most_one_batch_of_references(store, batch):
    events = [store.add(timedelta(days=9), files=False) for _ in range(batch + 5)]
    store.disk.free = 0
    with structlog.testing.capture_logs() as logs:
        store.run(store.keeper(**ROOMY | {"stop_free_gb": 1.0}), 10)
    assert sum(store.row(event).clip_path is not None for event in events) == 5
    assert [line["event"] for line in logs].count("no_file_was_there") == 1


def test_a_file_that_cannot_be_deleted_halts_deletion_until_it_can(store):
    stuck, next_one = store.add(timedelta(days=41)), None
    clip = store.root / str(stuck.clip_path)
    clip.unlink()
    clip.mkdir()
    keeper = store.keeper(days=30)
    with structlog.testing.capture_logs() as logs:
        store.run(keeper, 1)
        next_one = store.add(timedelta(days=40))
        store.run(keeper)
    assert [line["event"] for line in logs].count("deletion_halted") == 1
    assert store.kept(next_one) == [True]
    clip.rmdir()
    store.run(keeper)
    assert store.kept(next_one) == [False]


def test_a_database_that_is_away_stops_deletion_and_nothing_else(store, monkeypatch):
    event = store.add(timedelta(days=40))
    keeper = store.keeper(stop_free_gb=1.0)

    def away(*arguments, **options):
        raise ConnectionError("database away")

    monkeypatch.setattr(storage_keeper, "session_scope", away)
    with structlog.testing.capture_logs() as logs:
        store.run(keeper)
        store.disk.free = 0
        store.run(keeper)
    assert keeper.why_not_recording().startswith("the disk is full")
    assert len([line for line in logs if line["log_level"] == "error" and line.get("what") == "measuring"]) == 1
    assert store.kept(event) == [True]
    monkeypatch.undo()
    store.disk.free = 500 * GB
    store.run(keeper)
    assert store.kept(event) == [False]
    assert keeper.why_not_recording() == ""


def test_clips_that_will_vanish_early_are_announced_once_a_day(store):
    add_days(store, 10)
    keeper = store.keeper(days=30, max_gb=events_gb(15), **ROOMY)
    with structlog.testing.capture_logs() as logs:
        store.run(keeper, 10)
        warned = [line for line in logs if line["event"] == "clips_will_vanish_early"]
        assert [(line["log_level"], line["in_days"]) for line in warned] == [("warning", 5.0)]
        assert keeper.status().days_left == pytest.approx(5.0)
        store.clock.advance(3600.0)
        store.run(keeper, 3)
        assert len([line for line in logs if line["event"] == "clips_will_vanish_early"]) == 1
        store.clock.advance(86400.0)
        store.run(keeper, 3)
        assert len([line for line in logs if line["event"] == "clips_will_vanish_early"]) == 2


def test_clips_that_do_vanish_early_leave_no_days(store):
    add_days(store, 10)
    keeper = store.keeper(days=30, max_gb=events_gb(10), **ROOMY)
    store.run(keeper)
    assert keeper.status().days_left == 0.0


def test_of_a_store_that_lasts_nothing_is_predicted(store):
    add_days(store, 10)
    keeper = store.keeper(days=30)
    with structlog.testing.capture_logs() as logs:
        store.run(keeper)
    assert keeper.status().days_left is None
    assert "clips_will_vanish_early" not in [line["event"] for line in logs]


def test_a_disk_that_is_small_for_the_settings_says_so_once_and_is_used(store):
    store.disk.total = 8 * GB
    store.disk.free = 2 * GB
    keeper = store.keeper()
    with structlog.testing.capture_logs() as logs:
        store.run(keeper)
    assert [line["event"] for line in logs].count("disk_smaller_than_settings") == 1
    assert keeper.why_not_recording() == ""


KILLED = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from tests.support.stored_media import MediaStore
from haetae.database.engine import make_engine, session_factory
from haetae.pipeline import storage_keeper

storage_keeper.delete_files = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
store = MediaStore(Path(sys.argv[1]), session_factory(make_engine(sys.argv[2])))
store.keeper(days=30).check()
"""


def test_a_kill_between_database_and_disk_leaves_only_files_that_the_sweep_removes(store, engine):  # noqa: F811
    dead, alive = store.add(timedelta(days=31)), store.add(timedelta(days=3))
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, str(store.root), url]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert (store.row(dead).clip_path, store.row(dead).media_bytes, store.files()) == (None, 0, 8)
    report = store.keeper(days=30).sweep_orphans()
    assert (report.leftovers, report.strangers, report.missing, store.files()) == (4, 0, 0, 4)
    assert store.kept(dead, alive) == [False, True]


def fill(folder: Path, leave: int) -> Path:
    """A file that takes all room of a disk but `leave` bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        file.write(b"\0" * max(0, shutil.disk_usage(folder).free - leave))
    return ballast


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mount.stderr.strip()} (the other tests take a double)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def site(small_disk):
    """Database, journal and clips on one small disk, as on a box with one disk."""
    engine = make_engine(f"sqlite:///{small_disk / 'haetae.db'}")  # noqa: F811
    upgrade(engine)
    store = MediaStore(small_disk, session_factory(engine))
    with AsyncEventLogger(small_disk / "log", store.sessions) as log:
        store.system_events = SystemEvents(log, store.clock)
        store.disk = shutil.disk_usage
        yield store, log
    engine.dispose()


def big_clip(store, age, *, locked=False):
    event = store.add(age, media_bytes=2_000_000 + 2 * EVENT_BYTES, locked=locked)
    path = store.root / str(event.clip_path)
    path.write_bytes(b"x" * 2_000_000)
    store.touch(path, age)
    return event


def test_on_a_disk_that_is_really_full_recording_stops_events_are_stored_and_deleting_resumes(site, small_disk):
    store, log = site
    locked = big_clip(store, timedelta(days=9), locked=True)
    keeper = store.keeper(stop_free_gb=0.0003, min_free_gb=0.0003, target_free_gb=0.0004)
    ballast = fill(small_disk, leave=250_000)
    store.run(keeper)
    assert keeper.why_not_recording().endswith("all locked as evidence")
    log.log_event(anomaly := store.make(timedelta(0), clip_path=None, media_bytes=0))
    assert log.flush(30)
    with session_scope(store.sessions, read_only=True) as session:
        stored = {event.id: event for event in list_events(session)}
    assert anomaly.id in stored
    assert [event.status for event in stored.values() if event.subtype == STORAGE_FULL] == [EventStatus.OPEN]

    store.change(locked.id, locked=False)
    store.run(keeper)
    assert keeper.why_not_recording() == ""
    assert not (small_disk / str(locked.clip_path)).exists()
    assert log.flush(30)
    with session_scope(store.sessions, read_only=True) as session:
        assert [event.status for event in list_events(session) if event.subtype == STORAGE_FULL] == [EventStatus.CLOSED]
    ballast.unlink()


def test_a_database_without_room_for_a_write_gets_it_from_contact_sheets(site, small_disk):
    store, _ = site
    old = [big_clip(store, timedelta(days=9 - number)) for number in range(2)]
    sheets = [store.layout.contact_sheet(event.camera_id, event.id, event.timestamp) for event in old]
    for sheet in sheets:
        store.write(sheet, 100_000)
    keeper = store.keeper(stop_free_gb=0.0003, min_free_gb=0.0003, target_free_gb=0.0004)
    with store.sessions.kw["bind"].connect() as connection:
        # What SQLite has written ahead is room that it could use again.
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    fill(small_disk, leave=0)
    keeper.check()
    assert keeper.why_not_recording().startswith("the disk is full")
    assert [store.row(event).clip_path for event in old] == [event.clip_path for event in old]
    assert not any((small_disk / sheet).exists() for sheet in sheets)
    store.clock.advance(1.0)
    store.run(keeper, 4)
    assert store.row(old[0]).clip_path is None
    assert not (small_disk / str(old[0].clip_path)).exists()
    assert keeper.why_not_recording() == ""
