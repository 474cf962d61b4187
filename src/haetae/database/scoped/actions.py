"""What was done about an event, as far as those who see the event may know."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.action_rows import action_transaction, to_action
from haetae.database.engine import Sessions
from haetae.database.models import Camera, Event
from haetae.database.response_models import ApprovalRow, ResponseAction, ResponseTargetRow
from haetae.database.scoped.event_changes import unknown_event
from haetae.database.scoped.scope import visible
from haetae.domain.action import Action
from haetae.domain.plan import ActionKind, ActionState, PlannedAction
from haetae.domain.viewer import Viewer

_MOST = 500
_FOR_ADMINS = frozenset({"answer"})
"""What other sides said may hold addresses."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action as it is shown: `target_name` is what its target is called, None where it has none, or none any more."""

    action: Action
    target_name: str | None
    approval_id: UUID | None


@dataclass(frozen=True, slots=True)
class ScopedActions:
    """Any thread. Raises DatabaseUnavailable."""

    sessions: Sessions

    def of_event(self, viewer: Viewer, event_id: UUID) -> list[ActionView]:
        """In the order in which they were planned. A camera that the viewer does not see is not told. Raises NotFound for an event that the
        viewer does not see."""
        with action_transaction(self.sessions, read_only=True) as session:
            if session.scalar(select(Event.id).where(visible(viewer, Event.camera_id), Event.id == event_id)) is None:
                raise unknown_event(event_id)
            rows = select(ResponseAction, ApprovalRow.id).outerjoin(ApprovalRow, ApprovalRow.action_id == ResponseAction.id)
            rows = rows.where(ResponseAction.event_id == event_id, visible(viewer, ResponseAction.camera_id))
            found = session.execute(rows.order_by(ResponseAction.created_at, ResponseAction.id).limit(_MOST)).all()
            return [view for row, approval_id in found if (view := _view(session, viewer, row, approval_id)) is not None]

    def newest(
        self,
        viewer: Viewer,
        *,
        kinds: tuple[ActionKind, ...] = (),
        states: tuple[ActionState, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 10,
    ) -> list[ActionView]:
        """Of the events that the viewer sees, the newest first; what is not given is no condition. `since` is inclusive, `until` exclusive,
        both on when it was planned."""
        wanted = [visible(viewer, Event.camera_id), visible(viewer, ResponseAction.camera_id)]
        wanted += [ResponseAction.kind.in_(kinds)] if kinds else []
        wanted += [ResponseAction.state.in_(states)] if states else []
        wanted += [ResponseAction.created_at >= since] if since is not None else []
        wanted += [ResponseAction.created_at < until] if until is not None else []
        rows = select(ResponseAction, ApprovalRow.id).outerjoin(ApprovalRow, ApprovalRow.action_id == ResponseAction.id)
        rows = rows.join(Event, Event.id == ResponseAction.event_id).where(*wanted)
        with action_transaction(self.sessions, read_only=True) as session:
            found = session.execute(
                rows.order_by(ResponseAction.created_at.desc(), ResponseAction.id.desc()).limit(min(limit, _MOST))
            ).all()
            return [view for row, approval_id in found if (view := _view(session, viewer, row, approval_id)) is not None]


def _view(session: Session, viewer: Viewer, row: ResponseAction, approval_id: UUID | None) -> ActionView | None:
    try:
        action = to_action(row)
    except (ValueError, TypeError) as error:
        _log.error("action_unreadable", action_id=str(row.id), error=type(error).__name__)
        return None
    name: str | None = None
    if action.kind is ActionKind.LINK_CAMERAS:
        name = _camera_name(session, viewer, action.planned.target)
        if name is None and not viewer.sees_all:
            # That there is another camera is not this viewer's to know.
            action = replace(action, planned=PlannedAction(action.kind, mandatory=action.planned.mandatory), result={})
    elif action.planned.target:
        target = session.get(ResponseTargetRow, action.planned.target)
        name = target.name if target is not None else None
    if not viewer.sees_all:
        action = replace(action, result=_shown(action.result))
    return ActionView(action, name, approval_id)


def _camera_name(session: Session, viewer: Viewer, target: str) -> str | None:
    try:
        camera_id = UUID(target)
    except ValueError:
        return None
    return session.scalar(select(Camera.name).where(Camera.id == camera_id, visible(viewer, Camera.id)))


def _shown(result: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(result).items() if name not in _FOR_ADMINS}
