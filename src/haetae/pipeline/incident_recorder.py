"""From the gate's transitions to stored events with a clip and pictures.

The event is logged the moment it opens, before anything else is made of it; every later piece of knowledge (its end, its
thumbnail, its clip) is logged as a new revision of the same id.
"""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import structlog

from haetae.domain.camera import CameraConfig
from haetae.domain.event import AnomalyEvent, EventKind, EventStatus
from haetae.domain.example import Example
from haetae.domain.frame import RGB, Frame, Packet, StreamInfo
from haetae.errors import MediaError, StorageError
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder, OnExtended
from haetae.media.clip_job import ClipResult
from haetae.media.example import write_example
from haetae.media.score_curve import write_score_curve
from haetae.media.snapshot import write_contact_sheet, write_thumbnail
from haetae.pipeline.observer import GuardedObserver, Observer
from haetae.pipeline.score_curve import ScoreCurves
from haetae.pipeline.severity import Severities
from haetae.telemetry import log_context
from haetae.vad.gate import Change, Incident, Transition
from haetae.vad.rules.naming import named

_log = structlog.get_logger()

TAMPER_CLIP_S = 20.0
"""How much of a tampering its clip shows after the onset."""

MakeClipRecorder = Callable[[Callable[[ClipResult], None]], ClipRecorder]


class EventLog(Protocol):
    """What the recorder needs of an event logger."""

    def log_event(self, event: AnomalyEvent) -> None:
        """Accept a revision durably, in microseconds. Raises StorageError when it is not accepted."""
        ...


@dataclass(slots=True)
class _Pending:
    """An event of which more will be known: its end, and its clip. `peak` is the frame of its thumbnail, `position` where it is among the
    scores, `example` what comes nearest to what it shows."""

    event: AnomalyEvent
    peak: Frame
    position: int = 0
    example: Example | None = None
    clip_done: bool = False

    @property
    def final(self) -> bool:
        return self.clip_done and self.event.status is not EventStatus.OPEN


