"""A site out of its backup: on either database, while it runs, from an older schema, and never over what is there."""

import contextlib
import fcntl
import itertools
import os
import shutil
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
import typer
from tests.support.events import ONSET, make_event
from tests.support.postgres import postgres_database
from tests.support.site_rows import all_rows, fill
from tests.support.waiting import wait_until
from typer.testing import CliRunner

from haetae.cli import backup as commands
from haetae.clock import SystemClock
from haetae.database.async_event_logger import AsyncEventLogger, WriterOptions
from haetae.database.audit_reader import AuditReader
from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import current_revision, head_revision, migrate_to, upgrade
from haetae.database.models import Base
from haetae.errors import ConfigError, DatabaseTooNew, StorageError
from haetae.media.blobs import MEDIA_KINDS
from haetae.pipeline import archive as archive_format
from haetae.pipeline.archive import extract, read_manifest, writing
from haetae.pipeline.backup import BackupPlan, back_up
from haetae.pipeline.restore import CONFIG_NAME, RestorePlan, restore
from haetae.testing.clock import FakeClock

SNAPSHOT = "snapshots/2026/03/01/01960000-0000-7000-8000-000000000001/01960000-0000-7000-8000-0000000000bb.jpg"
CLIP = "clips/2026/03/01/01960000-0000-7000-8000-000000000001/01960000-0000-7000-8000-0000000000bb.mp4"
STATE = "states/01960000-0000-7000-8000-000000000001/motion.state"
STAMP = "20260301T120000Z"
SYSTEM = SystemClock()


@contextlib.contextmanager
def database(kind, folder, *, migrated=True):
    """The URL and an engine of a database in or for `folder`."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'haetae.db'}"
            folder.mkdir(parents=True, exist_ok=True)
        else:
            url = stack.enter_context(postgres_database(migrated=migrated))
        engine = make_engine(url)
        stack.callback(engine.dispose)
        if migrated:
            upgrade(engine)
        yield url, engine


@pytest.fixture
def site(tmp_path):
    """A SQLite site with a row everywhere, a clip, a learned state, a log and a configuration: the plan that backs it up."""
    storage = tmp_path / "site"
    with database("sqlite", storage) as (url, engine):
        fill(engine)
        with AsyncEventLogger(storage / "log", session_factory(engine)) as logger:
            logger.log_event(make_event(100))
        for name, data in ((CLIP, b"clip" * 50_000), (SNAPSHOT, b"snapshot"), (STATE, b"state")):
            (storage / name).parent.mkdir(parents=True)
            (storage / name).write_bytes(data)
        config = tmp_path / "haetae.toml"
        config.write_text("[site]\nmax_cameras = 3\n")
        yield BackupPlan(storage, url, tmp_path / "backup.tar.gz", config, media=True)


def tree(folder):
    """Everything below a folder, by content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@contextlib.contextmanager
def open_engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def audit_log_at(url):
    with open_engine(url) as engine:
        report = AuditReader(session_factory(engine)).verify()
    assert (report.entries, report.fault) == (3, None)
    return report


def rows_at(url):
    with open_engine(url) as engine:
        return all_rows(engine)


@pytest.mark.parametrize(
    ("source", "target", "suffix"), [("sqlite", "sqlite", ".tar"), ("sqlite", "postgresql", ".tar.gz"), ("postgresql", "sqlite", ".tar.gz")]
)
def test_what_was_backed_up_is_what_is_restored_on_either_database(tmp_path, source, target, suffix):
    with database(source, tmp_path / "old") as (url, engine), database(target, tmp_path / "new", migrated=False) as (new_url, _):
        fill(engine, events=1201)
        plan = BackupPlan(tmp_path / "old", url, tmp_path / f"backup{suffix}")
        written = back_up(plan, SYSTEM)
        report = restore(RestorePlan(plan.target, tmp_path / "new", new_url), SYSTEM)
        assert rows_at(new_url) == all_rows(engine)
        assert audit_log_at(new_url) == AuditReader(session_factory(engine)).verify()
    assert report.rows == written.manifest.rows
    assert report.rows["events"] == 1201
    assert all(report.rows.values()), "a table without a row would show nothing"
    assert set(report.rows) == set(Base.metadata.tables)
    assert report.moved == ()


