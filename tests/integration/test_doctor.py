"""`haetae doctor` on real sites: sound ones, damaged ones, and none at all."""

import os
import sqlite3
from contextlib import closing

import numpy as np
import orjson
import pytest
import sqlalchemy as sa
import typer
from tests.support.events import CAMERA, make_event
from tests.support.postgres import postgres_database
from tests.support.site_rows import fill
from typer.testing import CliRunner

from haetae.cli.doctor import doctor
from haetae.clock import SystemClock
from haetae.database.async_event_logger import AsyncEventLogger, WriterOptions
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.migrate import migrate_to, upgrade
from haetae.database.models import Camera
from haetae.pipeline.doctor.finding import Level
from haetae.pipeline.doctor.run import diagnose
from haetae.vad.state_file import write_state

STATE = f"states/{CAMERA}/motion.state"


@pytest.fixture
def storage(tmp_path):
    """A site with two cameras, of which one has learned; nothing runs."""
    folder = tmp_path / "site"
    folder.mkdir(mode=0o700)
    engine = make_engine(f"sqlite:///{folder / 'haetae.db'}")
    upgrade(engine)
    fill(engine, events=500)
    with session_scope(session_factory(engine)) as session:
        session.get(Camera, CAMERA).vad_settings = None
    with AsyncEventLogger(folder / "log", session_factory(engine)) as logger:
        logger.log_event(make_event(1000))
    engine.dispose()
    write_state(folder / STATE, {"model": "motion", "model_version": 1}, {"a": np.zeros(3)})
    return folder


def look(folder, *, database_url=None, max_cameras=16):
    url = f'database_url = "{database_url}"' if database_url else ""
    config = folder.with_name("look.toml")
    config.write_text(f'[storage]\ndirectory = "{folder}"\n{url}\n[site]\nmax_cameras = {max_cameras}\n[retention]\nstop_free_gb = 0\n')
    return diagnose(config, SystemClock())


def about(findings, check):
    return [finding for finding in findings if finding.check == check]


def problems(findings):
    return [finding for finding in findings if finding.level is Level.PROBLEM]


