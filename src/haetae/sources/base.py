"""The contract of a source, and the registry by URL scheme."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from haetae.domain.frame import Frame, FrameCounts, Packet, StreamInfo
from haetae.registry import Registry
from haetae.sources.policy import SourcePolicy

OnPacket = Callable[[Packet], None]
"""Called with every packet before it is decoded, on the reading thread. It must not block."""


InTime = Callable[[float], bool]
"""Whether a picture with this presentation time, in seconds, is early enough to be looked at."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to read.

    `analysed_fps` is the rate at which frames are wanted, None for the source's own default (5 for live streams, the file's own rate up to
    10 for files). `realtime` paces a file by its time stamps. `connect_timeout_s` and `read_timeout_s` bound every wait on a network.
    `policy` is asked before each connection; without one, whoever sits at the machine may read from anywhere. `caption` is what a simulated
    camera writes into its picture, nothing where it is empty.
    """

    analysed_fps: float | None = None
    realtime: bool = False
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    policy: SourcePolicy | None = None
    caption: Callable[[], str] = lambda: ""


class Source(Protocol):
    """One video source, opened and read on its camera's own thread; `close` alone may be called from another.

    One Source object stands for one connection: after `close`, or after any error, it is not opened again; a new one is made.
    """

    live: bool
    """True where time cannot be asked to wait (a camera); a live source that ends was lost."""

    def open(self) -> StreamInfo:
        """Connect and find the video stream.

        Raises SourceUnavailable for everything that can go wrong, in one line with what to do next.
        """
        ...

    def packets(self) -> Iterator[Packet]:
        """Every coded picture in decoding order, without decoding. Raises SourceUnavailable when the source is lost."""
        ...

    def frames(self, on_packet: OnPacket | None = None) -> Iterator[Frame]:
        """The decoded pictures that the sampler wants, in presentation order; every packet goes to `on_packet` first.

        What is not yielded is counted in `counts` as skipped or dropped (with the reason). A frame counts as analysed when it is yielded.
        Ends at the end of a file; raises SourceUnavailable when the source is lost.
        """
        ...

    def catch_up(self, in_time: InTime, reason: str) -> None:
        """Leave what comes undecoded, dropped for `reason`, up to the first keyframe that is in time: decoding is most of the work, and
        who cannot keep up with it would fall ever further behind.

        Called on the reading thread between two frames. A source that has nothing to skip may ignore it.
        """
        ...

    @property
    def counts(self) -> FrameCounts:
        """Frames so far. Adds up when no frame is inside the decoder, and always after `frames` has ended or was closed."""
        ...

    @property
    def duration_s(self) -> float | None:
        """Length of a file in seconds, None where unknown or endless."""
        ...

    def close(self) -> None:
        """Release everything. Safe to call twice, and from another thread to end a blocked read."""
        ...


SOURCES = Registry(
    group="haetae.sources",
    noun="source scheme",
    builtin={
        "file": "haetae.sources.file:FileSource",
        "images": "haetae.sources.images:ImageFolderSource",
        "rtsp": "haetae.sources.rtsp:RtspSource",
        "rtsps": "haetae.sources.rtsp:RtspSource",
        "http": "haetae.sources.http:HttpSource",
        "https": "haetae.sources.http:HttpSource",
        "webcam": "haetae.sources.webcam:WebcamSource",
        "sim": "haetae.simulate.source:SimSource",
    },
    extras={},
)
