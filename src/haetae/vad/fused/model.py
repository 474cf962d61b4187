"""Two models on the same frames: `motion`, which knows speeds, sizes and places, and a trained one, which knows looks and combinations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import VAD_MODELS, HeldOut, ModelState, RawScore, VADModel, Window, create_model
from haetae.vad.calibrate import Tail
from haetae.vad.fused.slowed import slowed
from haetae.vad.fused.state import FORMAT, FusedState
from haetae.vad.history import History
from haetae.vad.looks import read_array
from haetae.vad.state_file import without_prefix
from haetae.vad.trained.model import TrainedModel

POWER = 2.0
"""Of the mean: (a^POWER + b^POWER)^(1/POWER). On footage that neither has seen the two hardly go together (correlation 0.06 on Ped2's
training clips with `predictor`), so that both at 0.8 are far rarer than one of them: the greater of the two would not tell. The sum would,
but takes the everyday 0.3 of one for a part of the other's surprise, which blurs its order; the square makes a tenth of that."""

REFERENCE_PER_DAY = 1.0
GREATEST_SCALE = 3.0
"""What both together pass once a day is between 1 and 2 by the making of their scales; seconds of footage extrapolate to anything."""

_SECOND = "predictor"
_HINT = "Learn this camera again"


class FusedModel:
    """Runs `motion` and the trained model that the setting `with` names; all other settings are those of that model.

    Each has its own scale, on which 1 is about what normal footage of this camera passes once a day; the score is the power mean of both
    without the division by two, on a scale of the same meaning that is learnt on normal footage which neither has seen. The map is the
    greater of both, the box that of the greater, the facts those of both, the greater's first. What the trained model says is slowed down,
    see `slowed`; where one of them has too little to judge by, after a gap for example, it counts as its median and not as calm.
    """

    name = "fused"
    version = 1
    max_batch = 1

    def __init__(self, **settings: Any) -> None:
        """Raises ConfigError and ModelError as the model that `with` names does."""
        second = settings.pop("with", _SECOND)
        made = create_model(second, **settings) if second in trained_models() else None
        if not isinstance(made, TrainedModel):
            raise ConfigError(f"fused.with is {second!r}", hint=f"Use one of the trained models: {', '.join(trained_models())}")
        self.motion: VADModel = create_model("motion")
        self.second: TrainedModel = made

    @staticmethod
    def estimate_mb(**settings: Any) -> float:
        """Memory of one instance beside that of `motion`, which is little."""
        second = settings.pop("with", _SECOND)
        estimate = getattr(VAD_MODELS.load(second), "estimate_mb", None) if second in trained_models() else None
        return 0.0 if estimate is None else float(estimate(**settings))

    @classmethod
    def settings_of(cls, arrays: Mapping[str, NDArray[Any]], folder: Path) -> dict[str, Any]:
        """The settings under which the state of these `arrays` was learned; `folder` is where it lies now."""
        second = _name_of(arrays)
        if second not in trained_models():
            return {}
        return {"with": second, **VAD_MODELS.load(second).settings_of(without_prefix("second", arrays), folder)}

    def new_state(self) -> FusedState:
        return FusedState(self.motion.new_state(), self.second.new_state(), self.second.name)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> FusedState:
        found = read_array(arrays, "format", np.int32, (1,)).tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint=_HINT)
        if _name_of(arrays) != self.second.name:
            raise StateError(
                f"the saved state was learned with {_name_of(arrays)!r}, not with {self.second.name!r}", hint=f"Use that one, or: {_HINT}"
            )
        motion = self.motion.load_state(without_prefix("motion", arrays))
        state = FusedState(motion, self.second.load_state(without_prefix("second", arrays)), self.second.name)
        if "scale" in arrays:
            [scale] = read_array(arrays, "scale", np.float64, (1,)).tolist()
            if not 0.0 < scale <= GREATEST_SCALE:
                raise StateError("the saved scale cannot be read", hint=_HINT)
            state.scale = scale
            # States of before there were any count what cannot be judged as calm.
            if "usual" in arrays:
                usual = read_array(arrays, "usual", np.float64, (2,))
                if not ((usual >= 0.0) & np.isfinite(usual)).all():
                    raise StateError("the saved medians cannot be read", hint=_HINT)
                state.usual = (float(usual[0]), float(usual[1]))
            state.history = History.of_arrays(arrays, 1)
        return state

    def watch(self, batch: Sequence[Window]) -> None:
        """Learn movement from footage that the other model's network was trained on; that model only looks on."""
        motion, second = _parted(batch)
        self.motion.learn(motion)
        self.second.watch(second)

    def learn(self, batch: Sequence[Window]) -> None:
        motion, second = _parted(batch)
        self.motion.learn(motion)
        self.second.learn(second)

    def finish_learning(self, state: ModelState) -> HeldOut:
        own = _own(state)
        motion, second = self.motion.finish_learning(own.motion), self.second.finish_learning(own.second)
        own.usual = (float(np.median(motion.raw)), float(np.median(second.raw)))
        both = together(motion, slowed(second))
        own.scale = float(np.clip(Tail.of(both).level(REFERENCE_PER_DAY), 1.0, GREATEST_SCALE))
        fused = HeldOut(both.t_s, both.raw / own.scale)
        own.history.begin(fused.t_s, fused.raw[:, None])
        return fused

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning, and then none of the batch is scored."""
        states = [_own(window.state) for window in batch]
        if any(state.scale is None for state in states):
            raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
        motion, second = _parted(batch)
        out = []
        for state, window, first, other in zip(states, batch, self.motion.score(motion), self.second.score(second), strict=True):
            by_motion, by_other = state.heard(first, other, window.t_s)
            fused = fuse(replace(first, value=by_motion), replace(other, value=by_other), state.scale or 1.0)
            state.judged(window.t_s, fused.value)
            out.append(fused)
        return out


def trained_models() -> list[str]:
    """The names of the models that may stand beside `motion`."""
    return [name for name, target in VAD_MODELS.builtin.items() if target.startswith("haetae.vad.trained.")]


def power_mean(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of raw scores >= 0, element by element; see POWER."""
    return np.asarray((np.maximum(first, 0.0) ** POWER + np.maximum(second, 0.0) ** POWER) ** (1.0 / POWER), np.float64)


