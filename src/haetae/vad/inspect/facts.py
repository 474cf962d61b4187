"""What an ONNX file says of itself, read from its bytes (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto)."""

import mmap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from haetae.errors import ModelError

_IR_VERSION, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET = 1, 2, 3, 7, 8
_NODE, _NODE_OP, _NODE_DOMAIN = 1, 4, 7
_DOMAIN, _VERSION = 1, 2
MOST_FIELDS = 5_000_000
"""Of one file; more are no network, and reading them would take minutes."""

LONGEST_NAME = 120

_Value: TypeAlias = int | tuple[int, int]
"""A number, or the place of the bytes of a field."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """`opset` is the version of ONNX's own operators, `domains` those of others with theirs, `operators` how many nodes each type has."""

    ir_version: int
    opset: int | None
    domains: dict[str, int]
    producer: str
    operators: dict[str, int]


def read_facts(path: Path) -> FileFacts:
    """Raises ModelError for a file that is no ONNX network."""
    reader = _Reader()
    ir_version, opset, producer = 0, None, ["", ""]
    domains: dict[str, int] = {}
    operators: Counter[str] = Counter()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, value in reader.fields(data, (0, len(data))):
                if number == _IR_VERSION and isinstance(value, int):
                    ir_version = value
                elif number in (_PRODUCER, _PRODUCER_VERSION) and not isinstance(value, int):
                    producer[number - _PRODUCER] = text_of(data[value[0] : value[1]])
                elif number == _OPSET and not isinstance(value, int):
                    entry = dict(reader.fields(data, value))
                    name, version = entry.get(_DOMAIN), entry.get(_VERSION, 0)
                    domain = "" if name is None or isinstance(name, int) else text_of(data[name[0] : name[1]])
                    if isinstance(version, int):
                        domains[domain] = version
                elif number == _GRAPH and not isinstance(value, int):
                    operators.update(_operators(reader, data, value))
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} is no ONNX network, or is damaged ({error})", hint="Export or download it again") from error
    opset = domains.pop("", None) or domains.pop("ai.onnx", None)
    return FileFacts(ir_version, opset, domains, " ".join(producer).strip(), dict(operators.most_common(200)))


def text_of(data: bytes) -> str:
    """A name out of the file, fit for a terminal and not longer than LONGEST_NAME."""
    text = data[: 4 * LONGEST_NAME].decode("utf-8", "replace")[:LONGEST_NAME]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _operators(reader: "_Reader", data: mmap.mmap, graph: tuple[int, int]) -> Iterator[str]:
    """The type of every node, `domain:type` where it is not ONNX's own."""
    for number, node in reader.fields(data, graph):
        if number != _NODE or isinstance(node, int):
            continue
        names = {field: value for field, value in reader.fields(data, node) if field in (_NODE_OP, _NODE_DOMAIN)}
        parts = [names.get(field) for field in (_NODE_DOMAIN, _NODE_OP)]
        domain, kind = ("" if part is None or isinstance(part, int) else text_of(data[part[0] : part[1]]) for part in parts)
        yield f"{domain}:{kind}" if domain else kind


class _Reader:
    """Reads the fields of messages, and not more of them than a network has."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def fields(self, data: mmap.mmap, span: tuple[int, int]) -> Iterator[tuple[int, _Value]]:
        """Number and value of every field of the message at `span`. Raises ValueError where it breaks off."""
        at, end = span
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"it has more than {MOST_FIELDS} parts")
            key, at = _varint(data, at, end)
            wire = key & 7
            if wire == 0:
                value, at = _varint(data, at, end)
                yield key >> 3, value
                continue
            length = {1: 8, 5: 4}.get(wire, -1)
            if wire == 2:
                length, at = _varint(data, at, end)
            if length < 0 or at + length > end:
                raise ValueError("it ends too early" if length >= 0 else f"unknown wire type {wire}")
            if wire == 2:
                yield key >> 3, (at, at + length)
            at += length


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("it ends too early")


def as_json(facts: FileFacts) -> dict[str, Any]:
    return {
        "ir_version": facts.ir_version,
        "opset": facts.opset,
        "domains": facts.domains,
        "producer": facts.producer,
        "nodes": sum(facts.operators.values()),
        "operators": facts.operators,
    }
