"""The GPU, its driver, and whether what is installed can use it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from haetae.pipeline.doctor.finding import Finding, Site, ok, warning
from haetae.pipeline.doctor.libraries import CUDA, TENSORRT

_CUDA_13 = (7, 5)
"""The oldest compute capability that CUDA 13 still builds for."""

_VOLTA = (7, 0)
"""The first of all its kind whose FP16 is fast."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as NVML tells of it; `capability` is CUDA's compute capability, None where it is not said."""

    index: int
    name: str
    driver: str
    total_mb: float
    used_mb: float
    capability: tuple[int, int] | None


def check_gpu(site: Site) -> Iterator[Finding]:
    yield from judge_gpus(find_gpus(), find_providers(), wanted=site.config.pool.gpu)


def judge_gpus(gpus: Sequence[Gpu], providers: Sequence[str], *, wanted: int) -> Iterator[Finding]:
    """`providers` of ONNX Runtime; `wanted` is the number of the GPU that is configured."""
    can_use = can_use_gpu(providers)
    if not gpus:
        yield ok("gpu", "no NVIDIA GPU here: models run on the processor, which is enough for the model `motion`")
        if can_use:
            fix = "Install the NVIDIA driver, give the container the GPU (--gpus all), or install onnxruntime instead of onnxruntime-gpu"
            yield warning("gpu provider", "ONNX Runtime is built for a GPU, and there is none that can be used", fix)
        return
    for gpu in gpus:
        yield from _judge(gpu, can_use=can_use)
    if wanted >= len(gpus):
        yield warning("gpu number", f"pool.gpu is {wanted}, and there are {len(gpus)}", f"Set pool.gpu to 0{_to(len(gpus) - 1)}")


def find_gpus() -> list[Gpu]:
    """Every GPU of this machine; none where there is no NVIDIA driver."""
    import pynvml as nvml

    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return []
    try:
        driver = _text(nvml.nvmlSystemGetDriverVersion())
        return [_gpu(nvml, index, driver) for index in range(nvml.nvmlDeviceGetCount())]
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: Any, index: int, driver: str) -> Gpu:
    device = nvml.nvmlDeviceGetHandleByIndex(index)
    total = used = 0.0
    capability = None
    # A GPU with unified memory has no memory of its own to tell of.
    with suppress(nvml.NVMLError):
        memory = nvml.nvmlDeviceGetMemoryInfo(device)
        total, used = memory.total / 2**20, memory.used / 2**20
    with suppress(nvml.NVMLError):
        major, minor = nvml.nvmlDeviceGetCudaComputeCapability(device)
        capability = (int(major), int(minor))
    return Gpu(index, _text(nvml.nvmlDeviceGetName(device)), driver, total, used, capability)


def _judge(gpu: Gpu, *, can_use: bool) -> Iterator[Finding]:
    check = f"gpu {gpu.index}"
    capability = f", compute {gpu.capability[0]}.{gpu.capability[1]}" if gpu.capability else ""
    memory = f"{gpu.total_mb - gpu.used_mb:.0f} MB free of {gpu.total_mb:.0f} MB" if gpu.total_mb else "memory shared with the processor"
    found = f"{gpu.name}, driver {gpu.driver}{capability}, {memory}"
    old = gpu.capability is not None and gpu.capability < _CUDA_13
    if old:
        fix = "Use builds for CUDA 12: those for CUDA 13 leave this GPU out"
        if gpu.capability is not None and gpu.capability < _VOLTA:
            fix += ". Use models in FP32 or INT8: FP16 is no use on it"
        yield warning(check, found, fix)
    else:
        yield ok(check, found)
    if not can_use:
        package = "an onnxruntime-gpu for CUDA 12" if old else "onnxruntime-gpu"
        fix = f"For models with a network: pip uninstall onnxruntime, then install {package}. The model `motion` needs no GPU"
        yield warning(f"{check} provider", "this build of ONNX Runtime cannot use it", fix)


def can_use_gpu(providers: Sequence[str]) -> bool:
    """Whether ONNX Runtime, with these providers, was built for NVIDIA GPUs."""
    return bool({CUDA, TENSORRT} & set(providers))


def find_providers() -> list[str]:
    """ONNX Runtime's providers; none where it cannot be loaded."""
    try:
        from haetae.vad.onnx_runtime import available_providers
    except ImportError:
        return []
    return available_providers()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _to(last: int) -> str:
    return f" to {last}" if last > 0 else ""
