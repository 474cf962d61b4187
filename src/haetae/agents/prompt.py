"""What a role is told: fixed rules from a file, what is known of the incident, and what may be chosen.

What comes from outside (texts of the event, names, notes, what another role wrote) stands as JSON between marks that nobody can know
beforehand, so nothing in it can pass for a part of the prompt.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from haetae.agents.actions import MOST_ACTIONS
from haetae.agents.base import Toolbox
from haetae.agents.catalogue import Catalogue
from haetae.agents.plan_schema import key_words
from haetae.agents.playbook import Bounds
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.domain.plan import PlannedAction
from haetae.prompt_files import read_prompts

CURRENT: Final = "plan-1"
MOST_KNOWN_BYTES: Final = 3000
"""Of what is known and of what may be chosen: six calls with it stay within the tokens of an incident."""

_MOST_FACTS = 6


@dataclass(frozen=True, slots=True)
class RolePrompt:
    system: str
    question: str


@dataclass(frozen=True, slots=True)
class PlanPrompts:
    """A file of `prompts/`."""

    id: str
    rules: str
    roles: Mapping[str, RolePrompt]
    languages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What one role is told in one step. `sha256` is that of all of it but the random marks."""

    id: str
    sha256: str
    system: str
    text: str


def load_prompts(prompt_id: str = CURRENT) -> PlanPrompts:
    """Raises ConfigError for an id that there is no file of."""
    values = read_prompts("haetae.agents.prompts", prompt_id, current=CURRENT)
    return PlanPrompts(**values | {"roles": {name: RolePrompt(**role) for name, role in values["roles"].items()}})


def tell(
    prompts: PlanPrompts, role: str, known: Mapping[str, Any], *, language: str, said: Mapping[str, Any] | None = None, marker: str = ""
) -> Told:
    """What `role` is told. `said` is what other roles wrote before; `marker` is random unless a test gives it."""
    marker = marker or secrets.token_hex(8)
    words = prompts.roles[role]
    data = orjson.dumps({**known, **({"colleagues": said} if said else {})}).decode()
    question = words.question.strip().replace("{most}", str(MOST_ACTIONS))
    end = f"{question} {prompts.languages.get(language, prompts.languages['en'])}"
    system = f"{words.system.strip()}\n{prompts.rules.strip()}"
    text = f"<<{marker}>>\n{data}\n<<{marker}>>\n{end}"
    return Told(prompts.id, hashlib.sha256("\0".join((system, data, end)).encode()).hexdigest(), system, text)


def known(event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, bounds: Bounds) -> dict[str, Any]:
    """What is known of an incident and what may be done about it, as JSON of at most about MOST_KNOWN_BYTES: long texts are cut first."""
    for longest in (600, 300, 120, 40, 0):
        found = _known(event, analysis, toolbox, bounds, longest)
        if len(orjson.dumps(found)) <= MOST_KNOWN_BYTES:
            break
    return found


def _known(event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, bounds: Bounds, longest: int) -> dict[str, Any]:
    situation = toolbox.situation
    lasted_s = None if event.end_s is None else round(event.end_s - event.onset_s, 1)
    return {
        "camera": situation.camera[:64],
        "zones": sorted(name[:64] for name in situation.zones)[:8],
        "local_time": toolbox.local_time,
        "armed": situation.armed,
        "site_notes": toolbox.notes[:longest],
        "kind": situation.kind.value,
        "severity": situation.severity.value,
        "verdict": situation.verdict.value,
        "held_for": sorted(situation.types),
        "confidence": analysis.confidence,
        "lasted_s": lasted_s,
        "description": analysis.description[:longest],
        "text_seen_in_the_picture": analysis.visible_text[: longest // 2],
        "measurements": [_fact(fact) for fact in event.facts[:_MOST_FACTS]],
        "done_anyway": [_offer(action, toolbox.catalogue) for action in bounds.must],
        "may_be_chosen": [_offer(action, toolbox.catalogue) for action in bounds.may],
    }


def as_data(actions: Sequence[PlannedAction], catalogue: Catalogue) -> list[dict[str, Any]]:
    """A plan as another role is shown it."""
    return [
        {**_offer(action, catalogue), **({"text": action.text} if action.text else {}), **({"why": action.reason} if action.reason else {})}
        for action in actions
    ]


def _offer(action: PlannedAction, catalogue: Catalogue) -> dict[str, Any]:
    name = catalogue.words(action).partition(":")[2]
    most = {f"most_{option}": value for option, value in action.options.items()}
    return {"action": key_words(action), **({"name": name[:64]} if name else {}), **most}


def _fact(fact: Fact) -> dict[str, Any]:
    shown = {"kind": fact.kind.value, "value": float(f"{fact.value:.4g}"), "unit": fact.unit[:16], "about": fact.subject[:48]}
    return {name: value for name, value in shown.items() if value != ""}
