"""Search by meaning where PostgreSQL has pgvector: the database finds what numpy finds in memory, for whoever may see it."""

import asyncio
import contextlib
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, ROOF, YARD
from tests.support.embedding_server import embedding_server
from tests.support.event_desk import EventDesk, database
from tests.support.postgres import postgres_database

from haetae.clock import SystemClock
from haetae.compose.searching import start_searching
from haetae.database import event_vectors
from haetae.database.embedding_models import EmbeddingJob, EventEmbedding
from haetae.database.embedding_store import EmbeddingStore, Wording
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_vectors import HalfVector, open_vectors
from haetae.database.migrate import upgrade
from haetae.database.scoped.event_filter import EventFilter
from haetae.domain.event import Severity
from haetae.pipeline.backup import BackupPlan, back_up
from haetae.pipeline.embedding import EmbeddingWorker
from haetae.pipeline.meaning import MeaningTable, nearest
from haetae.pipeline.meaning_index import MeaningIndex
from haetae.pipeline.model_server import search_reach
from haetae.pipeline.restore import RestorePlan, restore
from haetae.settings import SearchSettings, SystemConfig
from haetae.vlm.breaker import Breaker
from haetae.vlm.embedding import Embedder

WIDTH = 5
MODEL = "tiny"


class Site:
    """A database with the extension; `store` writes for it, `older` as a Haetae would that knows of none."""

    def __init__(self, engine):
        self.desk = EventDesk(engine)
        self.sessions = self.desk.sessions
        self.older = EmbeddingStore(self.sessions, self.desk.clock)
        self.open()

    def open(self):
        self.vectors = open_vectors(self.sessions)
        assert self.vectors is not None
        self.store = EmbeddingStore(self.sessions, self.desk.clock, self.vectors)

    def empty(self):
        self.desk.empty()
        with session_scope(self.sessions) as session:
            session.execute(sa.delete(EmbeddingJob))
            session.execute(sa.delete(EventEmbedding))

    def add(self, vector, number=0, *, model=MODEL, store=None, **changes):
        event = self.desk.add(number, **changes)
        self.embed(event, vector, model=model, store=store)
        return event.id

    def embed(self, event, vector, *, model=MODEL, store=None):
        given = None if vector is None else unit(vector)
        (store or self.store).write(model, [(Wording(event.id, event.camera_id, self.desk.clock.now(), ""), given)])

    def found(self, vector, viewer=ADMIN, wanted=EventFilter(), *, model=MODEL, least=0.5):  # noqa: B008 (frozen)
        return nearest(self.desk.events, viewer, wanted, unit(vector), MeaningTable(self.vectors, model), least=least)

    def copied(self):
        with session_scope(self.sessions, read_only=True) as session:
            return self.vectors.size(session)


def unit(vector):
    return (np.array(vector, np.float32) / np.linalg.norm(vector)).astype(np.float16)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with database("postgresql", tmp_path_factory.mktemp("table")) as engine:
        yield Site(engine)


@pytest.fixture
def site(shared):
    shared.empty()
    return shared


numbers = st.integers(-3, 3)
vectors = st.lists(numbers, min_size=WIDTH, max_size=WIDTH).filter(any)
events = st.tuples(vectors, st.sampled_from([GATE, YARD, ROOF]), st.sampled_from(list(Severity)))
filters = st.builds(
    EventFilter,
    camera_ids=st.sampled_from([None, (), (GATE,), (GATE, YARD)]),
    severities=st.sampled_from([(), (Severity.LOW, Severity.HIGH)]),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, max_size=30), vectors, st.sampled_from([ADMIN, GUARD, GUEST]), filters, st.sampled_from([0.0, 0.4, 0.8]))
def test_the_database_finds_what_memory_finds_in_the_same_order_up_to_equals(site, given_events, meant, viewer, wanted, least):
    site.empty()
    cosine = {}
    for number, (vector, camera, severity) in enumerate(given_events):
        event = site.add(vector, number, camera_id=camera, severity=severity)
        cosine[event] = float(unit(vector).astype(np.float32) @ unit(meant).astype(np.float32))
    # A hair below: the two add up in another order.
    least -= 1e-6
    index = MeaningIndex(site.store, site.desk.clock, model=MODEL)
    by_memory = nearest(site.desk.events, viewer, wanted, unit(meant), index, least=least)
    by_database = site.found(meant, viewer, wanted, least=least)
    assert set(by_database) == set(by_memory)
    assert [cosine[event] for event in by_database] == pytest.approx([cosine[event] for event in by_memory], abs=1e-6)


def test_what_was_embedded_before_the_extension_came_is_found_from_the_next_start_on(site):
    with embedding_server() as server:
        event = site.add([1, 0, 0, 0, 0], store=site.older)
        assert site.found([1, 0, 0, 0, 0]) == []
        asked = SearchSettings(base_url=server.base_url, model=MODEL)
        embedder = Embedder(asked, search_reach(asked))
        worker = EmbeddingWorker(site.store, embedder, Breaker(site.desk.clock), model=MODEL, batch=4, deadline_s=5.0)
        asyncio.run(worker.run_once())
        assert site.found([1, 0, 0, 0, 0]) == [event]


