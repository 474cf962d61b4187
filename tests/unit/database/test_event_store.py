import orjson
import psycopg.errors
import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from tests.support.events import ONSET, make_event
from tests.support.postgres import engine  # noqa: F401

from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import list_events
from haetae.database.event_statement import EventStatement
from haetae.database.event_store import EventStore, is_row_fault
from haetae.errors import DatabaseUnavailable

BEYOND_64_BIT = 2**63 + 5


@pytest.fixture
def sessions(engine):  # noqa: F811
    return session_factory(engine)


def stored_ids(sessions):
    with session_scope(sessions, read_only=True) as session:
        return {event.id for event in list_events(session, limit=1000)}


def test_rows_that_the_database_refuses_take_no_other_row_with_them(sessions):
    events = [make_event(number) for number in range(40)]
    poison = {3: make_event(BEYOND_64_BIT % 1000, frame_number=BEYOND_64_BIT), 17: make_event(1, frame_number=BEYOND_64_BIT)}
    lines = [orjson.dumps(poison.get(index, event)) for index, event in enumerate(events)]
    letters = EventStore(sessions).store(lines, stored_at=ONSET)
    assert [letter.line for letter in letters] == [lines[3], lines[17]]
    assert all("range" in letter.reason or "too large" in letter.reason for letter in letters)
    assert stored_ids(sessions) == {event.id for index, event in enumerate(events) if index not in poison}


def test_lines_that_are_no_event_are_letters_with_the_field_that_is_wrong(sessions):
    good = make_event()
    record = orjson.loads(orjson.dumps(make_event()))
    lines = [
        b"\x00\x00",
        b"[]",
        orjson.dumps(record | {"vad_score": None}),
        orjson.dumps(record | {"timestamp": "soon"}),
        orjson.dumps(good),
    ]
    letters = EventStore(sessions).store(lines, stored_at=ONSET)
    assert [letter.line for letter in letters] == lines[:4]
    assert "vad_score" in letters[2].reason
    assert "timestamp" in letters[3].reason
    assert stored_ids(sessions) == {good.id}


def test_a_time_without_zone_in_the_journal_is_a_letter_not_a_guess(sessions):
    record = orjson.loads(orjson.dumps(make_event()))
    [letter] = EventStore(sessions).store([orjson.dumps(record | {"timestamp": "2026-03-01T12:00:00"})], stored_at=ONSET)
    assert "no time zone" in letter.reason


def test_iso_strings_of_the_journal_become_moments_that_can_be_searched(sessions):
    EventStore(sessions).store([orjson.dumps(make_event())], stored_at=ONSET)
    with session_scope(sessions, read_only=True) as session:
        [event] = list_events(session)
    assert event.timestamp == ONSET


def test_a_missing_table_is_an_outage_and_no_row_is_given_up(sessions):
    with session_scope(sessions) as session:
        session.execute(sa.text("DROP TABLE events"))
    with pytest.raises(DatabaseUnavailable, match="events"):
        EventStore(sessions).store([orjson.dumps(make_event(number)) for number in range(3)], stored_at=ONSET)


def test_a_fault_of_haetaes_own_is_not_blamed_on_the_rows(sessions, monkeypatch):
    def broken(*args, **kwargs):
        raise AttributeError("no attribute")

    monkeypatch.setattr(EventStatement, "execute", broken)
    with pytest.raises(DatabaseUnavailable, match="no attribute"):
        EventStore(sessions).store([orjson.dumps(make_event())], stored_at=ONSET)


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (exc.IntegrityError("s", {}, Exception("NOT NULL")), True),
        (exc.DataError("s", {}, Exception("out of range")), True),
        (exc.StatementError("a datetime is needed", "s", {}, TypeError("x")), True),
        (OverflowError("Python int too large"), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), True),
        (exc.OperationalError("s", {}, psycopg.errors.ProgramLimitExceeded("index row size")), True),
        (exc.OperationalError("s", {}, Exception("database is locked")), False),
        (exc.OperationalError("s", {}, psycopg.errors.DiskFull("disk full")), False),
        (exc.OperationalError("s", {}, psycopg.errors.SerializationFailure("again")), False),
        (exc.InterfaceError("s", {}, Exception("connection closed")), False),
        (exc.ProgrammingError("s", {}, Exception("no such column")), False),
        (exc.DatabaseError("s", {}, Exception("malformed")), False),
        (exc.DataError("s", {}, Exception("lost"), connection_invalidated=True), False),
        (exc.TimeoutError("pool"), False),
        (MemoryError(), False),
    ],
)
def test_only_what_the_row_is_to_blame_for_is_given_up(error, row):
    assert is_row_fault(error) is row
