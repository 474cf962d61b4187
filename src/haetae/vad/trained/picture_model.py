"""What the models on pictures have in common: a window goes in, the newest picture comes out, foretold or rebuilt."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import structlog
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.model import TrainedModel
from haetae.vad.trained.pictures import PictureEye, Seen


class PictureModel(TrainedModel):
    """`frames` pictures make a window; with `sees_newest` the network gets all of them and rebuilds the newest, else it gets all but the
    newest and foretells it. The value of a cell is its error in pixels, see `errors`.
    """

    frames: ClassVar[int]
    sees_newest: ClassVar[bool]

    def _prepare(self) -> None:
        self.step_s = self.weights.number("step_s", 0.01, 60.0)
        inputs, outputs = self.weights.session.inputs, self.weights.session.outputs
        wanted = self.frames if self.sees_newest else self.frames - 1
        if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[1] != wanted:
            raise ModelError(f"{self.weights.path} takes {', '.join(map(str, inputs))}", hint="It is damaged: train it again")
        self._input = inputs[0].name

    def size_of(self, luma: Luma) -> WorkSize:
        return PictureEye.size_of(luma)

    def eye(self, size: WorkSize, background: Background) -> PictureEye:
        name, step_s = self.name, self.step_s

        def starved() -> None:
            structlog.get_logger().warning("frames_too_rare", model=name, step_s=step_s, hint="analyse more frames per second")

        return PictureEye(size, background, frames=self.frames, step_s=step_s, starved=starved)

    def values(self, seen: Sequence[Seen]) -> list[NDArray[np.float32]]:
        out = []
        for frame in seen:
            assert frame.window is not None
            given = frame.window if self.sees_newest else frame.window[:-1]
            [made] = self.weights.session.run({self._input: given[None]})
            if made.shape != (1, 1, *frame.window.shape[1:]):
                raise ModelError(f"the network gives {list(made.shape)} for {list(given.shape)}", hint="Train it again")
            out.append(frame.errors.values(frame, frame.window[-1], made[0, 0] - frame.window[-1])[None])
        return out