class IncidentRecorder:
    """One camera's recorder. `take`, `push` and `stream` are called on the camera's thread and never wait for a disk or a database;
    pictures are made on a thread of their own, clips on that of the ClipRecorder."""

    def __init__(
        self,
        camera_id: UUID,
        *,
        log: EventLog,
        layout: StorageLayout,
        make_clips: MakeClipRecorder,
        observer: Observer,
        why_not_recording: Callable[[], str] = lambda: "",
        sheet_turn: contextlib.AbstractContextManager[Any] | None = None,
        curves: ScoreCurves | None = None,
        severities: Severities | None = None,
    ) -> None:
        """`why_not_recording` says why no clip may be written now (the disk is full), or nothing; it must answer at once. `curves` hears
        this camera's scores; without it no curve is kept. `sheet_turn` is held while a contact sheet is made: twelve pictures are decoded
        for one, and where all cameras alarm at once that shall neither take the memory of all of them nor all cores. `severities` says
        how severe events are; without it, as the default does."""
        self._camera_id = camera_id
        self._event_log = log
        self._layout = layout
        self._observer = GuardedObserver(observer)
        self._pending: dict[UUID, _Pending] = {}
        self._refused: dict[UUID, AnomalyEvent] = {}
        # Held only to swap a reference: never while a file or a database is touched.
        self._lock = threading.Lock()
        self._pictures = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"pictures-{camera_id}")
        self._clips = make_clips(self._clip_done)
        self._why_not_recording = why_not_recording
        self._sheet_turn = sheet_turn or contextlib.nullcontext()
        self._curves = curves
        self._severities = severities or Severities()
        self._roll_s = (0.0, 0.0)
        self._conceal: Callable[[RGB], RGB] = lambda rgb: rgb
        self.opened = 0

    def change(self, camera: CameraConfig, conceal: Callable[[RGB], RGB]) -> None:
        """Go by other settings from now on; `conceal` blackens the privacy zones of a picture that comes from a clip."""
        self._conceal = conceal
        self._clips.set_roll(camera.pre_roll_s, camera.post_roll_s)
        self._roll_s = (camera.pre_roll_s, camera.post_roll_s)

    def stream(self, info: StreamInfo) -> None:
        """A connection was made: packets from now on belong to it."""
        self._clips.stream(info)

    def lost(self) -> None:
        """The connection is gone: clips that are open end with what there is."""
        self._clips.lost()

    def push(self, packet: Packet) -> None:
        """One coded picture, for the pre-roll and for clips that are running."""
        self._clips.push(packet)

    def take(self, transition: Transition, frame: Frame | None) -> None:
        """Record what the gate said at `frame`; None is for what closes because the stream ended."""
        incident = transition.incident
        if transition.change is Change.CLOSED or frame is None:
            self._closed(incident)
        elif transition.change is Change.OPENED:
            self._opened(incident, frame)
        elif transition.change is Change.NAMED:
            self._named(incident)
        else:
            self._peaked(incident, frame)

    def extend(self, event_id: UUID, longer_s: float, told: OnExtended) -> None:
        """Have an event's clip go on for so long after its post-roll; `told` hears whether that came in time. Any thread."""
        self._clips.extend(event_id, longer_s, told)

    def close(self) -> None:
        """Finish clips and pictures, then offer once more what the log refused.

        Raises StorageError when an event could not be stored in the end.
        """
        self._clips.close()
        self._pictures.shutdown(wait=True)
        with self._lock:
            left = [*self._refused.values()]
        for event in left:
            self._event_log.log_event(event)

    def abandon(self) -> None:
        """The camera's thread hangs: its open events end as interrupted, with the clips that there are. Called on another thread; returns
        at once, the files are finished by the recorder's own threads."""
        with self._lock:
            left = [id for id, pending in self._pending.items() if pending.event.status is EventStatus.OPEN]
        for event_id in left:
            self._submit(event_id, self._revise, event_id, status=EventStatus.INTERRUPTED)
        self._clips.lost("the camera's thread hung")
        threading.Thread(target=self.close, name=f"abandoned-{self._camera_id}", daemon=True).start()

    def _opened(self, incident: Incident, frame: Frame) -> None:
        event = AnomalyEvent(
            id=incident.id,
            camera_id=self._camera_id,
            timestamp=incident.onset_at,
            frame_number=incident.onset_frame,
            kind=incident.kind,
            onset_s=incident.onset_s,
            continues=incident.continues,
            **self._so_far(incident),
        )
        refusal = self._why_not_recording()
        if refusal:
            event = replace(event, faults=(f"no clip: {refusal}",))
        with self._lock:
            position = self._curves.position if self._curves is not None else 0
            self._pending[event.id] = _Pending(event, frame, position, incident.peak.example, clip_done=bool(refusal))
        self.opened += 1
        self._store(event)
        if not refusal:
            self._clips.begin(event.id, incident.onset_s, incident.onset_at)
            if event.kind is EventKind.TAMPER:
                # A camera may stay covered all night: its clip shows how it came about.
                self._clips.end(event.id, incident.onset_s + TAMPER_CLIP_S)
        self._submit(event.id, self._make_thumbnail, event.id)

    def _peaked(self, incident: Incident, frame: Frame) -> None:
        with self._lock:
            pending = self._pending[incident.id]
            pending.peak = frame
            pending.example = incident.peak.example or pending.example
            # In memory only: the next revision carries it.
            pending.event = replace(pending.event, **self._so_far(incident))

    def _named(self, incident: Incident) -> None:
        """People are told of it now, not when the event is over."""
        with self._lock:
            pending = self._pending[incident.id]
            pending.event = replace(pending.event, **self._so_far(incident))
        self._submit(incident.id, self._revise, incident.id)

    def _closed(self, incident: Incident) -> None:
        # The picture first: the closing revision may be the last one, after which nothing of the event is pending.
        self._submit(incident.id, self._make_thumbnail, incident.id)
        self._submit(
            incident.id,
            self._end,
            incident.id,
            status=EventStatus.CLOSED,
            ended_at=incident.end_at,
            end_s=incident.end_s,
            **self._so_far(incident),
        )
        self._clips.end(incident.id, incident.end_s if incident.end_s is not None else incident.peak.t_s)

    def _clip_done(self, result: ClipResult) -> None:
        """On the clip writer's thread: hand over, so that its next packet need not wait for pictures."""
        if result.early:
            self._submit(result.event_id, self._revise, result.event_id, clip_path=result.path)
        else:
            self._submit(result.event_id, self._finish, result)

    def _submit(self, event_id: UUID, work: Callable[..., None], *arguments: Any, **changes: Any) -> None:
        try:
            self._pictures.submit(self._with_context, event_id, work, *arguments, **changes)
        except RuntimeError:  # the executor is shut down: `close` is past its clips, so this came too late
            with log_context(camera_id=self._camera_id, event_id=event_id):
                _log.error("an event changed after its recorder closed", work=work.__name__)

    def _with_context(self, event_id: UUID, work: Callable[..., None], *arguments: Any, **changes: Any) -> None:
        with log_context(camera_id=self._camera_id, event_id=event_id):
            work(*arguments, **changes)

    def _finish(self, result: ClipResult) -> None:
        """The last revision of an event: its clip, or why there is none."""
        # An early part stays where the whole did not come to be.
        changes: dict[str, Any] = {} if result.path is None else {"clip_path": result.path}
        faults: tuple[str, ...] = (result.fault,) if result.fault else ()
        if result.path is not None:
            clip = self._layout.path(result.path)
            faults += self._attempt(lambda: self._make_sheet(result, clip), "contact sheet")
        faults += self._make_curve(result.event_id)
        self._revise(result.event_id, clip_done=True, faults=faults, **changes)

    def _end(self, event_id: UUID, **changes: Any) -> None:
        """The revision that says when it ended. Where no clip is awaited it is the last one, and the curve goes before it."""
        with self._lock:
            pending = self._pending.get(event_id)
        faults = self._make_curve(event_id, changes["end_s"]) if pending is not None and pending.clip_done else ()
        self._revise(event_id, faults=faults, **changes)

    def _make_thumbnail(self, event_id: UUID) -> None:
        with self._lock:
            pending = self._pending.get(event_id)
        if pending is None:
            return
        event, peak, example = pending.event, pending.peak, pending.example
        name = self._layout.thumbnail(self._camera_id, event.id, event.timestamp)
        faults = self._attempt(lambda: write_thumbnail(peak.rgb(), event.box, self._layout.path(name)), "thumbnail")
        changes: dict[str, Any] = {} if faults or event.thumbnail_path is not None else {"thumbnail_path": name}
        faults += self._make_example(event, example)
        if faults or changes:
            self._revise(event_id, faults=faults, **changes)

    def _make_example(self, event: AnomalyEvent, example: Example | None) -> tuple[str, ...]:
        if example is None:
            return ()
        path = self._layout.path(self._layout.example(self._camera_id, event.id, event.timestamp))
        return self._attempt(lambda: write_example(path, example), "example")

    def _make_sheet(self, result: ClipResult, clip: Path) -> None:
        with self._lock:
            pending = self._pending.get(result.event_id)
        onset_at = pending.event.timestamp if pending else result.started_at
        sheet = self._layout.path(self._layout.contact_sheet(self._camera_id, result.event_id, onset_at))
        with self._sheet_turn:
            write_contact_sheet(clip, sheet, conceal=self._conceal)

    def _make_curve(self, event_id: UUID, end_s: float | None = None) -> tuple[str, ...]:
        """Write how the scores went, as far as they are known; for an event that goes on all that there are."""
        with self._lock:
            pending = self._pending.get(event_id)
        if self._curves is None or pending is None or pending.event.kind is not EventKind.ANOMALY:
            return ()
        event, (before_s, after_s) = pending.event, self._roll_s
        end_s = event.end_s if end_s is None else end_s
        last_s = inf if end_s is None else end_s + after_s
        curve = self._curves.around(pending.position, onset_s=event.onset_s, first_s=event.onset_s - before_s, last_s=last_s)
        path = self._layout.path(self._layout.score_curve(self._camera_id, event.id, event.timestamp))
        return self._attempt(lambda: write_score_curve(path, curve), "score curve")

    def _attempt(self, make: Callable[[], object], what: str) -> tuple[str, ...]:
        """Run `make`; its failure is a fault recorded on the event, never silence and never an end to anything else."""
        try:
            make()
        except MediaError as error:
            return (str(error),)
        except Exception as error:
            _log.exception("picture failed", what=what)
            return (f"no {what}: {error}",)
        return ()

    def _revise(self, event_id: UUID, *, clip_done: bool = False, faults: tuple[str, ...] = (), **changes: Any) -> None:
        """Make and store the next revision of a pending event; with its end and its clip known it is the last one."""
        with self._lock:
            pending = self._pending.get(event_id)
            if pending is None:
                return
            event = pending.event
            known = event.faults + tuple(fault for fault in faults if fault not in event.faults)
            event = replace(event, revision=event.revision + 1, faults=known, **changes)
            pending.event = event
            pending.clip_done = pending.clip_done or clip_done
            final = pending.final
            if final:
                del self._pending[event_id]
        if final:
            event = replace(event, media_bytes=self._media_bytes(event))
        self._store(event, final=final)

    def _media_bytes(self, event: AnomalyEvent) -> int:
        """The size of all that was made of the event."""
        names = (event.clip_path, event.thumbnail_path, *self._layout.unnamed(self._camera_id, event.id, event.timestamp))
        sizes = 0
        for name in names:
            with contextlib.suppress(OSError):
                sizes += self._layout.path(name).stat().st_size if name else 0
        return sizes

    def _store(self, event: AnomalyEvent, *, final: bool = False) -> None:
        """Log the revision. A refused one is kept and offered again with the next, and at the latest on close."""
        try:
            self._event_log.log_event(event)
        except StorageError as error:
            with self._lock:
                refused = self._refused.get(event.id)
                if refused is None or refused.revision < event.revision:
                    self._refused[event.id] = event
            _log.critical("event refused", camera_id=str(self._camera_id), event_id=str(event.id), error=str(error))
        else:
            with self._lock:
                self._refused.pop(event.id, None)
        self._observer.event_recorded(event, final=final)

    def _so_far(self, incident: Incident) -> dict[str, Any]:
        """The columns of an event that grow while it lasts."""
        return {
            "subtype": incident.subtype if incident.kind is EventKind.TAMPER else named(incident.facts),
            "vad_score": incident.peak.value,
            "threshold": incident.peak.threshold,
            "peak_s": incident.peak.t_s,
            "box": incident.peak.box,
            "facts": incident.facts,
            "severity": self._severities.of(incident.kind, incident.peak.value, incident.onset_at, incident.facts),
        }
