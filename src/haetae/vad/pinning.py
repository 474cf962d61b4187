"""Pinned networks: a file is used only where it is the very one that was meant."""

import hashlib
import re
from pathlib import Path

from haetae.errors import ConfigError, ModelError
from haetae.vad.onnx_file import weight_files


def sha256_of(path: Path) -> str:
    """SHA-256 of the network followed by its external weights, as 64 hexadecimal digits: `cat FILE FILE.data | sha256sum` gives the same,
    for a network in one file `sha256sum FILE`. Raises ModelError as `weight_files` does."""
    digest = hashlib.sha256()
    for part in weight_files(path):
        try:
            with part.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise ModelError(f"cannot read the network {part}: {error.strerror}", hint="Check its permissions") from error
    return digest.hexdigest()


def check_sha256(path: Path, wanted: str | None, setting: str) -> None:
    """Raises ModelError where the network at `path` is another one than `wanted`, ConfigError for a `wanted` that is no SHA-256."""
    if wanted is None:
        return
    if not re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
        raise ConfigError(f"{setting} is {wanted!r}", hint=f"Give 64 hexadecimal digits: haetae model inspect {path}")
    found = sha256_of(path)
    if found != wanted.lower():
        raise ModelError(
            f"{path} is not the network that was pinned: {setting} asks for {wanted.lower()}, the file has {found}",
            hint=f"Bring the right file back, or pin this one after a look: haetae model inspect {path}",
        )
