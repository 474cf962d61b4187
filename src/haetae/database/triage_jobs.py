"""That there is something to look at: written with the event, in the same transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from haetae.database.analysis_models import AnalysisJob
from haetae.database.prepared_rows import PreparedRows

UNDESCRIBED = -1
_TABLE = cast(Table, AnalysisJob.__table__)
_COLUMNS = tuple(column.name for column in _TABLE.columns)


@dataclass(frozen=True, slots=True)
class NewJob:
    event_id: UUID
    camera_id: UUID


class JobStatement:
    """Puts events into the queue of triage; one that is there already keeps its place. Immutable: any thread may use it."""

    def __init__(self, dialect: Dialect) -> None:
        """`dialect` of an engine that has connected once: before, it does not know its server."""
        self._prepared = PreparedRows(new_jobs(dialect.name), _TABLE, _COLUMNS, dialect)

    def execute(self, connection: Connection, jobs: Collection[NewJob], now: datetime) -> None:
        """Run it in the connection's transaction; raises SQLAlchemy's errors."""
        if jobs:
            self._prepared.execute(connection, [job_values(job, now) for job in jobs])


def job_values(job: NewJob, now: datetime) -> dict[str, Any]:
    """The columns of a job that nobody has touched."""
    return {
        "event_id": job.event_id,
        "camera_id": job.camera_id,
        "queued_at": now,
        "described_revision": UNDESCRIBED,
        "alerted": False,
        "asked_at": None,
        "asked_by": None,
        "lease_until": None,
        "attempts": 0,
    }


def new_jobs(dialect: str) -> Any:
    """The insert, which leaves what is there."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(_TABLE)
    return insert.values(dict.fromkeys(_COLUMNS)).on_conflict_do_nothing(index_elements=["event_id"])
