"""What the fused model keeps for one camera."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.vad.base import LivingState, ModelState, RawScore
from haetae.vad.fused.slowed import Slowing
from haetae.vad.history import History
from haetae.vad.motion.glance import Glance, GlancingState
from haetae.vad.peaks import Peaks
from haetae.vad.state_file import with_prefix
from haetae.vad.trained.look import GAP_S

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""


class FusedState:
    """One camera's two states, and `scale`: what of both together is passed once a day, None until learning was finished. `usual` are the
    medians of what each says about normal footage, `motion` first.

    `motion` goes on learning while the camera is watched, and the alarm level with it; what the trained model knows stays.
    """

    def __init__(self, motion: ModelState, second: ModelState, name: str) -> None:
        self.motion: ModelState = motion
        self.second: ModelState = second
        self.name = name
        self.scale: float | None = None
        self.usual = (0.0, 0.0)
        self._last_s = -np.inf
        self.history = History(1)
        self._glancing = motion if isinstance(motion, GlancingState) else None
        self._slowing = Slowing()
        self._judged: tuple[float, NDArray[np.float32]] | None = None

    @property
    def glance(self) -> Glance | None:
        """How `motion` saw the last frame."""
        return None if self._glancing is None else self._glancing.glance

    def heard(self, motion: RawScore, second: RawScore, t_s: float) -> tuple[float, float]:
        """What each one's word of this frame counts as; asked once a frame, in order.

        What one of them has too little to judge by counts as its median, where there is anything: the trained model says so, and `motion`
        cannot measure movement in the first frame after a gap.
        """
        fresh = not 0.0 < t_s - self._last_s <= GAP_S
        self._last_s = t_s
        if motion.scene_change or second.scene_change:
            self._slowing.clear()
            return motion.value, 0.0
        there = second.unjudged or max(motion.value, second.value) > 0.0
        first = max(motion.value, self.usual[0]) if fresh and there else motion.value
        if second.unjudged:
            self._slowing.clear()
            return first, self.usual[1]
        return first, self._slowing.step(second.value, t_s)

    def judged(self, t_s: float, value: float) -> None:
        """The score that was just given."""
        self._judged = (t_s, np.array([value], np.float32))

    def note(self, *, alarm: bool, at_s: float) -> None:
        """See `LivingState`."""
        if isinstance(self.motion, LivingState):
            self.motion.note(alarm=alarm, at_s=at_s)
        if alarm:
            self.history.interrupt()
        elif self._judged is not None:
            self.history.take(*self._judged)

    def renew(self, t_s: float) -> Peaks | None:
        """See `LivingState`: when `motion` has learned, the alarm level is fitted to the scores of both together."""
        renewed = self.motion.renew(t_s) if isinstance(self.motion, LivingState) else None
        return None if renewed is None else self.peaks()

    def peaks(self) -> Peaks:
        """The peaks of the fused score over all normal footage that is remembered."""
        return self.history.peaks(self.history.by_block()[:, 0])

    def accept(self, at_s: float) -> bool:
        """`motion` learns the event as usual where it was. The trained model cannot, so the answer is no: the alarm level has to rise."""
        if isinstance(self.motion, LivingState):
            self.motion.accept(at_s)
        return False

    def confirm(self, at_s: float) -> bool:
        """See `LivingState`."""
        return isinstance(self.motion, LivingState) and self.motion.confirm(at_s)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Both states, and what joins them."""
        saved: dict[str, NDArray[Any]] = {"format": np.array([FORMAT], np.int32), "with": np.frombuffer(self.name.encode(), np.uint8)}
        if self.scale is not None:
            saved |= {"scale": np.array([self.scale], np.float64), "usual": np.array(self.usual, np.float64), **self.history.arrays()}
        return saved | with_prefix("motion", dict(self.motion.arrays())) | with_prefix("second", dict(self.second.arrays()))
