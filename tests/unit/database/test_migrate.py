import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from tests.support.events import CAMERA, ONSET, make_event
from tests.support.postgres import empty_url  # noqa: F401

from haetae.database import migrate
from haetae.database.camera_repository import get_camera, to_config
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import get_event
from haetae.database.event_statement import to_row
from haetae.database.event_words import is_search_part
from haetae.database.migrate import current_revision, head_revision, upgrade
from haetae.database.models import Base, Camera, Event
from haetae.domain.camera import CameraConfig
from haetae.errors import DatabaseTooNew, DatabaseUnavailable, StorageError
from haetae.testing.clock import FakeClock

HEAD = head_revision()
LATER = "999_later"


@pytest.fixture
def empty(empty_url):  # noqa: F811
    engine = make_engine(empty_url)
    yield engine
    engine.dispose()


def add_migration(monkeypatch, folder: Path, body: str) -> None:
    """Pretend that a later Haetae has one more migration."""
    scripts = folder / "later%migrations"
    shutil.copytree(Path(migrate.__file__).parent / "migrations", scripts)
    head = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{LATER}"\ndown_revision = "{HEAD}"'
    text = f"{head}\n\ndef upgrade():\n{body}\n"
    (scripts / "versions" / f"{LATER}.py").write_text(text)

    def config() -> Config:
        made = Config()
        made.set_main_option("script_location", str(scripts).replace("%", "%%"))
        made.set_main_option("path_separator", "os")
        return made

    monkeypatch.setattr(migrate, "_config", config)


def add_camera(engine) -> None:
    with session_scope(session_factory(engine)) as session:
        session.add(Camera(name="gate", source="sim://gate", created_at=ONSET, updated_at=ONSET))


def test_models_and_migrations_agree(empty):
    upgrade(empty)
    with empty.connect() as connection:
        # The search is made of what no model can say: a virtual table, triggers, an index over an expression.
        options = {"compare_type": True, "compare_server_default": True, "include_name": lambda name, *_: not is_search_part(name)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_an_empty_database_gets_the_tables_and_a_second_time_changes_nothing(empty):
    assert upgrade(empty) is None
    assert current_revision(empty) == head_revision() == HEAD
    tables = set(sa.inspect(empty).get_table_names())
    assert {"users", "cameras", "events", "daily_statistics", "camera_access", "notification_rules"} <= tables
    add_camera(empty)
    assert upgrade(empty) is None


def test_a_newer_database_is_refused_untouched(empty):
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '999_future'"))
    with pytest.raises(DatabaseTooNew, match="999_future"):
        upgrade(empty)
    assert current_revision(empty) == "999_future"


def test_a_database_of_something_else_is_refused(empty):
    with empty.begin() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(StorageError, match="invoices"):
        upgrade(empty)
    assert sa.inspect(empty).get_table_names() == ["invoices"]


def test_an_older_sqlite_database_is_backed_up_and_then_migrated(tmp_path, monkeypatch):
    path = tmp_path / "haetae.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    add_camera(engine)
    add_migration(monkeypatch, tmp_path, '    op.add_column("cameras", sa.Column("colour", sa.Text()))')
    backup = upgrade(engine, clock=FakeClock(ONSET))
    assert current_revision(engine) == LATER
    assert "colour" in {column["name"] for column in sa.inspect(engine).get_columns("cameras")}
    engine.dispose()
    assert backup == tmp_path / f"haetae.db.backup-{HEAD}-20260301T120000Z"
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT name FROM cameras").fetchall() == [("gate",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    assert list(tmp_path.glob("*.part")) == []


def upgrade_to(engine, revision: str) -> None:
    with migrate._migrating(engine) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_the_first_schemas_rows_are_kept_and_can_be_read_after_the_migration(empty, tmp_path):
    upgrade_to(empty, "001_initial")
    event = make_event(clip_path="clips/a.mp4")
    new_columns = {"detail", "media_bytes"}
    row = {name: value for name, value in to_row(event).items() if name not in new_columns}
    with empty.begin() as connection:
        connection.execute(sa.insert(Event.__table__), {**row, "created_at": ONSET})
        connection.execute(
            sa.insert(Camera.__table__), {"id": CAMERA, "name": "gate", "source": "sim://gate", "created_at": ONSET, "updated_at": ONSET}
        )
    backup = upgrade(empty, clock=FakeClock(ONSET))
    assert current_revision(empty) == HEAD
    with session_scope(session_factory(empty), read_only=True) as session:
        assert get_event(session, event.id) == event
        assert session.get(Event, event.id).media_deleted_at is None
        assert to_config(get_camera(session, CAMERA)) == CameraConfig(id=CAMERA, name="gate", source="sim://gate")
    if empty.dialect.name == "postgresql":
        assert backup is None
        return
    assert backup == tmp_path / "haetae.db.backup-001_initial-20260301T120000Z"
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("001_initial",)
        assert copy.execute("SELECT clip_path FROM events").fetchall() == [("clips/a.mp4",)]
        assert new_columns.isdisjoint(column[1] for column in copy.execute("PRAGMA table_info(events)"))


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty, tmp_path, monkeypatch):
    upgrade(empty)
    body = '    op.add_column("cameras", sa.Column("colour", sa.Text()))\n    op.execute("SELECT * FROM no_such_table")'
    add_migration(monkeypatch, tmp_path, body)
    with pytest.raises(DatabaseUnavailable):
        upgrade(empty)
    assert current_revision(empty) == HEAD
    assert "colour" not in {column["name"] for column in sa.inspect(empty).get_columns("cameras")}
    add_camera(empty)


def test_a_rebuilt_table_keeps_the_rows_that_refer_to_it(tmp_path, monkeypatch):
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    add_camera(engine)
    with engine.begin() as connection:
        camera = connection.exec_driver_sql("SELECT id FROM cameras").scalar()
        user = "INSERT INTO users (id, username, password_hash, role, language, active, created_at, updated_at)"
        connection.exec_driver_sql(f"{user} VALUES ('u', 'ann', 'x', 'viewer', 'en', 1, '2026-01-01', '2026-01-01')")
        connection.exec_driver_sql(f"INSERT INTO camera_access VALUES ('a', 'u', '{camera}', 'view', '2026-01-01')")  # noqa: S608
    body = '    with op.batch_alter_table("cameras", recreate="always") as batch:\n        batch.alter_column("name", type_=sa.String(200))'
    add_migration(monkeypatch, tmp_path, body)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM camera_access").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_a_path_that_cannot_be_opened_is_one_clear_error(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}")
    with pytest.raises(DatabaseUnavailable, match="cannot be used"):
        upgrade(engine)
    engine.dispose()
