"""Still pictures of an event: its thumbnail, and a contact sheet of its clip. JPEG, in the storage folder's atomic way."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from haetae.domain.frame import RGB, Box
from haetae.errors import MediaError
from haetae.media.blobs import write_atomically

_BOX_COLOR = (255, 176, 0)
_GROUND = 24
_CROSS = (96, 96, 96)
_COOL, _HOT = np.array((255, 191, 0)), np.array((220, 38, 38))
_OPAQUE = 200
_QUALITY = 85
_SPACE = 4


def write_thumbnail(rgb: RGB, box: Box | None, path: Path, *, width: int = 640) -> None:
    """Write a picture of shape (height, width, 3) as JPEG, at most `width` pixels wide, with `box` outlined.

    Raises MediaError when it cannot be written; `path` is then as it was.
    """
    picture = _fit(rgb, min(width, rgb.shape[1]))
    if box is not None:
        _outline(picture, box)
    write_atomically(path, _jpeg(picture))


def write_contact_sheet(
    clip_path: Path,
    path: Path,
    *,
    columns: int = 4,
    rows: int = 3,
    width: int = 1280,
    conceal: Callable[[RGB], RGB] = lambda rgb: rgb,
) -> None:
    """Write columns x rows evenly spaced pictures of a clip into one JPEG of `width` pixels, each with its time in the clip.

    Each picture goes through `conceal` first, which blackens what nobody may see. A clip with fewer pictures fills the first places.
    Raises MediaError when the clip cannot be read or the sheet cannot be written.
    """
    tile_width = (width - (columns + 1) * _SPACE) // columns
    tiles: list[RGB] = []
    try:
        with av.open(str(clip_path), "r") as container:
            for seconds, rgb in _spread(container, columns * rows):
                tile = _fit(conceal(rgb), tile_width)
                _caption(tile, f"{seconds // 60:.0f}:{seconds % 60:04.1f}")
                tiles.append(tile)
    except (av.FFmpegError, IndexError) as error:
        raise MediaError(f"cannot read the clip {clip_path}: {error}", hint="See whether it plays; it may be cut or gone") from error
    if not tiles:
        raise MediaError(f"the clip {clip_path} has no picture", hint="See whether it plays; it may be cut")
    write_atomically(path, _jpeg(_arrange(tiles, columns, rows)))


def jpeg(rgb: RGB, width: int) -> tuple[bytes, int]:
    """The picture as JPEG, `width` pixels wide in the same proportions, and its height."""
    picture = rgb if width == rgb.shape[1] else _fit(rgb, width)
    return _jpeg(picture), picture.shape[0]


def no_signal_jpeg(width: int, height: int) -> bytes:
    """A crossed-out grey picture, in place of one that would be old."""
    picture = np.full((height, width, 3), _GROUND, np.uint8)
    for left, right in ((0, width - 1), (width - 1, 0)):
        cv2.line(picture, (left, 0), (right, height - 1), _CROSS, max(1, width // 200), cv2.LINE_AA)
    return _jpeg(picture)


def heat_png(heat: NDArray[np.float32] | None) -> bytes:
    """A heat map (rows, columns) of calibrated values as PNG of that size: from clear to red. One clear pixel where there is none."""
    values = np.zeros((1, 1), np.float32) if heat is None else np.clip(heat, 0.0, 1.0)
    colors = _COOL + (_HOT - _COOL) * values[:, :, None]
    picture = np.dstack([colors[:, :, ::-1], _OPAQUE * values]).round().astype(np.uint8)
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise MediaError("the heat map could not be encoded as PNG")
    return data.tobytes()


def _spread(container: InputContainer, count: int) -> Iterator[tuple[float, RGB]]:
    """(seconds since the first picture, picture) of up to `count` pictures at evenly spaced times, each once."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    base = stream.time_base or Fraction(1, 90000)
    length, start = stream.duration or 0, stream.start_time or 0
    last_pts = -1
    for index in range(count):
        wanted = start + length * (2 * index + 1) // (2 * count)
        container.seek(wanted, stream=stream, backward=True)
        frame = _picture_at(container, stream, wanted)
        if frame is not None and frame.pts is not None and frame.pts > last_pts:
            last_pts = frame.pts
            yield float((frame.pts - start) * base), np.asarray(frame.to_ndarray(format="rgb24", threads=1), np.uint8)


def _picture_at(container: InputContainer, stream: VideoStream, wanted: int) -> av.VideoFrame | None:
    """The picture that is shown at `wanted` (in the stream's units), or the last one; reading goes on from where it is."""
    shown = None
    for frame in container.decode(stream):
        if frame.pts is None:
            continue
        if shown is not None and frame.pts > wanted:
            break
        shown = frame
    return shown


def _fit(rgb: RGB, width: int) -> RGB:
    """A copy, `width` pixels wide, in the same proportions."""
    height = max(1, round(rgb.shape[0] * width / rgb.shape[1]))
    if (height, width) == rgb.shape[:2]:
        return rgb.copy()
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _outline(rgb: RGB, box: Box) -> None:
    height, width = rgb.shape[:2]
    corner = (round(box.left * (width - 1)), round(box.top * (height - 1)))
    opposite = (round(box.right * (width - 1)), round(box.bottom * (height - 1)))
    cv2.rectangle(rgb, corner, opposite, _BOX_COLOR, 1 if width < 960 else 2)


def _caption(rgb: RGB, text: str) -> None:
    """Text in the lower left corner, on a darkened ground so that it can be read on any picture."""
    scale = max(0.35, rgb.shape[1] / 700)
    (text_width, text_height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    ground = rgb[max(0, rgb.shape[0] - text_height - below - 6) :, : text_width + 12]
    ground //= 3
    cv2.putText(rgb, text, (6, rgb.shape[0] - below - 2), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _arrange(tiles: list[RGB], columns: int, rows: int) -> RGB:
    height, width = tiles[0].shape[:2]
    sheet = np.full((rows * (height + _SPACE) + _SPACE, columns * (width + _SPACE) + _SPACE, 3), _GROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top = _SPACE + index // columns * (height + _SPACE)
        left = _SPACE + index % columns * (width + _SPACE)
        sheet[top : top + height, left : left + width] = tile[:height, :width]
    return sheet


def _jpeg(rgb: RGB) -> bytes:
    # OpenCV means BGR.
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise MediaError("the picture could not be encoded as JPEG")
    return data.tobytes()
