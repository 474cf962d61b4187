import sys
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from tests.support.events import ONSET
from tests.support.postgres import engine  # noqa: F401

from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.migrate import upgrade
from haetae.database.models import Camera, CameraAccess
from haetae.errors import ConfigError, MissingExtra
from haetae.ids import new_id


@pytest.fixture
def sqlite(tmp_path):
    made = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(made)
    yield made
    made.dispose()


def camera(name="gate"):
    return Camera(name=name, source="sim://gate", created_at=ONSET, updated_at=ONSET)


def names(sessions):
    with session_scope(sessions, read_only=True) as session:
        return sorted(session.scalars(sa.select(Camera.name)))


def test_sqlite_keeps_a_write_ahead_log_checks_references_and_syncs_every_commit(sqlite):
    with sqlite.connect() as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_writers_that_read_first_take_turns_instead_of_failing(sqlite):
    sessions = session_factory(sqlite)
    ready = threading.Barrier(4)
    failures = []

    def read_then_write():
        try:
            ready.wait()
            for _ in range(10):
                with session_scope(sessions) as session:
                    count = session.scalar(sa.select(sa.func.count()).select_from(Camera))
                    session.add(camera(f"{count:03d}"))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read_then_write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # Each saw what the one before it had committed.
    assert names(sessions) == [f"{number:03d}" for number in range(40)]


def test_a_reader_is_not_held_up_by_a_writer(engine):  # noqa: F811
    sessions = session_factory(engine)
    with session_scope(sessions) as session:
        session.add(camera("pending"))
        session.flush()
        assert names(sessions) == []
    assert names(sessions) == ["pending"]


def test_a_read_only_scope_refuses_to_write_and_leaves_the_next_one_free(engine):  # noqa: F811
    sessions = session_factory(engine)
    with pytest.raises(DBAPIError, match="readonly|read-only"), session_scope(sessions, read_only=True) as session:  # noqa: PT012
        session.add(camera())
        session.flush()
    with session_scope(sessions) as session:
        session.add(camera())
    assert names(sessions) == ["gate"]


def test_a_rollback_takes_no_other_sessions_commit_with_it(engine):  # noqa: F811
    sessions = session_factory(engine)
    request = sessions()
    request.connection(execution_options={"haetae_read_only": True})
    request.scalar(sa.select(sa.func.count()).select_from(Camera))
    with session_scope(sessions) as session:
        session.add(camera("committed"))
    request.rollback()
    request.close()
    assert names(sessions) == ["committed"]


def test_a_scope_that_raises_keeps_nothing(engine):  # noqa: F811
    sessions = session_factory(engine)
    with pytest.raises(RuntimeError), session_scope(sessions) as session:  # noqa: PT012
        session.add(camera())
        session.flush()
        raise RuntimeError
    assert names(sessions) == []


def test_references_are_checked(engine):  # noqa: F811
    with pytest.raises(sa.exc.IntegrityError), session_scope(session_factory(engine)) as session:
        session.add(CameraAccess(user_id=new_id(), camera_id=new_id(), level="view", created_at=ONSET))


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:", "oracle+x://a"])
def test_a_url_that_cannot_work_is_refused_with_the_form_that_does(url):
    with pytest.raises(ConfigError, match="sqlite:///path"):
        make_engine(url)


def test_a_missing_driver_is_answered_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'haetae\[postgres\]'"):
        make_engine("postgresql://localhost/haetae")


def test_postgres_urls_of_the_old_form_are_understood():
    made = make_engine("postgres://user@localhost/haetae")
    assert (made.dialect.name, made.dialect.driver) == ("postgresql", "psycopg")
    made.dispose()
