"""The keys of a site: in its backup unless left out, back for their owner alone, and looked at by the doctor."""

import shutil
import stat
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from tests.support.events import ONSET
from typer.testing import CliRunner

from haetae.cli import backup as commands
from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.opening import reading, writing
from haetae.domain.camera import CameraConfig
from haetae.errors import StorageError
from haetae.ids import new_id
from haetae.pipeline.backup import BackupPlan, back_up
from haetae.pipeline.doctor.finding import Finding, Level
from haetae.pipeline.doctor.run import diagnose
from haetae.pipeline.restore import RestorePlan, restore
from haetae.testing.clock import FakeClock
from haetae.vault import Vault

SYSTEM = SystemClock()
SOURCE = "rtsp://admin:p4ss@10.0.0.5/main"


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'haetae.db'}"


@pytest.fixture
def plan(tmp_path: Path) -> BackupPlan:
    """A site with a sealed camera, both kinds of keys, and what does not belong beside them."""
    storage = tmp_path / "site"
    with writing(url_of(storage)) as sessions:
        CameraStore(sessions, SYSTEM, max_cameras=1, vault=Vault.open(storage)).add(CameraConfig(new_id(), "gate", SOURCE))
    storage.chmod(0o700)
    (storage / "keys" / "jwt.json").write_text("{}")
    (storage / "keys" / "jwt.json").chmod(0o600)
    (storage / "keys" / ".site.key-half-written").touch(0o600)
    return BackupPlan(storage, url_of(storage), tmp_path / "backup.tar")


def sources(folder: Path) -> list[str]:
    with reading(url_of(folder)) as sessions:
        assert sessions is not None
        return [camera.config.source for camera in CameraStore(sessions, SYSTEM, max_cameras=1, vault=Vault.open(folder)).list()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_backed_up_and_come_back_for_their_owner_alone(plan: BackupPlan, tmp_path: Path) -> None:
    back_up(plan, SYSTEM)
    with tarfile.open(plan.target) as tar:
        held = {info.name: info.mode for info in tar if info.name.startswith("keys/")}
    assert held == {"keys/site.key": 0o600, "keys/jwt.json": 0o600}
    new = tmp_path / "new"
    report = restore(RestorePlan(plan.target, new, url_of(new)), SYSTEM)
    assert report.files["keys"] == 2
    assert mode(new / "keys") == 0o700
    assert {path.name: mode(path) for path in (new / "keys").iterdir()} == {"site.key": 0o600, "jwt.json": 0o600}
    assert sources(new) == [SOURCE]


def test_a_backup_without_keys_gives_nothing_away_and_needs_the_sites_own(plan: BackupPlan, tmp_path: Path) -> None:
    back_up(replace(plan, keys=False), SYSTEM)
    assert b"p4ss" not in plan.target.read_bytes()
    with tarfile.open(plan.target) as tar:
        assert not any(name.startswith("keys/") for name in tar.getnames())
    new = tmp_path / "new"
    restore(RestorePlan(plan.target, new, url_of(new)), SYSTEM)
    assert sources(new) == []
    shutil.copytree(plan.storage / "keys", new / "keys")
    assert sources(new) == [SOURCE]


def test_keys_that_are_there_are_moved_aside_by_force_only_and_stay_where_the_backup_has_none(plan: BackupPlan) -> None:
    back_up(plan, SYSTEM)
    again = RestorePlan(plan.target, plan.storage, plan.database_url)
    with pytest.raises(StorageError, match="keys"):
        restore(again, SYSTEM)
    report = restore(replace(again, force=True), SYSTEM)
    assert any("keys.before-restore-" in path for path in report.moved)
    assert sources(plan.storage) == [SOURCE]
    without = replace(plan, target=plan.target.with_name("without.tar"), keys=False)
    back_up(without, SYSTEM)
    report = restore(replace(again, archive=without.target, force=True), FakeClock(ONSET))
    assert not any("keys.before" in path for path in report.moved)
    assert sources(plan.storage) == [SOURCE]


def test_the_commands_say_where_the_keys_are(plan: BackupPlan, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(commands.backup)
    app.command()(commands.restore)
    config = tmp_path / "haetae.toml"
    config.write_text(f'[storage]\ndirectory = "{plan.storage}"\n')

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(app, [*map(str, arguments), "--config", str(config)])
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    assert "the key to them" in run("backup", tmp_path / "a.tar")
    assert f"keep a copy of {plan.storage / 'keys'}" in run("backup", tmp_path / "b.tar", "--without-keys")
    assert "The keys of the site are not in it" not in run("restore", tmp_path / "a.tar", "--into", tmp_path / "a")
    assert f"put them into {tmp_path / 'b' / 'keys'}" in run("restore", tmp_path / "b.tar", "--into", tmp_path / "b")


def keys_of(storage: Path) -> list[Finding]:
    config = storage.with_name("look.toml")
    config.write_text(f'[storage]\ndirectory = "{storage}"\n')
    return [finding for finding in diagnose(config, SYSTEM) if finding.check in ("keys", "cameras", "camera gate")]


def test_the_doctor_looks_at_the_keys(plan: BackupPlan) -> None:
    folder = plan.storage / "keys"
    assert [finding.level for finding in keys_of(plan.storage)] == [Level.OK, Level.OK]
    for path, open_mode, closed in ((folder / "jwt.json", 0o640, 0o600), (folder / "site.key", 0o644, 0o600), (folder, 0o750, 0o700)):
        path.chmod(open_mode)
        found = keys_of(plan.storage)[0]
        assert (found.level, found.fix) == (Level.PROBLEM, f"chmod {closed:o} {path}")
        path.chmod(closed)
    (folder / "site.key").write_text("broken\n")
    assert "holds no site key" in keys_of(plan.storage)[0].found
    shutil.rmtree(folder)
    told, cameras, gate = keys_of(plan.storage)
    assert "none yet" in told.found
    assert "0 enabled of 1" in cameras.found
    assert gate.level is Level.PROBLEM
    assert "site key" in gate.found
