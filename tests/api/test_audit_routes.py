import pytest
from tests.support.api import client, make_app
from tests.support.audit import ANN, EVENT, tamper, write
from tests.support.counted import ADMIN, GUARD, GUEST

from haetae.api.routers.audit import router
from haetae.database.audit_reader import AuditReader
from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import upgrade


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    write(engine, 5)
    write(engine, 1, action="user.login_failed")
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine):
    return make_app(router, viewers=(ADMIN, GUARD, GUEST), audit=AuditReader(session_factory(engine)))


def get(app, path="", viewer=ADMIN, **params):
    return client(app, viewer).get(f"/api/v1/audit{path}", params=params)


@pytest.mark.parametrize("path", ["", "/verify"])
def test_only_admins_may_look(app, path):
    assert get(app, path).status_code == 200
    assert [get(app, path, viewer).status_code for viewer in (GUARD, GUEST, None)] == [403, 403, 401]


def test_an_entry_says_who_what_when_and_from_where(app):
    [entry] = get(app, limit=1, action="event").json()["entries"]
    assert (entry["number"], entry["actor_name"], entry["actor_id"], entry["address"]) == (5, "ann", str(ANN.user_id), "10.0.0.7")
    assert (entry["action"], entry["target_type"], entry["target_id"]) == ("event.acknowledge", "event", str(EVENT))
    assert (entry["at"], entry["before"], entry["after"]) == ("2026-03-01T12:04:00.123456Z", None, {"n": 4})


def test_pages_lead_to_the_last_one(app):
    numbers, before = [], {}
    while before is not None:
        page = get(app, limit=2, **before).json()
        numbers.append([entry["number"] for entry in page["entries"]])
        before = {"before": page["next"]} if page["next"] is not None else None
    assert numbers == [[6, 5], [4, 3], [2, 1]]


def test_filters_go_together(app):
    count = lambda **params: len(get(app, **params).json()["entries"])  # noqa: E731
    assert count(actor="ann", action="event.acknowledge", target_id=str(EVENT)) == 5
    assert count(since="2026-03-01T12:01:00Z", until="2026-03-01T13:03:00+01:00") == 2
    assert count(actor="' OR 1=1 --") == 0


def test_a_walk_says_how_far_it_came_and_what_it_found(engine, app):
    report = get(app, "/verify").json()
    assert (report["entries"], report["head_number"], report["complete"], report["fault"]) == (6, 6, True, None)
    part = get(app, "/verify", first=2, limit=3).json()
    assert (part["entries"], part["head_number"], part["complete"]) == (3, 4, False)
    tamper(engine, "UPDATE audit_entries SET actor_name = 'eve' WHERE number = 4")
    broken = get(app, "/verify").json()
    assert (broken["fault"], broken["fault_number"], broken["head_number"]) == ("changed", 4, 3)


@pytest.mark.parametrize(
    "params",
    [
        {"actor": "a\0"},
        {"actor": "a" * 129},
        {"action": "Event%"},
        {"action": "a.b.c"},
        {"since": "2026-03-01T12:00:00"},
        {"since": "9999-12-31T23:59:59-12:00"},
        {"until": "0001-01-01T00:00:00+12:00"},
        {"before": 2**63},
        {"before": 0},
        {"limit": 501},
    ],
)
def test_what_cannot_be_answered_is_refused(app, params):
    assert get(app, **params).status_code == 422


def test_the_largest_numbers_are_answered(app):
    assert len(get(app, before=2**63 - 1).json()["entries"]) == 6
    assert get(app, "/verify", first=2**63 - 1).json()["fault"] == "missing"
