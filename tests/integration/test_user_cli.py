"""`haetae user` from the command line to the database."""

import json
import re

import pytest
from tests.support.accounts import cheap_passwords
from typer.testing import CliRunner

from haetae.cli import user_work
from haetae.cli.user import LevelName, RoleName, app
from haetae.database.account_models import CodePurpose
from haetae.database.account_store import AccountStore
from haetae.database.audit_reader import AuditQuery, AuditReader
from haetae.database.camera_store import CameraStore
from haetae.database.opening import reading, writing
from haetae.domain.camera import CameraConfig
from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import ConfigError, Conflict, Forbidden, NotFound, UnknownCamera
from haetae.ids import new_id
from haetae.testing.clock import FakeClock

PASSWORD = "tulip anvil seven"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every command runs in a folder of its own, and passwords cost nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(user_work, "Passwords", cheap_passwords)
    return tmp_path


@pytest.fixture
def store():
    """What is in the database, looked at as a running server would."""
    with writing("sqlite:///haetae-data/haetae.db") as sessions:
        yield AccountStore(sessions, user_work.SystemClock())


def invoke(*arguments, stdin=""):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def code_in(text):
    return re.search(r": (\S{40,})$", text, re.MULTILINE)[1]


def right(store, name, password):
    credentials = store.credentials(name)
    return cheap_passwords().verify(password, credentials.password_hash).right


def add_camera(name="gate"):
    camera = CameraConfig(new_id(), name, "rtsp://10.0.0.5/main")
    with writing("sqlite:///haetae-data/haetae.db") as sessions:
        return CameraStore(sessions, FakeClock(), max_cameras=4).add(camera).config.id


def test_the_words_are_those_of_the_domain():
    assert [*RoleName] == [*Role]
    assert [*LevelName] == [*AccessLevel]


def test_the_first_user_is_an_admin_made_without_a_server(store):
    with pytest.raises(ConfigError, match="must be an admin"):
        invoke("create", "kim")
    made = invoke("create", "Boss", "--role", "admin", "--email", "boss@example.com", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "created 'boss' (admin)" in made.output
    assert PASSWORD not in made.output
    assert right(store, "boss", PASSWORD)
    assert not store.viewer_of(store.find("boss").id)[0].grants
    assert "kim" not in invoke("list").output


def test_without_a_password_a_code_is_printed_that_sets_it(store, folder):
    (folder / "haetae.toml").write_text('[api]\npublic_url = "https://watch.example"\n')
    output = invoke("create", "boss", "--role", "admin").output
    code = code_in(output)
    assert f"https://watch.example/reset#code={code}" in output
    boss = store.find("boss")
    assert store.check_code(code, CodePurpose.RESET).user_id == boss.id
    newer = code_in(invoke("reset-password", "BOSS").output)
    with pytest.raises(Forbidden):
        store.check_code(code, CodePurpose.RESET)
    assert store.check_code(newer, CodePurpose.RESET).user_id == boss.id


def test_a_password_that_is_set_ends_what_was_handed_out(store):
    invoke("create", "boss", "--role", "admin", "--password-stdin", stdin=PASSWORD)
    before = store.find("boss")
    with pytest.raises(ConfigError, match="fewer than 12"):
        invoke("reset-password", "boss", "--password-stdin", stdin="short")
    with pytest.raises(ConfigError, match="no password"):
        invoke("reset-password", "boss", "--password-stdin")
    assert store.find("boss") == before
    invoke("reset-password", before.id, "--password-stdin", stdin="copper lantern nine")
    assert right(store, "boss", "copper lantern nine")
    assert store.find("boss").generation > before.generation


def test_roles_and_access_to_the_site(store):
    invoke("create", "boss", "--role", "admin")
    with pytest.raises(Conflict, match="last active admin"):
        invoke("deactivate", "boss")
    with pytest.raises(Conflict, match="last active admin"):
        invoke("set-role", "boss", "viewer")
    invoke("create", "kim")
    assert "'kim' is operator" in invoke("set-role", "kim", "operator").output
    assert "'kim' was operator already" in invoke("set-role", "kim", "operator").output
    assert "'kim' is inactive" in invoke("deactivate", "kim").output
    assert store.viewer_of(store.find("kim").id) is None
    assert "'kim' is active" in invoke("activate", "kim").output
    with pytest.raises(NotFound, match="no user 'lee'"):
        invoke("activate", "lee")
    assert invoke_code("set-role", "kim", "root") == 2


def invoke_code(*arguments):
    return CliRunner().invoke(app, [*arguments]).exit_code


def test_cameras_are_granted_and_taken_away_by_name_or_id(store):
    invoke("create", "boss", "--role", "admin")
    invoke("create", "kim")
    gate, yard = add_camera("gate"), add_camera("yard")
    kim = store.find("kim").id
    invoke("grant", "kim", "gate")
    noted = invoke("grant", "kim", yard, "control")
    assert "no more than view" in noted.output
    assert store.grants(kim) == {gate: AccessLevel.VIEW, yard: AccessLevel.CONTROL}
    invoke("revoke", "kim", gate)
    assert store.grants(kim) == {yard: AccessLevel.CONTROL}
    with pytest.raises(UnknownCamera):
        invoke("grant", "kim", "roof")


def test_a_set_up_code_is_replaced_and_only_there_while_nobody_is(store):
    first, second = (code_in(invoke("setup-code").output) for _ in range(2))
    with pytest.raises(Forbidden):
        store.check_code(first, CodePurpose.SETUP)
    store.check_code(second, CodePurpose.SETUP)
    invoke("create", "boss", "--role", "admin")
    with pytest.raises(Conflict, match="set up already"):
        invoke("setup-code")


def test_users_are_listed_for_people_and_programs(folder):
    assert "no users yet" in invoke("list").output
    assert json.loads(invoke("list", "--json").output) == []
    assert not (folder / "haetae-data").exists(), "looking makes nothing"
    with pytest.raises(ConfigError, match="no users yet"):
        invoke("set-role", "kim", "viewer")
    invoke("create", "boss", "--role", "admin")
    invoke("create", "kim", "--email", "kim@example.com")
    invoke("deactivate", "kim")
    lines = invoke("list").output.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [["boss", "admin", "active", "-"], ["kim", "viewer", "inactive", "kim@example.com"]]
    listed = json.loads(invoke("list", "--json").output)
    assert [(user["username"], user["role"], user["active"]) for user in listed] == [("boss", "admin", True), ("kim", "viewer", False)]
    assert not [name for user in listed for name in user if "hash" in name]


def test_what_the_command_line_did_is_in_the_audit_log():
    invoke("create", "boss", "--role", "admin")
    invoke("create", "kim")
    invoke("set-role", "kim", "operator")
    with reading("sqlite:///haetae-data/haetae.db") as sessions:
        entries = AuditReader(sessions).list(AuditQuery(), limit=10)
    told = [(entry.action, entry.actor_name, entry.actor_id) for entry in entries]
    assert ("user.change", "command line", None) in told
    assert {actor for _action, actor, _id in told} == {"command line"}
