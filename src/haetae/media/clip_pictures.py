"""Pictures out of a stored clip, by time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from haetae.domain.frame import RGB
from haetae.errors import MediaError

_LEAP_S = 4.0
"""What is nearer is decoded on to rather than sought."""


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """`t_s` seconds after the clip's first picture; shape (height, width, 3)."""

    t_s: float
    rgb: RGB


def clip_length_s(path: Path) -> float:
    """How long a clip is. Raises MediaError."""
    try:
        with av.open(str(path), "r") as container:
            stream = container.streams.video[0]
            return float((stream.duration or 0) * (stream.time_base or Fraction(1, 90000)))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise _unreadable(path, error) from error


def clip_pictures(path: Path, times_s: Sequence[float], *, conceal: Callable[[RGB], RGB] = lambda rgb: rgb) -> list[ClipPicture]:
    """The pictures that are shown at these times, in order of time, each once; for a time after the end the last one.

    Each goes through `conceal` first, which blackens what nobody may see. Raises MediaError when the clip cannot be read.
    """
    found: list[ClipPicture] = []
    try:
        with av.open(str(path), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            base, start = stream.time_base or Fraction(1, 90000), stream.start_time or 0
            walk = _Walk(container, stream, leap=round(_LEAP_S / base))
            last_pts: int | None = None
            for time_s in sorted(set(times_s)):
                frame = walk.shown_at(start + round(max(0.0, time_s) / base))
                if frame is None or frame.pts is None or (last_pts is not None and frame.pts <= last_pts):
                    continue
                last_pts = frame.pts
                rgb = np.asarray(frame.to_ndarray(format="rgb24", threads=1), np.uint8)
                found.append(ClipPicture(float((frame.pts - start) * base), conceal(rgb)))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise _unreadable(path, error) from error
    return found


class _Walk:
    """Goes through a video, times growing: on from where it is, or by a leap to a keyframe where that is far. A clip whose keyframes are
    far apart is decoded once, not once for each picture."""

    def __init__(self, container: InputContainer, stream: VideoStream, *, leap: int) -> None:
        self._container = container
        self._stream = stream
        self._leap = leap
        self._frames: Iterator[av.VideoFrame] = iter(())
        self._shown: av.VideoFrame | None = None
        self._ahead: av.VideoFrame | None = None

    def shown_at(self, wanted: int) -> av.VideoFrame | None:
        """The picture that is shown at `wanted` (in the stream's units), or the last one."""
        at = self._shown.pts if self._shown is not None else None
        if at is None or wanted - at > self._leap:
            self._container.seek(wanted, stream=self._stream, backward=True)
            self._frames, self._shown, self._ahead = self._container.decode(self._stream), None, None
        if self._ahead is not None and (self._ahead.pts or 0) <= wanted:
            self._shown, self._ahead = self._ahead, None
        while self._ahead is None and (frame := next(self._frames, None)) is not None:
            if frame.pts is None:
                continue
            if self._shown is not None and frame.pts > wanted:
                self._ahead = frame
            else:
                self._shown = frame
        return self._shown


def _unreadable(path: Path, error: Exception) -> MediaError:
    return MediaError(f"cannot read the clip {path}: {error}", hint="See whether it plays; it may be cut or gone")
