"""A folder of images, read as a video."""

import re
from fractions import Fraction
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from haetae.domain.frame import StreamInfo
from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources import faults
from haetae.sources.decoding import MAX_PACKET_BYTES, set_up_decoder
from haetae.sources.faults import FaultKind
from haetae.sources.intake import VideoPacket
from haetae.sources.location import local_path
from haetae.sources.reader import AvSource
from haetae.sources.stream import is_too_large
from haetae.sources.walltime import RecordedWallTime

FOLDER_FPS = 10.0
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8", "mjpeg"),
    (b"\x89PNG", "png"),
    (b"BM", "bmp"),
    (b"II", "tiff"),
    (b"MM", "tiff"),
    (b"RIFF", "webp"),
    (b"P5", "pgm"),
    (b"P2", "pgm"),
    (b"P6", "ppm"),
    (b"P3", "ppm"),
    (b"P4", "pbm"),
)
_TRIED_FOR_SIZE = 100


class ImageFolderSource(AvSource):
    """The images of one folder in natural order (img2 before img10), `?fps=25` of them per second, 10 without.

    What they are is told from their first bytes. One that cannot be decoded is dropped and counted; sizes may differ.
    """

    live = False
    kind: FaultKind = "file"

    def _open(self) -> StreamInfo:
        folder, query = local_path(self._url)
        fps = _rate(query)
        try:
            self._images = sorted((item for item in folder.iterdir() if item.suffix.lower() in SUFFIXES), key=_natural)
        except OSError as error:
            raise faults.unavailable(error, self._url, kind="file") from error
        if not self._images:
            known = ", ".join(sorted(SUFFIXES))
            raise SourceUnavailable(f"cannot open {folder}: there are no images in it", hint=f"Images are {known}.", permanent=True)
        self._position = 0
        info = self._describe(folder, fps)
        self._duration_s = len(self._images) / fps
        self._set_up(info, RecordedWallTime(self._clock), reorder=0, decoder=None)
        return info

    def _next_packet(self) -> VideoPacket | None:
        if self._stop.is_set():
            return None
        if self._position == len(self._images):
            self._at_end = True
            return None
        position, self._position = self._position, self._position + 1
        packet = av.Packet(_content(self._images[position]) or b"\0")
        packet.pts = packet.dts = position
        packet.is_keyframe = True
        return packet  # type: ignore[return-value]

    def _decoder_for(self, packet: VideoPacket) -> VideoCodecContext | None:
        return _decoder(bytes(memoryview(packet)[:4]))

    def _describe(self, folder: Path, fps: float) -> StreamInfo:
        """Codec and size of the first image that can be decoded."""
        for path in self._images[:_TRIED_FOR_SIZE]:
            content = _content(path)
            decoder = _decoder(content[:4])
            try:
                pictures = decoder.decode(av.Packet(content)) if decoder is not None and content else []
            except faults.FFMPEG_ERRORS:
                continue
            for picture in pictures:
                assert decoder is not None
                if is_too_large(picture.width, picture.height):
                    raise faults.too_large(str(path), picture.width, picture.height)
                base = 1 / Fraction(fps).limit_denominator(1001)
                return StreamInfo(decoder.name, picture.width, picture.height, base, fps)
        raise SourceUnavailable(
            f"cannot open {folder}: not one of its images can be decoded",
            hint="Check that they open in another program.",
            permanent=True,
        )


def _rate(query: dict[str, str]) -> float:
    try:
        fps = float(query.get("fps", FOLDER_FPS))
    except ValueError:
        fps = 0.0
    if not 0.01 <= fps <= 240:
        raise ConfigError(f"fps must be a number from 0.01 to 240, not {query.get('fps')!r}", hint="Write folder?fps=25.")
    return fps


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key in which digits count as numbers."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), part) if index % 2 else (0, part.casefold()) for index, part in enumerate(parts)]


def _content(path: Path) -> bytes:
    """The file's bytes, none where it cannot be read or is larger than any picture may be."""
    try:
        return b"" if path.stat().st_size > MAX_PACKET_BYTES or not path.is_file() else path.read_bytes()
    except OSError:
        return b""


def _decoder(head: bytes) -> VideoCodecContext | None:
    """A decoder for an image that starts with `head`: one for each, so that a broken image leaves nothing behind."""
    for magic, codec in _MAGIC:
        if head.startswith(magic):
            context = av.CodecContext.create(codec, "r")
            assert isinstance(context, VideoCodecContext)
            return set_up_decoder(context)
    return None
