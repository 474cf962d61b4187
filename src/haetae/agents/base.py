"""What an agent flow is: the contract, what it may use, its registry, and how one is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from haetae.agents.catalogue import Catalogue
from haetae.agents.playbook import Playbook
from haetae.agents.situation import Situation
from haetae.clock import Clock
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent
from haetae.domain.incident import Step
from haetae.domain.plan import ResponsePlan
from haetae.errors import ConfigError
from haetae.registry import Registry
from haetae.settings import AgentSettings

if TYPE_CHECKING:
    from pydantic_ai.models import Model

PLAYBOOK = "playbook"

FLOWS = Registry(
    group="haetae.agents",
    noun="agent flow",
    builtin={
        PLAYBOOK: "haetae.agents.planning:make_playbook_flow",
        "sequential": "haetae.agents.sequential:make_sequential",
        "hierarchical": "haetae.agents.hierarchical:make_hierarchical",
        "collaborative": "haetae.agents.collaborative:make_collaborative",
    },
    extras={},
)


class Journal(Protocol):
    """What is known of the steps of one planning. Belongs to the loop of who plans."""

    def done(self) -> Mapping[str, Step]:
        """The steps that were finished, by name, in this attempt and in earlier ones."""
        ...

    async def keep(self, step: Step) -> None:
        """Make a step durable before the next one begins. Raises DatabaseUnavailable: then the planning ends and is taken up later."""
        ...


class MemoryJournal:
    """A journal that ends with the process."""

    def __init__(self, steps: Mapping[str, Step] | None = None) -> None:
        self._steps = dict(steps or {})

    def done(self) -> Mapping[str, Step]:
        return self._steps

    async def keep(self, step: Step) -> None:
        self._steps[step.name] = step


class ModelGuard(Protocol):
    """Whether the model's server may be asked, and how it answered: what looking and planning share. The loop of who asks."""

    def refusal(self) -> str:
        """Count a call; else, in words, why none may be made."""
        ...

    def answered(self) -> None: ...
    def failed(self, reason: str, retry_after_s: float | None) -> None: ...


class NoGuard:
    """Lets everything through."""

    def refusal(self) -> str:
        return ""

    def answered(self) -> None:
        """Nobody wants to know."""

    def failed(self, reason: str, retry_after_s: float | None) -> None:
        """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Mind:
    """The model that all roles ask. `model` gives it, on the loop that asks; `output` is how the server is told of the wanted form: by a
    schema, in the prompt, or as a tool. `settings` go with every request. `hide` takes secrets out of what is kept of an error."""

    model: "Callable[[], Model]"
    name: str
    output: Literal["native", "prompted", "tool"] = "native"
    guard: ModelGuard = field(default_factory=NoGuard)
    settings: Mapping[str, Any] = field(default_factory=dict)
    hide: Callable[[str], str] = lambda text: text


@dataclass(frozen=True, slots=True)
class FlowParts:
    """What a flow may use of the rest of the site. `mind` is None where no model is configured."""

    settings: AgentSettings
    clock: Clock
    mind: Mind | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What belongs to one incident: what the site allows, what it is judged by, and where the steps of planning are kept.

    `notes` are what admins tell of the place, `local_time` when it is there: for models, as data.
    """

    playbook: Playbook
    catalogue: Catalogue
    situation: Situation
    journal: Journal = field(default_factory=MemoryJournal)
    notes: str = ""
    local_time: str = ""


class AgentFlow(Protocol):
    """Plans responses. `respond` is called on the event loop of responding, several at a time, and never blocks it; `close` is called once,
    on any thread, when no call is under way or the site ends."""

    async def respond(self, event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, deadline: float) -> ResponsePlan:
        """The response to an event by the clock's monotonic `deadline`.

        Never raises for a model's failure: then the playbook plans, and `fallback` says why. Raises DatabaseUnavailable where a step
        cannot be kept.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds. Safe to call twice."""
        ...


def check_flow(name: str | None) -> None:
    """Raises ConfigError for a name that no flow has; None is the site's own choice."""
    if name is not None and name not in FLOWS.names():
        raise ConfigError(f"unknown {FLOWS.noun} {name[:64]!r}", hint=f"Known: {', '.join(FLOWS.names())}")


def create_flow(name: str, parts: FlowParts) -> AgentFlow:
    """The flow of this name. Raises ConfigError for a name that is none, or for one that needs a model where none is configured."""
    make: Any = FLOWS.load(name)
    if name != PLAYBOOK and parts.mind is None:
        raise ConfigError(f"the flow {name!r} needs a model, and none is configured", hint="Set vlm.backend, or use the flow playbook")
    flow: AgentFlow = make(parts)
    return flow
