"""What FFmpeg and the system report, in words for people: one line, what to do next, and whether trying again can help."""

import errno
from typing import Literal, TypeAlias

import av
from av import error as averror

from haetae.errors import SourceUnavailable
from haetae.telemetry import redact_url

MAX_PIXELS = 64 * 2**20
MAX_SIDE = 8192
"""Pictures beyond these are refused: a hostile stream must not choose how much memory the decoder takes."""

FaultKind: TypeAlias = Literal["file", "network", "device"]
_Causes: TypeAlias = tuple[tuple[tuple[type[BaseException], ...], str, str, bool], ...]

_GIVE_UP = (averror.ExitError, TimeoutError)

_FILE_CAUSES: _Causes = (
    ((FileNotFoundError,), "there is no such file", "Check the path.", True),
    ((IsADirectoryError, NotADirectoryError), "the path leads to a folder where a file is needed", "Check the path.", True),
    ((PermissionError,), "permission denied", "Let the user that runs Haetae read it.", True),
    (
        (averror.InvalidDataError, averror.EOFError, averror.DemuxerNotFoundError),
        "it is no video that can be read, or it is cut off",
        "Check that it plays elsewhere; a recording that was cut off can often be repaired by copying it with ffmpeg.",
        True,
    ),
    ((averror.DecoderNotFoundError, averror.PatchWelcomeError), "its codec is not supported", "Convert it to H.264.", True),
)

_NETWORK_CAUSES: _Causes = (
    (
        (averror.HTTPUnauthorizedError, averror.HTTPForbiddenError),
        "the camera refuses the user name or the password",
        "Put the right ones into the address: scheme://user:password@host/...",
        True,
    ),
    ((averror.HTTPNotFoundError,), "the camera knows no such stream", "Check the path of the address.", False),
    ((averror.HTTPError,), "the camera answers with an error", "Check the address, and the camera's own log.", False),
    ((ConnectionRefusedError,), "the connection was refused", "Check address and port, and that the camera is on.", False),
    ((ConnectionError,), "the connection broke", "Check the network and the camera.", False),
    (_GIVE_UP, "it does not answer in time", "Check the network and that the camera is on.", False),
    ((averror.EOFError,), "the connection was closed by the other side", "Check the address and the camera.", False),
    ((averror.InvalidDataError, averror.DemuxerNotFoundError), "it sends no video that can be read", "Check the address.", False),
    ((averror.DecoderNotFoundError, averror.PatchWelcomeError), "its codec is not supported", "Set the camera to H.264.", True),
)

_DEVICE_CAUSES: _Causes = (
    ((FileNotFoundError,), "there is no such device", "Plug the webcam in, or see `ls /dev/video*`.", True),
    ((PermissionError,), "permission denied", "Add the user that runs Haetae to the group `video`.", True),
    *_NETWORK_CAUSES[5:],
)

_DEVICE_ERRNO = {
    errno.EBUSY: ("another program uses it", "Close that program.", False),
    errno.ENODEV: ("the device is gone", "Plug the webcam in again.", False),
    errno.ENXIO: ("the device is gone", "Plug the webcam in again.", False),
    errno.ENOTTY: ("it is no video device", "See `ls /dev/video*`.", True),
    errno.EINVAL: ("it takes no pictures", "Try another /dev/video*: many webcams have one for metadata.", True),
}

_NETWORK_ERRNO = {
    errno.EHOSTUNREACH: ("there is no way to this address", "Check the network and the address.", False),
    errno.ENETUNREACH: ("there is no way to this address", "Check the network and the address.", False),
    errno.EIO: ("the host is unknown or the connection broke", "Check the host's name, the network and the camera.", False),
    errno.EINVAL: ("the address or the answer makes no sense", "Check the address.", False),
}

_FILE_ERRNO = {
    errno.EIO: ("it cannot be read from the disk", "Check the disk.", False),
    errno.EINVAL: ("it is no video that can be read", "Check that it plays elsewhere.", True),
    errno.ENAMETOOLONG: ("the name is too long", "Check the path.", True),
}

_KINDS: dict[FaultKind, tuple[_Causes, dict[int, tuple[str, str, bool]], bool]] = {
    "file": (_FILE_CAUSES, _FILE_ERRNO, True),
    "network": (_NETWORK_CAUSES, _NETWORK_ERRNO, False),
    "device": (_DEVICE_CAUSES, _DEVICE_ERRNO, False),
}


def unavailable(error: BaseException, url: str, *, kind: FaultKind, doing: str = "open") -> SourceUnavailable:
    """The error for people that stands for `error`; `doing` is "open" or "read"."""
    causes, by_errno, permanent = _KINDS[kind]
    name = redact_url(url)
    for types, cause, hint, is_permanent in causes:
        if isinstance(error, types):
            return SourceUnavailable(f"cannot {doing} {name}: {cause}", hint=hint, permanent=is_permanent)
    number = getattr(error, "errno", None)
    if doing == "read" and kind == "network" and number == errno.EIO:
        return SourceUnavailable(f"cannot read {name}: the connection broke off", hint="Check the network and the camera.")
    if number in by_errno:
        cause, hint, is_permanent = by_errno[number]
        return SourceUnavailable(f"cannot {doing} {name}: {cause}", hint=hint, permanent=is_permanent)
    words = str(getattr(error, "strerror", None) or type(error).__name__)
    return SourceUnavailable(
        f"cannot {doing} {name}: {redact_url(words).lower()}", hint="Check that it plays elsewhere.", permanent=permanent
    )


def no_video(url: str, *, permanent: bool) -> SourceUnavailable:
    """There is no video stream in it."""
    return SourceUnavailable(f"cannot open {redact_url(url)}: there is no video in it", hint="Choose one with video.", permanent=permanent)


def too_large(url: str, width: int, height: int) -> SourceUnavailable:
    """The pictures are beyond MAX_SIDE or MAX_PIXELS."""
    return SourceUnavailable(
        f"cannot open {redact_url(url)}: its pictures are too large ({width} x {height})",
        hint=f"Pictures up to {MAX_SIDE} x {MAX_SIDE} are taken.",
        permanent=True,
    )


FFMPEG_ERRORS = (av.FFmpegError, OSError, ValueError, MemoryError)
"""What PyAV raises for a source that misbehaves: its own errors, the system's, and ValueError for streams it cannot make sense of."""