def test_files_come_back_as_they_were_and_the_configuration_is_put_beside(site, tmp_path):
    back_up(site, SYSTEM)
    assert site.target.stat().st_mode & 0o777 == 0o600
    report = restore(RestorePlan(site.target, tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'haetae.db'}"), SYSTEM)
    old, new = tree(site.storage), tree(tmp_path / "new")
    kept = {name for name in old if name.startswith(("log", "states", "clips", "snapshots"))} - {"log/journal.lock"}
    assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
    assert set(new) == kept | {"haetae.db", "haetae.lock", CONFIG_NAME}
    assert new[CONFIG_NAME] == site.config_file.read_bytes()
    assert report.files == {"log": 2, "states": 1, **dict.fromkeys(MEDIA_KINDS, 0), "clips": 1, "snapshots": 1}


def test_a_backup_without_media_leaves_clips_where_they_are_and_saves_those_of_later_events(site):
    """The sweep of orphans would delete the latter, and they are evidence."""
    with open_engine(site.database_url) as engine:
        known = next(row["id"] for row in all_rows(engine)["events"])
    folder = (site.storage / CLIP).parent
    (folder / f"{known}.mp4").write_bytes(b"of an event in the backup")
    back_up(replace(site, media=False), SYSTEM)
    report = restore(RestorePlan(site.target, site.storage, site.database_url, force=True), FakeClock(ONSET))
    assert (folder / f"{known}.mp4").read_bytes() == b"of an event in the backup"
    assert not (site.storage / CLIP).exists()
    assert f"{site.storage / 'clips'}.before-restore-{STAMP}" in report.moved
    assert (site.storage / CLIP.replace("clips", f"clips.before-restore-{STAMP}")).read_bytes() == b"clip" * 50_000


def test_every_event_accepted_before_a_backup_of_a_busy_site_is_in_it(tmp_path):
    """Small files and few kept, so that the writer removes journal files while the backup reads them."""
    options = WriterOptions(batch_wait_s=0.005, give_way_s=0.0, keep_segments=0, max_batch=20)
    accepted, went_on, stop = [], [], threading.Event()
    with database("sqlite", tmp_path / "site") as (url, engine):

        def work():
            for number in itertools.count():
                if stop.is_set():
                    return
                wait_until(lambda: stop.is_set() or logger.stats().waiting < 50, "the writer keeps up")
                logger.log_event(event := make_event(number))
                accepted.append(event.id)

        with AsyncEventLogger(tmp_path / "site" / "log", session_factory(engine), options=options, segment_bytes=4000) as logger:
            writer = threading.Thread(target=work)
            writer.start()
            try:
                for number in range(3):
                    wait_until(lambda: len(accepted) > 200 * (number + 1), "events")  # noqa: B023
                    before = set(accepted)
                    waited_before = logger.stats().accepted
                    target = tmp_path / f"{number}.tar"
                    back_up(BackupPlan(tmp_path / "site", url, target), SYSTEM)
                    went_on.append(logger.stats().accepted > waited_before)
                    assert before <= restored_events(tmp_path / f"new{number}", target)
            finally:
                stop.set()
                writer.join()
    assert any(went_on), "the site must run on meanwhile"


def restored_events(folder, target):
    """Ids of the events of a site restored from `target`, once it has started and replayed its journal."""
    url = f"sqlite:///{folder / 'haetae.db'}"
    restore(RestorePlan(target, folder, url), SYSTEM)
    engine = make_engine(url)
    with AsyncEventLogger(folder / "log", session_factory(engine)) as logger:
        assert logger.flush(60.0)
        assert logger.stats().dead == 0
    rows = all_rows(engine)["events"]
    engine.dispose()
    return {row["id"] for row in rows}


def test_events_that_only_the_journal_holds_are_stored_after_the_restore(site, tmp_path):
    events = [make_event(number) for number in range(200, 210)]
    with AsyncEventLogger(site.storage / "log", None, options=WriterOptions(batch_wait_s=0.0, retry_most_s=0.01)) as logger:
        for event in events:
            logger.log_event(event)
        back_up(site, SYSTEM)
        logger.close(timeout=0.0)
    assert {event.id for event in events} <= restored_events(tmp_path / "new", site.target)


def test_a_target_that_holds_data_is_refused_and_with_force_moved_aside(site, tmp_path):
    back_up(site, SYSTEM)
    engine = make_engine(site.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM cameras"))
    plan = RestorePlan(site.target, site.storage, site.database_url)
    before = tree(site.storage)
    with pytest.raises(StorageError, match=r"haetae\.db.*log.*states.*clips.*--force"):
        restore(plan, FakeClock(ONSET))
    assert tree(site.storage) == {**before, "haetae.lock": tree(site.storage)["haetae.lock"]}
    old = all_rows(engine)
    engine.dispose()

    report = restore(replace(plan, force=True), FakeClock(ONSET))
    assert len(rows_at(site.database_url)["cameras"]) == 2
    aside = [f"{site.storage / name}.before-restore-{STAMP}" for name in ("log", "states", "clips", "snapshots", "haetae.db")]
    assert report.moved == tuple(aside)
    assert rows_at(f"sqlite:///{aside[-1]}") == old
    assert all(os.path.exists(path) for path in aside)
    assert not list(site.storage.glob(".*")), "nothing half-done stays"


def test_old_postgresql_tables_are_moved_into_a_schema_of_their_own(site, tmp_path):
    back_up(site, SYSTEM)
    with database("postgresql", tmp_path) as (url, engine):
        fill(engine, events=7)
        engine.dispose()
        plan = RestorePlan(site.target, tmp_path / "new", url)
        with pytest.raises(StorageError, match="PostgreSQL"):
            restore(plan, SYSTEM)
        report = restore(replace(plan, force=True), FakeClock(ONSET))
        assert report.moved == (f"the schema haetae_before_restore_{STAMP.lower()}",)
        assert len(rows_at(url)["events"]) == 4
        with engine.connect() as connection:
            kept = sa.table("events", schema=f"haetae_before_restore_{STAMP.lower()}")
            assert connection.execute(sa.select(sa.func.count()).select_from(kept)).scalar() == 7
            assert "haetae_restore_" not in " ".join(sa.inspect(connection).get_schema_names())
        assert current_revision(engine) == head_revision()
        upgrade(engine)


def test_a_database_of_something_else_is_refused_even_with_force(site, tmp_path):
    back_up(site, SYSTEM)
    with database("postgresql", tmp_path, migrated=False) as (url, engine):
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))
        engine.dispose()
        with pytest.raises(StorageError, match="invoices"):
            restore(RestorePlan(site.target, tmp_path / "new", url, force=True), SYSTEM)
        assert sa.inspect(engine).get_table_names() == ["invoices"]


