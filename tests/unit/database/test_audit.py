# ruff: noqa: F401, F811 (fixtures by name)
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone

import pytest
import sqlalchemy as sa
from tests.support.audit import ANN, AT, EVENT, ODD, write
from tests.support.postgres import engine

from haetae.database.account_models import AuditEntry
from haetae.database.audit import FIRST, Target, entry_hash, record
from haetae.database.engine import session_factory, session_scope
from haetae.domain.viewer import Actor


def entries(engine):
    with session_scope(session_factory(engine), read_only=True) as session:
        return session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)).all()


def test_entries_count_from_one_and_each_names_the_hash_of_the_one_before(engine):
    write(engine, 3)
    found = entries(engine)
    assert [entry.number for entry in found] == [1, 2, 3]
    assert [entry.previous_hash for entry in found] == [FIRST, found[0].hash, found[1].hash]
    assert (found[0].actor_name, found[0].actor_id, found[0].address) == ("ann", ANN.user_id, "10.0.0.7")
    assert (found[0].target_type, found[0].target_id, found[0].after) == ("event", str(EVENT), {"n": 0})


def test_what_a_database_gives_back_has_the_hash_of_what_was_written(engine):
    for name, value in ODD.items():
        write(engine, 1, before={name: value}, after=ODD, note="둘\u2028")
    found = entries(engine)
    assert len(found) == len(ODD)
    assert [entry_hash(entry) for entry in found] == [entry.hash for entry in found]


def test_times_of_other_zones_and_what_is_not_json_are_hashed_as_they_come_back(engine):
    seoul = AT.astimezone(timezone(timedelta(hours=9)))
    with session_scope(session_factory(engine)) as session:
        record(session, ANN, "camera.change", now=seoul, before={"id": EVENT, "at": AT, "nan": float("nan"), 7: ("x",)})
    [entry] = entries(engine)
    assert entry_hash(entry) == entry.hash
    assert entry.before == {"id": str(EVENT), "at": AT.isoformat(), "nan": None, "7": ["x"]}


def test_what_a_stranger_typed_cannot_keep_an_entry_from_being_written(engine):
    stranger = Actor("x\0" + "ä" * 500, None, "fe80::1%" + "e" * 100)
    with session_scope(session_factory(engine)) as session:
        record(
            session, stranger, "user.login_failed", Target("user", "\ud800" + "n" * 200), now=AT, after={"\0k": ["\0v\udc00"]}, note="\0"
        )
    [entry] = entries(engine)
    assert (len(entry.actor_name), len(entry.address), len(entry.target_id)) == (128, 64, 64)
    assert entry.after == {"\ufffdk": ["\ufffdv?"]}
    assert entry_hash(entry) == entry.hash


def test_an_entry_is_there_exactly_if_what_it_tells_of_is(engine):
    write(engine, 1)
    with session_factory(engine)() as session:
        record(session, ANN, "event.lock", now=AT)
        session.rollback()
    write(engine, 1)
    assert [entry.number for entry in entries(engine)] == [1, 2]


def test_several_entries_of_one_transaction_follow_each_other(engine):
    with session_scope(session_factory(engine)) as session:
        for _ in range(3):
            record(session, ANN, "event.acknowledge", now=AT)
    found = entries(engine)
    assert [entry.previous_hash for entry in found] == [FIRST, found[0].hash, found[1].hash]


def test_writers_at_the_same_time_leave_no_gap_and_no_number_twice(engine):
    sessions, start = session_factory(engine), threading.Barrier(4)

    def write_some(writer):
        start.wait()
        for number in range(15):
            with session_scope(sessions) as session:
                record(session, Actor(f"w{writer}"), "event.acknowledge", now=AT, after={"n": number})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_some, range(4)))
    found = entries(engine)
    assert [entry.number for entry in found] == list(range(1, 61))
    assert [entry.previous_hash for entry in found[1:]] == [entry.hash for entry in found[:-1]]
    assert {entry.actor_name for entry in found} == {"w0", "w1", "w2", "w3"}


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET note = 'x'", "DELETE FROM audit_entries"])
def test_the_database_refuses_to_change_or_delete_an_entry(engine, statement):
    write(engine, 2)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert len(entries(engine)) == 2


def test_the_database_refuses_to_replace_all_or_one_of_them(engine):
    write(engine, 2)
    columns = ", ".join(column.name for column in AuditEntry.__table__.columns)
    statement = {
        "sqlite": f"INSERT OR REPLACE INTO audit_entries ({columns}) SELECT {columns} FROM audit_entries WHERE number = 1",  # noqa: S608
        "postgresql": "TRUNCATE audit_entries",
    }[engine.dialect.name]
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert len(entries(engine)) == 2
