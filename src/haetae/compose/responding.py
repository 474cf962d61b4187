"""Builds what plans responses."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from haetae.agents.base import FLOWS, AgentFlow, FlowParts, Mind, create_flow
from haetae.clock import Clock
from haetae.compose.looking import ModelGate
from haetae.database.engine import Sessions
from haetae.database.incident_store import IncidentStore
from haetae.database.place_store import PlaceStore
from haetae.database.playbook_store import PlaybookStore
from haetae.database.target_reader import TargetReader
from haetae.domain.incident import RespondStatus, Target
from haetae.errors import ConfigError
from haetae.pipeline.incident_context import IncidentContext, SiteKnowledge
from haetae.pipeline.model_server import vlm_reach
from haetae.pipeline.playbook_desk import PlaybookDesk
from haetae.pipeline.resource_pool import ResourcePool
from haetae.pipeline.responding import ActionDesk, Responder, RespondOptions
from haetae.pipeline.ticker import Ticker
from haetae.settings import SystemConfig
from haetae.time_zone import local_time_zone
from haetae.vlm.presets import server_of

if TYPE_CHECKING:
    from haetae.vlm.line import ModelLine

_CHAT = "openai"
_PRUNE_EVERY_S = 3600.0
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Planning:
    """The parts that plan. `desk` is what people do with playbooks."""

    responder: Responder
    context: IncidentContext
    desk: PlaybookDesk
    status: Callable[[], RespondStatus]
    wake: Callable[[], None]


class SiteGuard:
    """What looking and planning know together of the model's server."""

    def __init__(self, gate: ModelGate) -> None:
        self._gate = gate

    def refusal(self) -> str:
        if not self._gate.breaker.allows():
            return "the model is left alone for a while, for it failed"
        refusal = self._gate.budget.take()
        if refusal:
            self._gate.breaker.untried()
        return refusal

    def answered(self) -> None:
        self._gate.breaker.succeeded()
        self._gate.health.ready()

    def failed(self, reason: str, retry_after_s: float | None) -> None:
        self._gate.breaker.failed(retry_after_s)
        if self._gate.breaker.is_open:
            self._gate.health.away(reason)


def model_line(config: SystemConfig) -> "ModelLine | None":
    """None where no model is configured that speaks the chat API. Raises ConfigError for a server that the settings do not name."""
    vlm = config.vlm
    if vlm.backend != _CHAT:
        return None
    # A site without a model need not load what talks to one.
    from haetae.vlm.line import ModelLine

    return ModelLine(server_of(vlm), vlm, vlm_reach(vlm))


def mind_of(line: "ModelLine", gate: ModelGate) -> Mind:
    """The model that looks, for those who plan."""
    guard = SiteGuard(gate)
    return Mind(line.model, line.server.model, "native" if line.takes_schema else "prompted", guard, line.request_settings(), line.hide)


def flow_maker(config: SystemConfig, clock: Clock, mind: Mind | None) -> Callable[[str], AgentFlow]:
    """Makes the site's agent flows, for the pool."""
    parts = FlowParts(config.agents, clock, mind, config.vlm.language)
    return lambda name: create_flow(name, parts)


def incident_context(
    config: SystemConfig, clock: Clock, sessions: Sessions, *, registered: Callable[[], Sequence[Target]] = tuple
) -> IncidentContext:
    """What is known for planning. `registered` are the webhooks and devices that actions may reach."""
    site = SiteKnowledge(PlaybookStore(sessions, clock), TargetReader(sessions).targets, PlaceStore(sessions).place, registered)
    return IncidentContext(site, time_zone=local_time_zone(config.site.time_zone), language=config.vlm.language)


def start_responding(
    config: SystemConfig,
    clock: Clock,
    sessions: Sessions,
    pool: ResourcePool,
    opened: ExitStack,
    *,
    line: "ModelLine | None",
    desk: ActionDesk | None,
    registered: Callable[[], Sequence[Target]] = tuple,
    changed: Callable[[UUID, UUID], None],
    took: Callable[[UUID, float], None],
) -> Planning:
    """Start responding, to be closed by `opened`. `line` is the model's, None without one. Raises ConfigError for a default flow that there
    is none of."""
    settings = config.agents
    if settings.default_flow not in FLOWS.names():
        raise ConfigError(f"agents.default_flow = {settings.default_flow!r} is refused", hint=f"Known: {', '.join(FLOWS.names())}")
    store = IncidentStore(sessions, clock)
    # The site's lock is held: whoever was planning before was killed.
    store.release_all()
    context = incident_context(config, clock, sessions, registered=registered)
    options = RespondOptions(
        default_flow=settings.default_flow,
        models=line is not None,
        at_once=settings.at_once,
        deadline_s=settings.deadline_s,
        most_waiting=settings.max_waiting,
    )
    responder = Responder(
        store,
        context,
        _Flows(pool, opened).get,
        clock,
        desk=desk,
        options=options,
        changed=changed,
        took=took,
        disconnect=None if line is None else line.disconnect,
    )
    responder.start()
    opened.callback(responder.close)
    pruning = Ticker("prune plans", _PRUNE_EVERY_S, lambda: _prune(store, clock, settings.keep_days), clock)
    pruning.start()
    opened.callback(pruning.close)
    playbooks = PlaybookDesk(context, PlaybookStore(sessions, clock), store, TargetReader(sessions), clock)
    return Planning(responder, context, playbooks, responder.status, responder.wake)


class _Flows:
    """A handle on each flow that was asked for, released at the end."""

    def __init__(self, pool: ResourcePool, opened: ExitStack) -> None:
        self._pool = pool
        self._opened = opened
        self._held: dict[str, AgentFlow] = {}

    def get(self, name: str) -> AgentFlow:
        """Raises ConfigError, MissingExtra."""
        held = self._held.get(name)
        if held is None:
            lease = self._pool.get_agent_flow(name)
            self._opened.callback(lease.release)
            held = self._held[name] = lease
        return held


def _prune(store: IncidentStore, clock: Clock, keep_days: float) -> None:
    """Some of what is too old; the rest at the next time."""
    before = clock.now() - timedelta(days=keep_days)
    for _ in range(20):
        if store.prune(before, _PRUNED_AT_ONCE) < _PRUNED_AT_ONCE:
            return
