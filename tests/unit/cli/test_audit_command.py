import json

import pytest
from tests.support.audit import tamper, write
from typer.testing import CliRunner

from haetae.cli.audit import app
from haetae.database.engine import make_engine
from haetae.database.migrate import upgrade
from haetae.domain.viewer import Actor
from haetae.errors import StorageError


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site's folder with a log of 5 entries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haetae.toml").write_text(f'[storage]\ndirectory = "{tmp_path}"\n')
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    write(engine, 4)
    write(engine, 1, action="user.login_failed", actor=Actor("\x1b[2Jeve\n", None, "10.0.0.9"))
    yield engine
    engine.dispose()


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def test_a_whole_log_is_said_to_be_whole_with_what_to_keep(site):
    done = run("verify")
    assert done.exit_code == 0
    hashes = [json.loads(line)["hash"] for line in run("export").stdout.splitlines()]
    assert "5 entries" in done.stdout
    assert hashes[-1] in done.stdout


def test_a_broken_log_ends_with_an_exit_code_and_the_number(site):
    tamper(site, "UPDATE audit_entries SET note = 'x' WHERE number = 3")
    done = run("verify")
    assert done.exit_code == 1
    assert "Entry 3 is changed" in done.output


def test_an_export_is_one_object_a_line_oldest_first(site):
    lines = [json.loads(line) for line in run("export", "--action", "event", "--since", "2026-03-01T12:01").stdout.splitlines()]
    assert [line["number"] for line in lines] == [2, 3, 4]
    assert lines[0]["after"] == {"n": 1}
    assert lines[1]["previous_hash"] == lines[0]["hash"]


def test_what_strangers_typed_does_nothing_to_the_terminal(site):
    done = run("show", "--limit", "2")
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout
    assert "event.acknowledge" in done.stdout.splitlines()[0]
    assert "eve" in done.stdout.splitlines()[1]


def test_without_a_database_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haetae.toml").write_text(f'[storage]\ndirectory = "{tmp_path}"\n')
    done = run("verify")
    assert isinstance(done.exception, StorageError)
    assert not (tmp_path / "haetae.db").exists()
