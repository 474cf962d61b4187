"""The form of a plan that a model answers with: made for each incident from what may be chosen there, so that nothing else can be named."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from haetae.agents.actions import LONGEST_REASON, MOST_ACTIONS, SHAPES, action_kind
from haetae.domain.plan import PlannedAction

_LONGEST_TEXT = 500
_LONGEST_SUMMARY = 500

P = TypeVar("P", bound="Form")


class Form(BaseModel):
    """What a role answers. The JSON schema is flat, without references and lengths, which some servers refuse; validation is strict."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SCHEMA: ClassVar[dict[str, Any]]

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        return cls.SCHEMA


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


class Assessment(Form):
    """What the analyst says."""

    SCHEMA = _object(known=_TEXTS, doubtful=_TEXTS, urgency={"type": "string", "enum": ["low", "medium", "high"]})

    known: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=6)]
    doubtful: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=6)]
    urgency: Literal["low", "medium", "high"]


class Ruling(Form):
    """What the supervisor says. What is not exactly true is no approval."""

    SCHEMA = _object(reasons=_TEXTS, approved={"type": "boolean"})

    reasons: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=6)]
    approved: Annotated[bool, Field(strict=True)]


class Choice(BaseModel):
    """One action that a model chose. `action` is one of those that were offered; amounts are None where it says nothing of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str
    text: str = Field("", max_length=_LONGEST_TEXT)
    why: str = Field("", max_length=LONGEST_REASON)
    seconds: Annotated[int | None, Field(strict=True)] = None
    level: Annotated[int | None, Field(strict=True)] = None


class SitePlan(Form):
    """A plan of choices among what was offered."""

    actions: Annotated[list[Choice], Field(max_length=MOST_ACTIONS)]
    summary: str = Field("", max_length=_LONGEST_SUMMARY)

    def chosen(self) -> tuple[PlannedAction, ...]:
        """As actions, none twice. Raises ConfigError for a kind that there is none of."""
        found: dict[str, PlannedAction] = {}
        for choice in self.actions:
            word, _, target = choice.action.partition(":")
            kind = action_kind(word)
            amounts = {name: value for name in SHAPES[kind].options if (value := getattr(choice, name)) is not None}
            found.setdefault(choice.action, PlannedAction(kind, target, amounts, choice.text, choice.why))
        return tuple(found.values())


def key_words(action: PlannedAction) -> str:
    """How a model names an action: its kind, and the id of what it reaches."""
    return f"{action.kind.value}:{action.target}" if action.target else action.kind.value


def plan_form(offered: Sequence[PlannedAction]) -> type[SitePlan]:
    """The form of a plan where these may be chosen; there must be one at least."""
    return _form(tuple(dict.fromkeys(key_words(action) for action in offered)))


@lru_cache(maxsize=64)
def _form(keys: tuple[str, ...]) -> type[SitePlan]:
    kinds = {action_kind(key.partition(":")[0]) for key in keys}
    options = {name for kind in kinds for name in SHAPES[kind].options}
    named: Any = Literal[keys]
    choice = create_model("SiteChoice", __base__=Choice, action=(named, ...))
    amounts = {name: {"type": ["integer", "null"]} for name in sorted(options)}
    item = _object(action={"type": "string", "enum": list(keys)}, text=_TEXT, why=_TEXT, **amounts)
    plan = create_model("PlanOfSite", __base__=SitePlan, actions=(Annotated[list[choice], Field(max_length=MOST_ACTIONS)], ...))
    plan.SCHEMA = _object(summary=_TEXT, actions={"type": "array", "items": item})
    return plan
