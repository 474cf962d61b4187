"""Search by meaning: what is found, by whom, and what happens when the server of embeddings does not do what it should."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from tests.support.counted import ADMIN, GATE, GUEST, YARD
from tests.support.embedding_server import embedding_server
from tests.support.event_desk import EventDesk, database

from haetae.database.embedding_models import EmbeddingJob, EventEmbedding
from haetae.database.embedding_store import EmbeddingStore, Meaning, queue_words
from haetae.database.engine import session_scope
from haetae.database.scoped.event_filter import EventFilter
from haetae.domain.event import Severity
from haetae.errors import ConfigError, EmbeddingFailed
from haetae.pipeline.doctor.finding import Level, Site
from haetae.pipeline.doctor.search import check_search
from haetae.pipeline.embedding import EmbeddingWorker
from haetae.pipeline.meaning import MOST_FOUND, MeaningParts, SearchDesk, SearchTally, fused
from haetae.pipeline.meaning_index import MeaningIndex
from haetae.pipeline.model_server import search_reach
from haetae.settings import SearchSettings, SystemConfig
from haetae.vlm.breaker import FAILURES, Breaker
from haetae.vlm.embedding import Embedder


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request, tmp_path_factory):
    with database(request.param, tmp_path_factory.mktemp("meaning")) as engine:
        yield EventDesk(engine)


@pytest.fixture
def desk(shared):
    shared.empty()
    with session_scope(shared.sessions) as session:
        session.execute(sa.delete(EmbeddingJob))
        session.execute(sa.delete(EventEmbedding))
    return shared


@pytest.fixture
def server():
    with embedding_server() as running:
        yield running


@dataclass
class Finder:
    desk: EventDesk
    store: EmbeddingStore
    worker: EmbeddingWorker
    search: SearchDesk
    breaker: Breaker
    server: Embedder
    search_index: MeaningIndex
    tally: SearchTally

    def say(self, number: int, text: str, **changes: Any) -> UUID:
        """An event of which is said that, with its words embedded when the worker comes to it."""
        columns = {"search_text": text, "subtype": None, "detail": None}
        event = self.desk.add(number, columns=columns, **changes)
        with session_scope(self.desk.sessions) as session:
            queue_words(session, [event.id], self.desk.clock.now())
        return event.id

    def work(self) -> None:
        while asyncio.run(self.worker.run_once()):
            pass

    def found(self, viewer, text, **wanted):
        self.desk.clock.advance(10)
        answer = self.search.relevant(viewer, EventFilter(text=text, **wanted), 50)
        return [row.id for row in answer.items], answer


def finder_of(desk, server, **settings):
    asked = SearchSettings(**({"base_url": server.base_url, "model": "tiny", "batch": 4, "query_s": 5.0} | settings))
    store, breaker = EmbeddingStore(desk.sessions, desk.clock), Breaker(desk.clock)
    embedder = Embedder(asked, search_reach(asked))
    index = MeaningIndex(store, desk.clock, model=asked.model)
    worker = EmbeddingWorker(
        store, embedder, breaker, model=asked.model, batch=asked.batch, deadline_s=asked.deadline_s, forget=index.forget
    )
    tally = SearchTally(desk.clock, index)
    parts = MeaningParts(embedder, breaker, index, query_s=asked.query_s, least=asked.min_similarity)
    return Finder(desk, store, worker, SearchDesk(desk.events, parts, tally), breaker, embedder, index, tally)


def test_what_is_said_in_other_words_is_found_and_what_is_said_in_these_comes_first(desk, server):
    finder = finder_of(desk, server)
    other, same, _ = finder.say(0, "person fell"), finder.say(1, "person collapsed"), finder.say(2, "red automobile parked")
    finder.work()
    found, answer = finder.found(ADMIN, "collapsed")
    assert found == [same, other]
    assert (answer.by_meaning, answer.cause, finder.search.has_model) == (True, "", True)
    assert finder.worker.status().embedded == 3
    assert finder.store.waiting() == 0


def test_a_viewer_never_gets_an_event_of_another_camera_however_near(desk, server):
    finder = finder_of(desk, server)
    events = {camera: finder.say(at, "person fell", camera_id=camera) for at, camera in enumerate((GATE, YARD))}
    finder.work()
    for viewer in (ADMIN, GUEST):
        found, _ = finder.found(viewer, "쓰러짐")
        seen = viewer.cameras()
        assert set(found) == {event for camera, event in events.items() if seen is None or camera in seen}
    assert len(finder.found(ADMIN, "쓰러짐")[0]) == 2
    assert finder.found(ADMIN, "쓰러짐", camera_ids=(YARD,))[0] == [events[YARD]]


def test_every_other_condition_holds(desk, server):
    finder = finder_of(desk, server)
    high = finder.say(0, "person fell", severity=Severity.HIGH)
    finder.say(1, "person fell", severity=Severity.LOW)
    finder.work()
    assert finder.found(ADMIN, "collapsed", severities=(Severity.HIGH,))[0] == [high]


def test_words_that_change_are_embedded_again_and_a_gone_event_is_forgotten(desk, server):
    finder = finder_of(desk, server)
    event = finder.say(0, "person fell")
    finder.work()
    assert finder.found(ADMIN, "vehicle")[0] == []
    with session_scope(desk.sessions) as session:
        session.execute(sa.text("UPDATE events SET search_text = 'automobile'"))
        queue_words(session, [event], desk.clock.now())
    finder.work()
    assert finder.found(ADMIN, "vehicle")[0] == [event]
    desk.empty()
    assert finder.found(ADMIN, "vehicle")[0] == []
    assert finder.search_index.size[0] == 1
    finder.worker.prune()
    assert finder.search_index.size == (0, 0)
    assert finder.store.prune() == []


def test_embeddings_that_are_too_old_to_be_found_are_forgotten(desk, server):
    finder = finder_of(desk, server)
    events = [finder.say(number, "a red vehicle") for number in range(5)]
    finder.work()
    oldest = sorted(events, key=lambda each: each.int)[:2]
    assert sorted(finder.store.prune(10, keep=3), key=lambda each: each.int) == oldest
    assert finder.store.prune(10, keep=3) == []
    with session_scope(desk.sessions) as session:
        assert set(session.scalars(sa.select(EventEmbedding.event_id))) == set(events) - set(oldest)


def test_lists_are_counted_by_what_they_went_by_with_the_time_that_they_took(desk, server):
    finder = finder_of(desk, server)
    finder.say(0, "person fell")
    finder.work()
    finder.found(ADMIN, "collapsed")
    server.status = 500
    finder.found(ADMIN, "collapsed")
    counted = finder.tally.status()
    assert (counted.by_meaning, counted.by_words, counted.indexed) == (1, 1, 1)
    assert counted.index_bytes > 2 * server.width
    assert counted.seconds >= 0.0


def test_another_model_embeds_everything_again(desk, server):
    finder = finder_of(desk, server)
    event = finder.say(0, "person fell")
    finder.work()
    server.width = 32
    other = finder_of(desk, server, model="other")
    assert other.found(ADMIN, "collapsed")[0] == []
    other.work()
    assert other.found(ADMIN, "collapsed")[0] == [event]


def test_a_server_that_runs_another_model_under_the_same_name_is_told_of(desk, server):
    finder_of(desk, server).say(0, "person fell")
    finder_of(desk, server).work()
    server.width = 32
    again = finder_of(desk, server)
    again.say(1, "person collapsed")
    again.work()
    assert "runs another model" in again.worker.status().cause
    assert again.store.waiting() == 1
    assert not again.found(ADMIN, "collapsed")[1].by_meaning


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"status": 500}, "status 500"),
        ({"status": 401}, "refuses the key"),
        ({"raw": b"<html>"}, "holds no embeddings"),
        ({"raw": b'{"data": []}'}, "0 embeddings for 1 texts"),
        ({"raw": b'{"data": [{"index": 0, "embedding": [0, 0]}]}'}, "no direction"),
        ({"raw": b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}'}, "holds no embeddings"),
        ({"delay_s": 1.0}, "does not answer in time"),
    ],
    ids=str,
)
def test_with_a_server_at_fault_events_are_found_by_their_words(desk, server, fault, cause):
    finder = finder_of(desk, server, query_s=0.3)
    event = finder.say(0, "person fell")
    vars(server).update(fault)
    found, answer = finder.found(ADMIN, "fell")
    assert found == [event]
    assert not answer.by_meaning
    assert cause in answer.cause


def test_a_server_that_is_down_is_left_alone_and_nothing_is_lost(desk, server):
    finder = finder_of(desk, server)
    event = finder.say(0, "person fell")
    server.status = 503
    for _ in range(FAILURES + 3):
        finder.work()
    assert len(server.requests) == FAILURES
    status = finder.worker.status()
    assert (status.state, status.failed, status.waiting) == ("away", FAILURES, 1)
    assert finder.found(ADMIN, "fell")[1].cause == "the embedding server is away"
    assert len(server.requests) == FAILURES
    server.status = 200
    desk.clock.advance(60)
    finder.work()
    assert finder.worker.status().state == "ready"
    assert finder.found(ADMIN, "collapsed")[0] == [event]


def test_words_that_the_server_refuses_keep_no_others_from_being_found(desk, server):
    finder = finder_of(desk, server)
    server.poison = "poison"
    finder.say(0, "poison")
    events = [finder.say(at, "person fell") for at in range(1, 6)]
    for _ in range(12):
        finder.work()
        desk.clock.advance(400)
    assert set(finder.found(ADMIN, "collapsed")[0]) == set(events)
    assert (finder.worker.status().refused, finder.store.waiting()) == (1, 0)


def test_what_was_there_before_the_model_is_embedded_too(desk, server):
    finder = finder_of(desk, server)
    event = desk.add(0, columns={"search_text": "person fell"}).id
    finder.work()
    assert finder.found(ADMIN, "collapsed")[0] == [event]


def test_without_a_model_the_answer_says_so(desk):
    search = SearchDesk(desk.events, None)
    answer = search.relevant(ADMIN, EventFilter(text="x"), 50)
    assert (answer.items, answer.by_meaning) == ([], False)
    assert (search.has_model, "search.model" in answer.cause) == (False, True)


def test_the_key_goes_to_the_server_and_a_network_that_is_not_allowed_is_not_asked(desk, server):
    finder = finder_of(desk, server, api_key="s3cret")
    finder.found(ADMIN, "x")
    assert server.requests[0]["headers"]["Authorization"] == "Bearer s3cret"
    closed = finder_of(desk, server, allow_loopback=False)
    with pytest.raises(EmbeddingFailed, match="reached"):
        asyncio.run(closed.server.embed(["x"], 1.0))
    assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["", "ftp://x/v1", "http://u:p@x/v1", "http://x:y/v1"])
def test_an_address_that_is_none_is_refused(url):
    asked = SearchSettings(base_url=url, model="tiny")
    with pytest.raises(ConfigError, match="search.base_url"):
        Embedder(asked, search_reach(asked))


def test_the_index_keeps_the_newest_within_its_bound(desk):
    ids = [UUID(int=at) for at in range(1, 6)]
    vector = np.array([1.0, 0.0], dtype=np.float16)

    class Kept:
        def read(self, _model, _since, _limit, _before=None):
            return [Meaning(each, GATE, vector) for each in ids], None

    index = MeaningIndex(Kept(), desk.clock, model="tiny", most_bytes=3 * 4)
    assert index.nearest(vector.astype(np.float32), None, least=0.9) == ids[-3:]


def test_ranks_are_fused():
    a, b, c = (UUID(int=at) for at in range(3))
    assert fused([a, b], [b, c]) == [b, a, c]
    assert MOST_FOUND >= 100


def test_the_doctor_says_what_is_wrong_with_the_server(desk, server):
    def finding(**settings):
        search = SearchSettings(**({"base_url": server.base_url, "model": "tiny"} | settings))
        (found,) = check_search(Site(SystemConfig(search=search), desk.clock))
        return found

    assert finding().level is Level.OK
    server.status = 404
    assert finding().fix == "Correct search.model, or load it"
    assert finding(model="").level is Level.OK
    assert "search.base_url" in finding(base_url="x").found


def test_what_is_in_memory_is_read_once(desk, server):
    finder = finder_of(desk, server)
    finder.say(0, "person fell")
    finder.work()
    _, since = finder.store.read("tiny", None, 10)
    assert len(finder.store.read("tiny", since, 10)[0]) == 1, "who writes may commit after who began later"
    desk.clock.advance(10)
    _, later = finder.store.read("tiny", since, 10)
    assert finder.store.read("tiny", later, 10)[0] == []
    finder.say(1, "person collapsed")
    finder.work()
    assert len(finder.store.read("tiny", later, 10)[0]) == 1


def test_a_large_index_is_read_in_pages(desk, server):
    finder = finder_of(desk, server)
    events = [finder.say(number, "person fell") for number in range(7)]
    finder.work()
    vector = np.array(asyncio.run(finder.server.embed(["collapsed"], 5.0))[0])
    for page in (1, 3, 7, 100):
        index = MeaningIndex(finder.store, desk.clock, model="tiny", page=page)
        assert sorted(index.nearest(vector, None, least=0.5)) == sorted(events)
