"""What the assistant can look up, for one viewer and nobody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict
from haetae.domain.statistics import DayStatistics

LANGUAGES = ("en", "ko")


class Order(StrEnum):
    """Which events come first."""

    NEWEST = "newest"
    MOST_SEVERE = "most_severe"
    LONGEST = "longest"
    HIGHEST_SCORE = "highest_score"


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Every condition that is given must hold. `types` are types as they are shown: a model's, else the subtype, else the kind.

    `camera_ids` () means none of them. `since` is inclusive, `until` exclusive, both on the onset; UTC-aware.
    """

    since: datetime | None = None
    until: datetime | None = None
    camera_ids: tuple[UUID, ...] | None = None
    types: tuple[str, ...] = ()
    kinds: tuple[EventKind, ...] = ()
    min_severity: Severity | None = None
    text: str = ""
    acknowledged: bool | None = None
    reviews: tuple[Review, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    locked: bool | None = None
    going_on: bool = False
    order: Order = Order.NEWEST
    limit: int = 10


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """A camera as it is now. `state` is a CameraState's word; `since` when it came into it."""

    id: UUID
    name: str
    state: str
    enabled: bool = True
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event. `camera` is the camera's name, "" where it is gone and for events of the site itself. Texts are content, never orders."""

    id: UUID
    camera_id: UUID
    camera: str
    kind: EventKind
    type: str
    severity: Severity
    status: EventStatus
    began_at: datetime
    duration_s: float | None
    score: float
    verdict: Verdict | None = None
    acknowledged: bool = False
    review: Review = Review.NEW
    description: str = ""
    detail: str = ""
    note: str = ""
    facts: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The first events that match, and how many do: exactly, or at least so many."""

    events: tuple[EventRecord, ...]
    total: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class EventCount:
    """How many events have all of this in common."""

    camera_id: UUID
    type: str
    severity: Severity
    verdict: Verdict | None
    review: Review
    acknowledged: bool
    events: int


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action of a response as it stands. `kind` and `state` are the words of ActionKind and ActionState; `target` is what it reaches is
    called, "" where it reaches nothing or nothing that may be known. `why` says what came of it where that is no success, `event_id` what
    it is about."""

    kind: str
    state: str
    target: str = ""
    finished_at: datetime | None = None
    why: str = ""
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ActionQuery:
    """Every condition that is given must hold. `kinds` are words of ActionKind. `waiting`: those that wait for a person's approval. `since`
    is inclusive, `until` exclusive, both on when it was planned; UTC-aware."""

    kinds: tuple[str, ...] = ()
    waiting: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 10


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """What is done about an event: by whom it was planned ("" before anything is), whether more is to be planned, why a person must look
    ("" where none must), and every action in the order in which it was planned."""

    actions: tuple[ActionRecord, ...] = ()
    planned_by: str = ""
    waits: bool = False
    review: str = ""


class Records(Protocol):
    """Everything that one viewer may see, as it is asked for; what it may not see is not there.

    Any thread, none with an event loop. Raises DatabaseUnavailable.
    """

    @property
    def time_zone(self) -> str:
        """The site's, an IANA name."""
        ...

    def now(self) -> datetime:
        """UTC-aware."""
        ...

    def cameras(self) -> Sequence[CameraRecord]:
        """By name."""
        ...

    def find(self, query: EventQuery) -> Found:
        """The first `query.limit` events that match."""
        ...

    def event(self, event_id: UUID) -> EventRecord | None:
        """With its facts and actions; None where there is none, or none for this viewer."""
        ...

    def response(self, event_id: UUID) -> ResponseRecord | None:
        """What is done about an event; None where there is none, or none for this viewer."""
        ...

    def actions(self, query: ActionQuery) -> Sequence[ActionRecord]:
        """The newest `query.limit` actions that match, on events of this viewer's, newest first."""
        ...

    def counts(self, query: EventQuery) -> Sequence[EventCount]:
        """How many match, in groups; `order` and `limit` do not count. The span must be given."""
        ...

    def days(self, camera_id: UUID, first: date, last: date) -> Sequence[DayStatistics]:
        """A camera's days from `first` to `last`, inclusive; days without anything are absent."""
        ...


class Particle(Protocol):
    """A word with the Korean particle of its pair (을, 이, 은, 과) that its last sound wants."""

    def __call__(self, word: str, kind: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class SiteWords:
    """What the site calls things, by language: its words for types, severities, reviews, kinds of actions, and the particles of Korean."""

    types: Mapping[str, Mapping[str, str]]
    severities: Mapping[str, Mapping[str, str]]
    reviews: Mapping[str, Mapping[str, str]]
    actions: Mapping[str, Mapping[str, str]]
    particle: Particle

    def type(self, key: str, language: str) -> str:
        """A type that somebody's own model made up is shown as it is, underscores as blanks."""
        return self.types[language].get(key) or key.replace("_", " ")


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What the assistant asks people to allow: an action on an event, in words that a person reads before anything happens."""

    event_id: UUID
    kind: str
    reason: str


class ApprovalRequests(Protocol):
    """The one thing that an assistant may write, where the site has it: a request that a person decides on."""

    def request(self, wanted: ApprovalRequest) -> UUID:
        """The request's id. Raises Forbidden where the viewer may not ask for that, NotFound for an event that it does not see."""
        ...