def fuse(motion: RawScore, second: RawScore, scale: float) -> RawScore:
    """One judgement of two, on the scale of their power mean divided by `scale`."""
    value = float(power_mean(np.array(motion.value), np.array(second.value))) / scale
    if motion.scene_change:
        return RawScore(value, scene_change=True)
    lead, other = (motion, second) if motion.value >= second.value else (second, motion)
    box = lead.box if lead.box is not None else other.box
    return RawScore(value, _greater(lead.heat, other.heat, scale), box, (*lead.facts, *other.facts))


def together(motion: HeldOut, second: HeldOut) -> HeldOut:
    """The power means of the learned footage that both have judged: frame by frame, or the greatest of each second where one of them kept
    no more than that."""
    common, left, right = np.intersect1d(motion.t_s, second.t_s, return_indices=True)
    if common.size >= 0.5 * min(motion.t_s.size, second.t_s.size):
        return HeldOut(common, power_mean(motion.raw[left], second.raw[right]))
    seconds = np.intersect1d(np.floor(motion.t_s), np.floor(second.t_s))
    return HeldOut(seconds, power_mean(_by_second(motion, seconds), _by_second(second, seconds)))


def _by_second(held_out: HeldOut, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest raw score within each of `seconds`, all of which have one."""
    out = np.zeros(seconds.size)
    place = np.searchsorted(seconds, np.floor(held_out.t_s))
    inside = (place < seconds.size) & (seconds[np.minimum(place, seconds.size - 1)] == np.floor(held_out.t_s))
    np.maximum.at(out, place[inside], held_out.raw[inside])
    return out


def _greater(first: NDArray[np.float32] | None, second: NDArray[np.float32] | None, scale: float) -> NDArray[np.float32] | None:
    """The greater of two maps over the same picture, on the first one's grid where they differ."""
    if first is None or second is None:
        only = second if first is None else first
        return None if only is None else np.asarray(only / np.float32(scale), np.float32)
    if first.shape != second.shape:
        rows = (np.arange(first.shape[0]) * second.shape[0]) // first.shape[0]
        columns = (np.arange(first.shape[1]) * second.shape[1]) // first.shape[1]
        second = second[rows][:, columns]
    return np.asarray(np.maximum(first, second) / np.float32(scale), np.float32)


def _parted(batch: Sequence[Window]) -> tuple[list[Window], list[Window]]:
    """The same windows with the state of each model."""
    states = [_own(window.state) for window in batch]
    motion = [Window(state.motion, each.luma, each.t_s, each.ignored) for state, each in zip(states, batch)]
    return motion, [Window(state.second, each.luma, each.t_s, each.ignored) for state, each in zip(states, batch)]


def _own(state: ModelState) -> FusedState:
    if not isinstance(state, FusedState):
        raise StateError(f"a state of {type(state).__name__} was given to the model 'fused'")
    return state


def _name_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    saved = arrays.get("with")
    return "" if saved is None or saved.dtype != np.uint8 else saved.tobytes().decode(errors="replace")
