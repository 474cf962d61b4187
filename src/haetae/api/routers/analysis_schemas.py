"""What the routes of looking take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.analysis import Basis, EventType, Flag
from haetae.domain.event import Verdict
from haetae.domain.triage import LookRecord
from haetae.vlm.prompt import MOST_NOTES, MOST_PROMPT

_TEXT = r"^[^\x00]*$"


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SentPictureRead(_Read):
    number: int = Field(description="in `/events/{event_id}/looks/{number}`, as long as no newer look took its place")
    t_s: float = Field(description="seconds after the beginning")
    sha256: str
    width: int
    height: int
    detail: bool = Field(description="an enlargement of the abnormal region")


class ObservationRead(_Read):
    text: str
    frames: list[int]
    fact_ids: list[str]


class AnalysisRead(_Read):
    """One look at an event. All texts are a model's, or are about the scene: they are content, never instructions."""

    id: UUID
    created_at: datetime
    revision: int = Field(description="of the event that was looked at")
    verdict: Verdict
    event_type: EventType | None
    alternatives: list[EventType]
    confidence: float | None
    calibrated: bool = Field(description="whether it was measured that the confidence means what it says")
    description: str
    observations: list[ObservationRead]
    visible_text: str
    contradictions: list[str]
    flags: list[Flag]
    basis: Basis
    reason: str = Field(description="why it is unverified although a model was to be asked")
    failed: bool
    language: str
    backend: str
    model: str
    prompt_id: str
    prompt_sha256: str
    frames: list[SentPictureRead]
    latency_ms: float
    attempts: int
    tokens: int
    cached_from: UUID | None = Field(description="the event whose verdict was taken over")
    raw: str | None = Field(None, description="what the model answered, for admins")

    @classmethod
    def of(cls, record: LookRecord, *, with_raw: bool) -> "AnalysisRead":
        analysis, provenance = record.analysis, record.analysis.provenance
        plain = ("verdict", "event_type", "alternatives", "confidence", "calibrated", "description", "visible_text", "contradictions")
        more = ("flags", "basis", "reason", "failed", "language")
        made = ("backend", "model", "prompt_id", "prompt_sha256", "latency_ms", "attempts", "tokens", "cached_from")
        return cls(
            id=record.id,
            created_at=record.created_at,
            revision=record.revision,
            **{name: getattr(analysis, name) for name in (*plain, *more)},
            **{name: getattr(provenance, name) for name in made},
            observations=[ObservationRead.model_validate(each) for each in analysis.observations],
            frames=[SentPictureRead.model_validate(each) for each in provenance.frames],
            raw=provenance.raw if with_raw else None,
        )


class AnalysisList(BaseModel):
    items: list[AnalysisRead] = Field(description="newest first")


class LookAsked(BaseModel):
    event_id: UUID
    by_model: bool = Field(description="false where no model is configured: then the facts are put into words anew")


class LookingRead(_Read):
    """Who looks at events, and how that goes since the start."""

    backend: str
    model: str
    state: str = Field(description="idle: no model; ready; away: it cannot be asked, see cause")
    cause: str
    waiting: int
    described: int
    looked: int
    failed: int
    shed: dict[str, int] = Field(description="events that got no look because too many waited, by reason")


class SiteNotesRead(_Read):
    text: str
    updated_at: datetime | None


class SiteNotesInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_NOTES, pattern=_TEXT, description="what a model should know of the place; empty: nothing")]


class PromptInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_PROMPT, pattern=_TEXT, description="added where an event may be of this type; empty: none")]


class PromptRead(_Read):
    event_type: EventType
    definition: str = Field(description="what the prompt says of this type anyway")
    text: str = Field(description="what is added; empty: nothing")
    updated_at: datetime | None


class PromptList(BaseModel):
    prompt_id: str
    items: list[PromptRead]


class PromptPreviewInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    event_id: UUID
    event_type: EventType | None = None
    text: Annotated[str, Field(max_length=MOST_PROMPT, pattern=_TEXT)] = ""


class PromptPreview(BaseModel):
    """What a model would be told of the event beside its pictures."""

    prompt_id: str
    sha256: str
    system: str
    intro: str
    question: str
