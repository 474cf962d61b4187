"""Networks through ONNX Runtime: the one place that imports it, with its threads, its providers and its errors in hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import structlog
from numpy.typing import NDArray

from haetae.errors import ConfigError, ModelError
from haetae.vad.onnx_file import weight_files

Device: TypeAlias = Literal["auto", "cpu", "cuda", "openvino", "tensorrt"]
"""`auto` is CUDA where this build of ONNX Runtime has it, else OpenVINO where it has that, else the CPU. TensorRT builds an engine for
every batch size, which takes minutes at the first start: only for those who ask for it."""

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
_AUTO = ("cuda", "openvino")
"""What `auto` tries, in this order, before the CPU."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
    "tensor(uint8)": np.dtype(np.uint8),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(bool)": np.dtype(np.bool_),
}
_FATAL = 4
"""Severity from which ONNX Runtime writes to stderr: what it would say arrives as an exception."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output as the network declares it; a None in `shape` is an axis of any length, `dtype` None one that is not supported."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any] | None
    type_name: str

    def takes(self, array: NDArray[Any]) -> bool:
        same_rank = array.ndim == len(self.shape)
        return array.dtype == self.dtype and same_rank and all(want in (None, have) for want, have in zip(self.shape, array.shape))

    def __str__(self) -> str:
        return f"{self.name!r} {self.type_name} [{', '.join('?' if side is None else str(side) for side in self.shape)}]"


class Session:
    """A loaded network. `run` may be called from several threads at once; each call computes on its caller's thread.

    `metadata` is what its maker wrote into the file beside the graph, as text: nothing vouches for it.
    Dropping the last reference frees the memory, once the calls under way have returned.
    """

    def __init__(self, path: Path, raw: Any, device: str) -> None:
        """Use `open_session`."""
        self.path = path
        self.device = device
        self.inputs = tuple(_tensor(each) for each in raw.get_inputs())
        self.outputs = tuple(_tensor(each) for each in raw.get_outputs())
        self.metadata: Mapping[str, str] = dict(raw.get_modelmeta().custom_metadata_map)
        self._raw = raw

    def run(self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        """The named outputs (all without `outputs`) for these inputs. Raises ModelError for inputs that do not fit, and when it fails."""
        by_name = {each.name: each for each in self.inputs}
        if feeds.keys() != by_name.keys():
            raise ModelError(f"{self.path} takes the inputs {sorted(by_name)}, not {sorted(feeds)}")
        for name, array in feeds.items():
            if not by_name[name].takes(array):
                raise ModelError(f"{self.path} takes {by_name[name]}, not {array.dtype} {list(array.shape)}")
        names = [each.name for each in self.outputs] if outputs is None else list(outputs)
        unknown = set(names) - {each.name for each in self.outputs}
        if unknown:
            raise ModelError(
                f"{self.path} has no output {sorted(unknown)}", hint=f"It has: {', '.join(str(each) for each in self.outputs)}"
            )
        try:
            results = self._raw.run(names, dict(feeds))
        # Its errors have no base class but this one.
        except Exception as error:
            raise ModelError(f"{self.path} cannot be run on {self.device}: {_reason(error)}", hint="Try another export of it") from error
        return [np.asarray(result) for result in results]


def open_session(path: Path, *, device: Device = "auto", gpu: int = 0, threads: int = 1) -> Session:
    """Load the network at `path` for `device`, with `threads` threads per call on the CPU, by OpenVINO or without.

    A device that this build or this machine lacks is answered by a warning in the log and the CPU. One thread per call is what many cameras
    want: their threads are the parallelism. Raises ModelError for a file that is missing, damaged, without its external weights or not
    runnable here, ConfigError for another `device`; weights are never made up.
    """
    if device not in ("auto", *_PROVIDERS):
        raise ConfigError(f"unknown device {device!r}", hint=f"Use auto, {', '.join(_PROVIDERS)}")
    weight_files(path)
    onnxruntime.set_default_logger_severity(_FATAL)
    for wanted in _wanted(path, device):
        session = _accelerated(path, wanted, gpu, threads)
        if session is not None:
            return session
    try:
        return Session(path, _create(path, ["cpu"], gpu, threads), "cpu")
    # Its errors have no base class but this one.
    except Exception as error:
        hint = "Export it again, with an operator set that this version of ONNX Runtime knows"
        raise ModelError(f"{path} cannot be loaded by ONNX Runtime {version()}: {_reason(error)}", hint=hint) from error


def available_providers() -> list[str]:
    """What this build of ONNX Runtime can compute on, by its own names, best first; the machine may lack the hardware or the driver."""
    return [str(name) for name in onnxruntime.get_available_providers()]


def version() -> str:
    """ONNX Runtime's version."""
    return str(onnxruntime.__version__)


def _wanted(path: Path, device: Device) -> tuple[str, ...]:
    """The devices to try before the CPU, in order: those that this build has."""
    available = available_providers()
    if device == "auto":
        return tuple(each for each in _AUTO if _PROVIDERS[each] in available)
    if device == "cpu" or _PROVIDERS[device] in available:
        return () if device == "cpu" else (device,)
    _warn(path, device, f"this build of ONNX Runtime has only {', '.join(available)}")
    return ()


def _accelerated(path: Path, device: str, gpu: int, threads: int) -> Session | None:
    """The session on `device`, or None with a warning where there is none."""
    try:
        raw = _create(path, [device, "cuda", "cpu"] if device == "tensorrt" else [device, "cpu"], gpu, threads)
    # Its errors have no base class but this one.
    except Exception as error:
        _warn(path, device, _reason(error))
        return None
    # A driver or library that is missing is only logged by ONNX Runtime, which then goes on without that provider.
    if _PROVIDERS[device] not in raw.get_providers():
        _warn(path, device, "its driver or one of its libraries is missing; `haetae doctor` says which versions are needed")
        return None
    return Session(path, raw, device)


def _create(path: Path, devices: Sequence[str], gpu: int, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A thread that spins while it waits takes a core from the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    chosen = list(dict.fromkeys(_PROVIDERS[device] for device in devices if _PROVIDERS[device] in available_providers()))
    settings = [_provider_settings(provider, gpu, threads) for provider in chosen]
    # Its own fallback prints to stdout.
    return onnxruntime.InferenceSession(str(path), options, providers=chosen, provider_options=settings, enable_fallback=0)


def _provider_settings(provider: str, gpu: int, threads: int) -> dict[str, str]:
    if provider == _PROVIDERS["openvino"]:
        # It has a thread pool of its own, which would take every core for one camera. Its GPU is chosen by nobody here.
        return {"device_type": "CPU", "num_of_threads": str(threads)}
    if provider == _PROVIDERS["cuda"]:
        # Batches come in many sizes: an exhaustive search for each of them would stall the cameras, doubling arenas would hoard memory.
        return {"device_id": str(gpu), "cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"}
    return {"device_id": str(gpu)} if provider == _PROVIDERS["tensorrt"] else {}


def _warn(path: Path, device: str, reason: str) -> None:
    structlog.get_logger().warning("device_unavailable", network=str(path), device=device, reason=reason, instead="cpu")


def _tensor(raw: Any) -> Tensor:
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in raw.shape)
    return Tensor(str(raw.name), shape, _DTYPES.get(raw.type), str(raw.type))


def _reason(error: Exception) -> str:
    """The first line of an error, without ONNX Runtime's codes."""
    lines = str(error).splitlines() or [type(error).__name__]
    return re.sub(r"^.*\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0]).strip()
