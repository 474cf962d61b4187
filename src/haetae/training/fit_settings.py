"""How a network is trained, and how far it is: what the command line and the training have in common, free of torch."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from haetae.domain.frame import Frame

Width: TypeAlias = Literal["light", "paper"]
"""`light` trains within ten minutes on two cores and runs in milliseconds on one; `paper` has the channels of the paper."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """`device` is torch's name of it; auto is CUDA where there is one. `threads` of torch on the CPU; 0 leaves torch's own choice."""

    width: Width = "light"
    seed: int = 0
    time_limit_s: float | None = None
    resume: bool = False
    device: str = "auto"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the training is. The held-out loss is NaN before the first one."""

    step: int
    steps: int
    loss: float
    held_out_loss: float
    left_s: float


Footage: TypeAlias = Callable[[], Generator[Frame, None, None]]
"""Opens a source anew, from its first frame on."""

Told: TypeAlias = Callable[[str, Stand | None, int], None]
"""Called with what is being done, where the training is, and the number of frames looked at."""
