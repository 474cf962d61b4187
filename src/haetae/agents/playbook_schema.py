"""The form of a playbook: TOML, every key known, every fault with its place and what to do about it."""

import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from haetae.agents.actions import MOST_ACTIONS
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity, Verdict
from haetae.domain.plan import ActionKind, Risk
from haetae.errors import ConfigError

LONGEST = 100_000
"""Characters of a playbook."""

_NAME = Annotated[str, Field(min_length=1, max_length=128)]
_NAMES = Annotated[list[_NAME], Field(min_length=1, max_length=64)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _from_words(value: Any) -> Any:
    """`notify:guards` is short for `{ action = "notify", target = "guards" }`."""
    if isinstance(value, str):
        action, _, target = value.partition(":")
        return {"action": action.strip(), "target": target.strip()}
    return value


class ActionEntry(_Part):
    """One action. `target` is an id or a name of the site, or a word of [targets]; `seconds` and `level` are the most that is
    allowed, `people` is how many different ones must approve of what takes approval: no model has a say in it."""

    action: ActionKind
    target: str = Field("", max_length=256)
    text: str = Field("", max_length=500)
    seconds: int | None = Field(None, ge=1, le=600)
    level: int | None = Field(None, ge=1, le=3)
    people: int | None = Field(None, ge=1, le=2)


class NeverEntry(_Part):
    """What is forbidden: a kind, one with a target, or a whole class of risk."""

    action: ActionKind | Literal["R0", "R1", "R2"]
    target: str = Field("", max_length=256)

    @property
    def risk(self) -> Risk | None:
        return None if isinstance(self.action, ActionKind) else Risk(self.action)


Entry = Annotated[ActionEntry, BeforeValidator(_from_words)]
Never = Annotated[NeverEntry, BeforeValidator(_from_words)]


class When(_Part):
    """What an incident must be for a rule to count: all that is named must hold, one of each list."""

    types: Annotated[list[EventType], Field(min_length=1)] | None = None
    kinds: Annotated[list[EventKind], Field(min_length=1)] | None = None
    severities: Annotated[list[Severity], Field(min_length=1)] | None = None
    min_severity: Severity | None = None
    verdicts: Annotated[list[Verdict], Field(min_length=1)] | None = None
    zones: _NAMES | None = None
    cameras: _NAMES | None = None
    schedule: str | None = Field(None, min_length=1, max_length=64)
    armed: bool | None = None


class RuleEntry(_Part):
    name: _NAME
    when: When = When()
    must: Annotated[list[Entry], Field(max_length=MOST_ACTIONS)] = []
    may: Annotated[list[Entry], Field(max_length=32)] = []
    never: Annotated[list[Never], Field(max_length=32)] = []


class PlaybookFile(_Part):
    """A whole playbook. `form` is the version of this form."""

    form: Literal[1]
    name: _NAME
    language: Literal["en", "ko"] = "en"
    targets: Annotated[dict[_NAME, Annotated[str, Field(max_length=256)]], Field(max_length=64)] = {}
    schedules: Annotated[dict[_NAME, Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=32)] = {}
    rules: Annotated[list[RuleEntry], Field(max_length=200)] = []


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a playbook, or (`warning`) will be. `where` names the key, `line` counts from 1, 0 where none is to blame."""

    where: str
    line: int
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"line {self.line}, {self.where}" if self.line and self.where else f"line {self.line}" if self.line else self.where
        said = f"{place}: {self.message}" if place else self.message
        return f"{said}. {self.hint}" if self.hint else said


class PlaybookError(ConfigError):
    """A playbook is none; `findings` says why, the first fault first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(str(Finding(first.where, first.line, first.message)), hint=first.hint)
        self.findings = tuple(findings)


def parse_playbook(content: str) -> PlaybookFile:
    """The playbook that TOML text holds. Raises PlaybookError."""
    if len(content) > LONGEST:
        raise PlaybookError([Finding("", 0, f"the playbook has {len(content)} characters", f"Use at most {LONGEST}")])
    try:
        values = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise PlaybookError([Finding("", int(at[1]) if at else 0, f"this is not valid TOML: {error}", "Correct that line")]) from None
    except RecursionError:
        raise PlaybookError([Finding("", 0, "the playbook is nested too deeply", "Use the form of the default playbooks")]) from None
    try:
        return PlaybookFile.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise PlaybookError([_finding(content, values, fault) for fault in faults[:20]]) from None


def line_of(content: str, rule: int | None, key: str = "") -> int:
    """The line that a key stands in, that of its rule (from 0) where it does not stand anywhere, 0 where neither does."""
    lines = content.splitlines()
    first, last = 0, len(lines)
    if rule is not None:
        heads = [number for number, line in enumerate(lines) if _RULE.match(line)]
        if rule >= len(heads):
            return 0
        first = heads[rule]
        last = heads[rule + 1] if rule + 1 < len(heads) else len(lines)
    for number in range(first, last):
        if key and re.search(rf"(?<![\w\"']){re.escape(key)}\s*=", lines[number]):
            return number + 1
    return first + 1 if rule is not None else 0


_RULE: Final = re.compile(r"\s*\[\[\s*rules\s*\]\]")
_FORMS: Final[dict[str, type[_Part]]] = {"when": When, "never": NeverEntry, "must": ActionEntry, "may": ActionEntry}


def _finding(content: str, values: dict[str, Any], fault: Any) -> Finding:
    parts = [part for part in fault["loc"] if not (isinstance(part, str) and ("[" in part or part == "ActionKind"))]
    rule = parts[1] if len(parts) > 1 and parts[0] == "rules" and isinstance(parts[1], int) else None
    keys = [part for part in parts if isinstance(part, str)]
    line = line_of(content, rule, keys[-1] if keys else "")
    section = next((part for part in keys if part in _FORMS), None)
    if rule is not None and section is not None and line == line_of(content, rule):
        line = line_of(content, rule, section)
    if fault["type"] == "extra_forbidden":
        form = _FORMS.get(section or "", RuleEntry if rule is not None else PlaybookFile)
        names = sorted(field.alias or name for name, field in form.model_fields.items())
        close = get_close_matches(str(keys[-1]), names, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(names)}"
        return Finding(_where(values, parts), line, f"unknown key {keys[-1]!r}", hint)
    if fault["type"] == "missing":
        return Finding(_where(values, parts), line, f"{keys[-1]} is missing", _MISSING.get(keys[-1], "Add it"))
    shown = repr(fault["input"])[:80]
    hint = f"Known actions: {', '.join(ActionKind)}" if keys and keys[-1] in ("action", "R0") else str(fault["msg"])
    return Finding(_where(values, parts), line, f"{shown} is refused", hint)


_MISSING: Final = {"form": "Write form = 1 on top", "name": "Give it a name"}


def _where(values: dict[str, Any], parts: Sequence[Any]) -> str:
    """The key with its path; a rule by its name where it has one."""
    words: list[str] = []
    for part in parts:
        if isinstance(part, int) and words:
            words[-1] += f"[{part + 1}]"
        else:
            words.append(str(part))
    if words and words[0].startswith("rules[") and len(parts) > 1:
        with suppress(KeyError, TypeError, IndexError):
            words[0] = f"rule {values['rules'][parts[1]]['name']!r}"
    return ", ".join((words[0], ".".join(words[1:]))) if len(words) > 1 else "".join(words)