def tree(folder):
    return {path: (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def change(folder, statement):
    engine = make_engine(f"sqlite:///{folder / 'haetae.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def test_a_sound_site_has_no_problem_and_is_not_changed(storage):
    before = tree(storage)
    findings = look(storage)
    assert problems(findings) == []
    assert all(finding.fix for finding in findings if finding.level is not Level.OK)
    assert about(findings, "integrity")[0].level is Level.OK
    assert "1 enabled of 2" in about(findings, "cameras")[0].found
    assert "1 of 1" in about(findings, "learned states")[0].found
    assert "0 events wait" in about(findings, "event log")[0].found
    assert tree(storage) == before


def test_where_nothing_is_yet_nothing_is_made(tmp_path):
    findings = look(tmp_path / "new")
    assert problems(findings) == []
    assert "none yet" in about(findings, "database")[0].found
    assert [path.name for path in tmp_path.iterdir()] == ["look.toml"]


def test_a_running_site_is_looked_at_without_being_disturbed(storage):
    engine = make_engine(f"sqlite:///{storage / 'haetae.db'}")
    with AsyncEventLogger(storage / "log", session_factory(engine)) as logger:
        logger.log_event(make_event(2000))
        assert logger.flush()
        assert (storage / "haetae.db-wal").stat().st_size > 0
        findings = look(storage)
        assert problems(findings) == []
        assert "Haetae is running" in about(findings, "event log")[0].found
        logger.log_event(make_event(2001))
        assert logger.flush()
    engine.dispose()


def test_a_damaged_page_of_the_database_is_found(storage):
    path = storage / "haetae.db"
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_events_by_time'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(os.urandom(200))
    found = about(look(storage), "integrity")[0]
    assert found.level is Level.PROBLEM
    assert "haetae restore" in found.fix


def test_a_file_that_is_no_database_is_found(storage):
    (storage / "haetae.db").write_bytes(b"hello, this is a text" * 1000)
    found = about(look(storage), "database")[0]
    assert found.level is Level.PROBLEM
    assert "not a database" in found.found
    assert "haetae restore" in found.fix


def test_a_broken_reference_is_found(storage):
    with closing(sqlite3.connect(storage / "haetae.db")) as connection:
        connection.execute("UPDATE camera_access SET user_id = 'nobody'")
        connection.commit()
    assert about(look(storage), "integrity")[0].level is Level.PROBLEM


def test_a_newer_database_is_a_problem_and_an_older_one_is_not(storage, tmp_path):
    change(storage, "UPDATE alembic_version SET version_num = '999_future'")
    found = about(look(storage), "schema")[0]
    assert found.level is Level.PROBLEM
    assert "999_future" in found.found
    old = tmp_path / "old"
    old.mkdir()
    engine = make_engine(f"sqlite:///{old / 'haetae.db'}")
    migrate_to(engine, "001_initial")
    engine.dispose()
    findings = look(old)
    assert problems(findings) == []
    assert "001_initial" in about(findings, "schema")[0].found


def test_cameras_that_cannot_run_here_are_found(storage):
    camera = str(CAMERA.hex)
    for source in ("gopher://10.0.0.1/x", "sim://no_such_scene"):
        change(storage, f"UPDATE cameras SET source = '{source}' WHERE id = '{camera}'")  # noqa: S608
        assert [finding.level for finding in problems(look(storage))] == [Level.PROBLEM], source
    change(storage, f"UPDATE cameras SET source = 'sim://gate', vad_model = 'nonsense' WHERE id = '{camera}'")  # noqa: S608
    assert "nonsense" in problems(look(storage))[0].found
    change(storage, f"UPDATE cameras SET vad_model = 'motion', zones = '[{{}}]' WHERE id = '{camera}'")  # noqa: S608
    assert "its row cannot be read" in problems(look(storage))[0].found


def test_more_cameras_than_may_run_are_a_problem(storage):
    change(storage, "UPDATE cameras SET enabled = 1")
    assert problems(look(storage)) == []
    (found,) = problems(look(storage, max_cameras=1))
    assert "2 enabled of 2; at most 1" in found.found


@pytest.mark.parametrize("meta", [{"model": "motion", "model_version": 99}, {"model": "other", "model_version": 1}, None])
def test_a_learned_state_that_cannot_be_used_is_told(storage, meta):
    if meta is None:
        (storage / STATE).write_bytes(b"damaged")
    else:
        write_state(storage / STATE, meta, {"a": np.zeros(3)})
    findings = look(storage)
    assert "learns anew" in "".join(finding.fix for finding in findings if finding.level is Level.WARNING)
    assert "0 of 1" in about(findings, "learned states")[0].found


def test_events_that_wait_and_dead_letters_are_counted(storage):
    with AsyncEventLogger(storage / "log", None, options=WriterOptions(retry_most_s=0.01)) as logger:
        for number in range(3):
            logger.log_event(make_event(3000 + number))
        logger.close(timeout=0.0)
    (storage / "log" / "dead-letters.jsonl").write_bytes(b"{}\n{}\n")
    findings = look(storage)
    assert "3 events wait" in about(findings, "event log")[0].found
    assert "2 events" in about(findings, "dead letters")[0].found


def test_a_file_in_the_place_of_the_storage_folder_is_a_problem(tmp_path):
    (tmp_path / "site").write_text("")
    assert about(look(tmp_path / "site"), "storage folder")[0].level is Level.PROBLEM


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_problem(storage):
    storage.chmod(0o500)
    try:
        assert about(look(storage), "storage folder")[0].level is Level.PROBLEM
    finally:
        storage.chmod(0o700)


def test_who_else_may_read_and_write_is_told(storage):
    assert about(look(storage), "permissions")[0].level is Level.OK
    storage.chmod(0o755)
    (storage / "haetae.db").chmod(0o644)
    assert about(look(storage), "permissions")[0].level is Level.WARNING
    storage.chmod(0o777)
    assert about(look(storage), "permissions")[0].level is Level.PROBLEM


def test_a_postgresql_database_is_looked_at_and_one_that_is_away_is_a_problem(tmp_path):
    with postgres_database() as url:
        findings = look(tmp_path / "site", database_url=url)
        assert problems(findings) == []
        assert "PostgreSQL" in about(findings, "database")[0].found
        assert "0 enabled" in about(findings, "cameras")[0].found
    found = about(look(tmp_path / "site", database_url="postgresql://u:secret@127.0.0.1:1/x"), "database")[0]
    assert found.level is Level.PROBLEM
    assert "secret" not in found.found


def test_the_command_says_what_to_do_and_its_exit_code_tells_a_problem(storage, tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(doctor)
    config = tmp_path / "haetae.toml"
    config.write_text(f'[storage]\ndirectory = "{storage}"\n')
    for name in [name for name in os.environ if name.startswith("HAETAE_")]:
        monkeypatch.delenv(name)
    sound = CliRunner().invoke(app, ["--config", str(config)])
    assert sound.exit_code == 0
    assert "✓ integrity" in sound.output
    assert "0 problems" in sound.output
    change(storage, "UPDATE alembic_version SET version_num = '999_future'")
    newer = CliRunner().invoke(app, ["--config", str(config)])
    assert newer.exit_code == 1
    assert "✗ schema" in newer.output
    assert "fix: Install the newer Haetae" in newer.output
    told = CliRunner().invoke(app, ["--config", str(config), "--json"])
    assert told.exit_code == 1
    report = orjson.loads(told.stdout)
    assert report["level"] == "problem"
    assert [each["check"] for each in report["findings"] if each["level"] == "problem"] == ["schema"]
