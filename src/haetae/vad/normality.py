"""All that one camera has learned: its model's state, its calibration and its view."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae import __version__
from haetae.domain.fact import Fact
from haetae.domain.frame import Box, Frame
from haetae.domain.score import ALARM_LEVEL, Drawing, Score, TamperKind, drawn
from haetae.domain.zone import Zone
from haetae.errors import ModelError, StateError
from haetae.vad.base import LivingState, ModelState, RawScore, Sighting, VADModel, Window
from haetae.vad.calibrate import Calibration, raw_of
from haetae.vad.controller import Controller
from haetae.vad.motion.glance import Glance, GlancingState
from haetae.vad.peaks import Peaks
from haetae.vad.rules.found import Watched
from haetae.vad.rules.watch import SceneWatch
from haetae.vad.state_file import read_state, with_prefix, without_prefix, write_state
from haetae.vad.tamper import TamperMonitor

BREAK_S = 10.0
"""Model time that passes at a discontinuity: long enough that no model takes the frames round it for neighbours."""

NEAR_ALARM = 0.8 * ALARM_LEVEL
"""Scores from here on belong to an incident, as the gate sees it, and get facts and an example. What alarms is not learned; what comes near
and does not alarm is, or the level would sink with every round of learning."""

_LEAST_STEP_S = 1e-3


class Normality:
    """One camera's normality: first it learns, then it judges. Used on that camera's thread only.

    Model time, which the model's state and the monitor see, is the stream's presentation time made continuous over connections and
    clips; see docs/design/time.md.
    """

    def __init__(
        self,
        model: VADModel,
        state: ModelState,
        monitor: TamperMonitor,
        watch: SceneWatch,
        *,
        false_alarms_per_day: float,
        learning_s: float,
    ) -> None:
        """Use `new` or `load`."""
        self._model = model
        self._state = state
        self._monitor = monitor
        self._watch = watch
        self._ignored: NDArray[np.bool_] | None = None
        self._armed: bool | None = None
        self._by_rule = False
        self._epoch_s = 0.0
        self._budget = false_alarms_per_day
        self._learning_s = max(learning_s, 1e-6)
        self._calibration: Calibration | None = None
        self._peaks: Peaks | None = None
        self._learned_at: datetime | None = None
        self._learned_s = 0.0
        self._offset_s = 0.0
        self._model_s = 0.0
        self._stream_s: float | None = None
        self._tamper: TamperKind | None = None
        self._living = state if isinstance(state, LivingState) else None
        self._glancing = state if isinstance(state, GlancingState) else None
        self._controller = Controller()

    @classmethod
    def new(cls, model: VADModel, *, false_alarms_per_day: float, learning_s: float) -> "Normality":
        """One that knows nothing and wants `learning_s` of footage."""
        watch = SceneWatch(false_alarms_per_day)
        return cls(model, model.new_state(), TamperMonitor(), watch, false_alarms_per_day=false_alarms_per_day, learning_s=learning_s)

    @classmethod
    def load(cls, path: Path, model: VADModel) -> "Normality":
        """What `save` wrote for the same model. Raises StateError that says what is wrong with the file and what to do."""
        meta, arrays = read_state(path)
        if meta.get("model") != model.name or meta.get("model_version") != model.version:
            found = f"{meta.get('model')!r} version {meta.get('model_version')}"
            hint = "Use that model, or give another --state file"
            raise StateError(f"{path} was learned by {found}, not by {model.name!r} version {model.version}", hint=hint)
        try:
            normality = cls(
                model,
                model.load_state(without_prefix("model", arrays)),
                TamperMonitor.from_arrays(without_prefix("tamper", arrays)),
                SceneWatch.of_arrays(without_prefix("watch", arrays)),
                false_alarms_per_day=1.0,
                learning_s=1.0,
            )
            calibration = Calibration.of_arrays(arrays)
            normality._learned_s = float(meta["learned_s"])
            learned_at = meta.get("learned_at")
            normality._learned_at = None if learned_at is None else datetime.fromisoformat(learned_at)
            normality._controller = Controller.of_arrays(arrays)
            normality._peaks = Peaks.of_arrays(arrays)
        except StateError as error:
            raise StateError(f"{path}: {error.message}", hint=error.hint) from error
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise StateError(f"{path} is damaged", hint="Remove it and let the camera learn again") from error
        normality._calibration = calibration.of_watched()
        normality._budget = calibration.false_alarms_per_day
        normality._watch.set_budget(normality._budget)
        return normality

    @property
    def done(self) -> bool:
        """True once learning is finished: from then on it judges."""
        return self._calibration is not None

    @property
    def progress(self) -> float:
        """How much of the footage that it wants it has seen, in [0, 1]."""
        return 1.0 if self.done else min(1.0, self._learned_s / self._learning_s)

    @property
    def learned_s(self) -> float:
        """Seconds of footage that it learned from."""
        return self._learned_s

    @property
    def threshold(self) -> float:
        """The raw score at the alarm level. Raises ModelError while learning."""
        return self._calibrated().theta

    @property
    def caution(self) -> float:
        """How many times higher than its footage says the alarm level stands because there is little of it, >= 1; it fades as the camera is
        watched. Raises ModelError while learning."""
        return self._calibrated().caution

    def discontinuity(self) -> None:
        """What comes next does not follow what came before: another connection, another clip."""
        if self._stream_s is not None:
            self._stream_s = None
            self._monitor.discontinuity()
            self._watch.discontinuity()
            self._tamper = None

    def situate(self, zones: tuple[Zone, ...], *, armed: bool | None) -> None:
        """Where things are watched, and whether the camera is armed now; None where it has no schedule."""
        self._watch.set_zones(zones)
        self._armed = armed

    def learn(self, frame: Frame) -> None:
        """Take `frame` as normal, unless somebody is at the camera."""
        before_s, fresh = self._model_s, self._stream_s is None
        window = self.window(frame)
        self._monitor.observe(frame.luma, window.t_s, learning=True)
        if self._monitor.suspicious:
            return
        if not fresh:
            # A gap in the stream is no footage.
            self._learned_s += min(window.t_s - before_s, BREAK_S)
        self._model.learn([window])
        self._watch.epoch_s = frame.captured_at.timestamp() - window.t_s
        self._watch.learn(frame.luma, window.t_s, self._glance())
        self._learned_at = frame.captured_at

    def finish(self) -> None:
        """End the learning. Raises ModelError when there was too little; then it may go on."""
        self._peaks = Peaks.of(self._model.finish_learning(self._state))
        self._calibration = Calibration.fit(self._peaks, self._budget, watched=True)
        self._watch.finish()

    def window(self, frame: Frame, ignored: NDArray[np.bool_] | None = None) -> Window:
        """What the model needs of `frame`, with the mask of what may not alarm. Each frame is asked for once, in order."""
        if self._stream_s is None:
            # Time zero is as good a start as any; later ones leave a gap.
            self._offset_s = (self._model_s + BREAK_S if self._model_s > 0.0 else 0.0) - frame.t_s
        self._stream_s = frame.t_s
        self._ignored = ignored
        self._model_s = max(frame.t_s + self._offset_s, self._model_s + _LEAST_STEP_S)
        return Window(self._state, frame.luma, self._model_s, ignored)

    def judge(self, frame: Frame, raw: RawScore) -> Score:
        """The calibrated score of `frame`, whose window gave `raw`, its facts in the stream's time.

        Raises ModelError while learning, and for a raw score that is no number.
        """
        calibration = self._calibrated()
        if not isfinite(raw.value):
            raise ModelError(f"model {self._model.name!r} gave {raw.value} as a score", hint="Learn the camera again, or use another model")
        self._tamper = self._monitor.observe(frame.luma, self._model_s, learning=False)
        watched = self._look(frame, raw.sightings)
        value = calibration.apply(raw.value)
        self._by_rule = watched.value > value
        box = watched.box if self._by_rule else raw.box
        if value >= NEAR_ALARM:
            self._watch.quiet(self._model_s)
        value = max(value, watched.value)
        near = value >= NEAR_ALARM
        facts = self._facts(raw, box, near=near)
        self._go_on(value, frame)
        return Score(
            value=value,
            raw=max(raw.value, raw_of(watched.value, calibration.theta)),
            threshold=calibration.theta,
            frame_number=frame.number,
            t_s=frame.t_s,
            captured_at=frame.captured_at,
            drawing=None if raw.drawing is None else _calibrated(raw.drawing, calibration),
            box=box,
            facts=self._in_stream_time(facts),
            tamper=self._tamper,
            example=self._watch.example(box) if near and self._tamper is None else None,
        )

    def _facts(self, raw: RawScore, box: Box | None, *, near: bool) -> tuple[Fact, ...]:
        """What was measured; of a camera that somebody is at, how far its picture changed, for all else of it means nothing."""
        if self._tamper is not None:
            change = self._monitor.fact()
            return () if change is None else (change,)
        return (*raw.facts, *self._watch.facts(self._model_s, box)) if near else raw.facts

    def _look(self, frame: Frame, sightings: tuple[Sighting, ...] | None) -> Watched:
        """What the rules make of what moves; nothing while somebody is at the camera."""
        self._epoch_s = self._watch.epoch_s = frame.captured_at.timestamp() - self._model_s
        if self._tamper is not None:
            self._watch.discontinuity()
            return Watched()
        watched = self._watch.judge(frame.luma, self._model_s, self._ignored, armed=self._armed, glance=self._glance())
        if sightings is not None:
            self._watch.see(sightings, self._model_s, self._ignored)
        return watched

    def _glance(self) -> Glance | None:
        """How the model saw the frame that it was just given, where it tells."""
        return None if self._glancing is None else self._glancing.glance

    def _go_on(self, value: float, frame: Frame) -> None:
        """Let the state and the alarm level learn from what was just judged, but for a camera that somebody is at."""
        assert self._calibration is not None
        if self._living is not None and self._tamper is None:
            self._living.note(alarm=value >= ALARM_LEVEL, at_s=frame.captured_at.timestamp())
            peaks = self._living.renew(self._model_s)
            if peaks is not None:
                self._peaks = peaks
                self._calibration = self._calibration.renewed(peaks)
        self._calibration = self._controller.step(self._model_s, self._calibration)

    def raised(self) -> None:
        """An anomaly was reported: what nobody confirms counts as a false alarm."""
        if self._by_rule:
            self._watch.raised(self._model_s)
        else:
            self._controller.raised(self._model_s)

    def _in_stream_time(self, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """Models know only model time. What began before this connection begins at a negative time of its stream."""
        offset_s = self._offset_s
        return tuple(replace(fact, t0_s=fact.t0_s - offset_s, t1_s=fact.t1_s - offset_s) for fact in facts) if offset_s else facts

    def set_budget(self, false_alarms_per_day: float) -> None:
        """Another number of false alarms per day, without learning anew. Raises ConfigError unless it is positive."""
        if self._calibration is not None:
            self._calibration = self._calibration.with_budget(false_alarms_per_day)
        self._watch.set_budget(false_alarms_per_day)
        self._budget = false_alarms_per_day

    def forget_examples(self) -> None:
        """Keep no picture of what was seen so far."""
        self._watch.forget_examples()

    def accept(self, value: float, threshold: float, at: datetime) -> bool:
        """Take an event for normal whose peak was `value` (calibrated) at the raw alarm level `threshold`, with its onset `at`.

        A state that remembers the event learns what was usual where it was; otherwise the alarm level rises, see `Calibration.accepting`.
        False, and nothing changes, for one of before this learning. Raises ModelError while learning.
        """
        calibration = self._calibrated()
        if self._learned_at is not None and at < self._learned_at:
            return False
        by_rule = self._watch.accept(at.timestamp() - self._epoch_s)
        if (self._living is None or not self._living.accept(at.timestamp())) and not by_rule:
            self._calibration = calibration.accepting(value, threshold)
        return True

    def confirm(self, at: datetime) -> None:
        """Somebody confirmed the event with its onset `at`: nothing near it is learned, and it was no false alarm."""
        if self._living is not None:
            self._living.confirm(at.timestamp())
        self._controller.confirmed()
        self._watch.confirmed()

    def set_learning_s(self, learning_s: float) -> None:
        """Another length of footage to learn from, what was learned so far included; nothing changes once learning is done."""
        self._learning_s = max(learning_s, 1e-6)

    def save(self, path: Path) -> None:
        """Write it all to `path`, whole or not at all. Raises ModelError while learning, StateError when it cannot be written."""
        self.snapshot().write(path)

    def snapshot(self) -> "NormalitySnapshot":
        """A copy of all that is worth saving, about 0.5 MB: taken on the camera's thread, to be written on another. Raises ModelError while
        learning."""
        meta: dict[str, Any] = {
            "model": self._model.name,
            "model_version": self._model.version,
            "haetae": __version__,
            "learned_s": self._learned_s,
            "learned_at": None if self._learned_at is None else self._learned_at.isoformat(),
            "saved_at": datetime.now(UTC).isoformat(),
        }
        arrays: dict[str, NDArray[Any]] = {
            **with_prefix("model", dict(self._state.arrays())),
            **with_prefix("tamper", self._monitor.arrays()),
            **with_prefix("watch", self._watch.arrays()),
            **self._calibrated().arrays(),
            **self._controller.arrays(),
            **({} if self._peaks is None else self._peaks.arrays()),
        }
        return NormalitySnapshot(meta, {name: np.array(array) for name, array in arrays.items()})

    def _calibrated(self) -> Calibration:
        if self._calibration is None:
            raise ModelError("this camera is still learning", hint="Give it more footage")
        return self._calibration


def _calibrated(raw: Drawing, calibration: Calibration) -> Drawing:
    """What draws a model's map on the calibrated scale of now."""
    return lambda: calibration.apply_map(drawn(raw))


@dataclass(frozen=True, slots=True)
class NormalitySnapshot:
    """What a camera had learned at one moment; nothing changes it, so any thread may write it."""

    meta: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Put it at `path`, whole or not at all. Raises StateError when it cannot be written."""
        write_state(path, self.meta, self.arrays)
