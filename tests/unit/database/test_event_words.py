"""Full-text search: what is found, that it stays right, and that it is found by an index."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.event_desk import EventDesk, database
from tests.support.events import make_event

from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_statement import to_row
from haetae.database.event_words import MOST_WORDS, occurring, words_of
from haetae.database.migrate import migrate_to, upgrade
from haetae.database.models import Event


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request, tmp_path_factory):
    with database(request.param, tmp_path_factory.mktemp("words")) as engine:
        yield EventDesk(engine)


@pytest.fixture
def desk(shared):
    shared.empty()
    return shared


def found(desk, text):
    with session_scope(desk.sessions, read_only=True) as session:
        return set(session.scalars(sa.select(Event.id).where(*occurring(text))))


def change(desk, event, **values):
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(Event).where(Event.id == event.id).values(**values))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("red car", ["red", "car"]),
        ('"red car" gate', ["red car", "gate"]),
        ("  ", []),
        ("", []),
        ('"', ['"']),
        ('""', ['""']),
        ("화재 화재", ["화재"]),
        ("사람이 넘어짐", ["사람이", "넘어짐"]),
    ],
)
def test_a_search_is_words_and_what_stands_in_quotes(text, words):
    assert words_of(text) == words


def test_a_search_of_very_many_words_is_cut():
    assert len(words_of(" ".join(map(str, range(1000))))) == MOST_WORDS


def test_what_is_said_of_an_event_is_found_as_soon_as_it_is_said_and_no_longer_than_that(desk):
    event, other = desk.add(), desk.add(detail="the disk is full")
    assert found(desk, "ladder") == set()
    change(desk, event, note="a man on a ladder")
    assert found(desk, "LADDER") == {event.id}
    change(desk, event, note=None, search_text="사다리 위의 사람")
    assert found(desk, "ladder") == set()
    assert found(desk, "사다리") == found(desk, "사람") == found(desk, "위") == {event.id}
    desk.store(replace(event, revision=5, vlm_description="Someone climbs"))
    assert found(desk, "climbs 사다리") == {event.id}
    assert found(desk, "disk") == {other.id}
    with session_scope(desk.sessions) as session:
        session.execute(sa.delete(Event).where(Event.id == event.id))
    assert found(desk, "climbs") == set()


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12))
def test_any_text_can_be_searched_for_and_finds_itself(shared, text):
    event = shared.add(detail=f"before {text} after")
    try:
        if words_of(text):
            assert event.id in found(shared, text)
    finally:
        shared.empty()


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", '" OR "a', "NEAR(a b)", "a AND NOT b", "text:a", "*", "^a", "(", '"a" *', "%", "_", "\\"]
)
def test_no_search_is_a_query(desk, hostile):
    desk.add(detail="something else entirely")
    assert found(desk, hostile) == set()


def test_sqlite_uses_the_index(tmp_path):
    with database("sqlite", tmp_path) as engine:
        query = sa.select(Event.id).where(*occurring("ladder"))
        plan = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
        with engine.begin() as connection:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan}")]
    assert any("VIRTUAL TABLE" in step for step in steps), steps


def test_without_the_extension_the_same_is_found(desk):
    if desk.engine.dialect.name == "sqlite":
        pytest.skip("SQLite needs none")
    event = desk.add(detail="a man on a ladder")
    with desk.engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX IF EXISTS ix_events_text"))
    assert found(desk, "ladder man") == {event.id}


def test_what_was_stored_before_there_was_a_search_is_found(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    migrate_to(engine, "005_notifications")
    event = make_event(detail="a man on a ladder")
    old = sa.Table("events", sa.MetaData(), autoload_with=engine)
    row = {**to_row(event), "id": event.id.hex, "camera_id": event.camera_id.hex, "created_at": event.timestamp}
    row |= {"acknowledged": False, "locked": False, "review": "new", "box": None, "facts": [], "faults": [], "agent_actions": []}
    with engine.begin() as connection:
        connection.execute(old.insert(), {name: value for name, value in row.items() if name in old.columns})
    upgrade(engine)
    with session_scope(session_factory(engine), read_only=True) as session:
        assert session.scalars(sa.select(Event.id).where(*occurring("ladder"))).all() == [event.id]
    engine.dispose()
