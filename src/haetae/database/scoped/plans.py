"""The plans that were made for an event, as far as a viewer may see it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import exc, select
from sqlalchemy.orm import Session

from haetae.database.engine import Sessions, session_scope
from haetae.database.incident_rows import to_record
from haetae.database.models import Event
from haetae.database.planning_models import IncidentJobRow, IncidentPlanRow
from haetae.database.scoped.event_changes import unknown_event
from haetae.database.scoped.scope import visible
from haetae.domain.incident import PlanRecord
from haetae.domain.plan import ActionKind, PlannedAction
from haetae.domain.viewer import AccessLevel, Viewer
from haetae.errors import DatabaseUnavailable

_MOST = 50

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """`plans` are in the order in which they were made: later ones only add. `waits`: there is something to plan still."""

    plans: tuple[PlanRecord, ...] = ()
    waits: bool = False


class ScopedPlans:
    """Any thread; each method is one transaction and raises DatabaseUnavailable, and NotFound for an event that the viewer does not see."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def of_event(self, viewer: Viewer, event_id: UUID) -> Planned:
        """What no Haetae wrote is left out, with a line in the log."""
        mine = (visible(viewer, Event.camera_id), Event.id == event_id)
        plans = select(IncidentPlanRow).join(Event, Event.id == IncidentPlanRow.event_id).where(*mine)
        job = select(IncidentJobRow.event_id).join(Event, Event.id == IncidentJobRow.event_id).where(*mine)
        with self._transaction() as session:
            if session.scalar(select(Event.id).where(*mine)) is None:
                raise unknown_event(event_id)
            rows = session.scalars(plans.order_by(IncidentPlanRow.number).limit(_MOST)).all()
            found = [record for row in rows if (record := _readable(row)) is not None]
            return Planned(tuple(_shown(viewer, each) for each in found), session.scalar(job) is not None)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("plans cannot be read now", hint="Try again; check the database") from error


def _shown(viewer: Viewer, record: PlanRecord) -> PlanRecord:
    """The plan without what tells of cameras that the viewer does not see: links to them, what models said where it names one, and what
    all was given to the planning."""
    seen = viewer.cameras(AccessLevel.VIEW)
    if seen is None:
        return record
    cameras = {str(each["id"]): str(each["name"]) for each in record.inputs.get("targets", ()) if each["sort"] == "camera"}
    hidden = {camera_id: name for camera_id, name in cameras.items() if camera_id not in {str(each) for each in seen}}

    def action(planned: PlannedAction) -> PlannedAction:
        if planned.kind is not ActionKind.LINK_CAMERAS or planned.target in {str(each) for each in seen}:
            return planned
        return PlannedAction(planned.kind, mandatory=planned.mandatory)

    plan = replace(
        record.plan,
        actions=tuple(map(action, record.plan.actions)),
        disputed=tuple(map(action, record.plan.disputed)),
        refused=tuple((action(each), reason) for each, reason in record.plan.refused),
        summary="" if _names(record.plan.summary, hidden) else record.plan.summary,
    )
    steps = tuple(replace(each, raw="", output={} if _names(each.output, hidden) else each.output) for each in record.steps)
    return replace(record, plan=plan, steps=steps, inputs={})


def _names(value: Any, hidden: Mapping[str, str]) -> bool:
    """Whether a camera is named anywhere in it."""
    if isinstance(value, Mapping):
        return any(_names(each, hidden) for each in value.values())
    if isinstance(value, str):
        return any(word.casefold() in value.casefold() for pair in hidden.items() for word in pair if word)
    return isinstance(value, Sequence) and any(_names(each, hidden) for each in value)


def _readable(row: IncidentPlanRow) -> PlanRecord | None:
    try:
        return to_record(row)
    except (ValueError, TypeError, LookupError) as error:
        _log.error("plan_unreadable", plan_id=str(row.id), error=type(error).__name__)
        return None
