"""`predictor`: a small network foretells the next picture from the last ones; what moves or looks as never before is foretold badly."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import FactKind
from haetae.domain.frame import Luma
from haetae.errors import ModelError
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.look import cell_sums
from haetae.vad.trained.model import Attribute, TrainedModel
from haetae.vad.trained.pictures import BLOCK, UNIT, PictureEye, Seen

FRAMES = 5
"""Four pictures, then the one to be foretold."""

PRIOR_PIXELS = 8.0
"""Added to the pixels of foreground in a cell, so that a few of them are no large error."""


class PredictorModel(TrainedModel):
    """Future prediction (after Liu et al., "Future frame prediction for anomaly detection", CVPR 2018), on pictures minus the background,
    by a U-Net of about 115,000 weights. The error of a cell is the root of the mean square over its foreground.
    """

    name = "predictor"
    version = 1
    attributes = (Attribute("prediction_error", FactKind.APPEARANCE, "grey levels", 0.5),)
    frames = FRAMES

    def _prepare(self) -> None:
        self.step_s = self.weights.number("step_s", 0.01, 60.0)
        inputs, outputs = self.weights.session.inputs, self.weights.session.outputs
        if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[1] != self.frames - 1:
            raise ModelError(f"{self.weights.path} takes {', '.join(map(str, inputs))}", hint="It is damaged: train it again")
        self._input = inputs[0].name

    def size_of(self, luma: Luma) -> WorkSize:
        return PictureEye.size_of(luma)

    def eye(self, size: WorkSize, background: Background) -> PictureEye:
        return PictureEye(size, background, frames=self.frames, step_s=self.step_s)

    def values(self, seen: Sequence[Seen]) -> list[NDArray[np.float32]]:
        out = []
        for frame in seen:
            assert frame.window is not None
            [foretold] = self.weights.session.run({self._input: frame.window[None, :-1]})
            out.append(error_by_cell(frame, foretold[0, 0] - frame.window[-1])[None])
        return out


def error_by_cell(seen: Seen, error: NDArray[np.float32]) -> NDArray[np.float32]:
    """The root of the mean square of `error` (height, width) over the foreground of each active cell, shape (k,), in grey levels."""
    if error.shape != seen.scene.work.shape:
        raise ModelError(f"the network gives a picture of {error.shape} for one of {seen.scene.work.shape}", hint="Train it again")
    square = np.square(error) * np.float32(UNIT * UNIT)
    square[~seen.mask] = 0.0
    rows, columns = seen.share.shape
    blocks = cv2.resize(square, (columns, rows), interpolation=cv2.INTER_AREA) * np.float32(BLOCK * BLOCK)
    pixels = cell_sums(seen.share).ravel()[seen.cell] * np.float32(BLOCK * BLOCK)
    total = cell_sums(blocks).ravel()[seen.cell]
    return np.asarray(np.sqrt(np.maximum(total, 0.0) / (pixels + np.float32(PRIOR_PIXELS))), np.float32)
