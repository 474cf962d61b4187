"""What a model made of a frame's picture before it judged it, for whoever looks at the same frame after it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from haetae.domain.frame import Luma
from haetae.vad.motion.foreground import Background, Seen
from haetae.vad.preprocess import WorkSize


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame, reduced: `work` (size.height, size.width), and `seen`, what of it stands out of `background`.

    The background goes on living in the model's state; nobody else may change it. `work` and `seen` are never written to again.
    """

    size: WorkSize
    work: Luma
    seen: Seen
    background: Background


@runtime_checkable
class GlancingState(Protocol):
    """A model's state that shows how it saw the frame that was learned or scored last; None before the first."""

    @property
    def glance(self) -> Glance | None: ...
