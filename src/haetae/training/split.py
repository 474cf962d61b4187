"""Which footage trains a network, and which one its tails and its calibration are learnt on: never the same.

A network is smoother on what it was trained on; tails from there would call ordinary footage surprising. One part in three is kept from the
training and spread over the whole of it, so that both see every hour. Whole sources are kept apart where there are enough of them, else
contiguous stretches. (Training several networks, each judged on what it did not see, would use all footage for both, at three times the
time.) The held-out loss that stops the training is measured on the same third: it chooses among some twenty stands of the weights, which
is far too little to be learnt from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from haetae.errors import ModelError
from haetae.vad.base import HeldOut, ModelState, RawScore, VADModel, Window

EVERY = 3
"""One part in so many is held out."""

WHOLE_SOURCES = 6
"""From so many sources on they are not cut."""

PART_S = 60.0
"""Length of a stretch; shorter where that would give fewer than FEWEST_PARTS of them."""

FEWEST_PARTS = 9
SHORTEST_PART_S = 4.0


@dataclass(frozen=True, slots=True)
class Split:
    """`part_s` is the length of a stretch, 0 where whole sources are the parts."""

    part_s: float

    @classmethod
    def of(cls, lengths_s: Sequence[float]) -> "Split":
        """For sources of these lengths. Raises ModelError where they are too short to be split."""
        if len(lengths_s) >= WHOLE_SOURCES:
            return cls(0.0)
        part_s = min(PART_S, sum(lengths_s) / FEWEST_PARTS)
        if part_s < SHORTEST_PART_S:
            raise ModelError(
                f"{sum(lengths_s):.0f} s of footage is too little to train a network and to judge it on the rest",
                hint=f"Give {FEWEST_PARTS * SHORTEST_PART_S:.0f} s at least, some minutes to be of use",
            )
        return cls(part_s)

    def held_out(self, source: int, t_s: float) -> bool:
        """Whether the frame at `t_s` of the source number `source`, from 0, is kept from the training."""
        part = source if self.part_s == 0.0 else source + int(t_s / self.part_s)
        return part % EVERY == EVERY - 1


class LearningOnTheRest:
    """A model whose tails are learnt on held-out footage only: the frames that its network was trained on are merely watched.

    Whoever feeds it says before each frame where it is from. Wraps any model with `watch(batch)`, the method of trained models.
    """

    def __init__(self, model: VADModel, split: Split) -> None:
        self.model = model
        self.name, self.version, self.max_batch = model.name, model.version, model.max_batch
        self._split = split
        self._held_out = False

    def at(self, source: int, t_s: float) -> None:
        """The next frame is the one at `t_s` of the source number `source`."""
        self._held_out = self._split.held_out(source, t_s)

    def new_state(self) -> ModelState:
        return self.model.new_state()

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> ModelState:
        return self.model.load_state(arrays)

    def learn(self, batch: Sequence[Window]) -> None:
        if self._held_out:
            self.model.learn(batch)
        else:
            self.model.watch(batch)  # type: ignore[attr-defined]

    def finish_learning(self, state: ModelState) -> HeldOut:
        return self.model.finish_learning(state)

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        return self.model.score(batch)
