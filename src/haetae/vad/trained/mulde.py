"""`mulde`: the density of what cells do and look like, estimated by a small network; what is rare in any combination stands out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import FactKind
from haetae.domain.frame import Luma
from haetae.errors import ModelError
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.model import Attribute, TrainedModel
from haetae.vad.trained.movement import FEATURES, MovementEye, Seen

SIGMAS = (0.1, 0.15, 0.25)
"""Noise levels at which the density is read, in standard deviations of the features: below a tenth it follows single samples, and a blur of
half a deviation takes a rider for a fast walker."""


class MuldeModel(TrainedModel):
    """MULDE (Micorek et al., "MULDE: multiscale log-density estimation via denoising score matching for video anomaly detection",
    CVPR 2024), on a vector of movement and shape for each cell instead of for each frame or detected object.

    An attribute is the negative log density at one noise level; each has its own tails, and the greatest counts. (The paper fits a Gaussian
    mixture to all levels, which is what the tails stand for here.)
    """

    name = "mulde"
    version = 1
    attributes = tuple(Attribute(f"log_density_{sigma}", FactKind.APPEARANCE, "nats", 0.05) for sigma in SIGMAS)

    def _prepare(self) -> None:
        inputs, outputs = self.weights.session.inputs, self.weights.session.outputs
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].shape[1:] != (FEATURES,) or outputs[0].shape[1:] != (len(SIGMAS),):
            raise ModelError(f"{self.weights.path} takes {', '.join(map(str, inputs))}", hint="It is damaged: train it again")
        self._input = inputs[0].name

    def size_of(self, luma: Luma) -> WorkSize:
        return MovementEye.size_of(luma)

    def eye(self, size: WorkSize, background: Background) -> MovementEye:
        return MovementEye(size, background)

    def values(self, seen: Sequence[Seen]) -> list[NDArray[np.float32]]:
        [surprise] = self.weights.session.run({self._input: np.concatenate([frame.rows for frame in seen])})
        ends = np.cumsum([len(frame.rows) for frame in seen])[:-1]
        return [np.ascontiguousarray(part.T, np.float32) for part in np.split(surprise, ends)]
