"""One clip while it is being written: what goes in, where it stops, what went wrong. Belongs to the recorder's writer thread."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.blobs import DurableFile, StorageLayout
from haetae.media.encode import EncodeWriter
from haetae.media.mp4 import COPIED_CODECS, CopyWriter, TrackWriter, canonical_codec
from haetae.media.ring import LateCause

EARLY = ".early"

_log = structlog.get_logger(__name__)

_MAX_REORDER_S = 2.0
_TOLERANCE_S = 0.5

EARLY_BYTES = 16 * 2**20
"""Of coded pictures that are kept so that a clip which goes on for longer can be watched before it ends: half a minute at 4 Mbit/s."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What became of an event's clip.

    `path` is relative to the storage folder, None where there is no clip. `start_s` and `end_s` are presentation times of the stream in
    seconds, `started_at` (UTC) belongs to `start_s`. `fault` says in words what is missing and what to do, and is empty when nothing is.
    `early` is true for the first part of a clip that goes on: the whole of it takes its place.
    """

    event_id: UUID
    path: str | None
    start_s: float
    end_s: float
    started_at: datetime
    fault: str = ""
    size_bytes: int = 0
    early: bool = False


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """What is asked for: the clip of an event from `wanted_s` (onset less pre-roll) on; `late` says why the ring had less than that."""

    event_id: UUID
    onset_s: float
    onset_at: datetime
    wanted_s: float
    late: LateCause
    info: StreamInfo | None


class ClipJob:
    """Writes one clip. Each method may raise MediaError; then `discard` it and report `no_clip`."""

    def __init__(self, request: ClipRequest, layout: StorageLayout, camera_id: UUID, post_roll_s: float) -> None:
        self.request = request
        self._layout = layout
        self._relative = layout.clip(camera_id, request.event_id, request.onset_at)
        self._post_roll_s = post_roll_s
        self._file: DurableFile | None = None
        self._track: TrackWriter | None = None
        self._faults: list[str] = []
        self._first: Packet | None = None
        self._end_s = request.onset_s
        self._decoded_until_s = float("-inf")
        self._stop_s: float | None = None
        self._event_end_s: float | None = None
        self._longer_s = 0.0
        self._in_gap = False
        self._missing_s = 0.0
        self._keyframe_pts: int | None = None
        self._kept: list[Packet] | None = []
        self._kept_bytes = 0
        self.early: ClipResult | None = None
        """The first part of it, once that can be watched."""

    def add(self, packet: Packet) -> None:
        """Write `packet`, from the first keyframe on. Pictures that lead into a keyframe from a GOP that the clip lacks are left out."""
        info = self.request.info
        if info is None:
            raise MediaError("no stream was connected")
        reorder_s = float((packet.pts - packet.dts) * info.time_base)
        self._decoded_until_s = packet.t_s - min(max(0.0, reorder_s), _MAX_REORDER_S)
        if self._first is None or self._in_gap:
            if not packet.is_keyframe:
                return
            self._keyframe_pts = packet.pts
            self._close_gap(packet)
        if self._keyframe_pts is not None and packet.pts < self._keyframe_pts:
            return
        if self._keyframe_pts is not None and packet.pts > self._keyframe_pts:
            self._keyframe_pts = None
        track = self._track or self._start(packet, info)
        track.write(packet)
        self._keep(packet)
        self._end_s = max(self._end_s, packet.t_s + float(max(0, packet.duration) * info.time_base))

    def add_all(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            self.add(packet)

    def gap(self) -> None:
        """Packets are missing from here to the next keyframe."""
        self._in_gap = True

    def end_at(self, end_s: float) -> None:
        """The event ended at `end_s`; the clip goes on for the post-roll, and for longer where that was asked for."""
        self._event_end_s = end_s
        self._stop_s = end_s + self._post_roll_s + self._longer_s

    def extend(self, longer_s: float) -> None:
        """Go on for so long after the post-roll; of several wishes the longest counts."""
        self._longer_s = max(self._longer_s, longer_s)
        if self._event_end_s is not None:
            self.end_at(self._event_end_s)

    @property
    def early_due(self) -> bool:
        """True when all of the post-roll is there and the clip goes on for longer."""
        if self._longer_s <= 0.0 or self._event_end_s is None or self._kept is None or self.complete:
            return False
        return self._decoded_until_s > self._event_end_s + self._post_roll_s

    def write_early(self) -> ClipResult | None:
        """The clip up to the post-roll, under its name, so that nobody waits for the rest; None where it cannot be had. Never raises."""
        kept, self._kept = self._kept, None
        info, first = self.request.info, self._first
        if not kept or info is None or first is None or not isinstance(self._track, CopyWriter):
            return None
        file: DurableFile | None = None
        try:
            file = DurableFile(self._layout.path(self._relative), EARLY)
            track = CopyWriter(info, first, file.temp)
            for packet in kept:
                track.write(packet)
            track.close()
            size_bytes = file.commit()
        except Exception as error:
            # The clip itself goes on; this was only to have it sooner.
            _log.warning("no_early_clip", path=self._relative, cause=str(error))
            if file is not None:
                file.discard()
            return None
        event_id, fault = self.request.event_id, "; ".join(self._faults)
        self.early = ClipResult(event_id, self._relative, first.t_s, self._end_s, first.captured_at, fault, size_bytes, early=True)
        return self.early

    def _keep(self, packet: Packet) -> None:
        if self._kept is None:
            return
        self._kept.append(packet)
        self._kept_bytes += len(packet.data)
        if self._kept_bytes > EARLY_BYTES:
            self._kept = None

    @property
    def complete(self) -> bool:
        """True once every picture up to the end of the post-roll has been written (pictures are decoded ahead of their time)."""
        return self._stop_s is not None and self._decoded_until_s > self._stop_s

    def finish(self, interruption: str = "") -> ClipResult:
        """Make the file whole, durable and named. `interruption` says why no more packets come, where it was not the post-roll's end."""
        if self._track is None or self._file is None or self._first is None:
            return no_clip(self.request, self._why_nothing(interruption))
        self._track.close()
        size_bytes = self._file.commit()
        if interruption and (self._event_end_s is None or self._end_s < self._event_end_s - _TOLERANCE_S):
            self._faults.append(f"the clip ends before the event did: {interruption}")
        if self._in_gap:
            self._faults.append("the end of the clip is missing: the disk was too slow")
        if self._missing_s:
            self._faults.append(f"{self._missing_s:.1f} s are missing inside the clip: the disk was too slow")
        if self._track.damaged:
            self._faults.append(f"{self._track.damaged} damaged packets were left out of the clip")
        if self._track.note:
            self._faults.append(self._track.note)
        return ClipResult(
            self.request.event_id,
            self._relative,
            self._first.t_s,
            self._end_s,
            self._first.captured_at,
            "; ".join(self._faults),
            size_bytes,
        )

    def discard(self) -> None:
        """Leave nothing of the clip behind."""
        if self._track is not None:
            self._track.abandon()
        if self._file is not None:
            self._file.discard()

    def _start(self, first: Packet, info: StreamInfo) -> TrackWriter:
        self._file = DurableFile(self._layout.path(self._relative))
        self._track = _open_track(info, first, self._file)
        self._first = first
        self._note_late_start(first)
        return self._track

    def _note_late_start(self, first: Packet) -> None:
        late_s = first.t_s - self.request.wanted_s
        cause = self.request.late
        onset_missed = first.t_s > self.request.onset_s + _TOLERANCE_S
        if late_s > _TOLERANCE_S and cause and (onset_missed or cause is not LateCause.CONNECTED_LATER):
            self._faults.append(f"the clip starts {late_s:.1f} s late: {cause}")

    def _close_gap(self, packet: Packet) -> None:
        if self._in_gap and self._first is not None:
            self._missing_s += max(0.0, packet.t_s - self._end_s)
        self._in_gap = False

    def _why_nothing(self, interruption: str) -> str:
        return LateCause.SLOW_DISK if self._in_gap else self.request.late or interruption or LateCause.NO_KEYFRAME


def no_clip(request: ClipRequest, why: str) -> ClipResult:
    """The result where there is no clip."""
    return ClipResult(request.event_id, None, request.onset_s, request.onset_s, request.onset_at, f"no clip: {why}")


def _open_track(info: StreamInfo, first: Packet, file: DurableFile) -> TrackWriter:
    """Copy where MP4 and browsers take the codec and its headers are known; encode everything else."""
    if canonical_codec(info.codec) in COPIED_CODECS:
        try:
            return CopyWriter(info, first, file.temp)
        except MediaError as error:
            _log.warning("clip_copy_refused", path=str(file.path), codec=info.codec, cause=str(error))
    return EncodeWriter(info, file.temp)
