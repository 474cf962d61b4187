"""What a model must answer, and how it is got out of what one did answer.

A small flat object of enums and short texts: small models keep to that, and nothing in it can be mistaken for anything else. The
observations come before the verdict, so that a model looks before it judges.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from haetae.domain.analysis import EventType
from haetae.errors import ModelError

LONGEST_RAW = 20_000
_LONGEST_JSON = 64_000

Certainty = Literal["low", "medium", "high"]
Movement = Literal["nothing", "one", "several", "cannot_tell"]

CERTAINTY: dict[str, float] = {"low": 0.4, "medium": 0.6, "high": 0.8}
"""A model's word as a number. Nobody has measured that it means that: such a confidence is not `calibrated`."""


class SeenOnFrames(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=400)]
    frames: Annotated[list[Annotated[int, Field(ge=1, le=64)]], Field(max_length=16)]


class ModelAnswer(BaseModel):
    """What a model says of the pictures."""

    model_config = ConfigDict(extra="forbid")

    observations: Annotated[list[SeenOnFrames], Field(max_length=8)]
    visible_text: Annotated[str, Field(max_length=1000)]
    movement: Movement
    summary: Annotated[str, Field(max_length=1000)]
    event_type: EventType
    certainty: Certainty
    verdict: Literal["A", "B", "C"]


class InvalidAnswer(ModelError):
    """An answer is not what was asked for; the message says what is wrong with it, in words for the model."""


def answer_schema() -> dict[str, Any]:
    """The JSON schema of an answer, without references, which some servers do not resolve, and with the lengths left to validation, which
    some refuse."""
    texts = {"type": "string"}
    seen = {
        "type": "object",
        "properties": {"text": texts, "frames": {"type": "array", "items": {"type": "integer"}}},
        "required": ["text", "frames"],
        "additionalProperties": False,
    }
    properties = {
        "observations": {"type": "array", "items": seen},
        "visible_text": texts,
        "movement": {"type": "string", "enum": ["nothing", "one", "several", "cannot_tell"]},
        "summary": texts,
        "event_type": {"type": "string", "enum": [each.value for each in EventType]},
        "certainty": {"type": "string", "enum": list(CERTAINTY)},
        "verdict": {"type": "string", "enum": ["A", "B", "C"]},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def parse_answer(raw: str, *, frames: int) -> ModelAnswer:
    """The answer in what a model wrote: thoughts and code fences round it are taken off, nothing in it is guessed.

    Raises InvalidAnswer, also where it cites a frame that it was not shown (`frames` were).
    """
    text = _FENCE.sub("", _THOUGHT.sub("", raw)).strip()
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0:
        raise InvalidAnswer("there is no JSON object in it")
    if end < begin:
        raise InvalidAnswer("the JSON object is cut off")
    try:
        answer = ModelAnswer.model_validate_json(text[begin : end + 1][:_LONGEST_JSON])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidAnswer(f"{where}: {first['msg']}" if where else str(first["msg"])) from None
    cited = {number for each in answer.observations for number in each.frames}
    if cited and max(cited) > frames:
        raise InvalidAnswer(f"it cites frame {max(cited)}, and there are {frames}")
    if (answer.verdict == "B") != (answer.event_type is EventType.NORMAL):
        raise InvalidAnswer('verdict "B" and event_type "Normal" belong together')
    if (answer.verdict == "C") != (answer.event_type is EventType.UNCLEAR):
        raise InvalidAnswer('verdict "C" and event_type "Unclear" belong together')
    return answer


_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^\s*```[a-zA-Z]*\s*$", re.MULTILINE)
