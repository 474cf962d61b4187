"""What the routes of the assistant and of reports take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel

from haetae.agents.assistant.messages import (
    MOST_LETTERS,
    MOST_TURN_LETTERS,
    MOST_TURNS,
    AnsweredBy,
    Citation,
    Done,
    Failed,
    Message,
    Question,
    TextPart,
    ToolUse,
    Turn,
)
from haetae.agents.assistant.report import ShiftReport
from haetae.domain.event import EventStatus, Review, Severity, Verdict

_TEXT = r"^[^\x00]*$"
Language: TypeAlias = Literal["en", "ko"]


class TurnInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    said_by: Literal["person", "assistant"]
    text: Annotated[str, Field(max_length=MOST_TURN_LETTERS, pattern=_TEXT)]


class QuestionInput(BaseModel):
    """A question, with what was said before it."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[
        str, Field(min_length=1, max_length=MOST_LETTERS, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", examples=["What happened last night?"])
    ]
    language: Language | None = Field(None, description="of the answer; null: that of the question")
    history: Annotated[list[TurnInput], Field(max_length=MOST_TURNS)] = Field([], description="oldest first")

    def to_question(self, language: str) -> Question:
        return Question(self.question, language, tuple(Turn(turn.said_by, turn.text) for turn in self.history))


class AssistantText(BaseModel):
    """A piece of the answer, plain text; pieces follow each other as they are. `[1]` stands for the citation of that number."""

    type: Literal["text"] = "text"
    text: str


class AssistantTool(BaseModel):
    """Something was looked up."""

    type: Literal["tool"] = "tool"
    name: str = Field(description="such as find_events, count_events, show_event, find_actions, list_cameras, shift_report")
    arguments: dict[str, Any]
    found: int = Field(description="how many things came back")


class AssistantCitation(BaseModel):
    """An event that the answer rests on; the caller may see it."""

    model_config = ConfigDict(from_attributes=True)

    type: Literal["citation"] = "citation"
    number: int = Field(description="what `[1]` in the text stands for")
    event_id: UUID
    camera_id: UUID
    camera: str = Field(description="its name; empty where it is gone, and for events of the site itself")
    event_type: str
    severity: Severity
    began_at: datetime


class AssistantDone(BaseModel):
    """The last message of an answer."""

    model_config = ConfigDict(from_attributes=True)

    type: Literal["done"] = "done"
    answered_by: AnsweredBy = Field(description="rules: parsed and answered without a model")
    language: str
    understood: bool = Field(description="false: the text says what can be asked instead")
    reason: str = Field(description="why no model answered; empty where one did")
    unverified_numbers: list[str] = Field(
        description="numbers in the text that nothing that was looked up contains: to be marked as doubtful"
    )
    dropped_citations: int = Field(description="events that the model named and nothing that was looked up contains; they were taken out")
    examples: list[str] = Field(description="questions that can be asked, where this one was not understood")


class AssistantError(BaseModel):
    """The last message of an answer that could not be given."""

    model_config = ConfigDict(from_attributes=True)

    type: Literal["error"] = "error"
    code: str
    detail: str
    hint: str


AnyMessage: TypeAlias = Annotated[
    AssistantText | AssistantTool | AssistantCitation | AssistantDone | AssistantError, Field(discriminator="type")
]


class AssistantMessage(RootModel[AnyMessage]):
    """One message: the `data` of one server-sent event, whose `event` is the message's type."""


class AssistantAnswer(BaseModel):
    """A whole answer at once, for `Accept: application/json`; the last message is `done` or `error`."""

    messages: list[AssistantMessage]


class AssistantRead(BaseModel):
    """What the assistant is here."""

    model: str = Field(description="the language model's name; empty where none is configured, and questions are parsed")
    available: bool = Field(description="false while the model cannot be asked: questions are parsed meanwhile")
    reason: str = Field(description="why, in words")
    examples: dict[str, list[str]] = Field(description="questions that are understood without a model, by language")
    most_letters: int = MOST_LETTERS
    most_turns: int = MOST_TURNS
    can_request_approvals: bool = False


def message_read(message: Message) -> AssistantMessage:
    """A message as clients get it."""
    match message:
        case TextPart():
            return AssistantMessage(AssistantText(text=message.text))
        case ToolUse():
            return AssistantMessage(AssistantTool(name=message.name, arguments=dict(message.arguments), found=message.found))
        case Citation():
            own = {name: getattr(message, name) for name in ("number", "event_id", "camera_id", "camera", "severity", "began_at")}
            return AssistantMessage(AssistantCitation(event_type=message.type, **own))
        case Done():
            return AssistantMessage(AssistantDone.model_validate(message))
        case Failed():
            return AssistantMessage(AssistantError.model_validate(message))


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ReportedEvent(_Read):
    id: UUID
    camera_id: UUID
    camera: str
    type: str
    severity: Severity
    status: EventStatus
    began_at: datetime
    duration_s: float | None = Field(description="null while it lasts")
    verdict: Verdict | None
    acknowledged: bool
    review: Review


class ReportedCamera(_Read):
    camera_id: UUID
    camera: str = Field(description="its name; empty where it is gone, and for the site itself")
    events: int
    worst: Severity = Field(description="the most severe of them")


class ReportedType(BaseModel):
    type: str
    events: int


class AwayCamera(_Read):
    id: UUID
    name: str
    state: str
    since: datetime | None


class ShiftRead(_Read):
    """What happened between `since` and `until`, as far as the caller may know. Every number is counted."""

    since: datetime
    until: datetime
    at: datetime = Field(description="when it was counted")
    time_zone: str
    language: str
    total: int
    by_severity: dict[Severity, int]
    by_type: list[ReportedType]
    by_camera: list[ReportedCamera]
    confirmed: int = Field(description="by whoever looked at them")
    rejected: int
    false_alarms: int = Field(description="so called by people")
    unacknowledged: int
    going_on: int
    cameras_on: int = Field(description="cameras that are to watch")
    notable: list[ReportedEvent] = Field(description="the most severe, at most 10")
    away: list[ReportedEvent] = Field(description="times in which a camera was offline, longest first")
    not_watching: list[AwayCamera] = Field(description="cameras that are to watch and do not, now")
    text: str = Field(description="the same in words")
    summary: str = Field("", description="a model's words, where asked for; every number in it is one of the report")
    summary_reason: str = Field("", description="why there is no summary although one was asked for")


def shift_read(report: ShiftReport, language: str, text: str, summary: str = "", reason: str = "") -> ShiftRead:
    """The report as clients get it."""
    own = {name: getattr(report, name) for name in ShiftRead.model_fields if hasattr(report, name)}
    own["by_type"] = [ReportedType(type=each, events=events) for each, events in report.by_type]
    return ShiftRead.model_validate(own | {"language": language, "text": text, "summary": summary, "summary_reason": reason})