def test_a_site_compares_meanings_where_its_database_can(site, tmp_path):
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(embedding_server())
        config = SystemConfig(search=SearchSettings(base_url=server.base_url, model=MODEL))
        lite = opened.enter_context(database("sqlite", tmp_path))
        for sessions, place in ((site.sessions, MeaningTable), (session_factory(lite), MeaningIndex)):
            parts = start_searching(config, SystemClock(), sessions, opened).parts
            assert isinstance(parts.place, place)


def test_what_another_server_embedded_anew_or_gave_up_is_copied_with_the_next_pruning(site):
    changed, refused = site.desk.add(0), site.desk.add(1)
    for event in (changed, refused):
        site.embed(event, [1, 0, 0, 0, 0])
    site.desk.clock.advance(5)
    site.embed(changed, [0, 1, 0, 0, 0], store=site.older)
    site.embed(refused, None, store=site.older)
    assert site.store.copy(MODEL) is None
    assert site.found([1, 0, 0, 0, 0]) == []
    assert site.found([0, 1, 0, 0, 0]) == [changed.id]


def test_many_are_copied_some_at_a_time(site, monkeypatch):
    events = {site.add([1, 0, 0, 0, 0], number, store=site.older) for number in range(5)}
    monkeypatch.setattr(event_vectors, "_COPIED_AT_ONCE", 2)
    copied, times = None, 0
    while (copied := site.store.copy(MODEL, copied)) is not None:
        times += 1
    assert (times, site.copied()) == (2, 5)
    assert set(site.found([1, 0, 0, 0, 0])) == events


def test_every_number_is_written_so_that_it_is_read_as_it_was():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    given = every[np.isfinite(every)]
    text = HalfVector("public").bind_processor(None)(given)
    assert np.array_equal(np.array(text.strip("[]").split(","), np.float64).astype(np.float16), given)


def test_of_another_model_or_width_nothing_is_found_until_it_embedded_the_event_again(site):
    event = site.desk.add(0)
    site.embed(event, [1, 0, 0, 0, 0])
    site.add([1, 0], 1)
    assert site.found([1, 0, 0], model="other") == []
    site.embed(event, [1, 0, 0], model="other")
    assert site.found([1, 0, 0], model="other") == [event.id]
    assert site.found([1, 0, 0, 0, 0]) == []


def test_what_retention_removed_and_what_is_too_old_goes_from_the_copy_too(site):
    kept = [site.add([1, 0, 0, 0, number], number) for number in range(4)]
    site.store.prune(10, keep=3)
    assert site.copied() == 3
    site.desk.empty()
    assert site.found([1, 0, 0, 0, 0]) == []
    assert set(site.store.prune(10)) == set(sorted(kept, key=lambda each: each.int)[1:])
    assert site.copied() == 0


def test_an_extension_that_was_dropped_and_made_again_elsewhere_is_used_again(site):
    event = site.add([1, 0, 0, 0, 0])
    with site.desk.engine.begin() as connection:
        for statement in ("DROP EXTENSION vector CASCADE", 'CREATE SCHEMA "Their own"', 'CREATE EXTENSION vector SCHEMA "Their own"'):
            connection.exec_driver_sql(statement)
    site.open()
    assert site.copied() == 0
    site.store.copy(MODEL)
    assert site.found([1, 0, 0, 0, 0]) == [event]


@contextlib.contextmanager
def without_rights(url):
    """The database as somebody sees it who owns its tables and may make no extension."""
    name = f"owner_{sa.make_url(url).database}"
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        connection.exec_driver_sql(f"GRANT ALL ON SCHEMA public TO {name}")
    own = make_engine(sa.make_url(url).set(username=name).render_as_string(hide_password=False))
    try:
        yield own
    finally:
        own.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")
        engine.dispose()


def test_who_may_not_make_the_extension_goes_by_memory_and_is_told(capsys):
    with postgres_database(migrated=False) as url, without_rights(url) as engine:
        upgrade(engine)
        assert open_vectors(session_factory(engine)) is None
        assert "pgvector is there, but may not be used" in capsys.readouterr().out
        # A superuser makes it: from the next start on it is used.
        superuser = make_engine(url)
        with superuser.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION vector")
        superuser.dispose()
        assert open_vectors(session_factory(engine)) is not None


def test_a_database_that_cannot_be_reached_and_sqlite_have_none(tmp_path):
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing", connect_timeout_s=1.0)
    assert open_vectors(session_factory(nowhere)) is None
    with database("sqlite", tmp_path) as engine:
        assert open_vectors(session_factory(engine)) is None


def test_a_backup_carries_the_embeddings_and_not_the_copy_which_is_made_again(site, tmp_path):
    event = site.add([1, 0, 0, 0, 0])
    url = site.desk.engine.url.render_as_string(hide_password=False)
    plan = BackupPlan(tmp_path / "old", url, tmp_path / "backup.tar")
    back_up(replace(plan), SystemClock())
    with tarfile.open(plan.target) as archive:
        assert not [name for name in archive.getnames() if "event_vectors" in name]
    with postgres_database(migrated=False) as new_url:
        restore(RestorePlan(plan.target, tmp_path / "new", new_url), SystemClock())
        engine = make_engine(new_url)
        sessions = session_factory(engine)
        vectors = open_vectors(sessions)
        store = EmbeddingStore(sessions, SystemClock(), vectors)
        store.copy(MODEL)
        restored = type(site.desk.events)(sessions, SystemClock())
        assert nearest(restored, ADMIN, EventFilter(), unit([1, 0, 0, 0, 0]), MeaningTable(vectors, MODEL), least=0.5) == [event]
        engine.dispose()
