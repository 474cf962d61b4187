"""What `fit` needs of a network: its samples, its loss, and how it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from haetae.domain.frame import Luma
from haetae.training.onnx_graph import OnnxGraph, Side

Batch: TypeAlias = NDArray[Any]
"""Samples along the first axis."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast a network learns: `steps` batches of `batch` samples with Adam, the rate falling from `rate` along a cosine."""

    steps: int
    batch: int
    rate: float


@dataclass(frozen=True, slots=True)
class Signature:
    """The names and shapes of an exported network's inputs and outputs; an axis with a name is open."""

    inputs: Mapping[str, Sequence[Side]]
    outputs: Mapping[str, Sequence[Side]]


class Samples(Protocol):
    """What is kept of the footage for training, in bounded memory."""

    def look(self, luma: Luma, t_s: float, *, keep: bool) -> None:
        """The next frame of the camera, in time order; it becomes samples where `keep`, else it only is what later ones follow from."""
        ...

    def array(self) -> Batch:
        """All samples. Empty where nothing was seen."""
        ...


class Recipe(Protocol):
    """One network, from samples to ONNX. `module` is on the CPU until `fit` moves it."""

    name: str
    version: int
    plan: Plan
    module: nn.Module

    def samples(self, step_s: float, most: int, seed: int, /) -> Samples:
        """An empty collection of at most `most` MiB; `step_s` is the distance in time of neighbouring pictures, where that matters."""
        ...

    def prepare(self, train: Batch, /) -> None:
        """Called once before training, with the samples: for what is measured, not learned."""
        ...

    def loss(self, batch: Tensor, seed: int, /) -> Tensor:
        """The mean loss of a batch of samples as they were collected. Random numbers come from `seed` alone."""
        ...

    def finish(self, train: Batch, /) -> None:
        """Called once after training."""
        ...

    def write(self, graph: OnnxGraph) -> dict[str, str]:
        """Write the trained network into `graph`; for each output of `signature` the value that is it."""
        ...

    def run(self, feeds: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What the exported network has to give for these inputs, by torch."""
        ...

    @property
    def signature(self) -> Signature: ...

    def about(self) -> dict[str, str]:
        """What the model has to know of this network besides its weights."""
        ...


def example(signature: Signature, lengths: Mapping[str, int], seed: int) -> dict[str, NDArray[np.float32]]:
    """Random inputs for a network, its open axes as long as `lengths` says."""
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0.0, 0.5, [lengths[side] if isinstance(side, str) else side for side in shape]).astype(np.float32)
        for name, shape in signature.inputs.items()
    }
