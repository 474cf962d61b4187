"""Pictures out of a stored clip, by time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from haetae.domain.frame import RGB
from haetae.errors import MediaError
from haetae.media.snapshot import picture_at


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
            last_pts: int | None = None
            for time_s in sorted(set(times_s)):
                wanted = start + round(max(0.0, time_s) / base)
                container.seek(wanted, stream=stream, backward=True)
                frame = picture_at(container, stream, wanted)
                if frame is None or frame.pts is None or (last_pts is not None and frame.pts <= last_pts):
                    continue
                last_pts = frame.pts
                rgb = np.asarray(frame.to_ndarray(format="rgb24", threads=1), np.uint8)
                found.append(ClipPicture(float((frame.pts - start) * base), conceal(rgb)))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise _unreadable(path, error) from error
    return found


def _unreadable(path: Path, error: Exception) -> MediaError:
    return MediaError(f"cannot read the clip {path}: {error}", hint="See whether it plays; it may be cut or gone")
