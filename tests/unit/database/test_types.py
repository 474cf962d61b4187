from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError
from tests.support.postgres import engine  # noqa: F401

from haetae.database.engine import session_factory, session_scope
from haetae.database.models import Camera, Event
from haetae.database.types import UTCDateTime
from haetae.ids import new_id

SEOUL = timezone(timedelta(hours=9))
MOMENT = datetime(2026, 3, 1, 21, 0, 0, 123456, tzinfo=SEOUL)


def camera(**changes):
    return Camera(**({"name": "gate", "source": "sim://gate", "created_at": MOMENT, "updated_at": MOMENT} | changes))


def test_a_moment_of_any_zone_comes_back_as_the_same_moment_in_utc(engine):  # noqa: F811
    sessions = session_factory(engine)
    with session_scope(sessions) as session:
        session.add(camera(id=(camera_id := new_id())))
    with session_scope(sessions, read_only=True) as session:
        stored = session.get(Camera, camera_id).created_at
    assert stored == MOMENT
    assert stored.tzinfo is UTC


def test_moments_of_different_zones_are_compared_as_moments(engine):  # noqa: F811
    sessions = session_factory(engine)
    with session_scope(sessions) as session:
        session.add(camera(name="early", created_at=datetime(2026, 3, 1, 20, 0, tzinfo=SEOUL)))
        session.add(camera(name="late", created_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC)))
    with session_scope(sessions, read_only=True) as session:
        query = sa.select(Camera.name).where(Camera.created_at < datetime(2026, 3, 1, 20, 30, tzinfo=SEOUL))
        assert session.scalars(query).all() == ["early"]


@pytest.mark.parametrize("value", ["2026-03-01T12:00:00+00:00", datetime(2026, 3, 1, 12), 1772366400])  # noqa: DTZ001
def test_strings_numbers_and_naive_times_never_reach_the_database(engine, value):  # noqa: F811
    sessions = session_factory(engine)
    with pytest.raises(StatementError, match=r"datetime"), session_scope(sessions) as session:  # noqa: PT012
        session.add(camera(created_at=value))
        session.flush()
    with session_scope(sessions, read_only=True) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Camera)) == 0


def test_every_moment_in_the_tables_is_a_utc_date_time():
    loose = [str(column) for table in Event.metadata.tables.values() for column in table.columns if isinstance(column.type, sa.DateTime)]
    assert loose == []
    assert isinstance(Event.__table__.c.timestamp.type, UTCDateTime)
