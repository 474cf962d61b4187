"""Everything about one event, to be taken out of the house: what was seen, said, planned, approved, done and told, with the log of it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae import __version__
from haetae.clock import Clock
from haetae.database.account_models import AuditEntry
from haetae.database.action_rows import action_transaction, to_approval
from haetae.database.engine import Sessions
from haetae.database.incident_rows import plain
from haetae.database.models import Event
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.database.scoped.actions import ScopedActions
from haetae.database.scoped.analyses import ScopedAnalyses
from haetae.database.scoped.event_deliveries import ScopedDeliveries
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.scope import visible
from haetae.domain.viewer import Actor, Viewer

FORMAT = "haetae.incident/1"
_MOST_ENTRIES = 5000
_INSIDE = frozenset({"clip_path", "thumbnail_path"})


@dataclass(frozen=True, slots=True)
class Incident:
    """The parts as JSON has them, each list oldest first.

    `plans` is what the log says of them, `planning` what is kept of how they were made: what each role answered, what came of it and, for
    admins, what all was given to it. `audit` is whole for admins, who can follow its hashes; others are told who did what when, not from
    where, and not what was before.
    """

    format: str
    made_at: datetime
    made_by: str
    version: str
    event: dict[str, Any]
    facts: list[dict[str, Any]]
    analyses: list[dict[str, Any]]
    plans: list[dict[str, Any]]
    planning: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class ScopedIncidents:
    """Any thread. Raises DatabaseUnavailable, and NotFound for an event that the viewer does not see."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._events = ScopedEvents(sessions, clock)
        self._analyses = ScopedAnalyses(sessions, clock)
        self._actions = ScopedActions(sessions)
        self._deliveries = ScopedDeliveries(sessions)
        self._plans = ScopedPlans(sessions)

    def export(self, viewer: Viewer, actor: Actor, event_id: UUID) -> Incident:
        """Note that it is taken out, and return it. Raises Forbidden for who may only look."""
        self._events.require_control(viewer, event_id)
        event = {name: value for name, value in asdict(self._events.export(viewer, actor, event_id)).items() if name not in _INSIDE}
        facts = event.pop("facts")
        looks = [asdict(each) for each in reversed(self._analyses.of_event(viewer, event_id))]
        if not viewer.sees_all:
            # What a model answered word by word is for admins, as in the API.
            looks = [look | {"analysis": look["analysis"] | {"provenance": look["analysis"]["provenance"] | {"raw": ""}}} for look in looks]
        views = self._actions.of_event(viewer, event_id)
        with action_transaction(self._sessions, read_only=True) as session:
            approvals = _approvals(session, viewer, event_id)
            entries = _entries(session, viewer, event_id)
        return Incident(
            format=FORMAT,
            made_at=self._clock.now(),
            made_by=viewer.name,
            version=__version__,
            event=event,
            facts=facts,
            analyses=looks,
            plans=[_plan(entry) for entry in entries if entry.action == "plan.record"],
            planning=[plain(record) for record in self._plans.of_event(viewer, event_id).plans],
            actions=[_flat(asdict(view)) for view in views],
            approvals=approvals,
            deliveries=[asdict(each) for each in self._deliveries.of_event(viewer, event_id)],
            audit=[_entry(entry, whole=viewer.sees_all) for entry in entries],
        )


def _approvals(session: Session, viewer: Viewer, event_id: UUID) -> list[dict[str, Any]]:
    query = select(ApprovalRow, ResponseAction).join(ResponseAction, ResponseAction.id == ApprovalRow.action_id)
    query = query.where(ApprovalRow.event_id == event_id, visible(viewer, ApprovalRow.camera_id))
    found = []
    for row, action in session.execute(query.order_by(ApprovalRow.asked_at, ApprovalRow.id)):
        approval = asdict(to_approval(row, action))
        found.append({name: value for name, value in approval.items() if name != "action"} | {"action_id": row.action_id})
    return found


def _entries(session: Session, viewer: Viewer, event_id: UUID) -> list[AuditEntry]:
    seen = select(Event.id).where(visible(viewer, Event.camera_id), Event.id == event_id)
    if session.scalar(seen) is None:
        return []
    query = select(AuditEntry).where(AuditEntry.target_type == "event", AuditEntry.target_id == str(event_id))
    return list(session.scalars(query.order_by(AuditEntry.number).limit(_MOST_ENTRIES)))


def _plan(entry: AuditEntry) -> dict[str, Any]:
    return {"at": entry.at, "number": entry.number} | dict(entry.after or {})


def _entry(entry: AuditEntry, *, whole: bool) -> dict[str, Any]:
    names = ["number", "at", "actor_name", "action", "hash"]
    if whole:
        names += ["actor_id", "api_key_id", "address", "target_type", "target_id", "before", "after", "note", "previous_hash"]
    return {name: getattr(entry, name) for name in names}


def _flat(view: dict[str, Any]) -> dict[str, Any]:
    """An action with its plan beside its state."""
    action = view["action"]
    planned = action.pop("planned")
    action.pop("lease_until")
    found: dict[str, Any] = planned | action
    return found | {"target_name": view["target_name"], "approval_id": view["approval_id"]}
