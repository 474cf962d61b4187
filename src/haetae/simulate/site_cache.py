"""A site's pictures as files, so that they are rendered once: H.264 of the luma alone, with the ground truth of each frame beside it.

Pictures have been through the encoder the first time, too, so that the first and every later run see the same.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import MediaError
from haetae.simulate.encoder import VideoPacket
from haetae.simulate.site import SiteCamera, SitePicture

CRF = 23
GOP_FRAMES = 50
TOLD_EVERY = 250
_WEATHERS = ("", "day", "night", "rain", "snow")


@dataclass(frozen=True, slots=True)
class KeptCamera:
    """A camera of a site whose pictures lie in `folder`, or will once they have been walked through to the end."""

    camera: SiteCamera
    folder: Path

    @property
    def name(self) -> str:
        return self.camera.name

    @property
    def fps(self) -> float:
        return self.camera.fps

    @property
    def learning_s(self) -> float:
        return self.camera.learning_s

    @property
    def seconds(self) -> float:
        return self.camera.seconds

    def hour(self, t_s: float) -> float:
        return self.camera.hour(t_s)

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.camera.kinds

    @property
    def tampering(self) -> frozenset[str]:
        return self.camera.tampering

    def fingerprint(self) -> str:
        return f"{self.camera.fingerprint()}; H.264 CRF {CRF}"

    @property
    def path(self) -> Path:
        """The video; the ground truth has the ending .npz."""
        return self.folder / f"{self.name}-{sha256(self.fingerprint().encode()).hexdigest()[:12]}.mkv"

    def pictures(self) -> Iterator[SitePicture]:
        """All in order, from the file where there is one. Raises MediaError where it can be neither read nor written."""
        truth = _load_truth(self.path.with_suffix(".npz"))
        return self._render() if truth is None or not self.path.exists() else self._read(truth)

    @property
    def there(self) -> bool:
        return self.path.exists() and self.path.with_suffix(".npz").exists()

    def walk(self, told: Callable[[str, int], None] | None = None) -> None:
        """Make the file."""
        for picture in self.pictures():
            if told is not None and picture.number % TOLD_EVERY == 0:
                told(self.name, picture.number)

    def _read(self, truth: NDArray[np.int16]) -> Iterator[SitePicture]:
        try:
            with av.open(str(self.path)) as container:
                stream = container.streams.video[0]
                stream.thread_type = "SLICE"
                stream.codec_context.thread_count = 1
                for number, frame in enumerate(container.decode(stream)):
                    yield self._picture(number, _luma(frame), truth[number])
        except (OSError, IndexError, av.FFmpegError) as error:
            raise MediaError(f"{self.path} cannot be read: {error}", hint="Remove it; then it is rendered again.") from error

    def _render(self) -> Iterator[SitePicture]:
        part = self.path.with_suffix(".part.mkv")
        rows: list[tuple[int, int, int]] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with av.open(str(part), "w", format="matroska") as container:
                stream = _add_stream(container, self.camera)
                decoder = av.CodecContext.create("h264", "r")
                assert isinstance(decoder, VideoCodecContext)
                decoder.thread_count = 1
                waiting: list[tuple[int, int, int]] = []
                number = 0

                def through(packets: list[VideoPacket]) -> Iterator[SitePicture]:
                    nonlocal number
                    for packet in packets:
                        copy = av.Packet(bytes(packet))
                        container.mux(packet)
                        for frame in decoder.decode(copy):
                            yield self._picture(number, _luma(frame), np.array(waiting[number], np.int16))
                            number += 1

                for picture in self.camera.pictures():
                    row = (picture.incident, picture.harmless, _WEATHERS.index(picture.weather))
                    rows.append(row)
                    waiting.append(row)
                    image = av.VideoFrame.from_ndarray(picture.luma, format="gray")
                    image.pts, image.time_base = picture.number, stream.codec_context.time_base
                    yield from through(list(stream.encode(image)))
                yield from through(list(stream.encode(None)))
                for frame in decoder.decode(None):
                    yield self._picture(number, _luma(frame), np.array(waiting[number], np.int16))
                    number += 1
            with part.with_suffix(".npz").open("wb") as file:
                np.savez_compressed(file, truth=np.array(rows, np.int16))
            part.with_suffix(".npz").replace(self.path.with_suffix(".npz"))
            part.replace(self.path)
        except (OSError, av.FFmpegError) as error:
            raise MediaError(f"cannot write {self.path}: {error}", hint="Check the folder and the free space.") from error

    def _picture(self, number: int, luma: Luma, row: NDArray[np.int16]) -> SitePicture:
        return SitePicture(number, number / self.fps, luma, int(row[0]), int(row[1]), _WEATHERS[row[2]])


def _add_stream(container: av.container.OutputContainer, camera: SiteCamera) -> VideoStream:
    rate = Fraction(camera.fps).limit_denominator(1001)
    options = {"preset": "superfast", "crf": str(CRF), "tune": "zerolatency", "x264-params": "repeat-headers=1:scenecut=0"}
    stream = container.add_stream("libx264", rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height = camera.spec.size
    context.pix_fmt, context.time_base = "gray", 1 / rate
    context.gop_size, context.max_b_frames, context.thread_count = GOP_FRAMES, 0, 1
    return stream


def _luma(frame: av.VideoFrame) -> Luma:
    """The plane as it is: conversion would stretch its range."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows[:, : plane.width])


def _load_truth(path: Path) -> NDArray[np.int16] | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            truth: NDArray[np.int16] = file["truth"]
            return truth
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
