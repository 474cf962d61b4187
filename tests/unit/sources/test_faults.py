import errno

import av
import pytest

from haetae.sources.faults import FaultKind, unavailable

URL = "rtsp://admin:hunter2@10.0.0.5/live?token=abcdef"


def ffmpeg(kind: type[av.FFmpegError]) -> av.FFmpegError:
    return kind(1, "words", URL)


@pytest.mark.parametrize(
    ("error", "kind", "words", "permanent"),
    [
        (FileNotFoundError(errno.ENOENT, "x"), "file", "no such file", True),
        (ffmpeg(av.error.FileNotFoundError), "file", "no such file", True),
        (PermissionError(errno.EACCES, "x"), "file", "permission denied", True),
        (ffmpeg(av.error.InvalidDataError), "file", "no video", True),
        (ffmpeg(av.error.DecoderNotFoundError), "file", "codec", True),
        (OSError(errno.EIO, "x"), "file", "disk", False),
        (ffmpeg(av.error.HTTPUnauthorizedError), "network", "password", True),
        (ffmpeg(av.error.HTTPForbiddenError), "network", "password", True),
        (ffmpeg(av.error.HTTPNotFoundError), "network", "no such stream", False),
        (ffmpeg(av.error.HTTPServerError), "network", "error", False),
        (ffmpeg(av.error.ConnectionRefusedError), "network", "refused", False),
        (ffmpeg(av.error.ConnectionResetError), "network", "broke", False),
        (ffmpeg(av.error.ExitError), "network", "in time", False),
        (ffmpeg(av.error.TimeoutError), "network", "in time", False),
        (ffmpeg(av.error.InvalidDataError), "network", "no video", False),
        (OSError(errno.EHOSTUNREACH, "x"), "network", "no way", False),
        (FileNotFoundError(errno.ENOENT, "x"), "device", "no such device", True),
        (PermissionError(errno.EACCES, "x"), "device", "permission denied", True),
        (OSError(errno.EBUSY, "x"), "device", "another program", False),
        (OSError(errno.ENODEV, "x"), "device", "gone", False),
        (ffmpeg(av.error.BugError), "network", "words", False),
    ],
)
def test_each_fault_has_words_a_hint_and_a_verdict(error: Exception, kind: FaultKind, words: str, permanent: bool) -> None:
    fault = unavailable(error, URL, kind=kind)
    assert words in fault.message
    assert fault.hint
    assert fault.permanent is permanent
    assert "\n" not in str(fault)


@pytest.mark.parametrize("kind", ["file", "network", "device"])
def test_no_fault_tells_a_secret(kind: FaultKind) -> None:
    for error in (ffmpeg(av.error.HTTPUnauthorizedError), OSError(5, f"cannot open {URL}"), ValueError(URL)):
        text = str(unavailable(error, URL, kind=kind, doing="read"))
        assert "hunter2" not in text
        assert "abcdef" not in text
        assert "10.0.0.5" in text
