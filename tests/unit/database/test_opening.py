from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.postgres import empty_url  # noqa: F401

from haetae.database.camera_store import CameraStore
from haetae.database.engine import session_scope
from haetae.database.opening import reading, writing
from haetae.errors import DatabaseUnavailable, StorageError
from haetae.testing.clock import FakeClock


def cameras(sessions: object) -> list[object]:
    return list(CameraStore(sessions, FakeClock(), max_cameras=1).list())


def test_writers_get_a_database_that_readers_then_see(empty_url: str) -> None:  # noqa: F811
    with reading(empty_url) as sessions:
        assert sessions is None
    with writing(empty_url) as sessions:
        assert cameras(sessions) == []
    with reading(empty_url) as sessions:
        assert cameras(sessions) == []


def test_looking_makes_nothing(tmp_path: Path) -> None:
    with reading(f"sqlite:///{tmp_path / 'no' / 'such.db'}") as sessions:
        assert sessions is None
    assert list(tmp_path.iterdir()) == []


def test_a_writer_makes_the_folder(tmp_path: Path) -> None:
    with writing(f"sqlite:///{tmp_path / 'a' / 'b' / 'haetae.db'}") as sessions:
        assert cameras(sessions) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StorageError, match="folder"), writing(f"sqlite:///{tmp_path / 'a' / 'haetae.db'}"):
        pass


def test_the_database_of_another_haetae_is_not_read(empty_url: str) -> None:  # noqa: F811
    with writing(empty_url) as sessions, session_scope(sessions) as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '999_future'"))
    with pytest.raises(StorageError, match="'999_future'.*serve"), reading(empty_url):
        pass


def test_a_server_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(DatabaseUnavailable), reading("postgresql://nobody@127.0.0.1:1/haetae"):
        pass


def test_a_file_that_is_no_database_is_said_to_be_unusable(tmp_path: Path) -> None:
    (tmp_path / "haetae.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DatabaseUnavailable), reading(f"sqlite:///{tmp_path / 'haetae.db'}"):
        pass
