"""What somebody asks people to allow outside of any plan: an action that the playbook may do about an event; a person decides on it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from haetae.agents.actions import action_kind
from haetae.agents.assistant.records import ApprovalRequest
from haetae.agents.discretion import Discretion
from haetae.database.incident_store import standing
from haetae.domain.event import AnomalyEvent
from haetae.domain.plan import PlannedAction, PlannedBy, ResponsePlan
from haetae.domain.viewer import Viewer
from haetae.errors import Forbidden, NotFound
from haetae.pipeline.incident_context import IncidentContext
from haetae.pipeline.responding import ActionDesk


class Controlled(Protocol):
    """Who may do something about an event."""

    def require_control(self, viewer: Viewer, event_id: UUID) -> None:
        """Raises NotFound for an event that the viewer does not see, Forbidden where it may only look."""
        ...


class ViewersRequests:
    """What one viewer asks for. Any thread, but none with an event loop: it waits for the database."""

    def __init__(
        self,
        viewer: Callable[[], Viewer],
        events: Controlled,
        read: Callable[[UUID], AnomalyEvent | None],
        context: IncidentContext,
        desk: ActionDesk,
    ) -> None:
        """`viewer` gives who asks, as of now."""
        self._viewer = viewer
        self._events = events
        self._read = read
        self._context = context
        self._desk = desk

    def request(self, wanted: ApprovalRequest) -> UUID:
        """Ask; returns the action's id, that of the first time where it was planned already.

        Nothing but what the playbook may do about such an event can be asked for, with the target and the words that stand there. Raises
        NotFound, Forbidden, ConfigError for an action that there is not, DatabaseUnavailable.
        """
        viewer = self._viewer()
        self._events.require_control(viewer, wanted.event_id)
        event = self._read(wanted.event_id)
        if event is None:
            raise NotFound(f"there is no event {wanted.event_id}", hint="Check the id")
        toolbox = self._context.toolbox(event, standing(event))
        bounds = toolbox.playbook.bounds(toolbox.situation, toolbox.catalogue)
        kind = action_kind(wanted.kind)
        action = _only([each for each in (*bounds.must, *bounds.may) if each.kind is kind and not bounds.banned(each)], kind.value)
        # A model's words, which those who decide read: they need not see the other cameras that the viewer sees.
        why = Discretion(toolbox.situation, toolbox.catalogue, self._context.language).text(wanted.reason)
        asked = replace(action, reason=f"{viewer.name} asks: {why}"[:500])
        plan = ResponsePlan(disputed=(asked,), planned_by=PlannedBy.PERSON, playbook_version=toolbox.playbook.version)
        [action_id] = self._desk.record(event.id, event.camera_id, plan)
        return action_id


def _only(allowed: Sequence[PlannedAction], kind: str) -> PlannedAction:
    by_key = {action.key: action for action in allowed}
    if not by_key:
        raise Forbidden(f"the playbook does not allow {kind} for this event", hint="An admin can change the playbook")
    if len(by_key) > 1:
        targets = ", ".join(sorted(action.target for action in by_key.values()))
        raise Forbidden(f"the playbook allows {kind} for several targets: {targets}", hint="Plan it on the page of the event")
    return next(iter(by_key.values()))
