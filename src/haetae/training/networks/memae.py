"""The network of the model `memae`: a memory-augmented autoencoder on clips (Gong et al., ICCV 2019).

Each place in space and time of the code is replaced by a sparse mixture of memory items: softmax of the likeness, shrunk by 1 / items and
normalised again (eq. 5 to 7); an entropy loss keeps the mixture sparse. What goes to the decoder is made of items alone. The likeness is
the inner product, as in the authors' program, and not the cosine of their text: cosines differ by 2 at most, and a softmax over hundreds of
them is nearly even, a mixture of half of the memory that remembers nothing in particular.
"""

from typing import cast

import torch
from torch import Tensor, nn

from haetae.training.fit_settings import Width
from haetae.training.networks.layers import BatchNorm, Chain, Conv, LeakyRelu, Up
from haetae.training.networks.pictures import PictureRecipe, cut, weighted_square
from haetae.training.networks.recipe import Plan
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.trained.memae import MemaeModel
from haetae.vad.trained.pictures import UNIT

CHANNELS = {"light": (16, 32, 48), "paper": (96, 128, 256)}
ITEMS = {"light": 400, "paper": 2000}
ENTROPY = 0.0002
"""Weight of the entropy loss, of the paper."""

_TINY = 1e-12


class SparseMemory(nn.Module):
    """Replaces each place of a code (n, channels, time, height, width) by a sparse mixture of items."""

    def __init__(self, channels: int, items: int) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.empty(items, channels).uniform_(-1.0, 1.0) / channels**0.5)

    def weights(self, code: Tensor) -> Tensor:
        """(n, items, time, height, width), each place sums to 1."""
        likeness = torch.einsum("ncthw,mc->nmthw", code, self.items)
        weight = torch.softmax(likeness, dim=1)
        over = weight - 1.0 / len(self.items)
        weight = torch.relu(over) * weight / (over.abs() + _TINY)
        return weight / (weight.sum(dim=1, keepdim=True) + _TINY)

    def forward(self, code: Tensor) -> Tensor:
        return self.read(self.weights(code))

    def read(self, weight: Tensor) -> Tensor:
        return torch.einsum("nmthw,mc->ncthw", weight, self.items)

    def write(self, graph: OnnxGraph, code: str) -> str:
        items = self.items.detach().cpu()
        likeness = graph.op("Conv", code, graph.weight(items.numpy()[:, :, None, None, None]))
        weight = graph.op("Softmax", likeness, axis=1)
        over = graph.op("Sub", weight, graph.number(1.0 / len(items)))
        shrunk = graph.op("Mul", graph.op("Relu", over), weight)
        shrunk = graph.op("Div", shrunk, graph.op("Add", graph.op("Abs", over), graph.number(_TINY)))
        total = graph.op("ReduceSum", shrunk, graph.weight(torch.tensor([1]).numpy()), keepdims=1)
        mixture = graph.op("Div", shrunk, graph.op("Add", total, graph.number(_TINY)))
        return graph.op("Conv", mixture, graph.weight(items.T.numpy()[:, :, None, None, None]))


class MemoryAutoencoder(nn.Module):
    """Clips (n, frames, height, width) to the newest picture of the rebuilt clip; the code is eight times smaller, and half as long."""

    def __init__(self, channels: tuple[int, int, int], items: int) -> None:
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
        )
        self.memory = SparseMemory(three, items)
        self.decoder = Chain(
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

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(self.memory(self.encoder(x[:, None]))))[:, 0, -1:]

    def rebuilt(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The whole clip (n, frames, height, width), and the memory's weights."""
        weight = self.memory.weights(self.encoder(x[:, None]))
        return self.decoder(self.memory.read(weight))[:, 0], weight

    def write(self, graph: OnnxGraph, x: str) -> str:
        axis = graph.weight(torch.tensor([1]).numpy())
        clip = graph.op("Unsqueeze", x, axis)
        clip = self.decoder.write(graph, self.memory.write(graph, self.encoder.write(graph, clip)))
        newest = cut(graph, clip, MemaeModel.frames - 1, MemaeModel.frames, axis=2)
        return graph.op("Squeeze", newest, axis)


class Memae(PictureRecipe):
    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        self.network = MemoryAutoencoder(CHANNELS[width], ITEMS[width])
        super().__init__(MemaeModel, Plan(steps=1500, batch=12, rate=2e-3), self.network)

    def loss(self, batch: Tensor, _seed: int) -> Tensor:
        windows = batch.float() * (1.0 / UNIT)
        made, weight = self.network.rebuilt(windows)
        entropy = -(weight * (weight + _TINY).log()).sum(dim=1).mean()
        return weighted_square(made, windows) + ENTROPY * entropy
