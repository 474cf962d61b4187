"""The outbox: what is promised to be told, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from haetae.domain.event import AnomalyEvent, Review, Severity
from haetae.domain.notice import DeliveryState, NoticeKind


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event with what people made of it, at one moment. `camera_name` is None where the camera is gone, or for the site itself."""

    event: AnomalyEvent
    camera_name: str | None = None
    acknowledged: bool = False
    review: Review = Review.NEW


@dataclass(frozen=True, slots=True)
class News:
    """An event of which something is new. `token` is its own for each time that it is written: what is settled by an old one stays news.
    `occurrence` is None where the event is gone."""

    event_id: UUID
    token: UUID
    occurrence: Occurrence | None


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """One way to one target: what goes there goes one after the other."""

    channel_id: UUID
    target: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox.

    One event is told once to a lane in each `stage` (`alert`, `escalation:1`, `severity:critical`, `verdict`, ...). `message_key` is the id
    of the message that it goes out in, the same for each try: its own id, or one that all rows of a digest share; None before the first
    try. `user_id` is the person it is for, where it is for one. `event_type` is the subtype, else the kind. `told` are the stages that the
    sent message covers. `counted_in` is the message that said that this one was held back. Times are UTC-aware.
    """

    id: UUID
    rule_id: UUID | None
    event_id: UUID | None
    camera_id: UUID | None
    event_type: str
    severity: Severity
    channel_id: UUID
    target: str
    user_id: UUID | None
    kind: NoticeKind
    stage: str
    digest: bool
    state: DeliveryState
    due_at: datetime
    created_at: datetime
    attempts: int = 0
    lease_until: datetime | None = None
    message_key: UUID | None = None
    held_by: UUID | None = None
    counted_in: UUID | None = None
    finished_at: datetime | None = None
    answer: str | None = None
    error: str | None = None
    message_id: str | None = None
    told: tuple[str, ...] = ()

    @property
    def lane(self) -> Lane:
        return Lane(self.channel_id, self.target)

    @property
    def sort(self) -> tuple[UUID | None, str]:
        """What de-duplication takes for the same: camera and type."""
        return self.camera_id, self.event_type


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the engine made of news: written in one transaction with the removal of the news."""

    settled: Mapping[UUID, UUID]
    """Event id -> token."""
    new: tuple[Delivery, ...] = ()
    raised: Mapping[UUID, Severity] = field(default_factory=dict)
    """Pending deliveries -> the severity that their event has by now."""
    hurried: frozenset[UUID] = frozenset()
    """Pending deliveries of a digest that go out by themselves, at once."""
    cancelled: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is to be decided about a lane, read inside the transaction that acts on it.

    `pending` are the rows that are due and free, and all free rows of digests once one of them is due; oldest first, at most some hundred.
    `sent` are rows that went out not longer ago than was asked for, `held` rows that were held back and not counted in a message yet.
    """

    now: datetime
    pending: tuple[Delivery, ...]
    sent: tuple[Delivery, ...]
    held: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a lane's pending rows: `send` goes out in one message under `message_key` (empty: nothing now), `hold` is held back
    because of the sent row that is named, `put_off` waits until then, as part of a digest. `counted` are the held rows that the message
    mentions."""

    send: tuple[UUID, ...] = ()
    message_key: UUID | None = None
    hold: Mapping[UUID, UUID] = field(default_factory=dict)
    put_off: Mapping[UUID, datetime] = field(default_factory=dict)
    counted: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that go out in one message now; nobody else touches them before their lease ends."""

    lane: Lane
    message_key: UUID
    rows: tuple[Delivery, ...]
    counted: tuple[UUID, ...]
