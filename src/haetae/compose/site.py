"""Builds what `haetae serve` runs: all cameras of a site and everything that they share."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

import structlog

from haetae.clock import Clock, SystemClock
from haetae.compose.acting import Doing, desk_of, make_asking, registered_of, start_acting
from haetae.compose.camera_sources import CameraSources
from haetae.compose.cameras import CameraFactory, Shared, Watcher
from haetae.compose.looking import Looking, maker, model_gate, start_triage
from haetae.compose.notifying import Telling, start_telling
from haetae.compose.process import share_the_machine
from haetae.compose.readiness import Readiness
from haetae.compose.responding import Planning, flow_maker, mind_of, model_line, start_responding
from haetae.compose.searching import Searching, start_searching
from haetae.compose.site_lock import SiteLock
from haetae.compose.site_status import StatusReader
from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions, make_engine, session_factory, session_scope
from haetae.database.event_repository import mark_interrupted
from haetae.database.feedback_store import FeedbackStore
from haetae.database.migrate import upgrade
from haetae.database.severity_store import SeverityStore
from haetae.domain.event import AnomalyEvent
from haetae.domain.site import SiteStatus
from haetae.media.blobs import StorageLayout
from haetae.pipeline.camera_pipeline import AbandonedThreads
from haetae.pipeline.captions import Captions
from haetae.pipeline.control import CONTROL_SOCKET, ControlServer
from haetae.pipeline.event_picture import EventPictures
from haetae.pipeline.feedback import FeedbackCourier
from haetae.pipeline.live_feed import LiveFeeds
from haetae.pipeline.metrics import SiteMetrics
from haetae.pipeline.multi_camera import MultiCameraManager
from haetae.pipeline.resource_pool import ResourcePool
from haetae.pipeline.score_minutes import ScoreMinutes
from haetae.pipeline.severity import Severities
from haetae.pipeline.site_alarms import SiteAlarms
from haetae.pipeline.state_store import StateStore
from haetae.pipeline.statistics import AGENT_TIME, VLM_TIME, SiteStatistics
from haetae.pipeline.storage_keeper import StorageKeeper
from haetae.pipeline.system_events import SystemEvents
from haetae.pipeline.ticker import Ticker
from haetae.pipeline.turns import Turns
from haetae.settings import SystemConfig
from haetae.sources.policy import SourcePolicy
from haetae.time_zone import local_time_zone
from haetae.vad.onnx_runtime import available_providers
from haetae.vault import Vault
from haetae.vlm.call_log import CallLog

_log = structlog.get_logger()

_GPU_PROVIDERS = frozenset({"CUDAExecutionProvider", "TensorrtExecutionProvider"})
_WATCHDOG_S = 1.0
_CLOSE_S = 30.0
_FLUSH_S = 1.0
_SEVERITIES_S = 10.0
"""So soon a severity policy that was edited from the command line is in force."""


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a started site that its API is built on."""

    shared: Shared
    sessions: Sessions
    store: CameraStore
    cameras: MultiCameraManager
    readiness: Readiness
    telling: Telling
    looking: Looking
    searching: Searching
    planning: Planning
    vault: Vault
    doing: Doing


