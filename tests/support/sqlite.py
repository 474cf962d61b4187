"""SQLite databases for the tests: migrated once, then copied, and without the waiting for the disk that is most of their time."""

import functools
import tempfile
from pathlib import Path

import sqlalchemy as sa

from haetae.database.engine import make_engine
from haetae.database.migrate import upgrade


@functools.cache
def migrated() -> bytes:
    """A database with Haetae's tables, made once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "haetae.db"
        engine = make_engine(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()


def forget_power_cuts(engine: sa.Engine) -> None:
    """SQLite without fsync; PostgreSQL's is off already."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF").close())
        engine.dispose()


def sqlite_engine_in(folder: Path) -> sa.Engine:
    """An engine on a fresh database `haetae.db` in `folder`; to be disposed of."""
    file = folder / "haetae.db"
    file.write_bytes(migrated())
    engine = make_engine(f"sqlite:///{file}")
    forget_power_cuts(engine)
    return engine
