# ruff: noqa: F401, F811 (fixtures by name)
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.audit import ANN, AT, EVENT, ODD, rewrite, tamper, write
from tests.support.postgres import engine

from haetae.database import audit_reader
from haetae.database.account_models import AuditEntry
from haetae.database.audit import FIRST, Target, record
from haetae.database.audit_reader import AuditFault, AuditQuery, AuditReader
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.domain.viewer import Actor
from haetae.errors import DatabaseUnavailable

BOB = Actor("bob", UUID(int=0xB))


@pytest.fixture
def reader(engine, monkeypatch):
    # Several batches, without thousands of entries.
    monkeypatch.setattr(audit_reader, "BATCH", 4)
    return AuditReader(session_factory(engine))


def fault(reader):
    report = reader.verify()
    return report.fault, report.fault_number


def head(engine, number):
    with session_scope(session_factory(engine), read_only=True) as session:
        return session.get_one(AuditEntry, number).hash


def test_a_log_that_nobody_touched_is_whole(engine, reader):
    write(engine, 9, before=ODD)
    report = reader.verify()
    assert (report.entries, report.head_number, report.fault, report.complete) == (9, 9, None, True)
    assert report.head_hash == head(engine, 9)


def test_an_empty_log_is_whole(reader):
    report = reader.verify()
    assert (report.entries, report.head_number, report.head_hash, report.complete) == (0, 0, FIRST, True)


@pytest.mark.parametrize(
    "change",
    ["actor_name = 'eve'", "note = 'x'", "address = ''", "action = 'event.lock'", "target_id = NULL", "after = NULL", "number = 99"],
)
def test_an_entry_that_was_changed_is_found(engine, reader, change):
    write(engine, 10)
    tamper(engine, f"UPDATE audit_entries SET {change} WHERE number = 6")  # noqa: S608
    expected = (AuditFault.MISSING, 6) if change.startswith("number") else (AuditFault.CHANGED, 6)
    assert fault(reader) == expected
    report = reader.verify()
    assert (report.entries, report.head_number, report.head_hash) == (5, 5, head(engine, 5))


def test_an_entry_that_was_taken_out_is_found(engine, reader):
    write(engine, 10)
    tamper(engine, "DELETE FROM audit_entries WHERE number = 5")
    assert fault(reader) == (AuditFault.MISSING, 5)


def test_the_first_entries_missing_is_found(engine, reader):
    write(engine, 6)
    tamper(engine, "DELETE FROM audit_entries WHERE number < 3")
    assert fault(reader) == (AuditFault.MISSING, 1)


def test_an_entry_taken_out_and_the_gap_closed_is_found(engine, reader):
    write(engine, 10)
    later = [f"UPDATE audit_entries SET number = {number - 1} WHERE number = {number}" for number in range(6, 11)]  # noqa: S608
    tamper(engine, "DELETE FROM audit_entries WHERE number = 5", *later)
    report = reader.verify()
    assert (report.fault, report.fault_number) == (AuditFault.MOVED, 5)
    assert "number 6" in report.detail


def test_entries_that_changed_places_are_found(engine, reader):
    write(engine, 10)
    swap = [(4, 1000), (7, 4), (1000, 7)]
    tamper(engine, *(f"UPDATE audit_entries SET number = {new} WHERE number = {old}" for old, new in swap))  # noqa: S608
    report = reader.verify()
    assert (report.fault, report.fault_number) == (AuditFault.MOVED, 4)
    assert "number 7" in report.detail


def test_an_entry_put_in_before_the_first_is_found(engine, reader):
    write(engine, 3)
    write(engine, 1, action="event.lock")
    tamper(engine, "UPDATE audit_entries SET number = 0 WHERE number = 4")
    assert fault(reader) == (AuditFault.MOVED, 0)


def test_an_entry_rewritten_together_with_its_hash_is_found_by_the_one_that_follows(engine, reader):
    write(engine, 10)
    rewrite(engine, 6, actor_name="eve")
    assert fault(reader) == (AuditFault.UNLINKED, 7)


