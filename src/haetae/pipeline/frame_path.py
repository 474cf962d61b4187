"""The way of one camera's wanted frames: masks, then learning or the model, the calibrated score, the gate, the recorder."""

from collections.abc import Callable
from dataclasses import replace
from math import inf

from haetae.clock import Clock
from haetae.domain.camera import CameraConfig, CameraState
from haetae.domain.event import EventKind
from haetae.domain.frame import Frame
from haetae.domain.score import ALARM_LEVEL, Score
from haetae.errors import ModelBusy, ModelError
from haetae.pipeline.lag import Lag
from haetae.pipeline.observer import Observer, Stage
from haetae.pipeline.zones import ZoneMasks
from haetae.vad.base import VADModel
from haetae.vad.gate import Change, Gate, Transition
from haetae.vad.normality import Normality

LATE = "late"
"""Why a frame was dropped whose camera fell ever further behind: the machine is too busy."""

_LAG_JITTER_S = 0.1

_IN_TIME = 0.2
"""The share of `stale_after_s` up to which a camera that caught up is in time again: there is room then before it is late once more."""

_LONGEST_CATCH_UP = 2.0
"""In `stale_after_s`: a camera whose clock jumped would be late for ever."""

_RECOGNITION_S = 2.0
"""Longer than the gate takes to recognise an incident."""

Record = Callable[[Transition, Frame | None], None]
Show = Callable[[Frame, Score | None], None]


