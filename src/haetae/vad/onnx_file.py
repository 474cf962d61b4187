"""What an ONNX file says without being run: which files hold its weights, how large they are, and which network it is.

Only the field numbers of onnx.proto3 that lead there are read (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), so that the
package `onnx` is not needed.
"""

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from haetae.errors import ModelError

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_TENSOR_EXTERNAL_DATA = 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

_Span: TypeAlias = tuple[int, int]


def weight_files(path: Path) -> list[Path]:
    """`path`, then the files beside it that hold its external data, in the order of their first mention.

    Raises ModelError when one of them is missing or cannot be read, or when `path` is no ONNX file.
    """
    files = [path]
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = list(dict.fromkeys(_external_locations(data)))
    except FileNotFoundError:
        raise ModelError(f"no network {path}", hint="Give the path of an existing ONNX file") from None
    except OSError as error:
        raise ModelError(f"cannot read the network {path}: {error.strerror}", hint="Check the path and its permissions") from error
    except ValueError as error:
        raise ModelError(f"{path} is no ONNX network, or is damaged ({error})", hint="Export or download it again") from error
    for name in names:
        beside = path.parent / name
        if not beside.resolve().is_relative_to(path.parent.resolve()):
            raise ModelError(
                f"{path} keeps weights outside its folder, at {name!r}", hint="Save the network again with its weights beside it"
            )
        if not beside.is_file():
            raise ModelError(f"the weights of {path} are missing: no file {beside}", hint=f"Copy {name} beside {path.name}")
        files.append(beside)
    return files


def fingerprint(path: Path) -> bytes:
    """SHA-256 of the network and its external weights, 32 bytes. Raises ModelError as `weight_files` does."""
    digest = hashlib.sha256()
    for part in weight_files(path):
        try:
            with part.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise ModelError(f"cannot read the network {part}: {error.strerror}", hint="Check its permissions") from error
    return digest.digest()


def size_mb(path: Path) -> float:
    """Size on disk of the network and its external weights. Raises ModelError as `weight_files` does."""
    return sum(part.stat().st_size for part in weight_files(path)) / 2**20


def _external_locations(data: mmap.mmap) -> Iterator[str]:
    """The `location` of every initializer that lies in another file. Raises ValueError where the file breaks off."""
    graphs = [span for number, span in _fields(data, (0, len(data))) if number == _MODEL_GRAPH]
    if not graphs:
        raise ValueError("it holds no graph")
    for graph in graphs:
        for number, tensor in _fields(data, graph):
            if number != _GRAPH_INITIALIZER:
                continue
            for field, entry in _fields(data, tensor):
                if field == _TENSOR_EXTERNAL_DATA:
                    texts = {key: data[start:end] for key, (start, end) in _fields(data, entry)}
                    if texts.get(_ENTRY_KEY) == b"location":
                        yield texts.get(_ENTRY_VALUE, b"").decode()


def _fields(data: mmap.mmap, span: _Span) -> Iterator[tuple[int, _Span]]:
    """Number and place of every length-delimited field of the message at `span`; the others are skipped."""
    at, end = span
    while at < end:
        key, at = _varint(data, at, end)
        wire = key & 7
        length = 0
        if wire == 0:
            _, at = _varint(data, at, end)
        elif wire == 1:
            length = 8
        elif wire == 2:
            length, at = _varint(data, at, end)
        elif wire == 5:
            length = 4
        else:
            raise ValueError(f"unknown wire type {wire}")
        if at + length > end:
            raise ValueError("it ends too early")
        if wire == 2:
            yield key >> 3, (at, at + length)
        at += length


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """The number at `at` and the place behind it."""
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("it ends too early")
