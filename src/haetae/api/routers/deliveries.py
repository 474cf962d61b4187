"""Deliveries: who was told of what, and what became of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.event_schemas import Moment
from haetae.api.routers.schedule_schema import Input
from haetae.database.delivery_reader import DeliveryQuery, ShownDelivery
from haetae.domain.event import Severity
from haetae.domain.notice import DeliveryState, NoticeKind

router = APIRouter(tags=["notifications"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_ADMIN: dict[int | str, dict[str, Any]] = {403: ERRORS[403]}
_MOST_IDS = 1000


class DeliveryFilter(Input):
    """What is left out leaves nothing out."""

    event_id: UUID | None = None
    rule_id: UUID | None = None
    channel_id: UUID | None = None
    state: DeliveryState | None = None
    since: Moment | None = Field(None, description="promised then or later")
    until: Moment | None = Field(None, description="promised before")

    def to_query(self) -> DeliveryQuery:
        return DeliveryQuery(self.event_id, self.rule_id, self.channel_id, self.state, self.since, self.until)


class DeliveryListQuery(DeliveryFilter):
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=64, description="`next_cursor` of the page before")


class DeliveryRead(Input):
    id: UUID
    event_id: UUID | None
    camera_id: UUID | None
    camera: str | None = Field(description="null where the camera is gone, and for events of the site itself")
    rule_id: UUID | None
    rule: str | None
    channel_id: UUID
    channel: str | None
    target: str
    event_type: str
    severity: Severity
    kind: NoticeKind
    stage: str
    digest: bool = Field(description="goes out, or went out, together with others")
    state: DeliveryState
    due_at: AwareDatetime
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    attempts: int
    message_key: UUID | None = Field(description="the message that it went out in; all of a digest share one")
    held_by: UUID | None = Field(description="the delivery because of which it was held back")
    answer: str | None = Field(description="what the other side said")
    error: str | None


class DeliveryList(Input):
    items: list[DeliveryRead]
    next_cursor: str | None


class DeliverySummary(Input):
    """How telling people goes."""

    pending: int
    sent: int
    held: int
    dead: int
    cancelled: int
    last_sent_at: datetime | None = Field(description="since the site was started")
    database_error: str = Field(description="why nothing can be sent now; empty where it can")


class Retry(Input):
    """Either some by their ids, or all dead ones that match the filter."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=_MOST_IDS)] | None = None
    filter: DeliveryFilter | None = None


class Retried(Input):
    retried: int = Field(description="only what is dead is tried again")


class EventDeliveryRead(Input):
    id: UUID
    channel: str | None
    kind: NoticeKind
    stage: str
    digest: bool
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    attempts: int
    mine: bool = Field(description="it is for who is asking")
    target: str | None = Field(description="for admins, and of one's own")
    error: str | None = Field(description="for admins")


class EventDeliveries(Input):
    deliveries: list[EventDeliveryRead] = Field(description="oldest first")


@router.get("/deliveries", responses=_ADMIN)
def list_deliveries(query: Annotated[DeliveryListQuery, Query()], _admin: AdminDep, services: ServicesDep) -> DeliveryList:
    """What was promised to whom, newest first, and what became of it."""
    page = services.deliveries.page(query.to_query(), limit=query.limit, cursor=query.cursor)
    return DeliveryList(items=[_read(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/deliveries/summary", responses=_ADMIN)
def get_delivery_summary(query: Annotated[DeliveryFilter, Query()], _admin: AdminDep, services: ServicesDep) -> DeliverySummary:
    """How many deliveries there are in each state."""
    counts = services.deliveries.counts(query.to_query())
    status = services.notifier.status()
    return DeliverySummary(
        **{state.value: count for state, count in counts.items()},
        last_sent_at=status.last_sent_at,
        database_error=status.database_error,
    )


@router.post("/deliveries/retry", responses=_ADMIN)
def retry_deliveries(body: Retry, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> Retried:
    """Try dead deliveries again, at once. Those who had given up may hear of what is long over: their message says when it began."""
    query = None if body.filter is None else body.filter.to_query()
    retried = services.deliveries.retry(actor, ids=body.ids, query=query) if body.ids or query else 0
    services.notifier.wake()
    return Retried(retried=retried)


@router.post("/deliveries/{delivery_id}/retry", responses=_ADMIN)
def retry_delivery(delivery_id: UUID, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> Retried:
    """Try one dead delivery again, at once."""
    retried = services.deliveries.retry(actor, ids=[delivery_id])
    services.notifier.wake()
    return Retried(retried=retried)


@router.get("/events/{event_id}/deliveries", responses={404: ERRORS[404]})
def list_event_deliveries(event_id: UUID, viewer: ViewerDep, services: ServicesDep) -> EventDeliveries:
    """Who was told of an event, and when they got it."""
    found = services.event_deliveries.of_event(viewer, event_id)
    return EventDeliveries(deliveries=[EventDeliveryRead.model_validate(each, from_attributes=True) for each in found])


def _read(shown: ShownDelivery) -> DeliveryRead:
    named = {"camera": shown.camera, "rule": shown.rule, "channel": shown.channel}
    fields = {name: getattr(shown.delivery, name) for name in DeliveryRead.model_fields if name not in named}
    return DeliveryRead(**fields, **named)