class FramePath:
    """One camera's, on that camera's thread. `state`, `cause`, `score`, `armed`, `latency_s` and `shed` may be read by any thread.

    `stale_after_s` bounds how far behind a live camera may fall before frames are shed; None where time waits for us (a file).
    `learned` is told when learning is done. `show` is told of every picture that was looked at, private zones black, and what was found.
    """

    def __init__(
        self,
        camera: CameraConfig,
        *,
        model: VADModel,
        normality: Normality,
        gate: Gate,
        observer: Observer,
        clock: Clock,
        record: Record,
        learned: Callable[[Normality], None],
        stale_after_s: float | None = None,
        show: Show = lambda _frame, _score: None,
    ) -> None:
        self.normality = normality
        self.lag = Lag(clock)
        self.masks = ZoneMasks(camera.zones)
        self.state = CameraState.WATCHING if normality.done else CameraState.LEARNING
        self.cause = ""
        self.score: float | None = None
        self.armed = True
        self.latency_s: float | None = None
        self.shed: dict[str, int] = {}
        self._camera = camera
        self._model = model
        self._gate = gate
        self._observer = observer
        self._clock = clock
        self._record = record
        self._learned = learned
        self._show = show
        self._stale_after_s = stale_after_s
        self._least_lag_s = inf
        self.behind_since: float | None = None
        self._best: Frame | None = None
        self._best_value = 0.0

    def change(self, camera: CameraConfig) -> None:
        """Go by other settings from the next frame on, without forgetting what was learned."""
        before, self._camera = self._camera, camera
        if camera.zones != before.zones:
            self.masks = ZoneMasks(camera.zones)
            # Pictures of before may show what is private now.
            self.normality.forget_examples()
        if camera.false_alarms_per_day != before.false_alarms_per_day:
            self.normality.set_budget(camera.false_alarms_per_day)
        if camera.learning_s is not None and camera.learning_s != before.learning_s:
            self.normality.set_learning_s(camera.learning_s)

    def connected(self) -> None:
        """Frames of another connection follow."""
        self.normality.discontinuity()
        self.lag.restart()
        self._least_lag_s = inf
        self.behind_since = None
        self._best = None

    def disconnected(self) -> None:
        """The connection is over: what is open is closed with what there is."""
        self.score = None
        self.shed = {}
        for transition in self._gate.flush():
            self._record(transition, None)

    def take(self, frame: Frame) -> None:
        """Learn from the frame, or judge it. Raises what the model raises but for a lack of time, which is counted in `shed`."""
        if self._too_late(frame):
            self._fall_behind()
            return
        self.behind_since = None
        frame = self.masks.conceal(frame)
        if self.normality.done:
            self._judge(frame)
        else:
            self._learn(frame)

    def _too_late(self, frame: Frame) -> bool:
        """True for a stale frame of a camera that falls further behind.

        One that is catching up (a burst after a pause of the network) is not shed, nor one that is late by a constant time (a camera that
        set its clock).
        """
        lag_s = self.lag.of(frame.t_s)
        if self._stale_after_s is None or lag_s <= self._stale_after_s:
            self._least_lag_s = inf
            return False
        self._least_lag_s = min(self._least_lag_s, lag_s)
        return lag_s > self._least_lag_s + _LAG_JITTER_S

    def _fall_behind(self) -> None:
        self._drop(LATE)
        if self.behind_since is None:
            self.behind_since = self._clock.monotonic()
            # What comes next is seconds later in the scene.
            self.normality.discontinuity()

    def in_time(self, t_s: float) -> bool:
        """Whether a camera that fell behind may be looked at again from the picture at `t_s` on; asked between frames."""
        if self._stale_after_s is None or self.behind_since is None:
            return True
        waited_s = self._clock.monotonic() - self.behind_since
        if self.lag.of(t_s) > _IN_TIME * self._stale_after_s and waited_s < _LONGEST_CATCH_UP * self._stale_after_s:
            return False
        self.behind_since = None
        return True

    def _drop(self, reason: str) -> None:
        self.shed = {**self.shed, reason: self.shed.get(reason, 0) + 1}

    def _learn(self, frame: Frame) -> None:
        self.state = CameraState.LEARNING
        self.normality.learn(frame)
        self._show(frame, None)
        if self.normality.progress < 1.0:
            return
        try:
            self.normality.finish()
        except ModelError as error:
            # Too little moved so far: a camera that knows nothing must not alarm, so it goes on learning.
            self.cause = str(error)
            return
        self.cause = ""
        self._learned(self.normality)

    def _judge(self, frame: Frame) -> None:
        self.state = CameraState.WATCHING
        self.armed = self._camera.schedule is None or self._camera.schedule.armed(frame.captured_at)
        self.normality.situate(self._camera.zones, armed=None if self._camera.schedule is None else self.armed)
        window = self.normality.window(frame, self.masks.ignored(frame.luma))
        started = self._clock.monotonic()
        try:
            [raw] = self._model.score([window])
        except ModelBusy as busy:
            self._drop(busy.reason)
            self._show(frame, None)
            return
        self._observer.timed(Stage.VAD, self._clock.monotonic() - started)
        score = self.normality.judge(frame, raw)
        self.score = score.value
        self.latency_s = self.lag.of(frame.t_s)
        self._observer.scored(score)
        self._show(frame, score)
        self._observer.timed(Stage.CAPTURE_TO_SCORE, self.latency_s)
        self._pass_on(score, frame)

    def _pass_on(self, score: Score, frame: Frame) -> None:
        if not self.armed:
            # The gate sees a quiet scene, so an open incident ends; tampering is told at all times.
            score = replace(score, value=0.0, facts=())
        self._keep_best(score, frame)
        for transition in self._gate.push(score):
            best = self._best
            peaked_before = best is not None and best.number == transition.incident.peak.frame_number
            self._record(transition, best if peaked_before else frame)
            if transition.change is Change.OPENED:
                if transition.incident.kind is EventKind.ANOMALY:
                    self.normality.raised()
                self._observer.timed(Stage.SCORE_TO_EVENT, self.lag.of(transition.incident.onset_s))

    def _keep_best(self, score: Score, frame: Frame) -> None:
        """An incident is recognised after its peak so far: keep that one frame, so that its picture shows what its box frames."""
        if score.value < ALARM_LEVEL:
            return
        stale = self._best is None or not 0.0 <= frame.t_s - self._best.t_s <= _RECOGNITION_S
        if stale or score.value > self._best_value:
            self._best, self._best_value = frame, score.value
