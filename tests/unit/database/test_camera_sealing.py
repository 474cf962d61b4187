"""Sources of cameras, which hold passwords, sealed in the database."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.events import ONSET
from tests.support.postgres import empty_url, engine  # noqa: F401

from haetae.database.camera_repository import ensure_camera, get_camera, to_config
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions, session_factory, session_scope
from haetae.domain.camera import CameraConfig
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.testing.clock import FakeClock
from haetae.vault import Vault

SOURCE = "rtsp://admin:p4ss@10.0.0.5/main"


@pytest.fixture
def sessions(engine: sa.Engine) -> Sessions:  # noqa: F811
    return session_factory(engine)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "site")


def store_of(sessions: Sessions, vault: Vault | None) -> CameraStore:
    return CameraStore(sessions, FakeClock(ONSET), max_cameras=10, vault=vault)


def a_camera(name: str = "gate") -> CameraConfig:
    return CameraConfig(new_id(), name, SOURCE)


def stored(sessions: Sessions, name: str = "gate") -> str:
    """What stands in the column."""
    with session_scope(sessions, read_only=True) as session:
        return str(session.execute(sa.text("SELECT source FROM cameras WHERE name = :name"), {"name": name}).scalar_one())


def put(sessions: Sessions, source: str, name: str = "gate") -> None:
    with session_scope(sessions) as session:
        session.execute(sa.text("UPDATE cameras SET source = :source WHERE name = :name"), {"source": source, "name": name})


def test_a_source_is_sealed_in_the_database_and_whole_outside_of_it(sessions: Sessions, vault: Vault) -> None:
    store = store_of(sessions, vault)
    camera = a_camera()
    assert store.add(camera).config == camera
    assert stored(sessions).startswith("sealed:v1:")
    assert "p4ss" not in stored(sessions)
    assert store.get("gate").config == camera
    assert store.read_all()[0][0].config == camera
    moved = store.change(camera.id, lambda before: replace(before, source=f"{before.source}2"))
    assert moved.config.source == f"{SOURCE}2"
    assert store.get("gate").config.source == f"{SOURCE}2"
    assert "p4ss" not in stored(sessions)


def test_what_stays_the_same_is_not_written_anew(sessions: Sessions, vault: Vault) -> None:
    store = store_of(sessions, vault)
    first = store.add(a_camera())
    before = stored(sessions)
    assert store.change(first.config.id, lambda camera: camera).version == first.version
    assert store.change(first.config.id, lambda camera: replace(camera, name="gate")).version == first.version
    assert store.change(first.config.id, lambda camera: replace(camera, pre_roll_s=1.0)).version > first.version
    assert stored(sessions) == before


def test_sources_from_before_are_read_and_then_sealed_without_a_new_version(sessions: Sessions, vault: Vault) -> None:
    plain = store_of(sessions, None)
    added = [plain.add(a_camera(name)) for name in ("gate", "yard")]
    store = store_of(sessions, vault)
    assert [camera.config.source for camera in store.list()] == [SOURCE, SOURCE]
    assert store.seal_all() == 2
    assert "p4ss" not in stored(sessions) + stored(sessions, "yard")
    assert store.list() == added
    assert store.seal_all() == 0
    assert plain.seal_all() == 0


def test_after_a_rotation_all_are_sealed_with_the_new_key(sessions: Sessions, vault: Vault) -> None:
    store = store_of(sessions, vault)
    store.add(a_camera())
    before = stored(sessions)
    vault.rotate()
    assert store.seal_all() == 1
    assert vault.is_current(stored(sessions))
    assert not vault.is_current(before)
    assert store.get("gate").config.source == SOURCE


def test_a_camera_whose_source_cannot_be_unsealed_is_broken_and_the_others_are_not(
    sessions: Sessions, vault: Vault, tmp_path: Path
) -> None:
    store = store_of(sessions, vault)
    other = store_of(sessions, Vault.open(tmp_path / "other"))
    lost = other.add(a_camera("lost"))
    kept = store.add(a_camera("kept"))
    swapped = store.add(a_camera("swapped"))
    put(sessions, stored(sessions, "kept"), "swapped")
    cameras, broken = store.read_all()
    assert [camera.config for camera in cameras] == [kept.config]
    assert {(row.id, row.name) for row in broken} == {(lost.config.id, "lost"), (swapped.config.id, "swapped")}
    reasons = {row.name: row.error for row in broken}
    assert "site key" in reasons["lost"]
    assert "another place" in reasons["swapped"]
    with pytest.raises(ConfigError, match="site key"):
        store.get("lost")
    # The key may come back: what it sealed is left as it is.
    before = stored(sessions, "lost")
    assert store.seal_all() == 0
    assert stored(sessions, "lost") == before
    assert other.get("lost").config == lost.config


def test_a_sealed_source_is_never_taken_for_an_address(sessions: Sessions, vault: Vault) -> None:
    camera = store_of(sessions, vault).add(a_camera()).config
    with pytest.raises(ConfigError, match="sealed"):
        store_of(sessions, None).get("gate")
    with session_scope(sessions, read_only=True) as session:
        row = get_camera(session, camera.id)
        assert row is not None
        with pytest.raises(ConfigError, match="sealed"):
            to_config(row)
        assert to_config(row, vault) == camera


def test_a_source_that_cannot_be_unsealed_can_be_given_anew(sessions: Sessions, vault: Vault, tmp_path: Path) -> None:
    camera = store_of(sessions, Vault.open(tmp_path / "other")).add(a_camera()).config
    with session_scope(sessions) as session:
        ensure_camera(session, camera, now=ONSET, vault=vault)
    assert store_of(sessions, vault).get("gate").config == camera