def test_a_running_site_is_not_restored_over(site, tmp_path):
    back_up(site, SYSTEM)
    plan = RestorePlan(site.target, site.storage, site.database_url, force=True)
    engine = make_engine(site.database_url)
    before = rows_at(site.database_url)
    with AsyncEventLogger(site.storage / "log", session_factory(engine)), pytest.raises(StorageError, match=f"process {os.getpid()}"):
        restore(plan, SYSTEM)
    # A site that runs elsewhere, on this database.
    with AsyncEventLogger(site.storage / "log", session_factory(engine)), pytest.raises(StorageError, match="in use"):
        restore(replace(plan, storage=tmp_path / "new"), SYSTEM)
    with (site.storage / "haetae.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="in use"):
            restore(plan, SYSTEM)
    engine.dispose()
    assert rows_at(site.database_url) == before


def test_a_postgresql_database_with_a_running_haetae_is_not_restored_over(site, tmp_path):
    back_up(site, SYSTEM)
    with database("postgresql", tmp_path) as (url, engine), engine.connect(), pytest.raises(StorageError, match="in use"):
        restore(RestorePlan(site.target, tmp_path / "new", url, force=True), SYSTEM)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_schema_is_restored_and_then_migrated(tmp_path, kind):
    with (
        database("sqlite", tmp_path / "old", migrated=False) as (url, engine),
        database(kind, tmp_path / "new", migrated=False) as (new, _),
    ):
        migrate_to(engine, "001_initial")
        with engine.begin() as connection:
            row = (
                "'0196000000007000800000000000000a', 'gate', 'sim://gate', 'motion', 1.0, 1, 30.0, 5.0, 5.0, '2026-01-01', '2026-01-01', 1"
            )
            columns = "id, name, source, vad_model, false_alarms_per_day, enabled, offline_alert_s, pre_roll_s, post_roll_s"
            connection.exec_driver_sql(f"INSERT INTO cameras ({columns}, created_at, updated_at, version) VALUES ({row})")  # noqa: S608
        plan = BackupPlan(tmp_path / "old", url, tmp_path / "backup.tar")
        assert back_up(plan, SYSTEM).manifest.revision == "001_initial"
        restore(RestorePlan(plan.target, tmp_path / "new", new), SYSTEM)
        (camera,) = rows_at(new)["cameras"]
        assert (camera["name"], camera["vad_settings"]) == ("gate", None)
        engine = make_engine(new)
        assert current_revision(engine) == head_revision()
        engine.dispose()
    assert not list((tmp_path / "new").glob("*.backup-*"))


def test_a_newer_schema_is_refused_untouched(site, tmp_path):
    back_up(site, SYSTEM)
    rewritten(site.target, tmp_path / "newer.tar", revision="999_future")
    with pytest.raises(DatabaseTooNew, match="999_future"):
        restore(RestorePlan(tmp_path / "newer.tar", tmp_path / "new", f"sqlite:///{tmp_path}/new/haetae.db"), SYSTEM)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("changes", [{"rows": {"events": 5}}, {"revision": "001_initial"}])
def test_rows_that_do_not_fit_what_the_manifest_says_leave_everything_as_it_was(site, tmp_path, changes):
    back_up(site, SYSTEM)
    rewritten(site.target, tmp_path / "changed.tar", **changes)
    before, rows = tree(site.storage).keys(), rows_at(site.database_url)
    with pytest.raises(StorageError):
        restore(RestorePlan(tmp_path / "changed.tar", site.storage, site.database_url, force=True), SYSTEM)
    assert tree(site.storage).keys() - {"haetae.lock"} == before
    assert rows_at(site.database_url) == rows


def rewritten(source, target, **changes):
    """The same backup with another manifest."""
    manifest = read_manifest(source)
    folder = target.with_suffix(".extracted")
    extract(source, manifest, folder)
    with writing(target) as archive:
        for name in manifest.members:
            with (folder / name).open("rb") as file:
                archive.add_file(name, file)
        archive.finish(manifest.model_copy(update=changes))
    shutil.rmtree(folder)


def test_a_step_that_fails_at_the_end_puts_everything_back(site, monkeypatch):
    back_up(site, SYSTEM)
    before, rows = tree(site.storage), rows_at(site.database_url)

    def fails(self):
        raise StorageError("the disk is gone")

    monkeypatch.setattr("haetae.database.replace._NewFile.take_place", fails)
    with pytest.raises(StorageError, match="the disk is gone"):
        restore(RestorePlan(site.target, site.storage, site.database_url, force=True), SYSTEM)
    after = tree(site.storage)
    del after["haetae.lock"]
    assert after.keys() == before.keys()
    assert {name: after[name] for name in after if "haetae.db" not in name} == {
        name: before[name] for name in before if "haetae.db" not in name
    }
    assert rows_at(site.database_url) == rows


def test_a_backup_is_never_overwritten_and_a_failed_one_leaves_no_file(site, monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match=r"\.tar"):
        back_up(replace(site, target=tmp_path / "backup.zip"), SYSTEM)
    monkeypatch.setattr(archive_format.ArchiveWriter, "finish", lambda self, manifest: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(Exception, match="the disk is full"):
        back_up(site, SYSTEM)
    monkeypatch.undo()
    assert not list(tmp_path.glob("*backup*"))
    back_up(site, SYSTEM)
    data = site.target.read_bytes()
    with pytest.raises(ConfigError, match="already"):
        back_up(site, SYSTEM)
    assert site.target.read_bytes() == data


def test_a_site_without_a_database_is_refused_and_none_is_made(tmp_path):
    with pytest.raises(StorageError, match="no database"):
        back_up(BackupPlan(tmp_path / "none", f"sqlite:///{tmp_path}/none/haetae.db", tmp_path / "backup.tar"), SYSTEM)
    assert list(tmp_path.iterdir()) == []


def test_the_commands_say_what_they_did_and_into_a_folder_leaves_the_configured_site_alone(site, tmp_path):
    app = typer.Typer()
    app.command()(commands.backup)
    app.command()(commands.restore)
    site.config_file.write_text(f'[storage]\ndirectory = "{site.storage}"\n')
    config = ["--config", str(site.config_file)]
    made = CliRunner().invoke(app, ["backup", str(site.target), *config])
    assert made.exit_code == 0, made.output
    assert "4 events" in made.output
    assert "passwords" in made.output
    assert "--media" in made.output
    before, rows = tree(site.storage), rows_at(site.database_url)
    restored = CliRunner().invoke(app, ["restore", str(site.target), "--into", str(tmp_path / "new"), *config])
    assert restored.exit_code == 0, restored.output
    assert "4 events" in restored.output
    assert CONFIG_NAME in restored.output
    assert rows_at(f"sqlite:///{tmp_path}/new/haetae.db") == rows
    assert tree(site.storage) == before
    refused = CliRunner().invoke(app, ["restore", str(site.target), *config])
    assert isinstance(refused.exception, StorageError)
    assert tree(site.storage).keys() - {"haetae.lock"} == before.keys()
