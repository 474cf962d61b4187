"""Plans and steps as rows, and that there is something to plan: written with what triage says, in the same transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from haetae.database.planning_models import IncidentJobRow, IncidentPlanRow
from haetae.domain.incident import PlanRecord, Step
from haetae.domain.plan import ResponsePlan

LONGEST_TEXT = 20_000

_PLAN = TypeAdapter(ResponsePlan)
_STEPS = TypeAdapter(tuple[Step, ...])


def note_incident(session: Session, event_id: UUID, camera_id: UUID, *, final: bool, now: datetime) -> None:
    """There is something to plan, or something new to plan by. A job that is there keeps its place."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"event_id": event_id, "camera_id": camera_id, "queued_at": now, "final": final, "wanted": 1, "attempts": 0, "steps": []}
    insert = dialect.insert(IncidentJobRow).values(**values)
    grown = {"wanted": IncidentJobRow.wanted + 1, "final": or_(IncidentJobRow.final, insert.excluded.final)}
    session.execute(insert.on_conflict_do_update(index_elements=["event_id"], set_=grown), execution_options={"synchronize_session": False})


def to_steps(value: Sequence[Any]) -> tuple[Step, ...]:
    """Raises pydantic's ValidationError for what no Haetae wrote."""
    return _STEPS.validate_python(value)


def to_record(row: IncidentPlanRow) -> PlanRecord:
    """Raises pydantic's ValidationError and KeyError for what no Haetae wrote."""
    content = row.content
    return PlanRecord(
        id=row.id,
        event_id=row.event_id,
        camera_id=row.camera_id,
        number=row.number,
        created_at=row.created_at,
        flow=row.flow,
        plan=_PLAN.validate_python(content["plan"]),
        words=tuple(content["words"]),
        steps=to_steps(content["steps"]),
        inputs=content["inputs"],
    )


def to_row(record: PlanRecord) -> IncidentPlanRow:
    """The row of a plan."""
    plan = record.plan
    content = {"plan": plan, "words": record.words, "steps": record.steps, "inputs": record.inputs}
    return IncidentPlanRow(
        id=record.id,
        event_id=record.event_id,
        camera_id=record.camera_id,
        number=record.number,
        created_at=record.created_at,
        flow=record.flow,
        planned_by=plan.planned_by,
        playbook_version=plan.playbook_version,
        calls=plan.calls,
        tokens=plan.tokens,
        elapsed_s=plan.elapsed_s,
        content=plain(content),
    )


def plan_digest(row: IncidentPlanRow) -> str:
    """SHA-256, in hexadecimal, of all that is kept of a plan: what it was made from, what models said, what came of it."""
    content = {
        "id": str(row.id),
        "event_id": str(row.event_id),
        "number": row.number,
        "created_at": row.created_at.isoformat(),
        "flow": row.flow,
        "content": row.content,
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def plain(value: Any) -> Any:
    """As JSON has it, with texts that every database stores: no NUL (PostgreSQL), no halves of characters, no end of it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value[:LONGEST_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in (field.name for field in fields(value))}
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, datetime) else value
