"""A database for those who write (made and migrated where needed) and for those who only look (nothing is made or changed)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from haetae.database.engine import Sessions, make_engine, session_factory, sqlite_path
from haetae.database.migrate import current_revision, head_revision, upgrade
from haetae.errors import DatabaseUnavailable, StorageError


@contextmanager
def writing(url: str) -> Iterator[Sessions]:
    """Sessions on the database at `url`, which is made, or migrated after a backup, first. Raises as `make_engine` and `upgrade` do."""
    engine = make_engine(url)
    try:
        path = sqlite_path(engine)
        if path is not None:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"the folder {path.parent} cannot be made: {error}", hint="Check the path and its permissions"
                ) from error
        upgrade(engine)
        yield session_factory(engine)
    finally:
        engine.dispose()


@contextmanager
def reading(url: str) -> Iterator[Sessions | None]:
    """Sessions on the database at `url`, None where there is none or it is empty.

    Raises StorageError for the database of an older or newer Haetae, DatabaseUnavailable, and as `make_engine` does.
    """
    engine = make_engine(url)
    try:
        path = sqlite_path(engine)
        if path is not None and not path.exists():
            yield None
            return
        try:
            revision = current_revision(engine)
        except DBAPIError as error:
            raise DatabaseUnavailable(f"the database cannot be used: {error.orig}", hint="Check its path, permissions or server") from error
        if revision not in (None, head_revision()):
            raise StorageError(
                f"the database is at revision {revision!r}, and this Haetae works with {head_revision()!r}",
                hint="`haetae serve` migrates an older one after a backup; a newer one needs the newer Haetae",
            )
        yield None if revision is None else session_factory(engine)
    finally:
        engine.dispose()
