"""FFmpeg and ONNX Runtime, as they are installed."""

from collections.abc import Iterator, Sequence

from haetae.pipeline.doctor.finding import Finding, Site, ok, problem, warning
from haetae.sources.ffmpeg_build import FFmpegBuild, ffmpeg_build

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
_EVERYWHERE = ("h264", "hevc")


def check_ffmpeg(_site: Site) -> Iterator[Finding]:
    yield from judge_ffmpeg(ffmpeg_build())


def judge_ffmpeg(build: FFmpegBuild) -> Iterator[Finding]:
    libraries = ", ".join(f"{name} {version}" for name, version in build.libraries.items() if name in ("libavcodec", "libavformat"))
    yield ok("ffmpeg", f"FFmpeg {build.ffmpeg} in PyAV {build.pyav} ({libraries})")
    fix = "Install PyAV from its own wheels, which have it: pip install --force-reinstall --only-binary av av"
    if build.missing_decoders:
        judge = problem if set(build.missing_decoders) & set(_EVERYWHERE) else warning
        yield judge("decoders", f"no decoder for {', '.join(build.missing_decoders)}: cameras that send it cannot be watched", fix)
    else:
        yield ok("decoders", "all that cameras need")
    if build.missing_protocols:
        yield warning("encryption", f"no {', '.join(build.missing_protocols)}: cameras can be read without encryption only", fix)
    else:
        yield ok("encryption", "rtsps and https can be read")


def check_onnx(_site: Site) -> Iterator[Finding]:
    try:
        from haetae.vad.onnx_runtime import available_providers, version
    except ImportError as error:
        yield warning("onnxruntime", f"cannot be loaded ({error}): only models without a network work", "pip install onnxruntime")
        return
    yield ok("onnxruntime", f"ONNX Runtime {version()}: {', '.join(short_names(available_providers()))}")


def short_names(providers: Sequence[str]) -> list[str]:
    return [name.removesuffix("ExecutionProvider") for name in providers]
