"""Full-text search on a PostgreSQL with pg_trgm: the migration makes the index, searches use it, and find what SQLite finds."""

import pytest
import sqlalchemy as sa
from tests.support.counted import GATE
from tests.support.event_desk import EventDesk, database
from tests.support.events import make_event
from tests.support.system_postgres import system_postgres

from haetae.database.engine import make_engine, session_scope
from haetae.database.event_words import occurring
from haetae.database.integrity import inspect_database
from haetae.database.migrate import upgrade
from haetae.database.models import Event

TEXTS = (
    "A man on a ladder at the north gate",
    "MAN overboard",
    "사다리 위의 사람",
    "북문에서 사람이 넘어짐",
    "화재 의심, 3동",
    "x",
    "100 % of it_",
    "Übergang café",
)
SEARCHES = (
    *("a", "x", "위", "%", "_", "an", "사람", "화재", "3동"),
    *("man", "사다리", "넘어짐", "caf", "ladder", "LADDER man", '"north gate"', "북문에서 사람", "übergang"),
)
COMMON = 3000


@pytest.fixture(scope="module")
def trigrams():
    """A database with the extension, with Haetae's tables, and enough events for an index to be worth while."""
    with system_postgres("pg_trgm") as url:
        engine = make_engine(url)
        upgrade(engine)
        desk = EventDesk(engine)
        fill(desk)
        desk.store(*(make_event(1000 + number, camera_id=GATE, detail=f"common words {number}") for number in range(COMMON)))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE events")
        yield desk
        engine.dispose()


def fill(desk):
    for number, text in enumerate(TEXTS):
        desk.add(number, detail=text)


def found(desk, text):
    query = sa.select(Event.detail).where(*occurring(text), Event.detail.not_like("common words%"))
    with session_scope(desk.sessions, read_only=True) as session:
        return sorted(session.scalars(query))


def plan_of(desk, text):
    query = sa.select(Event.id).where(*occurring(text))
    plan = str(query.compile(desk.engine, compile_kwargs={"literal_binds": True})).replace("%%", "%")
    with desk.engine.begin() as connection:
        return "\n".join(row[0] for row in connection.execute(sa.text("EXPLAIN " + plan.replace(":", "\\:"))))


def test_the_migration_makes_the_extension_and_its_index(trigrams):
    with trigrams.engine.connect() as connection:
        index = connection.scalar(sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_events_text'"))
    assert "USING gin" in index
    assert "gin_trgm_ops" in index
    report = inspect_database(trigrams.engine.url.render_as_string(hide_password=False))
    assert [each.split()[0] for each in report.extensions] == ["pg_trgm"]


@pytest.mark.parametrize("text", ["ladder", "LADDER", "man ladder", "사다리", "넘어짐", '"north gate"'])
def test_words_of_three_letters_are_looked_up_in_the_index(trigrams, text):
    plan = plan_of(trigrams, text)
    assert "ix_events_text" in plan, plan


def test_words_of_any_length_find_what_they_find_on_sqlite(trigrams, tmp_path):
    with database("sqlite", tmp_path) as engine:
        other = EventDesk(engine)
        fill(other)
        assert {text: found(trigrams, text) for text in SEARCHES} == {text: found(other, text) for text in SEARCHES}
    assert all(found(trigrams, text) for text in SEARCHES)
