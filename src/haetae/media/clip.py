"""The clip recorder of one camera: takes packets without ever waiting, writes the clips of events on a thread of its own."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import structlog

from haetae.domain.frame import Packet, StreamInfo
from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout
from haetae.media.clip_job import ClipJob, ClipRequest, ClipResult, no_clip
from haetae.media.ring import LateCause, PacketRing, PreRoll, packet_bytes

OnClip: TypeAlias = Callable[[ClipResult], None]
"""Told once for each event that was begun, and before that of an early part where there is one. On the recorder's thread; by `close`, on
the closing thread, of what the disk did not take.

While it runs nothing is written, so it should take milliseconds. What it raises is logged."""

OnExtended: TypeAlias = Callable[[bool], None]
"""Told whether a clip goes on for longer, or is finished already; on the recorder's thread, or on that of who asks. It returns at once."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Begin:
    request: ClipRequest
    packets: tuple[Packet, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _End:
    event_id: UUID
    end_s: float


@dataclass(frozen=True, slots=True)
class _Extend:
    event_id: UUID
    longer_s: float
    told: OnExtended


@dataclass(frozen=True, slots=True)
class _Gap:
    """Packets were dropped here."""


@dataclass(frozen=True, slots=True)
class _FinishAll:
    cause: str
    last: bool = False


_Order: TypeAlias = Packet | _Begin | _End | _Extend | _Gap | _FinishAll


class ClipRecorder:
    """Clips of one camera's events, each from a keyframe at or before `onset - pre_roll_s` to `end + post_roll_s`.

    `stream`, `push`, `begin`, `end` and `lost` are for the camera's thread (any thread may call them): they never wait for the disk and
    never raise. What the writer thread has not written yet is bounded by `queue_bytes`; beyond it packets are dropped up to the next
    keyframe, counted, and named in the result. Events may overlap; each that was begun gets exactly one ClipResult, whatever happens.
    """

    def __init__(
        self,
        camera_id: UUID,
        layout: StorageLayout,
        on_clip: OnClip,
        *,
        pre_roll_s: float = 5.0,
        post_roll_s: float = 5.0,
        recognition_s: float = 5.0,
        ring_bytes: int = 64 * 1024 * 1024,
        queue_bytes: int = 128 * 1024 * 1024,
    ) -> None:
        """`recognition_s`: how long after its onset an event may begin without losing pre-roll."""
        self.dropped_packets = 0
        self._camera_id = camera_id
        self._layout = layout
        self._on_clip = on_clip
        self._pre_roll_s = pre_roll_s
        self._post_roll_s = post_roll_s
        self._recognition_s = recognition_s
        self._queue_bytes = queue_bytes
        self._ring = PacketRing(pre_roll_s + recognition_s, ring_bytes)
        self._wake = threading.Condition()
        self._orders: deque[_Order] = deque()
        self._queued_bytes = 0
        self._dropping = False
        self._requests: dict[UUID, ClipRequest] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def open_clips(self) -> int:
        """Clips begun and not reported yet."""
        return len(self._requests)

    def set_roll(self, pre_roll_s: float, post_roll_s: float) -> None:
        """Other lengths for the clips that begin from now on; a longer pre-roll is there once it has gone by."""
        with self._wake:
            self._pre_roll_s, self._post_roll_s = pre_roll_s, post_roll_s
            self._ring.pre_roll_s = pre_roll_s + self._recognition_s

    def stream(self, info: StreamInfo) -> None:
        """A connection was made; what comes from now on is `info`. Clips of the connection before are finished with what there is."""
        with self._wake:
            self._end_connection("the connection was lost")
            self._ring.reset(info)

    def lost(self, cause: str = "the connection was lost") -> None:
        """The connection is gone: finish what is open with what there is, rather than when the camera comes back."""
        with self._wake:
            self._end_connection(cause)

    def push(self, packet: Packet) -> None:
        """Keep `packet` for pre-rolls, and hand it to the clips that are open."""
        with self._wake:
            if not packet.data:
                return
            self._ring.push(packet)
            if self._requests and not self._closed and self._has_room(packet):
                self._order(packet, packet_bytes(packet))

    def begin(self, event_id: UUID, onset_s: float, onset_at: datetime) -> None:
        """Start the clip of an event whose onset was at `onset_s` of the stream (UTC `onset_at`). Beginning twice changes nothing."""
        wanted_s = onset_s - self._pre_roll_s
        with self._wake:
            if event_id in self._requests:
                return
            pre_roll = self._ring.since(wanted_s)
            size_bytes = sum(packet_bytes(packet) for packet in pre_roll.packets)
            if self._queued_bytes + size_bytes > self._queue_bytes:
                self._dropping = True
                self.dropped_packets += len(pre_roll.packets)
                pre_roll, size_bytes = PreRoll((), cause=LateCause.SLOW_DISK), 0
            request = ClipRequest(event_id, onset_s, onset_at, wanted_s, pre_roll.cause, self._ring.info)
            self._requests[event_id] = request
            if not self._closed:
                self._order(_Begin(request, pre_roll.packets, size_bytes), size_bytes)
                if self._dropping:
                    self._order(_Gap())
                return
        self._report(no_clip(request, "recording has been stopped"))

    def end(self, event_id: UUID, end_s: float) -> None:
        """The event ended at `end_s` of the stream; its clip is finished after the post-roll."""
        with self._wake:
            if event_id in self._requests:
                self._order(_End(event_id, end_s))

    def extend(self, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have a clip go on for so long after its post-roll; `told` hears whether that came in time."""
        with self._wake:
            begun = event_id in self._requests and not self._closed
            if begun:
                self._order(_Extend(event_id, longer_s, told))
        if not begun:
            told(False)

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish what is open and stop the thread. Waits up to `timeout_s` for the disk; what is not written then is reported as lost."""
        with self._wake:
            thread = self._thread
            self._closed = True
            self._orders.append(_FinishAll("recording was stopped", last=True))
            self._wake.notify()
        if thread is not None:
            thread.join(timeout_s)
        for request in list(self._requests.values()):
            self._report(no_clip(request, f"the disk did not answer for {timeout_s:.0f} s; check it"))

    def _end_connection(self, cause: str) -> None:
        self._dropping = False
        if self._requests:
            self._order(_FinishAll(cause))

    def _has_room(self, packet: Packet) -> bool:
        """False when `packet` must be dropped: the queue is full, or it has been and no keyframe came since."""
        room = self._queued_bytes + packet_bytes(packet) <= self._queue_bytes
        if self._dropping and room and packet.is_keyframe:
            self._dropping = False
        elif not self._dropping and not room:
            self._dropping = True
            self._order(_Gap())
        self.dropped_packets += self._dropping
        return not self._dropping

    def _order(self, order: _Order, size_bytes: int = 0) -> None:
        self._queued_bytes += size_bytes
        self._orders.append(order)
        if self._thread is None and not self._closed:
            self._thread = self._start_thread()
        self._wake.notify()

    def _start_thread(self) -> threading.Thread | None:
        # A daemon, so that a disk that never answers cannot keep the process alive; `close` drains it.
        thread = threading.Thread(target=self._run, name=f"clips-{self._camera_id}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # Out of threads: the next order tries again, and what waits stays within its bound.
            _log.error("clip_thread_refused", camera_id=str(self._camera_id), cause=str(error))
            return None
        return thread

    def _report(self, result: ClipResult) -> None:
        with self._wake:
            known = self._requests.pop(result.event_id, None) is not None
        if not known:
            # It was given up by `close`: a file that nothing will ever refer to must not stay.
            if result.path is not None:
                with contextlib.suppress(OSError):
                    self._layout.path(result.path).unlink(missing_ok=True)
            return
        if result.fault:
            _log.warning("clip_fault", camera_id=str(self._camera_id), event_id=str(result.event_id), path=result.path, fault=result.fault)
        self._tell(result)

    def _tell(self, result: ClipResult) -> None:
        try:
            self._on_clip(result)
        except Exception:
            _log.exception("clip_callback_failed", camera_id=str(self._camera_id), event_id=str(result.event_id))

    def _run(self) -> None:
        jobs: dict[UUID, ClipJob] = {}
        while True:
            with self._wake:
                self._wake.wait_for(lambda: bool(self._orders))
                order = self._orders.popleft()
            size_bytes = self._carry_out(order, jobs)
            with self._wake:
                self._queued_bytes -= size_bytes
            if isinstance(order, _FinishAll) and order.last:
                return

    def _carry_out(self, order: _Order, jobs: dict[UUID, ClipJob]) -> int:
        """Do what the camera's thread ordered; returns the bytes that need not be kept any longer."""
        match order:
            case Packet():
                for job in list(jobs.values()):
                    self._guard(job, jobs, lambda job: job.add(order))
                return packet_bytes(order)
            case _Begin(request, packets, size_bytes):
                job = jobs[request.event_id] = ClipJob(request, self._layout, self._camera_id, self._post_roll_s)
                self._guard(job, jobs, lambda job: job.add_all(packets))
                return size_bytes
            case _End(event_id, end_s):
                if event_id in jobs:
                    self._guard(jobs[event_id], jobs, lambda job: job.end_at(end_s))
            case _Extend(event_id, longer_s, told):
                if event_id in jobs:
                    jobs[event_id].extend(longer_s)
                told(event_id in jobs)
            case _Gap():
                for job in jobs.values():
                    job.gap()
            case _FinishAll(cause):
                for job in list(jobs.values()):
                    self._finish(job, jobs, cause)
        return 0

    def _guard(self, job: ClipJob, jobs: dict[UUID, ClipJob], step: Callable[[ClipJob], None]) -> None:
        """Take one step of a clip, and finish it when that was the last. A clip that fails is reported; the others go on."""
        try:
            step(job)
        except Exception as error:
            self._fail(job, jobs, error)
            return
        if job.complete:
            self._finish(job, jobs, "")
        elif job.early_due and (early := job.write_early()) is not None:
            self._tell(early)

    def _finish(self, job: ClipJob, jobs: dict[UUID, ClipJob], cause: str) -> None:
        try:
            result = job.finish(cause)
        except Exception as error:
            self._fail(job, jobs, error)
            return
        del jobs[job.request.event_id]
        self._report(result)

    def _fail(self, job: ClipJob, jobs: dict[UUID, ClipJob], error: Exception) -> None:
        if not isinstance(error, MediaError):
            _log.error("clip_failed", camera_id=str(self._camera_id), event_id=str(job.request.event_id), exc_info=error)
        del jobs[job.request.event_id]
        job.discard()
        early, why = job.early, f"the clip ends early: {error}"
        cut = None if early is None else replace(early, early=False, fault="; ".join(filter(None, (early.fault, why))))
        self._report(cut or no_clip(job.request, str(error)))
