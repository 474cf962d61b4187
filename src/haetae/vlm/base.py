"""What an analyzer is: the contract, its registry, and how one is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

from haetae.clock import Clock
from haetae.domain.analysis import Analysis, Picture
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.registry import Registry
from haetae.settings import VlmSettings
from haetae.vlm.breaker import CallBudget

ANALYZERS = Registry(
    group="haetae.vlm",
    noun="VLM analyzer",
    builtin={
        "evidence": "haetae.vlm.evidence:make_evidence",
        "openai": "haetae.vlm.openai:make_openai",
    },
    extras={},
)

Reach = Callable[[str], Sequence[IPv4Address | IPv6Address]]
"""From a host's name to the addresses that may be connected to, all of them allowed by the site's policy, resolved now. Raises ConfigError
where one is not allowed, SourceUnavailable where the name is not known. It may wait for a name server: never call it on an event loop."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What people know of the place. `notes` and `prompt` are written by admins; `prompts` maps a type of event to what is added for it."""

    camera: str = ""
    zones: tuple[str, ...] = ()
    notes: str = ""
    armed: bool | None = None
    local_time: str = ""
    prompts: dict[str, str] = field(default_factory=dict)


SceneOf = Callable[[AnomalyEvent], Scene]
"""Waits for the database: never call it on an event loop. Raises DatabaseUnavailable."""


class Health:
    """Whether the model can be asked. Told by the analyzer, read by whoever shows it; any thread."""

    def __init__(self) -> None:
        self.cause = ""

    def away(self, cause: str) -> None:
        """It cannot be asked, for the reason given."""
        self.cause = cause

    def ready(self) -> None:
        """It answers."""
        self.cause = ""


@dataclass(frozen=True, slots=True)
class AnalyzerParts:
    """What an analyzer may use of the rest of the site. `calls_made` are the calls of the last day, for a budget of its own; `budget` is
    one that it shares with whoever else asks the model."""

    settings: VlmSettings
    clock: Clock
    reach: Reach
    scene: SceneOf = lambda _event: Scene()
    health: Health = field(default_factory=Health)
    calls_made: Sequence[tuple[datetime, int]] = ()
    budget: CallBudget | None = None


class VLMAnalyzer(Protocol):
    """Looks at events. `analyze` is called on the event loop of triage, several at a time at most as often as is configured, and never
    blocks that loop; `close` is called once, on any thread, when no call is under way or the site ends."""

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], deadline: float) -> Analysis:
        """What there is to say of an event by the clock's monotonic `deadline`.

        Never raises for a model's failure: that is an analysis with the verdict `unverified`, `failed` and the reason. `frames` are the
        pictures as they would be sent, privacy zones black; there may be none.
        """
        ...

    async def disconnect(self) -> None:
        """The event loop ends: let go of connections that belong to it. A later `analyze`, on another loop, makes new ones."""
        ...

    def close(self) -> None:
        """Let go of what it holds. Safe to call twice."""
        ...


def make_analyzer(parts: AnalyzerParts) -> VLMAnalyzer:
    """The analyzer that the settings name. Raises ConfigError for settings that mean nothing, MissingExtra."""
    made: Any = ANALYZERS.load(parts.settings.backend)
    analyzer: VLMAnalyzer = made(parts)
    return analyzer
