"""Builds the cameras of a site."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from haetae.clock import Clock
from haetae.compose.camera_sources import CameraSources
from haetae.database.async_event_logger import AsyncEventLogger
from haetae.domain.camera import CameraConfig
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.pipeline.camera_pipeline import AbandonedThreads, CameraPipeline
from haetae.pipeline.camera_run import RunParts, SystemParts
from haetae.pipeline.captions import Captions
from haetae.pipeline.e2e_system import E2ESystem, Parts
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.live_feed import LiveFeeds
from haetae.pipeline.metrics import SiteMetrics
from haetae.pipeline.observer import Observer, Observers
from haetae.pipeline.resource_pool import ResourcePool
from haetae.pipeline.score_curve import ScoreCurves
from haetae.pipeline.score_minutes import ScoreMinutes
from haetae.pipeline.severity import Severities
from haetae.pipeline.site_alarms import LearningNotice
from haetae.pipeline.state_store import StateStore
from haetae.pipeline.statistics import SiteStatistics
from haetae.pipeline.storage_keeper import StorageKeeper
from haetae.pipeline.system_events import SystemEvents
from haetae.pipeline.tally import Tally
from haetae.pipeline.turns import Turn, Turns
from haetae.settings import SystemConfig
from haetae.sources.base import SourceOptions
from haetae.sources.policy import SourcePolicy
from haetae.sources.reconnect import ReconnectPolicy
from haetae.vad.gate import Gate, GateSettings
from haetae.vad.normality import Normality

_CRASH_FIRST_S = 5.0
_CRASH_CAP_S = 300.0


Watcher = Callable[[CameraConfig], Observer]
"""Gives the observer of a camera."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cameras of a site share."""

    config: SystemConfig
    layout: StorageLayout
    clock: Clock
    log: AsyncEventLogger
    pool: ResourcePool
    states: StateStore
    system_events: SystemEvents
    abandoned: AbandonedThreads
    statistics: SiteStatistics
    metrics: SiteMetrics
    keeper: StorageKeeper
    policy: SourcePolicy
    feeds: LiveFeeds
    severities: Severities
    minutes: ScoreMinutes
    turns: Turns
    sources: CameraSources
    watchers: tuple[Watcher, ...] = ()
    captions: Captions = field(default_factory=Captions)
    sheet_turn: threading.Lock = field(default_factory=threading.Lock)


class CameraFactory:
    """Makes each camera's pipeline, and the pipeline's systems."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def pipeline(self, camera: CameraConfig) -> CameraPipeline:
        """A camera that is not started yet."""
        shared = self._shared
        # Also for a camera that never runs, so that who asks for its picture hears that it is offline.
        shared.feeds.feed(camera.id)
        observer = Observers(
            shared.statistics.for_camera(camera.id),
            shared.metrics.for_camera(camera.id, camera.name),
            shared.minutes.for_camera(camera.id),
            LearningNotice(camera.id, shared.system_events),
            *(watcher(camera) for watcher in shared.watchers),
        )
        parts = RunParts(
            models=shared.pool,
            states=shared.states,
            build_system=self._system,
            observer=observer,
            tally=Tally(),
            clock=shared.clock,
            crash_backoff=ReconnectPolicy(shared.clock, Random(), first_s=_CRASH_FIRST_S, cap_s=_CRASH_CAP_S),
            hang_s=self._hang_s(),
        )
        return CameraPipeline(camera, parts, system_events=shared.system_events, abandoned=shared.abandoned)

    def _hang_s(self) -> float:
        """Never less than the time-outs of one call of FFmpeg, which are no hang."""
        source = self._shared.config.source
        return max(self._shared.config.site.hang_s, 2 * (source.connect_timeout_s + source.read_timeout_s))

    def _system(self, camera: CameraConfig, parts: SystemParts) -> E2ESystem:
        shared, config = self._shared, self._shared.config
        curves = ScoreCurves()
        observer = Observers(parts.observer, curves)
        options = SourceOptions(
            analysed_fps=camera.analysed_fps,
            # A file stands for a camera here, and a camera takes its time.
            realtime=True,
            connect_timeout_s=config.source.connect_timeout_s,
            read_timeout_s=config.source.read_timeout_s,
            policy=shared.policy,
            caption=lambda: shared.captions.of(camera.id),
        )
        return E2ESystem(
            camera,
            Parts(
                model=parts.model,
                open_source=lambda: shared.sources.open(camera.source, options),
                make_normality=lambda learning_s: Normality.new(
                    parts.model, false_alarms_per_day=camera.false_alarms_per_day, learning_s=learning_s
                ),
                make_recorder=lambda: self._recorder(camera, observer, curves),
                gate=Gate(GateSettings(merge_gap_s=config.gate.merge_gap_s, max_duration_s=config.gate.max_duration_s)),
                reconnect=ReconnectPolicy(shared.clock, Random(), cap_s=config.source.retry_cap_s),
                observer=observer,
                clock=shared.clock,
                learned=parts.learned,
                normality=parts.normality,
                tally=parts.tally,
                heartbeat=parts.heartbeat,
                persistent=True,
                save_every_s=config.site.save_state_s,
                turn=Turn(shared.turns),
                stale_after_s=config.source.late_after_s,
                feed=shared.feeds.feed(camera.id),
            ),
        )

    def _recorder(self, camera: CameraConfig, observer: Observer, curves: ScoreCurves) -> IncidentRecorder:
        shared = self._shared

        def make_clips(on_clip: Callable[..., None]) -> ClipRecorder:
            return ClipRecorder(camera.id, shared.layout, on_clip, pre_roll_s=camera.pre_roll_s, post_roll_s=camera.post_roll_s)

        return IncidentRecorder(
            camera.id,
            log=shared.log,
            layout=shared.layout,
            make_clips=make_clips,
            observer=observer,
            why_not_recording=shared.keeper.why_not_recording,
            sheet_turn=shared.sheet_turn,
            curves=curves,
            severities=shared.severities,
        )