class Site:
    """A running site. `start` once, `close` once; `status` from any thread between."""

    def __init__(
        self,
        config: SystemConfig,
        clock: Clock | None = None,
        *,
        watchers: Sequence[Watcher] = (),
        tell: Callable[[AnomalyEvent], None] = lambda _event: None,
        changed: Callable[[UUID, UUID], None] = lambda _camera_id, _event_id: None,
    ) -> None:
        """Opens nothing yet. `watchers` are asked for an observer of each camera, beside the site's own; `tell` hears of the events that no
        camera's observer does, `changed` (camera, event) of those that were looked at. Both must return at once and not raise."""
        self._watchers = tuple(watchers)
        self._tell = tell
        self._changed = changed
        self.config = config
        self.clock = clock or SystemClock()
        self._open = ExitStack()
        self._wake: Callable[[], None] = lambda: None
        self._read: StatusReader | None = None
        self._running: Running | None = None
        self.cameras: MultiCameraManager | None = None
        self.metrics_port: int | None = None

    def start(self) -> None:
        """Open the storage, replay what an earlier run left, start the cameras. Raises HaetaeError; then nothing stays open."""
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise

    def close(self) -> None:
        """End in the order in which things depend on each other: sources, pipelines, states, statistics, the event log, models, the
        database."""
        self._open.close()

    @property
    def status(self) -> SiteStatus:
        """Everything at once. Raises RuntimeError before `start`."""
        if self._read is None:
            raise RuntimeError("the site has not been started")
        return self._read()

    @property
    def running(self) -> Running:
        """Raises RuntimeError before `start`."""
        if self._running is None:
            raise RuntimeError("the site has not been started")
        return self._running

    def _start(self) -> None:
        share_the_machine()
        shared = self._open_storage()
        limit = self.config.site.max_cameras
        store = CameraStore(self._sessions, self.clock, max_cameras=limit, vault=self._vault)
        store.seal_all()
        cameras = self._make_cameras(shared, store, limit)
        self.cameras = cameras
        readiness = Readiness(shared, self._sessions, cameras)
        self._running = Running(
            shared,
            self._sessions,
            store,
            cameras,
            readiness,
            self._telling,
            self._looking,
            self._searching,
            self._planning,
            self._vault,
            self._doing,
        )
        parts = (
            self._telling.notifier.status,
            self._looking.status,
            self._planning.status,
            self._doing.acting.status,
            self._searching.status,
            self._searching.searches,
        )
        self._read = StatusReader(shared, cameras, *parts)
        self._open.callback(lambda: shared.statistics.sample(cameras.statuses()))
        self._open.callback(shared.system_events.close_all)
        self._open.callback(cameras.close, _CLOSE_S)
        cameras.reconcile()
        self._look_after(shared, cameras)
        self._serve(shared.metrics, cameras)
        _log.info("site started", folder=str(self.config.storage.directory), cameras=len(cameras.statuses()))

    def _open_storage(self) -> Shared:
        """Everything that cameras share, opened in the order in which it depends on each other; what an earlier run left is settled."""
        config, clock = self.config, self.clock
        folder = config.storage.directory
        self._open.enter_context(SiteLock(folder))
        layout = StorageLayout(folder)
        layout.clean_leftovers()
        self._sessions = sessions = self._open_database()
        metrics = SiteMetrics(lambda: self.status)
        statistics = SiteStatistics(sessions, clock, local_time_zone(config.site.time_zone))
        # Closed after the event log, so that the last events are counted.
        self._open.callback(statistics.close)

        def stored(event: AnomalyEvent, seconds: float) -> None:
            metrics.event_stored(seconds)
            # Now, and not when it was accepted: whoever is told of it may ask for it at once.
            self._tell(event)
            self._wake()

        log = AsyncEventLogger(folder / "log", sessions, clock=clock, on_stored=stored, news=config.notifications.enabled, triage=True)
        self._open.callback(log.close)
        # What an earlier run left open was ended by force; the flush stores what it had only journalled.
        log.flush()
        with session_scope(sessions) as session:
            mark_interrupted(session)
        self._questions = CallLog(folder / "model_calls.log", clock)
        gate = model_gate(config, clock, sessions, self._questions)
        line = model_line(config)
        mind = None if line is None else mind_of(line, gate)
        on_gpu = bool(_GPU_PROVIDERS & set(available_providers()))
        pool = ResourcePool(
            config.pool,
            clock=clock,
            uses_gpu=on_gpu,
            make_analyzer=maker(config, clock, sessions, gate),
            make_flow=flow_maker(config, clock, mind),
        )
        self._open.callback(pool.close)
        system_events = SystemEvents(_CountedLog(log, statistics), clock)
        keeper = StorageKeeper(layout, sessions, config.retention, clock, system_events)
        self._open.callback(keeper.close)
        keeper.recover()
        keeper.check()
        feeds = LiveFeeds(clock, max_viewers=config.api.max_clients)
        self._open.callback(feeds.close)
        states = StateStore(layout, clock)
        self._open.callback(states.close)
        sources = CameraSources(config, clock, lambda: self.cameras.wanted if self.cameras is not None else 0)
        self._open.callback(sources.close)
        self._vault = Vault.open(folder)
        asking = make_asking(config, clock, sessions, self._vault)
        pictures = EventPictures(layout, feeds)
        self._telling = start_telling(config, clock, sessions, pictures, self._vault, self._open, ask=asking.ask, words=asking.words)
        tell = self._telling.wake
        parts = (config, clock, sessions, pool, layout, feeds, self._open)

        def took(camera_id: UUID, seconds: float) -> None:
            statistics.measured(camera_id, VLM_TIME, seconds)

        captions = Captions()
        self._doing = doing = start_acting(
            config,
            clock,
            sessions,
            layout,
            feeds,
            self._open,
            asking=asking,
            telling=self._telling,
            system_events=system_events,
            captions=captions,
            recorders=lambda: self.cameras,
            changed=self._changed,
        )

        def planned(camera_id: UUID, seconds: float) -> None:
            statistics.measured(camera_id, AGENT_TIME, seconds)

        # Closed after triage, which gives it what to plan.
        self._planning = planning = start_responding(
            config,
            clock,
            sessions,
            pool,
            self._open,
            line=line,
            desk=desk_of(doing),
            registered=registered_of(asking.targets),
            changed=self._changed,
            took=planned,
        )

        # Closed after triage, which gives it words to embed.
        self._searching = searching = start_searching(config, clock, sessions, self._open)

        def looked(camera_id: UUID, event_id: UUID) -> None:
            self._changed(camera_id, event_id)
            planning.wake()
            searching.wake()

        self._looking = looking = start_triage(*parts, gate=gate, questions=self._questions, changed=looked, news=tell, took=took)

        def wake() -> None:
            tell()
            looking.wake()

        self._wake = wake
        minutes = ScoreMinutes(layout, clock)
        self._open.callback(minutes.save)
        severity_store = SeverityStore(sessions, clock)
        severities = Severities(lambda: severity_store.read().policy)
        severities.refresh()
        return Shared(
            config=config,
            layout=layout,
            clock=clock,
            log=log,
            pool=pool,
            states=states,
            system_events=system_events,
            abandoned=AbandonedThreads(config.site.max_abandoned_threads),
            statistics=statistics,
            metrics=metrics,
            keeper=keeper,
            policy=SourcePolicy(config.source_policy),
            feeds=feeds,
            severities=severities,
            minutes=minutes,
            turns=Turns(clock),
            sources=sources,
            watchers=self._watchers,
            captions=captions,
        )

    def _make_cameras(self, shared: Shared, store: CameraStore, limit: int) -> MultiCameraManager:
        def removed(camera_id: UUID) -> None:
            # Before its file goes with what it learned, so that nobody writes it again.
            shared.minutes.forget(camera_id)
            shared.states.forget(camera_id)
            shared.metrics.forget_camera(camera_id)
            shared.feeds.forget(camera_id)
            shared.captions.forget(camera_id)

        return MultiCameraManager(store, CameraFactory(shared).pipeline, max_cameras=limit, clock=self.clock, removed=removed)

    def _look_after(self, shared: Shared, cameras: MultiCameraManager) -> None:
        """The three threads that look after the site; see docs/design/threads.md."""

        alarms = SiteAlarms(
            shared.system_events,
            self.clock,
            storage=shared.keeper.status,
            database_error=lambda: shared.log.stats().last_error,
            model_away=lambda: self._looking.status().cause,
        )
        courier = FeedbackCourier(FeedbackStore(self._sessions), cameras, self.clock, saved=lambda: shared.states.flush(_FLUSH_S))

        def watch() -> None:
            cameras.check()
            shared.pool.check()

        def keep_house() -> None:
            shared.statistics.sample(cameras.statuses())
            shared.statistics.check()
            shared.system_events.check()
            shared.keeper.check()
            alarms.check()
            courier.check()
            shared.minutes.check()

        for name, period_s, task in (
            ("severities", _SEVERITIES_S, shared.severities.refresh),
            ("reconcile", self.config.site.reconcile_s, cameras.reconcile),
            ("watchdog", _WATCHDOG_S, watch),
            ("housekeeping", _WATCHDOG_S, keep_house),
        ):
            ticker = Ticker(name, period_s, task, self.clock)
            ticker.start()
            self._open.callback(ticker.close)

    def _open_database(self) -> Sessions:
        engine = make_engine(self.config.database_url())
        self._open.callback(engine.dispose)
        upgrade(engine, clock=self.clock)
        return session_factory(engine)

    def _serve(self, metrics: SiteMetrics, cameras: MultiCameraManager) -> None:
        control = ControlServer(self.config.storage.directory / CONTROL_SOCKET, lambda: self.status, cameras.reconcile)
        self._open.callback(control.close)
        if self.config.metrics.enabled:
            server = metrics.start_http(self.config.metrics.host, self.config.metrics.port)
            self._open.callback(server.close)
            self.metrics_port = server.port


class _CountedLog:
    """Events that no camera's observer hears of are counted as well."""

    def __init__(self, log: AsyncEventLogger, statistics: SiteStatistics) -> None:
        self._log = log
        self._statistics = statistics

    def log_event(self, event: AnomalyEvent) -> None:
        self._log.log_event(event)
        self._statistics.touch(event)
