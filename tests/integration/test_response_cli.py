"""`haetae target`, `haetae incident` and `haetae audit verify`, from the command line to the database."""

import json

import pytest
import sqlalchemy as sa
from tests.support.events import make_event
from typer.testing import CliRunner

from haetae.cli import audit, incident, target
from haetae.clock import SystemClock
from haetae.database.action_store import ActionStore
from haetae.database.engine import session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.opening import writing
from haetae.database.response_models import ResponseAction
from haetae.database.target_store import TargetStore
from haetae.domain.action import TargetKind
from haetae.domain.plan import ActionKind, PlannedAction, ResponsePlan
from haetae.errors import ConfigError, Conflict, NotFound, StorageError
from haetae.ids import new_id
from haetae.vault import Vault

URL = "sqlite:///haetae-data/haetae.db"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(app, *arguments, stdin="", fails=False):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if isinstance(result.exception, Exception):
        raise result.exception
    assert bool(result.exit_code) is fails, result.output
    return result.output


def test_targets_are_registered_listed_and_removed(folder):
    hook = ("add", "hook", "--kind", "webhook", "--set", "url=http://192.168.7.30/hook", "--set", "idempotent=true", "--secret", "secret")
    assert "Registered: hook" in invoke(target.app, *hook, stdin="hunter2\n")
    invoke(target.app, "add", "door", "--kind", "door", "--name", "Back door", "--set", "url=http://192.168.7.31/", "--two-people")
    listed = invoke(target.app, "list")
    assert listed.splitlines()[1].split() == ["hook", "webhook", "hook"]
    assert "Back door (two people)" in listed
    with writing(URL) as sessions:
        found = TargetStore(sessions, SystemClock(), Vault.open(folder / "haetae-data")).usable("hook", TargetKind.WEBHOOK)
    assert (found.settings["secret"], found.settings["idempotent"]) == ("hunter2", True)
    for arguments, error in (
        (hook, Conflict),
        (("add", "Bad Id", "--kind", "siren", "--set", "url=http://192.168.7.30/"), ConfigError),
        (("add", "x", "--kind", "cannon", "--set", "url=http://192.168.7.30/"), ConfigError),
        (("add", "x", "--kind", "siren", "--set", "url=http://127.0.0.1/"), ConfigError),
        (("add", "x", "--kind", "siren", "--set", "url"), ConfigError),
        (("remove", "gone"), NotFound),
    ):
        with pytest.raises(error):
            invoke(target.app, *arguments, stdin="x\n")
    invoke(target.app, "remove", "hook")
    assert "hook" not in invoke(target.app, "list")


def test_an_incident_is_written_to_a_file_and_a_changed_action_is_found(folder):
    with pytest.raises(StorageError):
        invoke(incident.app, "export", new_id())
    event = make_event(vlm_description="<b>bold</b>")
    with writing(URL) as sessions:
        with session_scope(sessions) as session:
            upsert_events(session, [event], stored_at=event.timestamp)
        plan = ResponsePlan((PlannedAction(ActionKind.ADD_NOTE, text="look"), PlannedAction(ActionKind.SIREN, "front")))
        ActionStore(sessions, SystemClock()).record(event.id, event.camera_id, plan)
    whole = json.loads(invoke(incident.app, "export", event.id))
    assert [action["kind"] for action in whole["actions"]] == ["add_note", "siren"]
    assert whole["made_by"] == "command line"
    page = folder / "incident.html"
    invoke(incident.app, "export", event.id, "--html", "--out", page)
    assert "&lt;b&gt;bold" in page.read_text(encoding="utf-8")
    with pytest.raises(NotFound):
        invoke(incident.app, "export", new_id())
    assert "0 plans, 2 actions and 1 approvals are what the log says" in invoke(audit.app, "verify")
    with writing(URL) as sessions, session_scope(sessions) as session:
        session.execute(sa.update(ResponseAction).where(ResponseAction.kind == ActionKind.SIREN).values(target="back"))
    assert "is not what the log says: changed" in invoke(audit.app, "verify", fails=True)