def test_a_log_cut_at_its_end_is_told_only_by_number_and_hash_kept_elsewhere(engine, reader):
    write(engine, 8)
    kept = reader.verify()
    tamper(engine, "DELETE FROM audit_entries WHERE number > 5")
    cut = reader.verify()
    assert cut.fault is None
    assert (cut.head_number, cut.head_hash) != (kept.head_number, kept.head_hash)


def test_a_walk_in_steps_finds_what_one_walk_does(engine, reader):
    write(engine, 10)
    first = reader.verify(limit=6)
    assert (first.entries, first.head_number, first.complete) == (6, 6, False)
    rest = reader.verify(first=7, limit=6)
    assert (rest.entries, rest.head_number, rest.complete) == (4, 10, True)
    tamper(engine, "UPDATE audit_entries SET note = 'x' WHERE number = 8")
    assert reader.verify(limit=6).fault is None
    assert reader.verify(first=7).fault_number == 8
    assert reader.verify(first=50).fault_number == 49


def test_the_walk_holds_one_batch_at_a_time(engine, monkeypatch):
    with session_scope(session_factory(engine)) as session:
        for _ in range(120):
            record(session, ANN, "event.acknowledge", now=AT, note="x" * 20_000)

    def peak(batch):
        monkeypatch.setattr(audit_reader, "BATCH", batch)
        tracemalloc.start()
        try:
            assert AuditReader(session_factory(engine)).verify().entries == 120
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)
    assert peak(5) < peak(120) / 4


def test_entries_are_found_by_who_what_and_when(engine, reader):
    write(engine, 3)
    write(engine, 2, action="event.lock", actor=BOB)
    write(engine, 1, action="events.export", actor=BOB)
    numbers = lambda **wanted: [entry.number for entry in reader.list(AuditQuery(**wanted), limit=10)]  # noqa: E731
    assert numbers() == [6, 5, 4, 3, 2, 1]
    assert numbers(actor="bob") == numbers(actor=str(BOB.user_id)) == [6, 5, 4]
    assert numbers(action="event") == numbers(action="event.") == [5, 4, 3, 2, 1]
    assert numbers(action="event.lock") == [5, 4]
    assert numbers(action="e") == numbers(action="%") == numbers(action="event_") == []
    assert numbers(target_type="event", target_id=str(EVENT), actor="ann") == [3, 2, 1]
    assert numbers(target_type="camera") == []
    assert numbers(since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=2)) == [5, 2]


def test_pages_follow_each_other_while_entries_are_added(engine, reader):
    write(engine, 7)
    first = reader.list(AuditQuery(), limit=3)
    write(engine, 2)
    second = reader.list(AuditQuery(), limit=3, before=first[-1].number)
    assert [entry.number for entry in (*first, *second)] == [7, 6, 5, 4, 3, 2]


def test_an_export_holds_everything_in_order(engine, reader):
    write(engine, 9, before=ODD)
    found = list(reader.export(AuditQuery()))
    assert [entry.number for entry in found] == list(range(1, 10))
    assert all(after.previous_hash == before.hash for before, after in pairwise(found))
    assert [entry.number for entry in reader.export(AuditQuery(since=AT + timedelta(minutes=6)))] == [7, 8, 9]
    assert replace(found[0], hash="") == replace(reader.list(AuditQuery(), limit=1, before=2)[0], hash="")


def test_a_database_that_is_away_is_said(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(DatabaseUnavailable):
        AuditReader(session_factory(engine)).verify()
    engine.dispose()


def test_targets_without_an_id_of_ours_are_kept(engine, reader):
    with session_scope(session_factory(engine)) as session:
        record(session, Actor("haetae"), "user.login_failed", Target("user", "who"), now=AT)
    [entry] = reader.list(AuditQuery(target_id="who"), limit=5)
    assert (entry.actor_id, entry.before, entry.note) == (None, None, None)
    assert sa.inspect(entry, raiseerr=False) is None
