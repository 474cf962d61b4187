"""What the assistant is asked, and what it says, piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias
from uuid import UUID

from haetae.domain.event import Severity

MOST_LETTERS = 1000
"""Of a question."""
MOST_TURNS = 12
MOST_TURN_LETTERS = 4000


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was said before, as the client has it: nobody vouches for it."""

    said_by: Literal["person", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """`text` has at most MOST_LETTERS letters, `history` at most MOST_TURNS turns, oldest first. `language` is en or ko."""

    text: str
    language: str = "en"
    history: tuple[Turn, ...] = ()


class AnsweredBy(StrEnum):
    """`rules`: a question that was parsed, answered in a closed vocabulary."""

    MODEL = "model"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of the answer; pieces follow each other as they are. Plain text. `[1]` stands for the citation of that number."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """Something was looked up: with what, and how much was found."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    found: int = 0


@dataclass(frozen=True, slots=True)
class Citation:
    """An event that the answer rests on: one that a tool returned to this viewer."""

    number: int
    event_id: UUID
    camera_id: UUID
    camera: str
    type: str
    severity: Severity
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer. `reason` says why no model answered, or "". `unverified_numbers` are numbers of the answer that no tool
    returned, `dropped_citations` how many events it named that no tool returned. `examples` say what can be asked, where the question was
    not understood."""

    answered_by: AnsweredBy
    language: str
    understood: bool = True
    reason: str = ""
    unverified_numbers: tuple[str, ...] = ()
    dropped_citations: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of an answer that could not be given."""

    code: str
    detail: str
    hint: str = ""


Message: TypeAlias = TextPart | ToolUse | Citation | Done | Failed
