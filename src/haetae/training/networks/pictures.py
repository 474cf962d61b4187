"""What the networks on pictures have in common: crops of windows as samples, one picture as output, foreground that counts more."""

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
from torch import Tensor, nn

from haetae.training.networks.recipe import Batch, Plan, Signature
from haetae.training.onnx_graph import OnnxGraph
from haetae.training.windows import CropReservoir
from haetae.vad.motion.foreground import LEAST_DIFFERENCE
from haetae.vad.trained.picture_model import PictureModel
from haetae.vad.trained.pictures import UNIT

FOREGROUND = 8.0
"""Weight of a pixel of the foreground; others have 1. About a tenth of a crop is foreground, and only foreground is judged."""

GRADIENT = 0.1
"""Weight of the L1 loss of the picture's gradients, which keeps edges sharp."""


class PictureNetwork(Protocol):
    """From pictures (n, frames, height, width) to one picture (n, 1, height, width); both sides are multiples of 8."""

    def __call__(self, x: Tensor) -> Tensor: ...

    def write(self, graph: OnnxGraph, x: str) -> str: ...


class PictureRecipe:
    """A recipe for the network of `model`. Subclasses give the loss where it is not just that of the picture."""

    future = 0
    """Pictures after the newest one of a window, which only the training sees."""

    def __init__(self, model: type[PictureModel], plan: Plan, module: nn.Module) -> None:
        self.name, self.version, self.plan, self.module = model.name, model.version, plan, module
        self.frames = model.frames
        self.given = model.frames if model.sees_newest else model.frames - 1
        self._step_s = 0.0

    def samples(self, step_s: float, most: int, seed: int) -> CropReservoir:
        self._step_s = step_s
        return CropReservoir(frames=self.frames + self.future, step_s=step_s, most_mb=most, seed=seed)

    def prepare(self, _train: Batch) -> None:
        """Nothing to measure."""

    def loss(self, batch: Tensor, _seed: int) -> Tensor:
        windows = batch.float() * (1.0 / UNIT)
        return picture_loss(self.module(windows[:, : self.given]), windows[:, self.frames - 1 : self.frames])

    def finish(self, _train: Batch) -> None:
        """Nothing to measure."""

    @property
    def signature(self) -> Signature:
        return Signature({"pictures": ("n", self.given, "height", "width")}, {"newest": ("n", 1, "height", "width")})

    def write(self, graph: OnnxGraph) -> dict[str, str]:
        return {"newest": cast(PictureNetwork, self.module).write(graph, "pictures")}

    def run(self, feeds: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"newest": self.module(feeds["pictures"])}

    def about(self) -> dict[str, str]:
        return {"step_s": repr(self._step_s)}


def picture_loss(made: Tensor, target: Tensor) -> Tensor:
    """Weighted mean square error plus gradient L1 of pictures (n, frames, height, width) in UNIT."""
    across = (made.diff(dim=-1).abs() - target.diff(dim=-1).abs()).abs().mean()
    down = (made.diff(dim=-2).abs() - target.diff(dim=-2).abs()).abs().mean()
    return weighted_square(made, target) + GRADIENT * (across + down)


def weighted_square(made: Tensor, target: Tensor, by_frame: Tensor | None = None) -> Tensor:
    """The mean square error in which foreground counts FOREGROUND times, and each frame (frames,) its own weight."""
    weight = 1.0 + (FOREGROUND - 1.0) * (target.abs() > LEAST_DIFFERENCE / UNIT)
    if by_frame is not None:
        weight = weight * by_frame[None, :, None, None]
    return (weight * (made - target) ** 2).sum() / weight.sum()


def cut(graph: OnnxGraph, x: str, first: int, end: int, axis: int) -> str:
    """x[first:end] along `axis`."""
    return graph.op("Slice", x, *(graph.weight(np.array([each])) for each in (first, end, axis)))
