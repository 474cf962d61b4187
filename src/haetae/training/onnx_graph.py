"""Writes ONNX files node by node (onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

torch.onnx needs the packages onnx and onnxscript, and its TorchScript exporter is deprecated. The networks of this package are made of a
dozen operators, and what is written is compared with torch before it is used (`export`), so the few fields that they take are written here.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 8
OPERATOR_SET = 17

_FLOAT, _INT64 = 1, 7
_TYPES: dict[np.dtype[np.generic], int] = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}

Side: TypeAlias = int | str
"""The length of an axis; a name leaves it open."""

Attribute: TypeAlias = int | float | str | Sequence[int]


class OnnxGraph:
    """A graph in the making. Values are known by their names, which it makes up."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: dict[bytes, str] = {}

    def weight(self, array: NDArray[np.generic]) -> str:
        """A constant: float32, or int64 for shapes and indices. Equal ones are written once."""
        array = np.asarray(array, np.int64 if np.issubdtype(array.dtype, np.integer) else np.float32)
        sides = b"".join(_field(1, side) for side in array.shape)
        content = sides + _field(2, _TYPES[array.dtype]) + _field(9, array.tobytes())
        return self._weights.setdefault(content, f"w{len(self._weights)}")

    def number(self, value: float) -> str:
        """A constant scalar."""
        return self.weight(np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Attribute) -> str:
        """One operator on named values; the name of its result, of its first one where it has several."""
        return self.ops(kind, *inputs, outputs=outputs, **attributes)[0]

    def ops(self, kind: str, *inputs: str, outputs: int, **attributes: Attribute) -> list[str]:
        """As `op`, with the names of all results."""
        names = [f"v{len(self._nodes)}_{index}" for index in range(outputs)]
        node = b"".join(_field(1, name) for name in inputs) + b"".join(_field(2, name) for name in names) + _field(4, kind)
        self._nodes.append(node + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items()))
        return names

    def save(
        self,
        path: Path,
        *,
        inputs: Mapping[str, Sequence[Side]],
        outputs: Mapping[str, tuple[str, Sequence[Side]]],
        metadata: Mapping[str, str],
        version: str,
    ) -> None:
        """Write a model whose `inputs` (float32) are values of these names, and whose `outputs` are the given values under these names."""
        for name, (value, _) in outputs.items():
            self._nodes.append(_field(1, value) + _field(2, name) + _field(4, "Identity"))
        graph = b"".join(_field(1, node) for node in self._nodes) + _field(2, "haetae")
        graph += b"".join(_field(5, weight + _field(8, name)) for weight, name in self._weights.items())
        graph += b"".join(_field(11, _value(name, shape)) for name, shape in inputs.items())
        graph += b"".join(_field(12, _value(name, shape)) for name, (_, shape) in outputs.items())
        model = _field(1, IR_VERSION) + _field(2, "haetae") + _field(3, version) + _field(7, graph)
        model += _field(8, _field(1, "") + _field(2, OPERATOR_SET))
        model += b"".join(_field(14, _field(1, key) + _field(2, text)) for key, text in metadata.items())
        path.write_bytes(model)


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        # Negative numbers are written as 64-bit two's complement.
        return _varint(number << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _field(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _field(20, 1)
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, 2)
    if isinstance(value, str):
        return _field(1, name) + _field(4, value) + _field(20, 3)
    return _field(1, name) + b"".join(_field(8, each) for each in value) + _field(20, 7)


def _value(name: str, shape: Sequence[Side]) -> bytes:
    sides = b"".join(_field(1, _field(1, side) if isinstance(side, int) else _field(2, side)) for side in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, sides)))
