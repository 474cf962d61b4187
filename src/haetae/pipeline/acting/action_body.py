"""The JSON that is posted for an action, `haetae.action/1`: what is in it stays; more may be added."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.action import Action, ResponseTarget
from haetae.domain.delivery import Occurrence
from haetae.domain.event import Severity
from haetae.domain.plan import ActionKind, PlannedBy


class ActionEvent(BaseModel):
    """What the action is about. Times are ISO 8601 in UTC, scores 0 to 1; texts are as a camera, a model or a person wrote them."""

    id: UUID
    camera_id: UUID
    camera: str
    type: str
    severity: Severity
    began_at: datetime
    score: float
    description: str
    url: str


class ActionBody(BaseModel):
    """`id` is the same for each try at it: take one that you have had for done."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["haetae.action/1"] = Field("haetae.action/1", alias="schema")
    id: UUID
    action: ActionKind
    target: str
    site: str
    text: str = Field(description="words for people")
    reason: str
    options: dict[str, Any]
    planned_by: PlannedBy
    approved_by: list[str]
    created_at: datetime
    event: ActionEvent


def action_body(
    action: Action, target: ResponseTarget, occurrence: Occurrence, *, site: str, console_url: str, approved_by: Sequence[str]
) -> bytes:
    """The bytes that are signed and sent."""
    event, planned = occurrence.event, action.planned
    body = ActionBody(
        id=action.idempotency_key,
        action=planned.kind,
        target=target.id,
        site=site,
        text=planned.text,
        reason=planned.reason,
        options=dict(planned.options),
        planned_by=action.planned_by,
        approved_by=list(approved_by),
        created_at=action.created_at,
        event=ActionEvent(
            id=event.id,
            camera_id=event.camera_id,
            camera=occurrence.camera_name or "",
            type=event.shown_type,
            severity=event.severity,
            began_at=event.timestamp,
            score=event.vad_score,
            description=event.vlm_description or event.detail,
            url=f"{console_url.rstrip('/')}/events/{event.id}" if console_url else "",
        ),
    )
    return body.model_dump_json(by_alias=True).encode()
