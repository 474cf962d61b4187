"""`haetae report` from the command line to the database."""

import json

import pytest
from tests.support.event_desk import EventDesk, database
from typer.testing import CliRunner

from haetae.cli.reports import app
from haetae.domain.event import Severity
from haetae.errors import ConfigError, StorageError


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Events from 21:00 on a Sunday in Seoul on, in the database of the folder that every command runs in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haetae.toml").write_text('[site]\ntime_zone = "Asia/Seoul"\n')
    (tmp_path / "haetae-data").mkdir()
    with database("sqlite", tmp_path / "haetae-data") as engine:
        desk = EventDesk(engine)
        desk.add(0, severity=Severity.HIGH, vlm_type="Fighting", end_s=12.0)
        desk.add(3600)
        yield desk


def report(*arguments):
    result = CliRunner().invoke(app, ["shift", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_a_shift_is_told_in_local_time(desk):
    text = report("--from", "2026-03-01T20:00", "--to", "2026-03-01T21:30")
    assert text.splitlines()[:2] == ["Shift report, 2026-03-01 20:00 to 2026-03-01 21:30 (Asia/Seoul)", "1 event."]
    assert "- 2026-03-01 21:00 gate: Fighting, high, 12 s" in text
    assert "이벤트 2건." in report("--from", "2026-03-01T20:00", "--to", "2026-03-02", "--lang", "ko")


def test_the_report_is_there_for_programs(desk):
    found = json.loads(report("--from", "2026-03-01", "--to", "2026-03-02", "--json"))
    assert (found["total"], found["by_severity"]["high"], found["unacknowledged"]) == (2, 1, 2)


def test_what_cannot_be_reported_says_what_to_do(desk, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="span"):
        report("--from", "2026-03-02", "--to", "2026-03-01")
    with pytest.raises(ConfigError, match="fr"):
        report("--lang", "fr")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(StorageError, match="no database yet"):
        report()
