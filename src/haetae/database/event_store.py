"""Journal lines into the database: one transaction for all; where the database refuses, one for each half until the culprit is alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import exc

from haetae.database.dead_letters import DeadLetter
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_news import NewsStatement
from haetae.database.event_statement import EventStatement, Parameters
from haetae.database.triage_jobs import JobStatement, NewJob
from haetae.domain.event import AnomalyEvent, EventKind
from haetae.errors import DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class _Row:
    line: bytes
    event_id: UUID
    parameters: Parameters
    job: NewJob | None


_EVENT = TypeAdapter(AnomalyEvent)
_ROW_FAULTS = (exc.DataError, exc.IntegrityError, ValueError, TypeError, ArithmeticError, LookupError)
_PROGRAM_LIMIT = "54"
"""PostgreSQL's error class for a value too large to index or to store: OperationalError by kind, the row's fault by nature."""


class EventStore:
    """Puts journal lines into the database. Belongs to one thread; each transaction has a connection of its own."""

    def __init__(self, sessions: Sessions, *, breathe: Callable[[], None] = lambda: None, news: bool = False, triage: bool = False) -> None:
        """`breathe` is called every few dozen microseconds of Python: the place to let another thread run. `news`: every event that is
        stored is news for those who tell people, noted in the same transaction; `triage`: so is that there is something to look at."""
        self._sessions = sessions
        self._breathe = breathe
        self._noting = news
        self._triage = triage
        self._statement: EventStatement | None = None
        self._news: NewsStatement | None = None
        self._jobs: JobStatement | None = None

    def store(self, lines: Sequence[bytes], *, stored_at: datetime) -> list[DeadLetter]:
        """Store every event that these lines hold; returns those that never can be, with the reason.

        Idempotent: run it again after any failure. Raises DatabaseUnavailable when the database cannot be used now; a part of the lines
        may be stored by then.
        """
        statement = self._prepare()
        letters: list[DeadLetter] = []
        rows: list[_Row] = []
        for line in lines:
            self._breathe()
            try:
                event = _EVENT.validate_json(line)
                self._breathe()
                job = NewJob(event.id, event.camera_id) if self._triage and event.kind is not EventKind.SYSTEM else None
                rows.append(_Row(line, event.id, statement.parameters(event, stored_at), job))
            except ValidationError as error:
                letters.append(DeadLetter(line, _validation_reason(error)))
            except _ROW_FAULTS as error:
                letters.append(DeadLetter(line, _reason(error)))
        # All who write several events do so in this order, or PostgreSQL would have to end one of two who wait for each other.
        rows.sort(key=lambda row: row.event_id.int)
        return letters + self._write(statement, rows, stored_at) if rows else letters

    def _write(self, statement: EventStatement, rows: Sequence[_Row], stored_at: datetime) -> list[DeadLetter]:
        try:
            with session_scope(self._sessions) as session:
                connection = session.connection()
                statement.execute(connection, [row.parameters for row in rows])
                if self._news is not None:
                    self._news.execute(connection, [row.event_id for row in rows], stored_at)
                if self._jobs is not None:
                    self._jobs.execute(connection, [row.job for row in rows if row.job is not None], stored_at)
        except Exception as error:
            if not is_row_fault(error):
                raise _unavailable(error) from error
            if len(rows) == 1:
                return [DeadLetter(rows[0].line, _reason(error))]
        else:
            return []
        middle = len(rows) // 2
        return self._write(statement, rows[:middle], stored_at) + self._write(statement, rows[middle:], stored_at)

    def _prepare(self) -> EventStatement:
        if self._statement is None:
            try:
                with session_scope(self._sessions, read_only=True) as session:
                    dialect = session.connection().dialect
                self._news = NewsStatement(dialect) if self._noting else None
                self._jobs = JobStatement(dialect) if self._triage else None
                self._statement = EventStatement(dialect)
            except Exception as error:
                raise _unavailable(error) from error
        return self._statement


def is_row_fault(error: BaseException) -> bool:
    """True when the content of a row is to blame, false for an outage: a lock, a lost connection, a full disk, a missing table.

    What is not known for a row's fault is an outage, for then the event waits in the journal and nothing is lost.
    """
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated:
            return False
        if str(getattr(error.orig, "sqlstate", None) or "").startswith(_PROGRAM_LIMIT):
            return True
        return isinstance(error, _ROW_FAULTS)
    # A StatementError that no driver raised: a value that its column type refuses.
    return isinstance(error, (exc.StatementError, *_ROW_FAULTS))


def _unavailable(error: Exception) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"the database cannot be used: {_reason(error)}")


def _reason(error: BaseException) -> str:
    # The driver's own words; SQLAlchemy's text adds the statement and every parameter.
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    return f"{type(cause).__name__}: {str(cause).strip()}"


def _validation_reason(error: ValidationError) -> str:
    faults = [f"{'.'.join(str(part) for part in fault['loc']) or 'line'}: {fault['msg']}" for fault in error.errors(include_url=False)]
    return "not a valid event: " + "; ".join(faults[:5])
