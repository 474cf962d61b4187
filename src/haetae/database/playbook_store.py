"""Playbooks by version. For admins: nothing here asks who is looking."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc, func, select, text, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.planning_models import PlaybookRow
from haetae.domain.incident import PlaybookVersion
from haetae.domain.viewer import Actor
from haetae.errors import DatabaseUnavailable, NotFound, VersionConflict


class PlaybookStore:
    """Any thread, several processes: writers take turns. Every change is in the audit log, in its transaction. Each method is one
    transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def active(self) -> PlaybookVersion | None:
        """None where none was stored."""
        with self._transaction(read_only=True) as session:
            row = session.scalars(select(PlaybookRow).where(PlaybookRow.active).order_by(PlaybookRow.version.desc()).limit(1)).first()
            return None if row is None else _version(row)

    def versions(self, limit: int = 200) -> list[PlaybookVersion]:
        """Newest first."""
        with self._transaction(read_only=True) as session:
            rows = session.scalars(select(PlaybookRow).order_by(PlaybookRow.version.desc()).limit(limit))
            return [_version(row) for row in rows]

    def get(self, version: int) -> PlaybookVersion:
        """Raises NotFound."""
        with self._transaction(read_only=True) as session:
            row = session.get(PlaybookRow, version)
            if row is None:
                raise NotFound(f"there is no version {version} of the playbook", hint="See the list of versions")
            return _version(row)

    def store(self, content: str, actor: Actor, *, note: str = "", expected_version: int | None = None) -> PlaybookVersion:
        """Store what was checked as the newest version and put it in force. The same text as what is in force changes nothing.

        Raises VersionConflict where another version than `expected_version` (0: none) is in force.
        """
        now = self._clock.now()
        digest = hashlib.sha256(content.encode()).hexdigest()
        with self._transaction() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("LOCK TABLE playbooks IN SHARE ROW EXCLUSIVE MODE"))
            before = session.scalars(select(PlaybookRow).where(PlaybookRow.active)).first()
            in_force = before.version if before is not None else 0
            if expected_version not in (None, in_force):
                raise VersionConflict("the playbook was changed by somebody else", hint="Look at it again, then try again")
            if before is not None and before.sha256 == digest:
                return _version(before)
            number = (session.scalar(select(func.max(PlaybookRow.version))) or 0) + 1
            session.execute(update(PlaybookRow).where(PlaybookRow.active).values(active=False), execution_options=_SILENTLY)
            row = PlaybookRow(
                version=number,
                content=content,
                sha256=digest,
                created_at=now,
                created_by=actor.user_id,
                created_name=actor.name[:128],
                note=note,
                active=True,
            )
            session.add(row)
            session.flush()
            after = {"version": number, "sha256": digest}
            record(session, actor, "playbook.change", Target("playbook", str(number)), now=now, before={"version": in_force}, after=after)
            return _version(row)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the playbook cannot be read or written now", hint="Try again; check the database") from error


_SILENTLY = {"synchronize_session": False}


def _version(row: PlaybookRow) -> PlaybookVersion:
    return PlaybookVersion(row.version, row.content, row.sha256, row.created_at, row.created_name, row.note, row.active)
