"""What a camera learned, in a file: named arrays and a description in one .npz, without pickle, written whole or not at all."""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from haetae.errors import StateError

FORMAT = "haetae-camera-state"
FORMAT_VERSION = 1
LARGEST_BYTES = 256 * 1024 * 1024
MOST_ARRAYS = 256

_META = "meta"
_HINT = "Give the file that --state wrote, or remove it and let the camera learn again"


def write_state(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write to a temporary file beside `path`, fsync, rename, fsync the folder. Raises StateError, and then `path` is as it was."""
    text = json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **meta}, sort_keys=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **{_META: np.frombuffer(text.encode(), np.uint8), **arrays})
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        hint = "Check the folder, its permissions and its space"
        raise StateError(f"cannot write the state {path}: {error.strerror}", hint=hint) from error


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The description and the arrays of `path`.

    Nothing in the file is executed, and no more memory is taken than the file really fills (LARGEST_BYTES at most). Raises StateError.
    """
    try:
        with ZipFile(path) as archive:
            arrays = _read_arrays(archive)
        meta = json.loads(arrays.pop(_META).astype(np.uint8).tobytes())
    except FileNotFoundError:
        raise StateError(f"no state file {path}", hint="Check the path") from None
    except OSError as error:
        raise StateError(f"cannot read the state {path}: {error.strerror}", hint="Check its permissions") from error
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise StateError(f"{path} is no camera state, or is damaged", hint=_HINT) from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StateError(f"{path} is no camera state", hint=_HINT)
    version = meta.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise StateError(f"{path} was written by a newer Haetae (format {version})", hint="Update Haetae, or learn again")
    return meta, arrays


def _read_arrays(archive: ZipFile) -> dict[str, NDArray[Any]]:
    members = archive.infolist()
    if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > LARGEST_BYTES:
        raise ValueError("more than a state can hold")
    arrays: dict[str, NDArray[Any]] = {}
    for member in members:
        with archive.open(member) as file:
            version = npy.read_magic(file)
            read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read_header(file)
            size = int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize
            if dtype.hasobject or any(side < 0 for side in shape) or size > member.file_size:
                raise ValueError(f"array {member.filename} does not fit its file")
        with archive.open(member) as file:
            arrays[member.filename.removesuffix(".npy")] = npy.read_array(file, allow_pickle=False)
    return arrays


def with_prefix(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays under `prefix.name`, so that several parts share a file."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def without_prefix(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of the part that `with_prefix` stored under `prefix`."""
    return {name.removeprefix(f"{prefix}."): array for name, array in arrays.items() if name.startswith(f"{prefix}.")}
