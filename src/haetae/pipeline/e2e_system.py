"""One source from frames to stored events: what `haetae watch` runs, and each camera of a site."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.frame import Frame, FrameCounts, Packet, StreamInfo
from haetae.domain.score import ALARM_LEVEL, Score
from haetae.errors import ModelError, SourceUnavailable
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.observer import GuardedObserver, Observer
from haetae.sources.base import Source
from haetae.sources.reconnect import ReconnectPolicy
from haetae.vad.base import VADModel
from haetae.vad.gate import Gate, Transition
from haetae.vad.normality import Normality

_log = structlog.get_logger()

_FPS_WINDOW_S = 5.0
_RECOGNITION_S = 2.0
"""Longer than the gate takes to recognise an incident."""

_DEFAULT_LEARNING_S = 600.0
_LEARNING_SHARE = 0.25


def default_learning_s(duration_s: float | None) -> float:
    """10 minutes, or a quarter of a file, whichever is shorter."""
    return _DEFAULT_LEARNING_S if duration_s is None else min(_DEFAULT_LEARNING_S, _LEARNING_SHARE * duration_s)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an E2ESystem is made of. The composition root builds it; `model` may be shared with other cameras, nothing else is.

    `make_normality` is asked once, with the seconds of footage to learn from, when nothing learned was given.
    `make_recorder` is asked once, at the first frame, so that a source that cannot be read leaves nothing behind.
    `learned` is told whenever there is something new worth saving.
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


class E2ESystem:
    """Runs on the thread that calls `run`; `stop` and `status` may be called from any other."""

    def __init__(self, camera: CameraConfig, parts: Parts) -> None:
        self.camera = camera
        self._parts = parts
        self._observer = GuardedObserver(parts.observer)
        self._normality = parts.normality
        self._recorder: IncidentRecorder | None = None
        self._source: Source | None = None
        self._stop = threading.Event()
        self._status = CameraStatus(camera.id, CameraState.STOPPED)
        self._past = FrameCounts()
        self._seen = False
        self._early: list[Packet] = []
        self._recent: deque[float] = deque()
        self._rate = 0.0
        self._last_frame = 0.0
        self._best: Frame | None = None
        self._best_value = 0.0
        self.stream: StreamInfo | None = None
        self.duration_s: float | None = None

    @property
    def status(self) -> CameraStatus:
        """How the camera is doing now."""
        return replace(
            self._status,
            frames=self._counts(),
            fps=self._fps_now(),
            learning=self._normality.progress if self._normality else 0.0,
            events=self._recorder.opened if self._recorder else 0,
        )

    def stop(self) -> None:
        """End the run soon: the open event is closed and stored first. Returns at once."""
        self._stop.set()
        source = self._source
        if source is not None:
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
                self._measure_rate()
        finally:
            source.close()

    def run(self) -> None:
        """Watch until the file ends or `stop` is called; a live source that was lost is connected again.

        Raises SourceUnavailable when the source could never be read, or when trying again cannot help; StorageError when an event could
        not be stored.
        """
        try:
            while not self._stop.is_set():
                try:
                    self.run_once()
                    return
                except SourceUnavailable as error:
                    if self._stop.is_set():
                        return
                    if error.permanent or not self._seen:
                        self._set_state(CameraState.FAILED, str(error))
                        raise
                    self._wait_to_reconnect(error)
        finally:
            self._finish()

    def run_once(self) -> None:
        """One connection, from opening to its end. Raises SourceUnavailable when it cannot be made or is lost."""
        self._set_state(CameraState.CONNECTING)
        source = self._parts.open_source()
        self._source = source
        self._early.clear()
        try:
            self._connected(source, source.open())
            for frame in source.frames(self._push):
                self._take(frame)
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
        else:
            self._normality.discontinuity()
        if self._recorder is not None:
            self._recorder.stream(info)

    def _disconnected(self, source: Source) -> None:
        """Whatever ended the connection: what is open is closed with what there is, and the counters are kept."""
        source.close()
        self._source = None
        for transition in self._parts.gate.flush():
            self._record(transition, None)
        if self._recorder is not None:
            self._recorder.lost()
        self._past = _add(self._past, source.counts)

    def _push(self, packet: Packet) -> None:
        if self._recorder is not None:
            self._recorder.push(packet)
        else:
            self._early.append(packet)

    def _take(self, frame: Frame) -> None:
        if not self._seen:
            self._first_frame()
        self._parts.reconnect.connected()
        self._measure_rate()
        normality = self._normality
        assert normality is not None
        if not normality.done:
            self._learn(normality, frame)
            return
        if self._status.state is not CameraState.WATCHING:
            self._set_state(CameraState.WATCHING)
        [raw] = self._parts.model.score([normality.window(frame)])
        score = normality.judge(frame, raw)
        self._status = replace(self._status, score=score.value, last_frame_at=frame.captured_at)
        self._observer.scored(score)
        self._keep_best(score, frame)
        for transition in self._parts.gate.push(score):
            best = self._best
            peaked_before = best is not None and best.number == transition.incident.peak.frame_number
            self._record(transition, best if peaked_before else frame)

    def _keep_best(self, score: Score, frame: Frame) -> None:
        """An incident is recognised after its peak so far: keep that one frame, so that its picture shows what its box frames."""
        if score.value < ALARM_LEVEL:
            return
        stale = self._best is None or not 0.0 <= frame.t_s - self._best.t_s <= _RECOGNITION_S
        if stale or score.value > self._best_value:
            self._best, self._best_value = frame, score.value

    def _first_frame(self) -> None:
        self._seen = True
        recorder = self._parts.make_recorder()
        self._recorder = recorder
        assert self.stream is not None
        recorder.stream(self.stream)
        for packet in self._early:
            recorder.push(packet)
        self._early.clear()

    def _learn(self, normality: Normality, frame: Frame) -> None:
        if self._status.state is not CameraState.LEARNING:
            self._set_state(CameraState.LEARNING)
        self._status = replace(self._status, last_frame_at=frame.captured_at)
        normality.learn(frame)
        if normality.progress >= 1.0:
            self._finish_learning(normality)

    def _finish_learning(self, normality: Normality) -> None:
        try:
            normality.finish()
        except ModelError as error:
            # Too little moved so far: a camera that knows nothing must not alarm, so it goes on learning.
            self._status = replace(self._status, cause=str(error))
            return
        self._parts.learned(normality)

    def _record(self, transition: Transition, frame: Frame | None) -> None:
        if self._recorder is not None:
            self._recorder.take(transition, frame)

    def _wait_to_reconnect(self, error: SourceUnavailable) -> None:
        delay_s = self._parts.reconnect.lost()
        self._set_state(CameraState.OFFLINE, str(error))
        self._status = replace(self._status, reconnects=self._status.reconnects + 1, score=None)
        _log.warning("source lost", camera=self.camera.name, error=str(error), retry_in_s=round(delay_s, 1))
        self._parts.clock.wait(delay_s, self._stop)

    def _finish(self) -> None:
        try:
            if self._recorder is not None:
                self._recorder.close()
        finally:
            if self._normality is not None and self._normality.done:
                self._parts.learned(self._normality)

    def _set_state(self, state: CameraState, cause: str = "") -> None:
        self._status = replace(self._status, state=state, cause=cause)
        self._observer.state_changed(self.status)

    def _counts(self) -> FrameCounts:
        source = self._source
        return self._past if source is None else _add(self._past, source.counts)

    def _measure_rate(self) -> None:
        """Analysed frames per second over the last seconds; on the camera's thread."""
        now = self._parts.clock.monotonic()
        self._recent.append(now)
        while now - self._recent[0] > _FPS_WINDOW_S:
            self._recent.popleft()
        self._rate = (len(self._recent) - 1) / (now - self._recent[0]) if now > self._recent[0] else 0.0
        self._last_frame = now

    def _fps_now(self) -> float:
        """The rate, or 0 when nothing came for a while: a stalled stream never shows its old speed."""
        return self._rate if self._parts.clock.monotonic() - self._last_frame <= _FPS_WINDOW_S else 0.0


def _length_s(open_source: Callable[[], Source], unknown_s: float) -> float:
    """Seconds of footage in a source, `unknown_s` where it does not say."""
    source = open_source()
    try:
        source.open()
        return source.duration_s or unknown_s
    finally:
        source.close()


def _add(a: FrameCounts, b: FrameCounts) -> FrameCounts:
    dropped = {reason: a.dropped.get(reason, 0) + b.dropped.get(reason, 0) for reason in (*a.dropped, *b.dropped)}
    return FrameCounts(a.read + b.read, a.analysed + b.analysed, a.skipped + b.skipped, dropped)
