"""Builds what looks at events."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from haetae.clock import Clock
from haetae.database.engine import Sessions
from haetae.database.incident_store import IncidentStore
from haetae.database.place_store import PlaceStore, PlaceUnreadable
from haetae.database.triage_store import TriageStore
from haetae.domain.event import AnomalyEvent
from haetae.domain.schedule import find_time_zone
from haetae.domain.triage import LookStatus
from haetae.media.blobs import StorageLayout
from haetae.pipeline.event_looks import EventLooks
from haetae.pipeline.live_feed import LiveFeeds
from haetae.pipeline.look_desk import LookDesk
from haetae.pipeline.model_server import vlm_reach
from haetae.pipeline.resource_pool import ResourcePool
from haetae.pipeline.ticker import Ticker
from haetae.pipeline.triage import Triage, TriageOptions
from haetae.settings import SystemConfig
from haetae.time_zone import local_time_zone
from haetae.vlm.base import AnalyzerParts, Health, Scene, SceneOf, VLMAnalyzer, make_analyzer
from haetae.vlm.breaker import Breaker, CallBudget
from haetae.vlm.call_log import CallLog

EVIDENCE = "evidence"

_PRUNE_EVERY_S = 3600.0
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Looking:
    """The parts that look. `budget` is for all calls of the site's model, whoever makes them; `questions` keeps those that were made for
    questions, of which there is no other record."""

    triage: Triage
    desk: LookDesk
    status: Callable[[], LookStatus]
    wake: Callable[[], None]
    budget: CallBudget
    questions: CallLog


def scenes(sessions: Sessions, time_zone: str) -> SceneOf:
    """What people know of the place of an event."""
    places = PlaceStore(sessions)
    zone = find_time_zone(time_zone)

    def scene(event: AnomalyEvent) -> Scene:
        local = f"{event.timestamp.astimezone(zone):%A %H:%M}"
        try:
            place = places.place(event.camera_id)
        except PlaceUnreadable:
            place = None
        if place is None:
            return Scene(local_time=local)
        armed = None if place.schedule is None else place.schedule.armed(event.timestamp)
        names = tuple(each.name for each in place.zones)
        return Scene(place.camera, names, place.notes, armed, local, place.prompts)

    return scene


@dataclass(frozen=True, slots=True)
class ModelGate:
    """Whether the site's model may be asked: looks, planning and questions go through the same one. `health` says how it is."""

    health: Health
    breaker: Breaker
    budget: CallBudget


def model_gate(config: SystemConfig, clock: Clock, sessions: Sessions, questions: CallLog) -> ModelGate:
    """With the calls of the last day, from before this process began. Raises DatabaseUnavailable."""
    since = clock.now() - timedelta(days=1)
    asked = [(at, 1) for at in questions.made]
    made = sorted([*TriageStore(sessions, clock).calls_since(since), *IncidentStore(sessions, clock).calls_since(since), *asked])
    budget = CallBudget(clock, per_hour=config.vlm.calls_per_hour, per_day=config.vlm.calls_per_day, made=made)
    return ModelGate(Health(), Breaker(clock), budget)


def maker(config: SystemConfig, clock: Clock, sessions: Sessions, gate: ModelGate) -> Callable[[], VLMAnalyzer]:
    """Makes the site's analyzer, for the pool. Raises ConfigError for settings that mean nothing."""
    scene = scenes(sessions, local_time_zone(config.site.time_zone))
    reach = vlm_reach(config.vlm)
    parts = AnalyzerParts(config.vlm, clock, reach, scene, gate.health, breaker=gate.breaker, budget=gate.budget)
    return lambda: make_analyzer(parts)


def start_triage(
    config: SystemConfig,
    clock: Clock,
    sessions: Sessions,
    pool: ResourcePool,
    layout: StorageLayout,
    feeds: LiveFeeds,
    opened: ExitStack,
    *,
    gate: ModelGate,
    questions: CallLog,
    changed: Callable[[UUID, UUID], None],
    news: Callable[[], None],
    took: Callable[[UUID, float], None],
) -> Looking:
    """Start triage, to be closed by `opened`. Raises ConfigError for a model that means nothing, MissingExtra."""
    settings = config.vlm
    store = TriageStore(sessions, clock, embeds=bool(config.search.model))
    # The site's lock is held: whoever was looking before was killed.
    store.release_all()
    analyzer = pool.get_vlm_analyzer()
    opened.callback(analyzer.release)
    looks = EventLooks(layout, feeds, PlaceStore(sessions).place, frames=settings.frames, frame_side=settings.frame_side)
    options = TriageOptions(
        language=settings.language,
        looks=settings.backend != EVIDENCE,
        at_once=settings.at_once,
        alert_s=settings.alert_deadline_s,
        look_s=settings.deadline_s,
        most_waiting=settings.max_waiting,
    )
    triage = Triage(store, analyzer, looks, clock, options=options, changed=changed, news=news, took=took)
    triage.start()
    opened.callback(triage.close)
    pruning = Ticker("prune analyses", _PRUNE_EVERY_S, lambda: _prune(store, clock, settings.keep_days), clock)
    pruning.start()
    opened.callback(pruning.close)

    def status() -> LookStatus:
        state = "away" if gate.health.cause else "ready" if options.looks else "idle"
        return replace(triage.status(), backend=settings.backend, model=settings.model, state=state, cause=gate.health.cause)

    scene = scenes(sessions, local_time_zone(config.site.time_zone))
    return Looking(triage, LookDesk(status, triage.wake, scene, language=settings.language), status, triage.wake, gate.budget, questions)


def _prune(store: TriageStore, clock: Clock, keep_days: float) -> None:
    """Some of what is too old; the rest at the next time."""
    before = clock.now() - timedelta(days=keep_days)
    for _ in range(20):
        if store.prune(before, _PRUNED_AT_ONCE) < _PRUNED_AT_ONCE:
            return
