"""The side that trusts nothing: starts the process that opens the file, with its memory and its time limited."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from haetae.errors import ConfigError, HaetaeError, ModelError

BASE_MB = 1024.0
"""Address space of the process itself with ONNX Runtime in it, 380 MB measured, and activations."""

PER_FILE = 5.0
"""Times the size of the file: its bytes, the parsed weights, the optimised ones."""

LARGEST_MB = 8192.0
MOST_ANSWER = 1 << 20
_ERRORS = {"ConfigError": ConfigError, "ModelError": ModelError}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may use: `memory_mb` of address space (None: by the size of the file) and `timeout_s` of time."""

    memory_mb: float | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be looked at, as it is handed to the process."""

    path: str
    card: str | None
    labels: str | None
    memory_mb: float
    timeout_s: float


def inspect_file(path: Path, *, card: Path | None = None, labels: Path | None = None, limits: Limits | None = None) -> dict[str, Any]:
    """What `haetae.vad.inspect.look` found, as JSON has it.

    Raises ModelError for a file that is refused, crashes ONNX Runtime, takes too long or too much memory, and ConfigError for a card or
    labels that do not fit.
    """
    limits = limits or Limits()
    memory_mb = limits.memory_mb or BASE_MB + PER_FILE * _checked_size_mb(path)
    request = Request(str(path.absolute()), _text(card), _text(labels), memory_mb, limits.timeout_s)
    # Its standard error is thrown away: what C++ libraries print while they die helps nobody.
    command = [sys.executable, "-m", "haetae.vad.inspect.worker"]
    try:
        done = subprocess.run(
            command, input=json.dumps(asdict(request)).encode(), capture_output=True, timeout=limits.timeout_s + 5.0, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_slow(path, limits) from None
    if done.returncode < 0:
        raise _died(path, -done.returncode, limits, memory_mb)
    try:
        answer = json.loads(done.stdout[:MOST_ANSWER])
    except ValueError:
        raise ModelError(f"{path} cannot be inspected: the process ended with {done.returncode}", hint="Use another export of it") from None
    if "error" in answer:
        kind: type[HaetaeError] = _ERRORS.get(answer["error"]["kind"], ModelError)
        raise kind(answer["error"]["message"], hint=answer["error"]["hint"])
    found: dict[str, Any] = answer["found"]
    return found


def _checked_size_mb(path: Path) -> float:
    """Of the file and what lies beside it by its name, which is where exporters put weights."""
    try:
        if not path.exists():
            raise ModelError(f"no network {path}", hint="Give the path of an existing ONNX file")
        if not path.is_file():
            raise ModelError(f"{path} is no file", hint="Give the path of an ONNX file")
        total = path.stat().st_size + sum(
            each.stat().st_size for each in path.parent.glob(f"{_escaped(path.stem)}*.data") if each.is_file()
        )
    except OSError as error:
        raise ModelError(f"cannot read the network {path}: {error.strerror}", hint="Check the path and its permissions") from error
    if total > LARGEST_MB * 2**20:
        raise ModelError(f"{path} has {total / 2**20:.0f} MB; networks of up to {LARGEST_MB:g} MB are inspected", hint="Use a smaller one")
    return float(total / 2**20)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _too_slow(path: Path, limits: Limits) -> ModelError:
    return ModelError(f"{path} gave nothing within {limits.timeout_s:g} s", hint="Use a smaller network, or give it more time: --timeout")


def _died(path: Path, number: int, limits: Limits, memory_mb: float) -> ModelError:
    if number == signal.SIGXCPU:
        return _too_slow(path, limits)
    name = signal.Signals(number).name if number in {each.value for each in signal.Signals} else str(number)
    return ModelError(
        f"{path} crashes ONNX Runtime ({name}, with {memory_mb:.0f} MB of memory allowed)",
        hint="The file is damaged or hostile, or needs more memory: --memory-mb",
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
