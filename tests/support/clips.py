"""Driving a ClipRecorder in tests, and looking at what it wrote."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import av
from tests.support.packets import STARTED_AT

from haetae.domain.frame import Packet
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.media.clip_job import ClipResult

CAMERA = UUID("01890000-0000-7000-8000-000000000001")


@dataclass
class Studio:
    """A recorder that writes under `root` and collects its results."""

    root: Path
    recorder: ClipRecorder = field(init=False)
    results: list[ClipResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open()

    def open(self, **options: float) -> ClipRecorder:
        """A new recorder with other settings in place of the one there is."""
        self.recorder = ClipRecorder(CAMERA, StorageLayout(self.root), self.results.append, **options)  # type: ignore[arg-type]
        return self.recorder

    def begin(self, onset_s: float) -> UUID:
        event_id = new_id()
        self.recorder.begin(event_id, onset_s, STARTED_AT + timedelta(seconds=onset_s))
        return event_id

    def push(self, packets: Iterable[Packet], start_s: float = float("-inf"), end_s: float = float("inf")) -> None:
        """Push those packets whose decoding time, as their place in the stream tells it, lies in [start_s, end_s)."""
        for packet in packets:
            if start_s <= packet.t_s < end_s:
                self.recorder.push(packet)

    def result(self, event_id: UUID) -> ClipResult:
        found = [result for result in self.results if result.event_id == event_id and not result.early]
        assert len(found) == 1, f"{len(found)} results for one event"
        return found[0]

    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Played:
    """What a player makes of a clip: codec and tag, times of the decoded pictures, announced pictures and length in seconds."""

    codec: str
    tag: str
    times: list[float]
    pictures: int
    length_s: float
    first_is_keyframe: bool


def play(path: Path) -> Played:
    """Decode the whole clip strictly: any damage raises av.FFmpegError."""
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        context.thread_count = 1
        context.options = {"err_detect": "explode"}
        packets = [packet for packet in container.demux(stream) if packet.size]
        frames = [frame for packet in packets for frame in packet.decode()] + list(context.decode(None))
        base = stream.time_base or Fraction(1, 1)
        return Played(
            context.codec.canonical_name,
            context.codec_tag,
            [float(frame.time or 0) for frame in frames],
            stream.frames,
            float((stream.duration or 0) * base),
            packets[0].is_keyframe,
        )
