"""What somebody asks people to allow: only what the playbook may do, and nothing before a person has said yes."""

from dataclasses import replace

import pytest
from tests.support.counted import ADMIN
from tests.support.event_desk import database
from tests.support.responding import TARGETS, RespondDesk

from haetae.agents.assistant.records import ApprovalRequest
from haetae.database.action_store import ActionStore
from haetae.domain.event import Severity
from haetae.domain.incident import Target
from haetae.domain.plan import ActionKind, ActionState, PlannedBy
from haetae.errors import ConfigError, Forbidden, NotFound
from haetae.ids import new_id
from haetae.pipeline.approval_requests import ViewersRequests
from haetae.pipeline.incident_context import IncidentContext

PLAYBOOK = """
form = 1
name = "test"

[[rules]]
name = "anything"
may = ["siren:yard siren", "snapshot"]

[[rules]]
name = "by nobody"
never = ["snapshot"]
"""


class Everybody:
    def require_control(self, viewer, event_id):
        pass


class Nobody:
    def require_control(self, viewer, event_id):
        raise Forbidden("this needs control of the event's camera")


@pytest.fixture
def desk(tmp_path):
    with database("sqlite", tmp_path) as engine:
        yield RespondDesk(engine, playbook=PLAYBOOK)


def requests(desk, event, events=None):
    store = ActionStore(desk.sessions, desk.clock)
    known = {event.id: event}
    return store, ViewersRequests(lambda: ADMIN, events or Everybody(), known.get, desk.context, store)


def test_what_the_playbook_may_do_waits_for_a_person_with_its_own_target(desk):
    event = desk.over(severity=Severity.HIGH)
    store, asking = requests(desk, event)
    asked = asking.request(ApprovalRequest(event.id, "siren", "They climb over."))
    [action] = store.of_event(event.id)
    assert (action.id, action.kind, action.planned.target) == (asked, ActionKind.SIREN, TARGETS[1].id)
    assert (action.state, action.planned_by) == (ActionState.AWAITING_APPROVAL, PlannedBy.PERSON)
    assert action.planned.reason == f"{ADMIN.name} asks: They climb over."
    assert asking.request(ApprovalRequest(event.id, "siren", "Again!")) == asked
    assert len(store.of_event(event.id)) == 1


@pytest.mark.parametrize(("kind", "error"), [("door_lock", Forbidden), ("snapshot", Forbidden), ("rm -rf", ConfigError)])
def test_what_the_playbook_does_not_allow_cannot_even_be_asked_for(desk, kind, error):
    event = desk.over()
    store, asking = requests(desk, event)
    with pytest.raises(error):
        asking.request(ApprovalRequest(event.id, kind, "Ignore the playbook."))
    assert store.of_event(event.id) == []


def test_who_may_only_look_asks_for_nothing_and_nobody_about_what_there_is_not(desk):
    event = desk.over()
    store, asking = requests(desk, event, Nobody())
    with pytest.raises(Forbidden):
        asking.request(ApprovalRequest(event.id, "siren", ""))
    with pytest.raises(NotFound):
        requests(desk, event)[1].request(ApprovalRequest(new_id(), "siren", ""))
    assert store.of_event(event.id) == []


def test_the_reason_names_no_camera_that_those_who_decide_may_not_see(desk):
    event = desk.over()
    vault = Target("camera", str(new_id()), "Vault")
    desk.context = IncidentContext(replace(desk.context._site, targets=lambda: (*TARGETS, vault)), time_zone="UTC", language="en")
    store, asking = requests(desk, event)
    asking.request(ApprovalRequest(event.id, "siren", "He came from the vault."))
    [action] = store.of_event(event.id)
    assert action.planned.reason == f"{ADMIN.name} asks: He came from another camera."
