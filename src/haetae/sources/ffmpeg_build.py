"""What the FFmpeg that PyAV brings can do."""

from collections.abc import Iterable
from dataclasses import dataclass

import av
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.error import FFmpegError, ProtocolNotFoundError

DECODERS = ("h264", "hevc", "mjpeg", "av1", "mpeg4")
"""What cameras and recorders send."""

SECURE_PROTOCOLS = ("tls", "https", "rtsps")

_NOBODY = "127.0.0.1:1"
"""tcpmux, which has been retired (RFC 7805): the connection is refused at once."""


@dataclass(frozen=True, slots=True)
class FFmpegBuild:
    """Versions of PyAV, FFmpeg and its libraries, and what of the above it lacks."""

    pyav: str
    ffmpeg: str
    libraries: dict[str, str]
    missing_decoders: tuple[str, ...]
    missing_protocols: tuple[str, ...]


def ffmpeg_build(decoders: Iterable[str] = DECODERS, protocols: Iterable[str] = SECURE_PROTOCOLS) -> FFmpegBuild:
    """Ask the build that is loaded. Takes milliseconds; protocols are tried on a closed port of this machine."""
    return FFmpegBuild(
        pyav=av.__version__,
        ffmpeg=av.ffmpeg_version_info,
        libraries={name: ".".join(map(str, version)) for name, version in av.library_versions.items()},
        missing_decoders=tuple(name for name in decoders if not _has_decoder(name)),
        missing_protocols=tuple(name for name in protocols if not _has_protocol(name)),
    )


def _has_decoder(name: str) -> bool:
    try:
        Codec(name, "r")
    except UnknownCodecError:
        return False
    return True


def _has_protocol(name: str) -> bool:
    # FFmpeg lists its protocols to C programs only.
    try:
        av.open(f"{name}://{_NOBODY}", timeout=(1.0, 1.0)).close()
    except ProtocolNotFoundError:
        return False
    except (FFmpegError, OSError, ValueError):
        return True
    return True
