"""Builds what `haetae watch` runs: one source from frames to stored events."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from haetae.clock import Clock, SystemClock
from haetae.compose.process import share_the_machine
from haetae.database.async_event_logger import AsyncEventLogger
from haetae.database.camera_repository import ensure_camera
from haetae.database.engine import make_engine, session_factory, session_scope
from haetae.database.event_repository import mark_interrupted
from haetae.database.migrate import upgrade
from haetae.domain.camera import CameraConfig
from haetae.errors import HaetaeError, StateError
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.pipeline.e2e_system import E2ESystem, Parts
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.observer import Observer, Observers
from haetae.pipeline.score_curve import ScoreCurves
from haetae.settings import SystemConfig
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.sources.reconnect import ReconnectPolicy
from haetae.vad.base import VADModel, create_model
from haetae.vad.gate import Gate, GateSettings
from haetae.vad.normality import Normality
from haetae.vault import Vault


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What `haetae watch` was asked for. `out` is the storage folder; None elsewhere means the default of the source or the model."""

    source: str
    config: SystemConfig
    out: Path
    learn: tuple[str, ...] = ()
    state: Path | None = None
    learning_s: float | None = None
    analysed_fps: float | None = None
    false_alarms_per_day: float = 1.0
    model: str = "motion"
    realtime: bool = False


class Watching:
    """One built run of `haetae watch`: the system, and the storage that it opened."""

    def __init__(self, system: E2ESystem, storage: "_Storage", prepare: Callable[[E2ESystem], None]) -> None:
        self.system = system
        self._storage = storage
        self._prepare = prepare

    def run(self) -> None:
        """Learn from other footage where asked, watch to the end, and leave everything stored. Call it once, on the camera's thread."""
        try:
            self._prepare(self.system)
            self.system.run()
        finally:
            self._storage.close()


class _Storage:
    """The event log and the database, opened when the first frame shows that there is something to watch."""

    def __init__(self, plan: WatchPlan, camera: CameraConfig, clock: Clock, observer: Observer) -> None:
        self._plan, self._camera, self._clock = plan, camera, clock
        self._curves = ScoreCurves()
        self.observer = Observers(observer, self._curves)
        self._opened = ExitStack()

    def open(self) -> IncidentRecorder:
        plan, config = self._plan, self._plan.config
        plan.out.mkdir(parents=True, exist_ok=True)
        layout = StorageLayout(plan.out)
        layout.clean_leftovers()
        engine = make_engine(config.storage.database_url or f"sqlite:///{plan.out / 'haetae.db'}")
        self._opened.callback(engine.dispose)
        upgrade(engine)
        sessions = session_factory(engine)
        with session_scope(sessions) as session:
            ensure_camera(session, self._camera, now=self._clock.now(), vault=Vault.open(plan.out))
        log = AsyncEventLogger(plan.out / "log", sessions, clock=self._clock)
        self._opened.callback(log.close)
        # What an earlier run left open was ended by force; the flush stores what it had only journalled.
        log.flush()
        with session_scope(sessions) as session:
            mark_interrupted(session, camera_ids=[self._camera.id])

        def make_clips(on_clip: Callable[..., None]) -> ClipRecorder:
            clips = config.clips
            return ClipRecorder(self._camera.id, layout, on_clip, pre_roll_s=clips.pre_roll_s, post_roll_s=clips.post_roll_s)

        return IncidentRecorder(self._camera.id, log=log, layout=layout, make_clips=make_clips, observer=self.observer, curves=self._curves)

    def close(self) -> None:
        """Drain the log, then let go of the database."""
        self._opened.close()


def build_watch(plan: WatchPlan, observer: Observer) -> Watching:
    """Build one run. Raises ConfigError and StateError for what can be known to be wrong before anything is opened."""
    share_the_machine()
    clock = SystemClock()
    model = create_model(plan.model)
    camera = CameraConfig(
        id=camera_id(plan.source),
        name=_name(plan.source),
        source=plan.source,
        vad_model=plan.model,
        analysed_fps=plan.analysed_fps,
        false_alarms_per_day=plan.false_alarms_per_day,
        learning_s=plan.learning_s,
        pre_roll_s=plan.config.clips.pre_roll_s,
        post_roll_s=plan.config.clips.post_roll_s,
        # `haetae serve` on the same folder must not take over what was watched once.
        enabled=False,
    )
    storage = _Storage(plan, camera, clock, observer)
    options = _options(plan, realtime=plan.realtime)

    def learned(normality: Normality) -> None:
        if plan.state is not None:
            normality.save(plan.state)

    parts = Parts(
        model=model,
        open_source=lambda: open_source(plan.source, options, clock=clock),
        make_normality=lambda learning_s: Normality.new(model, false_alarms_per_day=plan.false_alarms_per_day, learning_s=learning_s),
        make_recorder=storage.open,
        gate=Gate(GateSettings(merge_gap_s=plan.config.gate.merge_gap_s, max_duration_s=plan.config.gate.max_duration_s)),
        reconnect=ReconnectPolicy(clock, Random(), cap_s=plan.config.source.retry_cap_s),
        observer=storage.observer,
        clock=clock,
        learned=learned,
        normality=None if plan.learn else _load_state(plan, model),
    )

    def prepare(system: E2ESystem) -> None:
        if plan.learn:
            options = _options(plan, realtime=False)
            system.learn_from([_opener(url, options, clock) for url in plan.learn])

    return Watching(E2ESystem(camera, parts), storage, prepare)


def camera_id(source: str) -> UUID:
    """The id of the camera that `source` stands for; see docs/design/decisions/0004."""
    path = Path(source)
    return uuid5(NAMESPACE_URL, str(path.resolve()) if path.exists() else source)


def read_truth(source: str) -> list[tuple[float, float, str]]:
    """(start, end, kind) in seconds of each labelled incident of a rendered scene or of a video with a `.json` of labels beside it."""
    from haetae.simulate.labels import load_labels

    if source.startswith("sim://"):
        from haetae.simulate.source import SimSource

        labels = SimSource(source, SourceOptions(), clock=SystemClock()).labels
    else:
        beside = Path(source).with_suffix(".json")
        if not beside.is_file():
            return []
        try:
            labels = load_labels(beside)
        except (HaetaeError, ValueError, json.JSONDecodeError):
            # Any JSON may lie beside a video; only labels count.
            return []
    return [(incident.start_s, incident.end_s, incident.kind) for incident in labels.incidents]


def _options(plan: WatchPlan, *, realtime: bool) -> SourceOptions:
    return SourceOptions(
        analysed_fps=plan.analysed_fps,
        realtime=realtime,
        connect_timeout_s=plan.config.source.connect_timeout_s,
        read_timeout_s=plan.config.source.read_timeout_s,
    )


def _opener(url: str, options: SourceOptions, clock: Clock) -> Callable[[], Source]:
    return lambda: open_source(url, options, clock=clock)


def _load_state(plan: WatchPlan, model: VADModel) -> Normality | None:
    """What was learned before, or None where there is nothing yet. Raises StateError for a file that cannot be used."""
    if plan.state is None or not plan.state.exists():
        return None
    if plan.state.is_dir():
        raise StateError(f"{plan.state} is a folder", hint="Give --state the path of a file")
    normality = Normality.load(plan.state, model)
    normality.set_budget(plan.false_alarms_per_day)
    return normality


def _name(source: str) -> str:
    """A short name for people: the file's, or the address without credentials."""
    if "://" not in source:
        return Path(source).name or source
    from haetae.telemetry import redact_url

    return redact_url(source)
