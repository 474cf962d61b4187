"""What the motion model keeps for one camera."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut
from haetae.vad.motion.cells import Observation, Observer, hidden_cells
from haetae.vad.motion.counts import Counts
from haetae.vad.motion.foreground import Background
from haetae.vad.motion.fusion import Smoothing, held_out, references
from haetae.vad.motion.learning import Learning
from haetae.vad.motion.tables import Attribute, Tables
from haetae.vad.preprocess import BLOCK, WorkSize

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""


class MotionState:
    """One camera's background, counts and tables. `tables` and `reference` are None until learning was finished."""

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self.observer: Observer | None = None
        self.learning: Learning | None = None
        self.counts: Counts | None = None
        self.tables: Tables | None = None
        self.reference: NDArray[np.float32] | None = None
        self.smoothing = Smoothing()
        self._ignored: NDArray[np.bool_] | None = None
        self._hidden: NDArray[np.bool_] | None = None

    def observe(self, luma: Luma, t_s: float) -> Observation:
        """Look at the next frame. The first one ever fixes the working size."""
        if self.observer is None:
            self.observer = Observer(WorkSize.of(luma, self.pixels), Background())
        return self.observer.step(luma, t_s)

    def hidden(self, ignored: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """The cells (rows * columns,) of which more than half lies in `ignored`, a mask of the picture; None where there are none.

        Kept for as long as the very same mask is given.
        """
        assert self.observer is not None
        if ignored is not self._ignored:
            cells = hidden_cells(ignored, self.observer.size)
            self._ignored, self._hidden = ignored, cells if cells.any() else None
        return self._hidden

    def learn(self, seen: Observation) -> None:
        """Take one valid observation as normal."""
        assert self.observer is not None
        if self.learning is None:
            self.learning = Learning(self.observer.size.rows, self.observer.size.columns)
        self.learning.take(seen)

    def finish(self) -> HeldOut:
        """Make the tables from all that was learned. Raises ModelError when it was too little."""
        if self.learning is None or not self.learning.enough():
            raise ModelError("too little footage to learn what is normal", hint="Learn from at least 10 s with a steady camera")
        judged = self.learning.judge(self.counts)
        total = self.learning.total()
        self.counts = total if self.counts is None else self.counts + total
        self.learning = None
        self.tables = Tables.of(self.counts)
        self.reference = references(judged)
        return held_out(judged, self.reference)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, about 0.5 MB. Footage whose learning was not finished is saved as counts, without its judgement."""
        saved: dict[str, NDArray[Any]] = {"format": np.array([FORMAT], np.int32)}
        if self.observer is None:
            return saved
        size, background = self.observer.size, self.observer.background
        saved["size"] = np.array([size.source_width, size.source_height, size.width, size.height], np.int32)
        if background.mean is not None:
            saved["background"] = np.clip(np.rint(background.mean), 0, 255).astype(np.uint8)
            saved["noise"] = np.array([background.noise], np.float32)
        learning = None if self.learning is None else self.learning.total()
        both = [counts for counts in (self.counts, learning) if counts is not None]
        if both:
            saved |= sum(both[1:], both[0]).arrays()
        if self.reference is not None:
            saved["reference"] = self.reference
        return saved

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], pixels: int) -> "MotionState":
        """The state whose `arrays()` these were. Raises StateError when they are not of this format."""
        try:
            return cls._of_arrays(arrays, pixels)
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise StateError(f"the saved state cannot be read ({error!r})", hint="Learn this camera again") from error

    @classmethod
    def _of_arrays(cls, arrays: Mapping[str, NDArray[Any]], pixels: int) -> "MotionState":
        found = arrays["format"].tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint="Learn this camera again")
        state = cls(pixels)
        if "size" not in arrays:
            return state
        size = WorkSize(*(int(side) for side in arrays["size"]))
        if min(size.width, size.height) < BLOCK or size.width % BLOCK or size.height % BLOCK or size.width * size.height > 2**22:
            raise StateError(f"the saved state has a working size of {size.width}x{size.height}", hint="Learn this camera again")
        background = Background()
        if "background" in arrays:
            mean = arrays["background"]
            if mean.shape != (size.height, size.width) or mean.dtype != np.uint8:
                raise StateError(f"the saved background has shape {mean.shape}", hint="Learn this camera again")
            (noise,) = arrays["noise"].tolist()
            if not 0.0 <= noise < 255.0:
                raise StateError(f"the saved noise is {noise}", hint="Learn this camera again")
            background = Background(mean.astype(np.float32), noise)
        state.observer = Observer(size, background)
        if "rows" in arrays:
            state.counts = Counts.of_arrays(arrays, size.rows, size.columns)
        if "reference" in arrays and state.counts is not None:
            reference = arrays["reference"].astype(np.float32)
            if reference.shape != (len(Attribute),) or not (reference > 0).all():
                raise StateError("the saved references cannot be read", hint="Learn this camera again")
            state.reference, state.tables = reference, Tables.of(state.counts)
        return state
