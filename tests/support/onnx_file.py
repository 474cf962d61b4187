"""Small networks as ONNX files, written field by field (onnx.proto3), so that the tests need neither the package `onnx` nor a download."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

Side: TypeAlias = int | str
"""The length of an axis; a name leaves it open."""

_FLOAT, _INT64 = 1, 7
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray, *, location: str | None = None) -> bytes:
    """A TensorProto; `location` names the file that holds the data instead."""
    out = b"".join(field(1, side) for side in array.shape) + field(2, _TYPES[array.dtype]) + field(8, name)
    if location is None:
        return out + field(9, array.tobytes())
    return out + field(13, field(1, "location") + field(2, location)) + field(14, 1)


def node(op: str, inputs: Sequence[str], output: str, **attributes: int | list[int]) -> bytes:
    out = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, op)
    for name, value in attributes.items():
        listed = isinstance(value, list)
        content = b"".join(field(8, each) for each in value) if isinstance(value, list) else field(3, value)
        out += field(5, field(1, name) + content + field(20, 7 if listed else 2))
    return out


def value(name: str, shape: Sequence[Side], kind: int = _FLOAT) -> bytes:
    sides = b"".join(field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sides)))


def model(nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], weights: Sequence[bytes] = ()) -> bytes:
    """A ModelProto of IR version 8 and operator set 13."""
    parts = ((1, nodes), (5, weights), (11, inputs), (12, outputs))
    graph = field(2, "test") + b"".join(field(number, each) for number, many in parts for each in many)
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


def write_network(
    path: Path, *, batch: Side = "n", width: Side = 32, height: Side = 24, seed: int = 1, tail: str = "flatten", external: str | None = None
) -> Path:
    """Patches of 8x8 px through a random convolution with 4 channels, then a row of numbers per picture (48 for 32x24).

    `tail` "one" makes rows for one picture only, "mixed" subtracts the batch's mean first; both leave the batch axis as declared.
    `external` is the name of a file beside `path` that gets the weights.
    """
    kernel = np.random.default_rng(seed).normal(0.0, 0.1, (4, 3, 8, 8)).astype(np.float32)
    if external is not None:
        (path.parent / external).write_bytes(kernel.tobytes())
    nodes = [node("Conv", ["picture", "kernel"], "maps", kernel_shape=[8, 8], strides=[8, 8]), node("Relu", ["maps"], "active")]
    weights = [tensor("kernel", kernel, location=external)]
    if tail == "one":
        nodes.append(node("Reshape", ["active", "shape"], "vector"))
        weights.append(tensor("shape", np.array([1, -1], np.int64)))
    elif tail == "mixed":
        nodes += [
            node("ReduceMean", ["active"], "mean", axes=[0], keepdims=1),
            node("Sub", ["active", "mean"], "centred"),
            node("Sum", ["centred", "active"], "both"),
            node("Flatten", ["both"], "vector", axis=1),
        ]
    else:
        nodes.append(node("Flatten", ["active"], "vector", axis=1))
    path.write_bytes(model(nodes, [value("picture", [batch, 3, height, width])], [value("vector", [batch, "d"])], weights))
    return path


def write_graph(path: Path, inputs: Sequence[bytes], output: bytes, nodes: Sequence[bytes], weights: Sequence[bytes] = ()) -> Path:
    path.write_bytes(model(nodes, inputs, [output], weights))
    return path
