"""One source from frames to stored events: what `haetae watch` runs, and each camera of a site."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.feedback import Evidence
from haetae.domain.frame import Frame, FrameCounts, Packet, StreamInfo
from haetae.errors import SourceUnavailable
from haetae.media.clip import OnExtended
from haetae.pipeline.feedback import Applied
from haetae.pipeline.frame_path import LATE, FramePath
from haetae.pipeline.heartbeat import Heartbeat
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.live_feed import Feed, NoFeed
from haetae.pipeline.observer import GuardedObserver, Observer
from haetae.pipeline.rate import Rate
from haetae.pipeline.tally import Tally, with_shed
from haetae.pipeline.turns import Turn
from haetae.pipeline.zones import ZoneMasks
from haetae.sources.base import Source
from haetae.sources.reconnect import ReconnectPolicy
from haetae.vad.base import VADModel, is_brief
from haetae.vad.gate import Change, Gate, Transition
from haetae.vad.normality import Normality

_log = structlog.get_logger()

_DEFAULT_LEARNING_S = 600.0
_LEARNING_SHARE = 0.25
_HANG_S = 60.0
_CLOSING_S = 60.0


def default_learning_s(duration_s: float | None) -> float:
    """10 minutes, or a quarter of a file, whichever is shorter."""
    return _DEFAULT_LEARNING_S if duration_s is None else min(_DEFAULT_LEARNING_S, _LEARNING_SHARE * duration_s)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an E2ESystem is made of. The composition root builds it; `model` may be shared with other cameras, nothing else is.

    `make_normality` is asked once, with the seconds of footage to learn from, when nothing learned was given.
    `make_recorder` is asked once, at the first frame, so that a source that cannot be read leaves nothing behind.
    `learned` is told whenever there is something new worth saving, and every `save_every_s`.
    `persistent` never gives up: a source that cannot be read is tried again, after `failed_retry_s` where that can hardly help.
    `stale_after_s` bounds how far behind a live source may fall before frames are shed. `turn` is taken for each frame of a model that is
    `brief`. `feed` is for who looks at the camera live.
    """

    model: VADModel
    open_source: Callable[[], Source]
    make_normality: Callable[[float], Normality]
    make_recorder: Callable[[], IncidentRecorder]
    gate: Gate
    reconnect: ReconnectPolicy
    observer: Observer
    clock: Clock
    learned: Callable[[Normality], None]
    normality: Normality | None = None
    tally: Tally | None = None
    heartbeat: Heartbeat | None = None
    persistent: bool = False
    failed_retry_s: float = 300.0
    save_every_s: float | None = None
    stale_after_s: float | None = None
    turn: Turn | None = None
    feed: Feed = field(default_factory=NoFeed)


