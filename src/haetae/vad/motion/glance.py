"""What a model made of a frame's picture before it judged it, for whoever looks at the same frame after it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from haetae.domain.frame import Luma
from haetae.vad.preprocess import WorkSize


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame, reduced: `work` (size.height, size.width) is never written to again."""

    size: WorkSize
    work: Luma


@runtime_checkable
class GlancingState(Protocol):
    """A model's state that shows how it saw the frame that was learned or scored last; None before the first."""

    @property
    def glance(self) -> Glance | None: ...
