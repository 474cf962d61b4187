"""What may be released, and that what was released stays so."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.postgres import engine  # noqa: F401
from tests.support.stored_media import EVENT_BYTES, NOW, MediaStore
from tests.support.waiting import wait_until

from haetae.database.engine import session_factory, session_scope
from haetae.database.models import Event
from haetae.database.retention import (
    MediaUsage,
    daily_media,
    known_media,
    list_clips,
    media_usage,
    oldest_media,
    release_media,
    settle_media,
    unsettled_media,
)
from haetae.domain.event import EventKind, EventStatus
from haetae.ids import new_id


@pytest.fixture
def store(engine, tmp_path):  # noqa: F811
    return MediaStore(tmp_path / "storage", session_factory(engine))


def read(store, query, **arguments):
    with session_scope(store.sessions, read_only=True) as session:
        return query(session, **arguments)


def release(store, **arguments):
    with session_scope(store.sessions) as session:
        return [media.event_id for media in release_media(session, now=NOW, **({"limit": 100} | arguments))]


def waits_for_a_lock(engine):  # noqa: F811
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar()


def add(store, days, **changes):
    return store.add(timedelta(days=days), files=False, **changes)


def test_usage_counts_media_and_names_the_oldest_that_may_go(store):
    assert read(store, media_usage) == MediaUsage()
    add(store, 9, locked=True)
    oldest = add(store, 5)
    add(store, 3, media_bytes=None)
    add(store, 2, media_bytes=7)
    add(store, 40, media_bytes=0, kind=EventKind.SYSTEM)
    assert read(store, media_usage) == MediaUsage(2 * EVENT_BYTES + 7, EVENT_BYTES, oldest.timestamp)


def test_days_are_utc_days(store):
    add(store, 2.49)  # 00:14 of the 13th
    add(store, 2.51)  # 23:45 of the 12th
    add(store, 2.4, locked=True)
    days = [(str(day.day), day.total_bytes, day.deletable_bytes) for day in read(store, daily_media)]
    assert days == [("2026-06-12", EVENT_BYTES, EVENT_BYTES), ("2026-06-13", 2 * EVENT_BYTES, EVENT_BYTES)]


def test_the_oldest_final_unlocked_events_are_released(store):
    locked = add(store, 9, locked=True)
    opened = add(store, 8, status=EventStatus.OPEN, ended_at=None)
    unsettled = add(store, 7, media_bytes=None)
    ended = [add(store, 6), add(store, 5, status=EventStatus.INTERRUPTED), add(store, 4)]
    assert [media.event_id for media in read(store, oldest_media, limit=2)] == [event.id for event in ended[:2]]
    assert release(store, limit=2) == [event.id for event in ended[:2]]
    assert release(store) == [ended[2].id]
    assert release(store) == []
    for event in (locked, opened, unsettled):
        assert store.row(event).clip_path == event.clip_path
    for event in ended:
        row = store.row(event)
        assert (row.clip_path, row.thumbnail_path, row.media_bytes, row.media_deleted_at) == (None, None, 0, NOW)
        assert row.revision == event.revision


def test_no_more_is_released_than_is_needed(store):
    events = [add(store, 9 - number) for number in range(4)]
    assert release(store, need_bytes=EVENT_BYTES + 1) == [event.id for event in events[:2]]
    assert release(store, before=NOW - timedelta(days=6.5)) == [events[2].id]


def test_a_later_revision_cannot_bring_a_deleted_clip_back(store):
    event = add(store, 5)
    release(store)
    store.store(replace(event, revision=event.revision + 1, vlm_description="a van"))
    row = store.row(event)
    assert (row.clip_path, row.thumbnail_path, row.media_bytes, row.media_deleted_at) == (None, None, 0, NOW)
    assert (row.vlm_description, row.revision) == ("a van", event.revision + 1)


def test_what_is_locked_between_two_batches_is_spared(store):
    first, second = add(store, 6), add(store, 5)
    assert release(store, limit=1) == [first.id]
    store.change(second.id, locked=True)
    assert release(store) == []


def test_a_lock_that_is_being_taken_is_waited_for_and_obeyed(engine, store):  # noqa: F811
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    locked, free = add(store, 6), add(store, 5)
    released = []
    with session_scope(store.sessions) as session:
        session.execute(sa.update(Event).where(Event.id == locked.id).values(locked=True))
        thread = threading.Thread(target=lambda: released.extend(release(store)))
        thread.start()
        wait_until(lambda: waits_for_a_lock(engine), "the release waits")
    thread.join(30)
    assert released == [free.id]


def test_an_event_whose_writer_was_killed_is_settled_with_what_there_is(store):
    killed = add(store, 5, clip_path=None, media_bytes=None, faults=("no contact sheet",))
    add(store, 4, status=EventStatus.OPEN, ended_at=None, media_bytes=None)
    add(store, 0.01, media_bytes=None)
    found = read(store, unsettled_media, before=NOW - timedelta(hours=1), limit=10)
    assert [media.event_id for media in found] == [killed.id]
    with session_scope(store.sessions) as session:
        settle_media(session, [replace(found[0], clip_path="clips/x.mp4", media_bytes=12, faults=(*found[0].faults, "더"))])
    row = store.row(killed)
    assert (row.clip_path, row.media_bytes, row.faults, row.revision) == ("clips/x.mp4", 12, ["no contact sheet", "더"], killed.revision)
    assert read(store, unsettled_media, before=NOW - timedelta(hours=1), limit=10) == []
    store.store(replace(killed, revision=4, media_bytes=99, clip_path="clips/y.mp4"))
    assert store.row(killed).clip_path == "clips/y.mp4"


def test_settling_loses_against_a_revision_that_came_first(store):
    event = add(store, 5, media_bytes=None)
    found = read(store, unsettled_media, before=NOW, limit=10)
    store.store(replace(event, revision=9, media_bytes=99))
    with session_scope(store.sessions) as session:
        settle_media(session, [replace(found[0], clip_path=None, media_bytes=0)])
    assert (store.row(event).media_bytes, store.row(event).clip_path) == (99, event.clip_path)


def test_what_is_known_of_files(store):
    kept, gone = add(store, 5, locked=True), add(store, 4)
    running = add(store, 3, media_bytes=None)
    release(store)
    known = read(store, known_media, event_ids=[kept.id, gone.id, running.id, new_id()])
    assert known.keys() == {kept.id, gone.id, running.id}
    assert (known[kept.id].clip_path, known[kept.id].locked, known[kept.id].deleted) == (kept.clip_path, True, False)
    assert (known[gone.id].clip_path, known[gone.id].deleted, known[gone.id].settled) == (None, True, True)
    assert not known[running.id].settled


def test_clips_are_listed_in_pages_even_when_many_began_at_once(store):
    events = [store.add(timedelta(days=2), files=False) for _ in range(5)] + [add(store, 1)]
    add(store, 1, clip_path=None)
    seen, last = [], None
    while page := read(store, list_clips, after=last, limit=2):
        seen += [media.event_id for media in page]
        last = page[-1]
    assert sorted(seen) == sorted(event.id for event in events)
    assert len(seen) == 6


def test_the_queries_use_the_small_indexes(store, engine):  # noqa: F811
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads a small table whole")
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append((arguments[2], arguments[3])))
    release(store)
    read(store, media_usage)
    read(store, daily_media)
    read(store, list_clips, after=None, limit=5)
    read(store, unsettled_media, before=NOW, limit=5)
    selects = [(text, values) for text, values in statements if text.startswith("SELECT")]
    assert len(selects) == 5
    with engine.connect() as connection:
        for text, values in selects:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all())
            assert "ix_events_media_" in plan, text
