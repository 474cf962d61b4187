"""Who hears of which event, through which channel, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.event import Severity
from haetae.domain.schedule import WeeklySchedule


class RecipientKind(StrEnum):
    """A user is reached by the e-mail address of the account, and only about cameras that this person may see; a group is its members."""

    USER = "user"
    GROUP = "group"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Recipient:
    """`value` is the id of a user or group as text, or an address as the channel takes it."""

    kind: RecipientKind
    value: str


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Tell these too when nobody has acknowledged the event `after_s` seconds after its first notice was made."""

    after_s: float
    channel_ids: tuple[UUID, ...]
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` messages in any `period_s` seconds to each recipient; what goes beyond is put together in a digest."""

    count: int
    period_s: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the engine reads it. None for `camera_ids` and `event_types` means all of them.

    `event_types` holds words for kind, subtype or model's type; events of the kind `system` also need `system_events`. Outside `schedule`
    (None: always) the rule matches nothing. In `quiet_hours` all but critical events wait for their end, and come in one digest. Severity
    and score are those that the event reaches in the end: a rule may match an event that it did not match at first. `title_template` and
    `text_template` stand in for the built-in texts. `updates` says whether what becomes of an event is told as well. What
    began before `created_at` (None: never) is not this rule's.
    """

    id: UUID
    name: str
    enabled: bool = True
    camera_ids: frozenset[UUID] | None = None
    event_types: frozenset[str] | None = None
    system_events: bool = False
    min_severity: Severity = Severity.MEDIUM
    min_score: float = 0.0
    time_zone: str = "UTC"
    schedule: WeeklySchedule | None = None
    quiet_hours: WeeklySchedule | None = None
    channel_ids: tuple[UUID, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    escalation: tuple[EscalationStep, ...] = ()
    language: str = "en"
    title_template: str | None = None
    text_template: str | None = None
    rate_limit: RateLimit | None = None
    include_picture: bool = True
    include_clip_link: bool = True
    updates: bool = True
    created_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """A configured channel. `settings` holds all of its settings, secrets in clear: it is made for sending and never shown."""

    id: UUID
    name: str
    kind: str
    enabled: bool
    settings: Mapping[str, object] = field(repr=False)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients under one name; its members are users and addresses, no groups."""

    id: UUID
    name: str
    members: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A user as a recipient. `cameras` None: all of them (an admin)."""

    user_id: UUID
    name: str
    email: str | None
    active: bool
    sees_system: bool
    cameras: frozenset[UUID] | None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that says who is told, read at one moment."""

    rules: tuple[Rule, ...]
    channels: Mapping[UUID, ChannelConfig]
    groups: Mapping[UUID, Group]
    people: Mapping[UUID, Person]
    opted_out: frozenset[tuple[UUID, str]] = frozenset()
    """(channel, address) that want no digests."""
    read_at: datetime | None = None