class E2ESystem:
    """Runs on the thread that calls `run`; `stop`, `change`, `abandon` and `status` may be called from any other."""

    def __init__(self, camera: CameraConfig, parts: Parts) -> None:
        self.camera = camera
        self._parts = parts
        self._observer = GuardedObserver(parts.observer)
        self._feed = parts.feed
        self._feed.conceal(ZoneMasks(camera.zones).hides)
        self._tally = parts.tally or Tally()
        self._heart = parts.heartbeat or Heartbeat(parts.clock, _HANG_S)
        self._turn: AbstractContextManager[None] = parts.turn if parts.turn is not None and is_brief(parts.model) else nullcontext()
        self._path: FramePath | None = None
        self._normality = parts.normality
        self._recorder: IncidentRecorder | None = None
        self._source: Source | None = None
        self._stop = threading.Event()
        self._abandoned = False
        self._status = CameraStatus(camera.id, CameraState.STOPPED)
        self._wanted = camera
        self._evidence: dict[UUID, tuple[Evidence, Applied]] = {}
        self._seen = False
        self._early: list[Packet] = []
        self._rate = Rate(parts.clock)
        self._saved_at = parts.clock.monotonic()
        self.seen_at: float | None = None
        self.stream: StreamInfo | None = None
        self.duration_s: float | None = None

    @property
    def normality(self) -> Normality | None:
        """What the camera has learned so far."""
        return self._normality

    @property
    def status(self) -> CameraStatus:
        """How the camera is doing now."""
        path = self._path
        return replace(
            self._status,
            name=self.camera.name,
            frames=self._tally.frames,
            fps=self._rate.fps(),
            learning=self._normality.progress if self._normality else 0.0,
            score=path.score if path else None,
            armed=path.armed if path else True,
            latency_s=path.latency_s if path else None,
            events=self._tally.events,
            reconnects=self._tally.reconnects,
        )

    def stop(self) -> None:
        """End the run soon: the open event is closed and stored first. Returns at once."""
        self._stop.set()
        source = self._source
        if source is not None:
            source.close()

    def change(self, camera: CameraConfig) -> None:
        """Go by other settings from the next frame on: name, zones, schedule, false alarms per day, pre- and post-roll. Returns at once."""
        self._wanted = camera
        self._feed.conceal(ZoneMasks(camera.zones).hides)

    def accept(self, evidence: Evidence, applied: Applied) -> None:
        """Take an event for normal, once the next frame was judged, and have that saved; then `applied` is told. Returns at once."""
        self._evidence[evidence.feedback_id] = (evidence, applied)

    def extend(self, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have an event's clip go on for longer; `told` hears whether that came in time. Returns at once."""
        recorder = self._recorder
        if recorder is None:
            told(False)
        else:
            recorder.extend(event_id, longer_s, told)

    def abandon(self) -> None:
        """The thread hangs and will not be waited for: nothing that it does from now on counts. Its open events end as interrupted."""
        self._abandoned = True
        source = self._source
        feed, self._feed = self._feed, NoFeed()
        feed.lost()
        self._stop.set()
        if self._parts.turn is not None:
            self._parts.turn.give_up()
        self._tally.end()
        if self._recorder is not None:
            self._recorder.abandon()
        if source is not None:
            # A thread that waits for another process can be woken, unlike one that is in a decoder.
            source.close()

    def learn_from(self, sources: Sequence[Callable[[], Source]]) -> None:
        """Learn from other footage of this camera before `run`: files whole, live sources for the camera's learning time each.

        Raises SourceUnavailable for footage that cannot be read, ModelError when there was too little in all of it.
        """
        limit_s = self.camera.learning_s or default_learning_s(None)
        normality = self._parts.make_normality(sum(_length_s(open_source, limit_s) for open_source in sources))
        self._normality = normality
        self._set_state(CameraState.LEARNING)
        for open_source in sources:
            self._learn_source(open_source(), normality, limit_s)
        if not self._stop.is_set():
            normality.finish()
            self._parts.learned(normality)

    def _learn_source(self, source: Source, normality: Normality, limit_s: float) -> None:
        try:
            source.open()
            normality.discontinuity()
            for frame in source.frames():
                if self._stop.is_set() or (source.duration_s is None and frame.t_s > limit_s):
                    return
                normality.learn(frame)
                self._rate.count()
        finally:
            source.close()

    def run(self) -> None:
        """Watch until the file ends or `stop` is called; a live source that was lost is connected again.

        Raises SourceUnavailable when the source could never be read, or when trying again cannot help (unless `persistent`); StorageError
        when an event could not be stored.
        """
        try:
            while not self._stop.is_set():
                try:
                    self.run_once()
                    return
                except SourceUnavailable as error:
                    if self._stop.is_set():
                        return
                    self._lost(error)
        finally:
            self._finish()

    def run_once(self) -> None:
        """One connection, from opening to its end. Raises SourceUnavailable when it cannot be made or is lost."""
        self._set_state(CameraState.CONNECTING)
        self._heart.beat()
        source = self._parts.open_source()
        self._source = source
        self._tally.begin(lambda: self._counts(source))
        self._early.clear()
        try:
            self._connected(source, source.open())
            for frame in source.frames(self._push):
                self._take(frame, source)
                if self._stop.is_set():
                    return
            if source.live and not self._stop.is_set():
                raise SourceUnavailable("the stream ended", hint="Haetae connects again")
        finally:
            self._disconnected(source)

    def _connected(self, source: Source, info: StreamInfo) -> None:
        self.stream = info
        self.duration_s = source.duration_s
        if self._normality is None:
            self._normality = self._parts.make_normality(self.camera.learning_s or default_learning_s(source.duration_s))
        if self._path is None:
            self._path = self._make_path(self._normality)
        self._path.connected()
        self._feed.stream(info)
        if self._recorder is not None:
            self._recorder.stream(info)

    def _make_path(self, normality: Normality) -> FramePath:
        parts = self._parts
        return FramePath(
            self.camera,
            model=parts.model,
            normality=normality,
            gate=parts.gate,
            observer=self._observer,
            clock=parts.clock,
            record=self._record,
            learned=self._learned,
            show=lambda frame, score: self._feed.frame(frame, score),
            stale_after_s=parts.stale_after_s,
        )

    def _disconnected(self, source: Source) -> None:
        """Whatever ended the connection: what is open is closed with what there is, and the counters are kept."""
        source.close()
        self._feed.lost()
        if self._abandoned:
            return
        self._tally.end()
        self._source = None
        if self._path is not None:
            self._path.disconnected()
        if self._recorder is not None:
            self._recorder.lost()

    def _push(self, packet: Packet) -> None:
        self.seen_at = self._parts.clock.monotonic()
        self._heart.beat()
        if self._path is not None:
            self._path.lag.arrived(packet.t_s)
        self._feed.packet(packet)
        if self._recorder is not None:
            self._recorder.push(packet)
        else:
            self._early.append(packet)

    def _take(self, frame: Frame, source: Source) -> None:
        path = self._path
        assert path is not None
        if self._wanted is not self.camera:
            self._apply(self._wanted, path)
        if not self._seen:
            self._first_frame(path)
        self._parts.reconnect.connected()
        self._rate.count()
        with self._turn:
            path.take(frame)
        if path.behind_since is not None:
            source.catch_up(path.in_time, LATE)
        self._heart.beat()
        if path.state is not self._status.state:
            self._set_state(path.state, path.cause)
        self._status = replace(self._status, cause=path.cause, last_frame_at=frame.captured_at)
        if self._evidence and path.normality.done:
            self._accept_evidence(path.normality)
        self._save_now_and_then(path.normality)

    def _accept_evidence(self, normality: Normality) -> None:
        taken = [self._evidence.pop(feedback_id) for feedback_id in list(self._evidence)]
        for evidence, _ in taken:
            if evidence.confirmed:
                normality.confirm(evidence.at)
                _log.info("an event was confirmed", camera=self.camera.name)
                continue
            before = normality.threshold
            counts = normality.accept(evidence.value, evidence.threshold, evidence.at)
            _log.info("an event was called normal", camera=self.camera.name, counts=counts, threshold=(before, normality.threshold))
        self._learned(normality)
        if not self._abandoned:
            for evidence, applied in taken:
                applied(evidence.feedback_id)

    def _apply(self, camera: CameraConfig, path: FramePath) -> None:
        self.camera = camera
        path.change(camera)
        if self._recorder is not None:
            self._recorder.change(camera, path.masks.conceal_rgb)

    def _first_frame(self, path: FramePath) -> None:
        self._seen = True
        recorder = self._parts.make_recorder()
        self._recorder = recorder
        recorder.change(self.camera, path.masks.conceal_rgb)
        assert self.stream is not None
        recorder.stream(self.stream)
        for packet in self._early:
            recorder.push(packet)
        self._early.clear()

    def _learned(self, normality: Normality) -> None:
        self._saved_at = self._parts.clock.monotonic()
        if not self._abandoned:
            self._parts.learned(normality)

    def _save_now_and_then(self, normality: Normality) -> None:
        every_s = self._parts.save_every_s
        if every_s is not None and normality.done and self._parts.clock.monotonic() - self._saved_at >= every_s:
            self._learned(normality)

    def _record(self, transition: Transition, frame: Frame | None) -> None:
        if self._recorder is not None and not self._abandoned:
            self._recorder.take(transition, frame)
            if transition.change is Change.OPENED:
                self._tally.add_event()

    def _lost(self, error: SourceUnavailable) -> None:
        """Wait until another try makes sense. Raises the error where it does not."""
        if not self._parts.persistent and (error.permanent or not self._seen):
            self._set_state(CameraState.FAILED, str(error))
            raise error
        delay_s = self._parts.reconnect.lost()
        if error.permanent:
            delay_s = max(delay_s, self._parts.failed_retry_s)
        self._set_state(CameraState.FAILED if error.permanent else CameraState.OFFLINE, str(error))
        self._tally.add_reconnect()
        _log.warning("source lost", camera=self.camera.name, error=str(error), retry_in_s=round(delay_s, 1))
        self._heart.expect(delay_s)
        self._parts.clock.wait(delay_s, self._stop)

    def _finish(self) -> None:
        self._heart.expect(_CLOSING_S)
        try:
            if self._recorder is not None and not self._abandoned:
                self._recorder.close()
        finally:
            if self._normality is not None and self._normality.done:
                self._learned(self._normality)

    def _set_state(self, state: CameraState, cause: str = "") -> None:
        if self._abandoned:
            return
        self._status = replace(self._status, state=state, cause=cause, since=self._parts.clock.now())
        self._observer.state_changed(self.status)

    def _counts(self, source: Source) -> FrameCounts:
        path = self._path
        return with_shed(source.counts, path.shed if path is not None else {})


def _length_s(open_source: Callable[[], Source], unknown_s: float) -> float:
    """Seconds of footage in a source, `unknown_s` where it does not say."""
    source = open_source()
    try:
        source.open()
        return source.duration_s or unknown_s
    finally:
        source.close()
