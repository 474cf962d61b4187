"""What the motion model keeps for one camera."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut
from haetae.vad.motion.cells import Observation, Observer, Value, hidden_cells
from haetae.vad.motion.counts import Counts
from haetae.vad.motion.foreground import Background
from haetae.vad.motion.fusion import LEAST_REFERENCE, Smoothing, held_out
from haetae.vad.motion.glance import Glance
from haetae.vad.motion.learning import Learning
from haetae.vad.motion.living import Judgement, Living
from haetae.vad.motion.shift import ShiftWatch
from haetae.vad.motion.tables import Attribute
from haetae.vad.peaks import Peaks
from haetae.vad.preprocess import BLOCK, WorkSize

FORMAT = 2
"""Of the saved arrays. Format 1, of before learning went on while a camera is watched, is read as well; others are refused."""


class MotionState:
    """One camera's background and what it has learned.

    `living` is None until learning was finished; `counts` is what an unfinished learning had saved before, else None.
    """

    def __init__(self, pixels: int, silent: tuple[Attribute, ...] = ()) -> None:
        self.pixels = pixels
        self.silent = silent
        self.observer: Observer | None = None
        self.learning: Learning | None = None
        self.counts: Counts | None = None
        self.living: Living | None = None
        self.judged: Judgement | None = None
        self.smoothing = Smoothing()
        self.shift = ShiftWatch()
        self._ignored: NDArray[np.bool_] | None = None
        self._hidden: NDArray[np.bool_] | None = None

    @property
    def glance(self) -> Glance | None:
        """How the last frame was seen."""
        return None if self.observer is None else self.observer.glance

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
        judged = self.learning.judge(self.living.counts if self.living is not None else self.counts)
        total = self.learning.total()
        known = self.living.counts if self.living is not None else self.counts
        self.counts = None
        self.learning = None
        self.living = Living.begun(total if known is None else known + total, judged, self.silent)
        return held_out(judged, self.living.reference)

    def note(self, *, alarm: bool, at_s: float) -> None:
        """Whether the frame that was judged last was at the alarm level: from now on it may be learned, or must not be."""
        if self.living is not None and self.judged is not None:
            self.living.note(self.judged, alarm=alarm, at_s=at_s)
            if self.judged.seen.valid:
                self._look_at_scene(self.living, self.judged.seen.t_s)
        self.judged = None

    def _look_at_scene(self, living: Living, t_s: float) -> None:
        """Has the light changed to another mode, was the camera moved?"""
        assert self.observer is not None
        background = self.observer.background
        if background.mean is None:
            return
        living.enter(living.modes.look(background.mean, background.noise, t_s), t_s)
        moved = self.shift.look(background.mean, t_s)
        if moved is not None:
            living.move(*moved, t_s)

    def renew(self, t_s: float) -> Peaks | None:
        """Learn from what was seen, when it is time to; what to fit the alarm level to then."""
        return None if self.living is None else self.living.renew(t_s)

    def accept(self, at_s: float) -> bool:
        """Learn the alarm of that time as usual where it was; false where it is not remembered."""
        return self.living is not None and self.living.accept(at_s)

    def confirm(self, at_s: float) -> bool:
        """Learn nothing of what was near the alarm of that time; false where it is not remembered."""
        return self.living is not None and self.living.confirm(at_s)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, about 0.6 MB. Footage whose learning was not finished is saved as counts, without its judgement."""
        saved: dict[str, NDArray[Any]] = {"format": np.array([FORMAT], np.int32)}
        if self.observer is None:
            return saved
        size, background = self.observer.size, self.observer.background
        saved["size"] = np.array([size.source_width, size.source_height, size.width, size.height], np.int32)
        if background.mean is not None:
            saved["background"] = np.clip(np.rint(background.mean), 0, 255).astype(np.uint8)
            saved["noise"] = np.array([background.noise], np.float32)
        learning = None if self.learning is None else self.learning.total()
        known = self.living.counts if self.living is not None else self.counts
        both = [counts for counts in (known, learning) if counts is not None]
        if both:
            saved |= sum(both[1:], both[0]).arrays()
        if self.living is not None:
            saved |= {"reference": self.living.reference, **self.living.arrays()}
        return saved

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], pixels: int, silent: tuple[Attribute, ...] = ()) -> "MotionState":
        """The state whose `arrays()` these were. Raises StateError when they are not of this format."""
        try:
            return cls._of_arrays(arrays, pixels, silent)
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise StateError(f"the saved state cannot be read ({error!r})", hint="Learn this camera again") from error

    @classmethod
    def _of_arrays(cls, arrays: Mapping[str, NDArray[Any]], pixels: int, silent: tuple[Attribute, ...]) -> "MotionState":
        found = arrays["format"].tolist()
        if found not in ([1], [FORMAT]):
            raise StateError(f"the saved state has format {found}, this model reads 1 and {FORMAT}", hint="Learn this camera again")
        if found == [1]:
            arrays = _upgraded(arrays)
        state = cls(pixels, silent)
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
            state.shift = ShiftWatch(mean.astype(np.float32))
        state.observer = Observer(size, background)
        if "rows" in arrays:
            state.counts = Counts.of_arrays(arrays, size.rows, size.columns)
        if "reference" in arrays and state.counts is not None:
            reference = arrays["reference"].astype(np.float32)
            if reference.shape != (len(Attribute),) or not (reference > 0).all():
                raise StateError("the saved references cannot be read", hint="Learn this camera again")
            state.living, state.counts = Living.of_arrays(arrays, state.counts, reference, silent), None
        return state


def _upgraded(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of format 1 as those of today: rest, flicker and hours were not measured then, so nothing of them surprises until they are."""
    upgraded = dict(arrays)
    for name in ("rows", "cells"):
        if name in arrays and arrays[name].ndim == 3:
            old = arrays[name]
            upgraded[name] = np.concatenate([old, np.zeros((len(Value) - len(old), *old.shape[1:]), old.dtype)])
    if "reference" in arrays:
        old = arrays["reference"]
        new = LEAST_REFERENCE.copy()
        new[[*range(Value.STAY + 1), Attribute.DIRECTION, Attribute.PLACE]] = old
        upgraded["reference"] = new
    return upgraded
