"""The network of the model `predictor`: a small U-Net (Ronneberger et al. 2015) that foretells a picture, after Liu et al., "Future frame
prediction for anomaly detection", CVPR 2018: intensity and gradient loss; no optical-flow loss and no discriminator, which cost far more
than they gain here. Foreground counts more, since only foreground is judged.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from haetae.training.fit_settings import Width
from haetae.training.networks.layers import Chain, Conv, Layer, Pool, Relu, Up
from haetae.training.networks.recipe import Batch, Plan, Signature
from haetae.training.onnx_graph import OnnxGraph
from haetae.training.windows import CropReservoir
from haetae.vad.motion.foreground import LEAST_DIFFERENCE
from haetae.vad.trained.pictures import UNIT
from haetae.vad.trained.predictor import FRAMES, PredictorModel

CHANNELS = {"light": (16, 32, 64), "paper": (64, 128, 256)}
FOREGROUND = 8.0
"""Weight of a pixel of the foreground; others have 1. About a tenth of a crop is foreground."""

GRADIENT = 0.1
"""Weight of the L1 loss of the picture's gradients, which keeps edges sharp."""


def twice(inputs: int, outputs: int) -> Chain:
    """Two convolutions."""
    return Chain(Conv(inputs, outputs), Relu(), Conv(outputs, outputs), Relu())


class UNet(nn.Module):
    """From the last pictures, (n, frames, height, width), the next one, (n, 1, height, width): what it adds to the last."""

    def __init__(self, frames: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.pool = Pool()
        self.down = nn.ModuleList(twice(inputs, outputs) for inputs, outputs in zip((frames, *channels), channels))
        deeper = list(zip(channels[:0:-1], channels[-2::-1]))
        self.up = nn.ModuleList(Up(inputs, outputs) for inputs, outputs in deeper)
        self.join = nn.ModuleList(twice(2 * outputs, outputs) for _, outputs in deeper)
        self.out = Conv(channels[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        last, skips = x[:, -1:], []
        for level, layer in enumerate(self.down):
            x = layer(x if level == 0 else self.pool(x))
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1]):
            x = join(torch.cat([up(x), skip], dim=1))
        return cast(Tensor, self.out(x)) + last

    def write(self, graph: OnnxGraph, x: str, frames: int) -> str:
        indices = [graph.weight(torch.tensor([each]).numpy()) for each in (frames - 1, frames, 1)]
        last, skips = graph.op("Slice", x, *indices), []
        for level, layer in enumerate(self.down):
            x = cast(Layer, layer).write(graph, x if level == 0 else self.pool.write(graph, x))
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1]):
            x = cast(Layer, join).write(graph, graph.op("Concat", cast(Layer, up).write(graph, x), skip, axis=1))
        return graph.op("Add", self.out.write(graph, x), last)


def foreground_loss(foretold: Tensor, target: Tensor) -> Tensor:
    """Weighted mean square error plus gradient L1 of pictures (n, 1, height, width) in UNIT."""
    weight = 1.0 + (FOREGROUND - 1.0) * (target.abs() > LEAST_DIFFERENCE / UNIT)
    square = (weight * (foretold - target) ** 2).sum() / weight.sum()
    across = (foretold.diff(dim=-1).abs() - target.diff(dim=-1).abs()).abs().mean()
    down = (foretold.diff(dim=-2).abs() - target.diff(dim=-2).abs()).abs().mean()
    return square + GRADIENT * (across + down)


class Predictor:
    name = PredictorModel.name
    version = PredictorModel.version

    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        self.plan = Plan(steps=1500, batch=16, rate=2e-3)
        self.module: UNet = UNet(FRAMES - 1, CHANNELS[width])
        self._step_s = 0.0

    def samples(self, step_s: float, most: int, seed: int) -> CropReservoir:
        self._step_s = step_s
        return CropReservoir(frames=FRAMES, step_s=step_s, most_mb=most, seed=seed)

    def prepare(self, _train: Batch) -> None:
        """Nothing to measure."""

    def loss(self, batch: Tensor, _seed: int) -> Tensor:
        windows = batch.float() * (1.0 / UNIT)
        return foreground_loss(self.module(windows[:, :-1]), windows[:, -1:])

    def finish(self, _train: Batch) -> None:
        """Nothing to measure."""

    @property
    def signature(self) -> Signature:
        return Signature({"pictures": ("n", FRAMES - 1, "height", "width")}, {"next": ("n", 1, "height", "width")})

    def write(self, graph: OnnxGraph) -> dict[str, str]:
        return {"next": self.module.write(graph, "pictures", FRAMES - 1)}

    def run(self, feeds: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"next": self.module(feeds["pictures"])}

    def about(self) -> dict[str, str]:
        return {"step_s": repr(self._step_s)}
