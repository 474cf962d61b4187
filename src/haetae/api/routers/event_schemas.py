"""What the routes of events take and answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from haetae.database.scoped.event_changes import MOST_AT_ONCE, Answer
from haetae.database.scoped.event_cursor import MAX_LENGTH
from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.domain.analysis import Basis, CorrectedType
from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict
from haetae.domain.fact import FactKind

_TEXT = r"^[^\x00]*$"
_MOST_CAMERAS = 256


def _unique(values: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(values))


Moment = Annotated[
    AwareDatetime, Field(ge=datetime.fromisoformat("2000-01-01T00:00:00Z"), le=datetime.fromisoformat("2199-12-31T00:00:00Z"))
]
Note = Annotated[str, Field(max_length=4000, pattern=_TEXT)]


class Filter(BaseModel):
    """Every condition that is given must hold; of a list, one member."""

    model_config = ConfigDict(extra="forbid")

    camera_id: list[UUID] = Field([], max_length=_MOST_CAMERAS, description="of these cameras")
    since: Moment | None = Field(None, description="that began then or later")
    until: Moment | None = Field(None, description="that began before")
    kind: list[EventKind] = Field([], max_length=len(EventKind))
    subtype: list[Annotated[str, Field(max_length=64, pattern=_TEXT)]] = Field([], max_length=32)
    severity: list[Severity] = Field([], max_length=len(Severity))
    min_severity: Severity | None = None
    min_score: float | None = Field(None, ge=0.0, le=1.0)
    status: list[EventStatus] = Field([], max_length=len(EventStatus))
    review: list[Review] = Field([], max_length=len(Review))
    acknowledged: bool | None = None
    locked: bool | None = None
    has_clip: bool | None = None
    verdict: list[Verdict] = Field([], max_length=len(Verdict))
    q: str | None = Field(
        None,
        max_length=200,
        pattern=_TEXT,
        description="each word, and each text in quotes, occurs in type, description, facts, detail or note, in any case",
    )

    def to_filter(self) -> EventFilter:
        return EventFilter(
            camera_ids=tuple(self.camera_id) or None,
            since=self.since,
            until=self.until,
            kinds=tuple(self.kind),
            subtypes=tuple(self.subtype),
            severities=tuple(self.severity),
            min_severity=self.min_severity,
            min_score=self.min_score,
            statuses=tuple(self.status),
            reviews=tuple(self.review),
            acknowledged=self.acknowledged,
            locked=self.locked,
            has_clip=self.has_clip,
            verdicts=tuple(self.verdict),
            text=self.q,
        )


class SortedFilter(Filter):
    sort: EventSort = Field(EventSort.TIME, description="time is that of the beginning; by score and duration is slow without a time span")
    descending: bool = True


class ListQuery(SortedFilter):
    relevance: bool = Field(
        False,
        description="with `q`: the most relevant first, whatever `sort` says: by words, and by meaning where an embedding model is "
        "configured, which also finds what is said in other words. One page of at most 200, without a cursor",
    )
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=MAX_LENGTH, description="`next_cursor` of the page before, with the same filter and order")


class ExportQuery(SortedFilter):
    ticket: str | None = Field(None, max_length=4096, description="instead of a header, see `POST /tickets`")


class CsvQuery(ExportQuery):
    bom: bool = Field(False, description="begin with a byte order mark, which some spreadsheets need for UTF-8")


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EventRead(_Read):
    id: UUID
    camera_id: UUID
    camera_name: str | None = Field(description="null where the camera is gone, and for events of the site itself")
    kind: EventKind
    subtype: str | None
    severity: Severity
    status: EventStatus
    revision: int
    timestamp: datetime = Field(description="when it began")
    ended_at: datetime | None
    duration_s: float | None
    vad_score: float = Field(description="the highest score, 0 to 1")
    threshold: float
    detail: str | None
    vlm_type: str | None
    vlm_description: str | None
    vlm_confidence: float | None
    has_clip: bool
    has_thumbnail: bool
    media_deleted_at: datetime | None
    acknowledged: bool
    acknowledged_at: datetime | None
    review: Review
    note: str | None
    locked: bool = Field(description="evidence: its clip is never deleted by itself")
    verdict: Verdict | None = Field(description="null until the event was looked at; unverified where nobody can say")
    basis: Basis | None = Field(description="what the verdict rests on: measurements alone (evidence), a model, or both")
    analysed_at: datetime | None
    priority: int = Field(
        description="how urgent it is, 0 to 3: its severity, one less where a model calls it nothing, one more where a response raised it"
    )
    corrected_type: str | None = Field(description="what a person says that it is, whatever a model makes of it")


class SearchRead(BaseModel):
    by_meaning: bool = Field(description="whether embeddings had their say; false: by words alone")
    cause: str = Field(description="why not, in words")


class EventList(BaseModel):
    items: list[EventRead]
    next_cursor: str | None = Field(description="null on the last page")
    total: int = Field(description="as of the first page; exact up to 10,000")
    total_is_exact: bool
    has_meaning: bool = Field(description="whether an embedding model is configured, so that a list by relevance may go by meaning")
    search: SearchRead | None = Field(None, description="of lists by relevance")


class BoxRead(_Read):
    left: float
    top: float
    right: float
    bottom: float


class FactRead(_Read):
    id: str
    kind: FactKind
    value: float
    unit: str
    t0_s: float
    t1_s: float
    usual: float | None = None
    rarity: float | None = None
    quality: float = 1.0
    source: str
    subject: str = Field("", description="what it is about where the kind alone does not say: a zone, a class, a rule")
    track_ids: list[int] = []


class ScoreCurveRead(BaseModel):
    """Scores in [0, 1] at `t_s` seconds after the beginning (before it: negative)."""

    t_s: list[float]
    score: list[float]


class ComparedRead(_Read):
    kind: FactKind
    now: float
    before: float
    unit: str


class ExampleRead(BaseModel):
    """What the camera saw before, while nothing was wrong, that comes nearest to the event."""

    seen_at: datetime
    picture: str = Field(description="a small grey JPEG, as a data: URL")
    compared: list[ComparedRead] = Field(description="in what the two differ, most first")


class EventDetailRead(EventRead):
    frame_number: int
    onset_s: float
    end_s: float | None
    peak_s: float
    box: BoxRead | None
    facts: list[FactRead]
    faults: list[str] = Field(description="what went wrong round this event, in words")
    continues: UUID | None
    continued_by: UUID | None
    media_bytes: int | None = Field(description="null while clip and pictures are being made")
    has_contact_sheet: bool = False
    agent_actions: list[str]
    agent_response_time: float | None
    acknowledged_by: UUID | None
    acknowledged_by_name: str | None
    reviewed_by: UUID | None
    reviewed_by_name: str | None
    reviewed_at: datetime | None
    created_at: datetime
    score_curve: ScoreCurveRead | None = None
    example: ExampleRead | None = None


class Acknowledge(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Note | None = Field(None, description="replaces the note; an empty one takes it away")


class EventPatch(BaseModel):
    """What is absent stays."""

    model_config = ConfigDict(extra="forbid")

    review: Review | None = Field(None, description="`normal` also tells the camera that such things are to be expected")
    note: Note | None = Field(None, description="an empty one takes the note away")
    locked: bool | None = Field(None, description="evidence: retention leaves the clip alone")
    corrected_type: CorrectedType | Literal[""] | None = Field(
        None, description="what it is in truth, whatever rules and models say; an empty one takes that back"
    )


class BulkAcknowledge(BaseModel):
    """Either `ids`, or the newest `limit` of those that match `filter` and are not acknowledged."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE), AfterValidator(_unique)] | None = None
    filter: Filter | None = None
    limit: int = Field(MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)
    note: Note | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "BulkAcknowledge":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or filter")
        return self


class BulkItemRead(_Read):
    event_id: UUID
    answer: Answer


class BulkAnswer(BaseModel):
    items: list[BulkItemRead]
    more: bool = Field(False, description="more events match the filter: ask again")
