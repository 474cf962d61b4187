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
    newest and foretells it. What is rebuilt is judged from the first picture after a gap on, what is foretold when there are enough to
    foretell it from. The value of a cell is its error in pixels, see `errors`.
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

        return PictureEye(size, background, frames=self.frames, step_s=step_s, from_start=self.sees_newest, starved=starved)

    def values(self, seen: Sequence[Seen]) -> list[NDArray[np.float32]]:
        out: list[NDArray[np.float32] | None] = [None] * len(seen)
        for together in _alike(seen, self.max_batch):
            windows = np.stack([window for index in together if (window := seen[index].window) is not None])
            [made] = self.weights.session.run({self._input: windows if self.sees_newest else windows[:, :-1]})
            if made.shape != (len(together), 1, *windows.shape[2:]):
                raise ModelError(f"the network gives {list(made.shape)} for {list(windows.shape)}", hint="Train it again")
            for index, window, picture in zip(together, windows, made[:, 0], strict=True):
                out[index] = seen[index].errors.values(seen[index], window[-1], picture - window[-1])[None]
        return [value for value in out if value is not None]


def _alike(seen: Sequence[Seen], most: int) -> list[list[int]]:
    """The numbers of the frames in groups of one size of picture, at most `most` in each."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, frame in enumerate(seen):
        by_shape.setdefault(frame.scene.work.shape, []).append(index)
    return [group[first : first + most] for group in by_shape.values() for first in range(0, len(group), most)]
