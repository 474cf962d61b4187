"""The network of the model `stae`: a spatio-temporal autoencoder (Zhao et al., ACM MM 2017).

Convolutions in space and time, batch normalisation and leaky rectifiers; a second decoder foretells the clip that follows, later pictures
counting less (eq. 3), which makes the code carry movement. Only the rebuilding branch is exported: it is what the paper scores by.
"""

from typing import cast

import torch
from torch import Tensor, nn

from haetae.training.fit_settings import Width
from haetae.training.networks.layers import BatchNorm, Chain, Conv, LeakyRelu, Up
from haetae.training.networks.pictures import PictureRecipe, cut, weighted_square
from haetae.training.networks.recipe import Plan
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.trained.pictures import UNIT
from haetae.vad.trained.stae import StaeModel

CHANNELS = {"light": (12, 24, 24), "paper": (32, 48, 64)}


def decoder(channels: tuple[int, int, int]) -> Chain:
    """From the code to a clip of the same length."""
    one, two, three = channels
    kernel = (3, 3, 3)
    return Chain(
        Up(three, two, (1, 2, 2)),
        BatchNorm(two, 3),
        LeakyRelu(),
        Conv(two, two, kernel),
        BatchNorm(two, 3),
        LeakyRelu(),
        Up(two, one, (2, 2, 2)),
        BatchNorm(one, 3),
        LeakyRelu(),
        Up(one, one, (1, 2, 2)),
        BatchNorm(one, 3),
        LeakyRelu(),
        Conv(one, 1, kernel),
    )


class SpaceTimeAutoencoder(nn.Module):
    """Clips (n, frames, height, width) to the newest picture of the rebuilt clip; the code is eight times smaller, and half as long."""

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        one, two, three = channels
        kernel = (3, 3, 3)
        self.encoder = Chain(
            Conv(1, one, kernel, (1, 2, 2)),
            BatchNorm(one, 3),
            LeakyRelu(),
            Conv(one, two, kernel, (2, 2, 2)),
            BatchNorm(two, 3),
            LeakyRelu(),
            Conv(two, three, kernel, (1, 2, 2)),
            BatchNorm(three, 3),
            LeakyRelu(),
        )
        self.decoder = decoder(channels)
        self.foreteller = decoder(channels)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(self.encoder(x[:, None])))[:, 0, -1:]

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The rebuilt clip and the one that follows it, (n, frames, height, width) each."""
        code = self.encoder(x[:, None])
        return self.decoder(code)[:, 0], self.foreteller(code)[:, 0]

    def write(self, graph: OnnxGraph, x: str) -> str:
        axis = graph.weight(torch.tensor([1]).numpy())
        clip = self.decoder.write(graph, self.encoder.write(graph, graph.op("Unsqueeze", x, axis)))
        return graph.op("Squeeze", cut(graph, clip, StaeModel.frames - 1, StaeModel.frames, axis=2), axis)


class Stae(PictureRecipe):
    future = StaeModel.frames

    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        self.network = SpaceTimeAutoencoder(CHANNELS[width])
        super().__init__(StaeModel, Plan(steps=1000, batch=8, rate=2e-3), self.network)
        self._fading = torch.arange(self.frames, 0, -1, dtype=torch.float32)

    def loss(self, batch: Tensor, _seed: int) -> Tensor:
        windows = batch.float() * (1.0 / UNIT)
        made, foretold = self.network.both(windows[:, : self.frames])
        known = weighted_square(made, windows[:, : self.frames])
        return known + weighted_square(foretold, windows[:, self.frames :], self._fading.to(windows.device))
