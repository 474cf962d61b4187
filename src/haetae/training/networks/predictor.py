"""The network of the model `predictor`: a small U-Net (Ronneberger et al. 2015) that foretells a picture, after Liu et al., "Future frame
prediction for anomaly detection", CVPR 2018: intensity and gradient loss; no optical-flow loss and no discriminator, which cost far more
than they gain here.
"""

from typing import cast

import torch
from torch import Tensor, nn

from haetae.training.fit_settings import Width
from haetae.training.networks.layers import Chain, Conv, Layer, Pool, Relu, Up
from haetae.training.networks.pictures import PictureRecipe, cut
from haetae.training.networks.recipe import Plan
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.trained.predictor import PredictorModel

CHANNELS = {"light": (16, 32, 64), "paper": (64, 128, 256, 512)}


def twice(inputs: int, outputs: int) -> Chain:
    """Two convolutions."""
    return Chain(Conv(inputs, outputs), Relu(), Conv(outputs, outputs), Relu())


class UNet(nn.Module):
    """From the last pictures the next one: what it adds to the last."""

    def __init__(self, frames: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self._frames = frames
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

    def write(self, graph: OnnxGraph, x: str) -> str:
        last, skips = cut(graph, x, self._frames - 1, self._frames, axis=1), []
        for level, layer in enumerate(self.down):
            x = cast(Layer, layer).write(graph, x if level == 0 else self.pool.write(graph, x))
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1]):
            x = cast(Layer, join).write(graph, graph.op("Concat", cast(Layer, up).write(graph, x), skip, axis=1))
        return graph.op("Add", self.out.write(graph, x), last)


class Predictor(PictureRecipe):
    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        super().__init__(PredictorModel, Plan(steps=1500, batch=16, rate=2e-3), UNet(PredictorModel.frames - 1, CHANNELS[width]))
