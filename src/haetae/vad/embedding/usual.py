"""The picture that a camera usually shows: what fills the places that are to be ignored."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.preprocess import WorkSize, to_work


class UsualPicture:
    """The mean of the learned pictures of one camera, at the network's size.

    A flat patch in place of a zone would itself look like nothing that was learned. The camera's own mean picture, as bright as the visible
    rest is now, keeps the vector where it was, and zones can be drawn after the learning.
    """

    def __init__(self, mean: NDArray[np.float32] | None = None, seen: int = 0) -> None:
        self.mean = mean
        self.seen = seen
        self._ignored: NDArray[np.bool_] | None = None
        self._hidden: NDArray[np.bool_] | None = None

    def add(self, picture: Luma) -> None:
        """Learn from a picture at the network's size."""
        self.seen += 1
        if self.mean is None:
            self.mean = picture.astype(np.float32)
        else:
            cv2.accumulateWeighted(picture, self.mean, 1.0 / self.seen)

    def fill(self, picture: Luma, ignored: NDArray[np.bool_] | None) -> Luma | None:
        """`picture` without anything that `ignored` (at the camera's size) touches; None where nothing is left."""
        if ignored is None or self.mean is None:
            return picture
        hidden = self._hidden_at(ignored, picture.shape[1], picture.shape[0])
        if hidden.all():
            return None
        brighter = float(picture[~hidden].mean()) - float(self.mean[~hidden].mean())
        usual = np.clip(np.rint(self.mean + np.float32(brighter)), 0, 255).astype(np.uint8)
        return np.where(hidden, usual, picture)

    def _hidden_at(self, ignored: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
        """Every pixel of the small picture that an ignored one has a share in. The mask is the same object until the zones change."""
        if self._hidden is None or self._ignored is not ignored:
            size = WorkSize(ignored.shape[1], ignored.shape[0], width, height)
            small = to_work(np.where(ignored, np.uint8(255), np.uint8(0)), size)
            # One pixel more: a share below half a grey level was rounded to nothing in the mask, but may tip the rounding of the picture.
            self._hidden = cv2.dilate(small, np.ones((3, 3), np.uint8)) > 0
            self._ignored = ignored
        return self._hidden
