"""The network of the model `mnad`: the prediction variant of MNAD (Park et al., CVPR 2020).

Each place of the code is a query. It reads from a memory of few items by the softmax of its likeness to each, and what was read goes to the
decoder beside the query. While training, items move to the queries that are nearest to them (the paper's update, eq. 5), queries are pulled
to their nearest item (compactness) and pushed from the second one (separateness). No skip connection goes round the memory, and nothing
moves after training. (Adding the last picture to what comes out was tried, which would blur less: the queries then fall onto their items at
once, and nothing but the last picture is foretold.)
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from haetae.training.fit_settings import Width
from haetae.training.networks.layers import Chain, Conv, Relu, Up
from haetae.training.networks.pictures import PictureRecipe, picture_loss
from haetae.training.networks.recipe import Plan
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.trained.mnad import MnadModel
from haetae.vad.trained.pictures import UNIT

CHANNELS = {"light": (24, 48, 48), "paper": (64, 128, 512)}
ITEMS = 10
"""Of the paper."""

COMPACT, SEPARATE = 0.1, 0.1
MARGIN = 1.0
"""Weights of the two losses and the margin of the second, of the paper."""


class PrototypeMemory(nn.Module):
    """Reads prototypes for the code (n, channels, height, width); gives query and reading, (n, 2 * channels, height, width)."""

    items: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("items", functional.normalize(torch.rand(ITEMS, channels), dim=1))

    def forward(self, code: Tensor) -> Tensor:
        return self.read(functional.normalize(code, dim=1))

    def read(self, query: Tensor) -> Tensor:
        """Of queries of length 1."""
        weight = torch.softmax(torch.einsum("nchw,mc->nmhw", query, self.items), dim=1)
        return torch.cat([query, torch.einsum("nmhw,mc->nchw", weight, self.items)], dim=1)

    def losses(self, query: Tensor) -> Tensor:
        """Compactness and separateness of queries of length 1."""
        rows = query.permute(0, 2, 3, 1).reshape(-1, query.shape[1])
        nearest = (rows @ self.items.T).topk(2, dim=1).indices
        first = ((rows - self.items[nearest[:, 0]]) ** 2).sum(dim=1)
        second = ((rows - self.items[nearest[:, 1]]) ** 2).sum(dim=1)
        return COMPACT * first.mean() + SEPARATE * torch.relu(first - second + MARGIN).mean()

    @torch.no_grad()
    def update(self, query: Tensor) -> None:
        """Move each item to the queries that are nearest to it, those most alike the most."""
        rows = query.permute(0, 2, 3, 1).reshape(-1, query.shape[1])
        likeness = rows @ self.items.T
        nearest = likeness.argmax(dim=1)
        share = torch.softmax(likeness, dim=0)
        share = share / share.amax(dim=0, keepdim=True)
        chosen = functional.one_hot(nearest, ITEMS) * share
        # Not in place: the loss is still to be differentiated by the items as they were.
        self.items = functional.normalize(self.items + chosen.T @ rows, dim=1)

    def write(self, graph: OnnxGraph, code: str) -> str:
        query = graph.op("LpNormalization", code, axis=1, p=2)
        items = self.items.detach().cpu().numpy()
        # A 1 x 1 convolution multiplies each place with a matrix.
        weight = graph.op("Softmax", graph.op("Conv", query, graph.weight(items[:, :, None, None])), axis=1)
        read = graph.op("Conv", weight, graph.weight(items.T[:, :, None, None]))
        return graph.op("Concat", query, read, axis=1)


class MemoryNetwork(nn.Module):
    """Encoder, memory, decoder; the code is four times smaller than the picture."""

    def __init__(self, frames: int, channels: tuple[int, int, int]) -> None:
        super().__init__()
        one, two, three = channels
        self.encoder = Chain(
            Conv(frames, one, stride=(2, 2)), Relu(), Conv(one, two, stride=(2, 2)), Relu(), Conv(two, two), Relu(), Conv(two, three)
        )
        self.memory = PrototypeMemory(three)
        self.decoder = Chain(Conv(2 * three, two), Relu(), Up(two, two), Relu(), Conv(two, one), Relu(), Up(one, one), Relu(), Conv(one, 1))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(self.memory(self.encoder(x))))

    def query(self, x: Tensor) -> Tensor:
        """The code of length 1 at each place."""
        return functional.normalize(self.encoder(x), dim=1)

    def write(self, graph: OnnxGraph, x: str) -> str:
        return self.decoder.write(graph, self.memory.write(graph, self.encoder.write(graph, x)))


class Mnad(PictureRecipe):
    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        self.network = MemoryNetwork(MnadModel.frames - 1, CHANNELS[width])
        super().__init__(MnadModel, Plan(steps=2500, batch=16, rate=1e-3), self.network)

    def loss(self, batch: Tensor, _seed: int) -> Tensor:
        windows = batch.float() * (1.0 / UNIT)
        query = self.network.query(windows[:, : self.given])
        made = self.network.decoder(self.network.memory.read(query))
        loss = picture_loss(made, windows[:, self.given :]) + self.network.memory.losses(query)
        if self.network.training:
            self.network.memory.update(query)
        return loss
