"""Layers that know how to write themselves into an ONNX graph."""

from collections.abc import Sequence
from typing import Protocol, cast, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from haetae.training.onnx_graph import OnnxGraph


@runtime_checkable
class Layer(Protocol):
    """One input, one output."""

    def __call__(self, x: Tensor) -> Tensor: ...

    def write(self, graph: OnnxGraph, x: str) -> str:
        """Add this layer to `graph`, applied to the value `x`; the name of its result."""
        ...


def values(tensor: Tensor) -> NDArray[np.float32]:
    """A parameter as an array."""
    return tensor.detach().cpu().numpy().astype(np.float32)


class Conv(nn.Module):
    """A convolution of 2 or 3 dimensions that keeps the size, but for its stride."""

    def __init__(self, inputs: int, outputs: int, kernel: Sequence[int] = (3, 3), stride: Sequence[int] | None = None) -> None:
        super().__init__()
        self._stride = tuple(stride or [1] * len(kernel))
        self._padding = tuple(side // 2 for side in kernel)
        kind = nn.Conv2d if len(kernel) == 2 else nn.Conv3d
        self.conv = kind(inputs, outputs, tuple(kernel), stride=self._stride, padding=self._padding)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.conv(x))

    def write(self, graph: OnnxGraph, x: str) -> str:
        assert self.conv.bias is not None
        weight, bias = graph.weight(values(self.conv.weight)), graph.weight(values(self.conv.bias))
        return graph.op("Conv", x, weight, bias, strides=self._stride, pads=[*self._padding, *self._padding])


class Up(nn.Module):
    """A transposed convolution that doubles the sides where `scale` is 2."""

    def __init__(self, inputs: int, outputs: int, scale: Sequence[int] = (2, 2)) -> None:
        super().__init__()
        self._scale = tuple(scale)
        kind = nn.ConvTranspose2d if len(scale) == 2 else nn.ConvTranspose3d
        self.conv = kind(inputs, outputs, self._scale, stride=self._scale)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.conv(x))

    def write(self, graph: OnnxGraph, x: str) -> str:
        assert self.conv.bias is not None
        return graph.op(
            "ConvTranspose", x, graph.weight(values(self.conv.weight)), graph.weight(values(self.conv.bias)), strides=self._scale
        )


class BatchNorm(nn.Module):
    """Normalisation over the batch while training, a fixed affine map afterwards."""

    def __init__(self, channels: int, dimensions: int = 2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.norm(x))

    def write(self, graph: OnnxGraph, x: str) -> str:
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        fixed = [graph.weight(values(each)) for each in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
        return graph.op("BatchNormalization", x, *fixed, epsilon=float(norm.eps))


class Relu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x)

    def write(self, graph: OnnxGraph, x: str) -> str:
        return graph.op("Relu", x)


class LeakyRelu(nn.Module):
    SLOPE = 0.2

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.leaky_relu(x, self.SLOPE)

    def write(self, graph: OnnxGraph, x: str) -> str:
        return graph.op("LeakyRelu", x, alpha=self.SLOPE)


class Gelu(nn.Module):
    """x times the normal distribution function."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.gelu(x)

    def write(self, graph: OnnxGraph, x: str) -> str:
        erf = graph.op("Erf", graph.op("Mul", x, graph.number(0.5**0.5)))
        return graph.op("Mul", graph.op("Mul", x, graph.number(0.5)), graph.op("Add", erf, graph.number(1.0)))


class Pool(nn.Module):
    """The greatest of each 2 x 2 pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.max_pool2d(x, 2)

    def write(self, graph: OnnxGraph, x: str) -> str:
        return graph.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])


class Linear(nn.Module):
    """A matrix and a bias on the last axis of rows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.linear(x))

    def write(self, graph: OnnxGraph, x: str) -> str:
        return graph.op("Gemm", x, graph.weight(values(self.linear.weight)), graph.weight(values(self.linear.bias)), transB=1)


class Chain(nn.Module):
    """One layer after the other."""

    def __init__(self, *layers: Layer) -> None:
        super().__init__()
        self.layers = nn.ModuleList(cast(Sequence[nn.Module], layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def write(self, graph: OnnxGraph, x: str) -> str:
        for layer in self.layers:
            x = cast(Layer, layer).write(graph, x)
        return x
