"""A data set as a worse camera would have recorded it: half the frames, half the size, or hardly any bits."""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from haetae.domain.frame import Frame
from haetae.errors import MediaError
from haetae.training.datasets import Dataset, TestClip, every_frame

BITS_PER_PIXEL = 0.06
"""Of `low_bitrate`: about 280 kbit/s for 640x480 at 15 fps, a third of what a camera sends by default."""

FINE_CRF = "18"
"""Of the others, so that the coding itself costs nothing."""


class Degradation(StrEnum):
    HALF_RATE = "half_rate"
    HALF_SIZE = "half_size"
    LOW_BITRATE = "low_bitrate"


def degraded(dataset: Dataset, kind: Degradation, folder: Path) -> Dataset:
    """`dataset` with all its clips, labels and masks made worse, the clips in `folder`. Raises MediaError, SourceUnavailable."""
    training = tuple(_clip(path, kind, folder / "training" / path.name) for path in dataset.training)
    testing = tuple(_test_clip(clip, kind, folder / "testing" / clip.path.name) for clip in dataset.testing)
    return replace(dataset, name=f"{dataset.name}, {kind.value.replace('_', ' ')}", training=training, testing=testing)


def _test_clip(clip: TestClip, kind: Degradation, path: Path) -> TestClip:
    every = 2 if kind is Degradation.HALF_RATE else 1
    masks = clip.masks if clip.masks is None else clip.masks[::every]
    if masks is not None and kind is Degradation.HALF_SIZE:
        masks = np.stack([_halved(mask.astype(np.uint8) * 255) > 127 for mask in masks])
    return TestClip(_clip(clip.path, kind, path), clip.labels[::every], masks)


def _clip(source: Path, kind: Degradation, path: Path) -> Path:
    frames = every_frame(str(source))
    first = next(frames)
    second = next(frames, None)
    fps = 10.0 if second is None else 1.0 / max(1e-3, second.t_s - first.t_s)
    every = 2 if kind is Degradation.HALF_RATE else 1
    pictures = (_picture(frame, kind) for number, frame in enumerate(_again(first, second, frames)) if number % every == 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with av.open(str(path), "w") as container:
            _encode(container, pictures, fps / every, low=kind is Degradation.LOW_BITRATE)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"cannot write {path}: {error}", hint="Check the free space.") from error
    return path


def _again(first: Frame, second: Frame | None, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    if second is not None:
        yield second
    yield from rest


def _picture(frame: Frame, kind: Degradation) -> NDArray[np.uint8]:
    return _halved(frame.luma) if kind is Degradation.HALF_SIZE else frame.luma


def _halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (picture.shape[1] // 4 * 2, picture.shape[0] // 4 * 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(container: av.container.OutputContainer, pictures: Iterator[NDArray[np.uint8]], fps: float, *, low: bool) -> None:
    coded: VideoStream | None = None
    for number, luma in enumerate(pictures):
        if coded is None:
            coded = _stream(container, luma.shape[1] // 2 * 2, luma.shape[0] // 2 * 2, fps, low=low)
        context = coded.codec_context
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma[: context.height, : context.width]), format="gray")
        image.pts, image.time_base = number, context.time_base
        container.mux(coded.encode(image))
    if coded is not None:
        container.mux(coded.encode(None))


def _stream(container: av.container.OutputContainer, width: int, height: int, fps: float, *, low: bool) -> VideoStream:
    rate = Fraction(fps).limit_denominator(1001)
    options = {"preset": "superfast", "x264-params": "bframes=0"} | ({} if low else {"crf": FINE_CRF})
    stream = container.add_stream("libx264", rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.gop_size, context.thread_count = 1 / rate, max(1, round(2 * fps)), 1
    if low:
        context.bit_rate = round(BITS_PER_PIXEL * width * height * fps)
    return stream
