"""The contract of a VAD model, and its registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact
from haetae.domain.frame import Box, Luma
from haetae.domain.score import Drawing, Heat, drawn
from haetae.registry import Registry

if TYPE_CHECKING:
    from haetae.vad.peaks import Peaks


class ModelState(Protocol):
    """What a model keeps for one camera: its learned normality and its last frames. Made by the model, owned by the camera.

    Only one thread touches a state at a time. No frame of one camera ever reaches another's state.
    """

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Everything that was learned, as named arrays: saved without pickle, read back by `VADModel.load_state`."""
        ...


@runtime_checkable
class LivingState(ModelState, Protocol):
    """A state that goes on learning while its camera is watched. Times `at_s` are seconds since the epoch, `t_s` are model time."""

    def note(self, *, alarm: bool, at_s: float) -> None:
        """After each judged frame, taken at `at_s`: whether it was near the alarm level. Takes microseconds."""
        ...

    def renew(self, t_s: float) -> "Peaks | None":
        """Learn from what was seen, when it is time to; then what the alarm level is to be fitted to. Takes a tenth of a second, rarely."""
        ...

    def accept(self, at_s: float) -> bool:
        """Take the alarm of that time for usual; false where it is not remembered."""
        ...

    def confirm(self, at_s: float) -> bool:
        """Learn nothing of what was near the alarm of that time; false where it is not remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """One camera's newest analysed frame, with the state that goes with it. `t_s` grows strictly within one state.

    `ignored`, bool of the luma's shape, is true where nothing may raise the score or the heat; it is the same object from frame to frame
    until the camera's zones change, so that a model can keep what it derives from it. What is ignored is still learned.
    """

    state: ModelState
    luma: Luma
    t_s: float
    ignored: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object that a detector saw: the name of its class, its confidence in [0, 1], and its box as a share of the picture."""

    name: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True)
class RawScore:
    """A model's own judgement of one window, before calibration.

    `value` >= 0 grows with surprise, on any scale that is the same for all times of one camera. `drawing` is the anomaly map on that scale,
    which `heat` gives; what draws one later must not look at anything that changes. `facts` are ranked, most surprising first, each in
    natural units. `sightings` is what a detector saw in this very frame, () for nothing; None where there is no detector, or it was not
    asked. `unjudged` says that there was not enough before this frame to judge it by, after a gap for example, and `value` says nothing
    about it.
    """

    value: float
    drawing: Drawing | None = None
    box: Box | None = None
    facts: tuple[Fact, ...] = ()
    scene_change: bool = False
    sightings: tuple[Sighting, ...] | None = None
    unjudged: bool = False

    @property
    def heat(self) -> Heat | None:
        """The anomaly map, drawn anew each time that it is asked for."""
        return None if self.drawing is None else drawn(self.drawing)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Raw scores of the learned footage, each made by tables that had not seen its part of the footage (leave one part out).

    `t_s` and `raw` have shape (frames,); calibration takes them for what normality will look like.
    """

    t_s: NDArray[np.float64]
    raw: NDArray[np.float64]


class VADModel(Protocol):
    """One model, shared by all cameras of its type: it holds weights and settings, never anything of a camera.

    `learn` and `score` may be called from several threads with different states. `max_batch` is the number of windows that one call takes
    best: 1 says that it gains nothing from batches and each camera's own thread may call it at the same time as the others.
    A class may have `estimate_mb(**settings) -> float`, the memory that one instance will need, asked before it is made, and
    `brief = True`, which says that a call takes about a millisecond, much of it in Python: then cameras take turns.
    """

    name: str
    version: int
    max_batch: int

    def new_state(self) -> ModelState:
        """A state that has learned nothing."""
        ...

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> ModelState:
        """The state whose `arrays()` these were. Raises StateError when they do not fit this model."""
        ...

    def learn(self, batch: Sequence[Window]) -> None:
        """Take each window as normal footage of its camera."""
        ...

    def finish_learning(self, state: ModelState) -> HeldOut:
        """Turn what was collected into the tables that `score` needs, and judge the learned footage itself.

        Raises ModelError when there was too little.
        """
        ...

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Judge each window; the result has the order of the batch."""
        ...


def is_brief(model: VADModel) -> bool:
    """Whether cameras should take turns with it; false where the model does not say."""
    return bool(getattr(model, "brief", False))


VAD_MODELS = Registry(
    group="haetae.vad",
    noun="VAD model",
    builtin={
        "motion": "haetae.vad.motion:MotionModel",
        "embedding": "haetae.vad.embedding:EmbeddingModel",
        "attributes": "haetae.vad.attributes:AttributesModel",
        "onnx": "haetae.vad.card:OnnxModel",
        "fused": "haetae.vad.fused:FusedModel",
        "memae": "haetae.vad.trained.memae:MemaeModel",
        "mnad": "haetae.vad.trained.mnad:MnadModel",
        "mulde": "haetae.vad.trained.mulde:MuldeModel",
        "predictor": "haetae.vad.trained.predictor:PredictorModel",
        "stae": "haetae.vad.trained.stae:StaeModel",
    },
    extras={"onnxruntime": "onnx"},
)


def create_model(name: str, **settings: Any) -> VADModel:
    """Make the model called `name`. Raises ConfigError for an unknown name, MissingExtra where a package is absent."""
    model: VADModel = VAD_MODELS.load(name)(**settings)
    return model
