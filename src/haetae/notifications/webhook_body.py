"""The JSON of a webhook, `haetae.notice/1`: what is in it stays; more may be added."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.event import Severity
from haetae.domain.notice import Change, Notice, NoticeKind

SCHEMA = "haetae.notice/1"


class WebhookEvent(BaseModel):
    """One event. Times are ISO 8601 in UTC, scores 0 to 1."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    camera_id: UUID
    camera: str
    type: str
    severity: Severity
    began_at: datetime
    duration_s: float | None
    score: float
    description: str
    facts: list[str]
    review: str
    acknowledged: bool
    url: str
    clip_url: str


class WebhookBody(BaseModel):
    """`id` is the same for each try at a message: take one that you have had for taken."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["haetae.notice/1"] = Field("haetae.notice/1", alias="schema")
    id: UUID
    kind: NoticeKind
    change: Change | None
    severity: Severity
    site: str
    language: str
    title: str
    text: str
    created_at: datetime
    held_back: int = Field(description="alerts of the same camera and type that were not sent since the last one")
    events: list[WebhookEvent]
    picture: str | None = Field(description="JPEG in base64, where the channel asks for it")


def webhook_body(notice: Notice, picture: str | None) -> bytes:
    """The bytes that are signed and sent."""
    body = WebhookBody(
        id=notice.id,
        kind=notice.kind,
        change=notice.change,
        severity=notice.severity,
        site=notice.site,
        language=notice.language,
        title=notice.title,
        text=notice.text,
        created_at=notice.created_at,
        held_back=notice.held_back,
        events=[WebhookEvent.model_validate(event) for event in notice.events],
        picture=picture,
    )
    return body.model_dump_json(by_alias=True).encode()
