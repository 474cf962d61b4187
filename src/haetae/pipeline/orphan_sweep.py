"""Files without an event, events without their files: what crashes leave behind, found by walking the storage folder now and then."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice

import structlog

from haetae.clock import Clock
from haetae.database.engine import Sessions, session_scope
from haetae.database.retention import EventMedia, KnownMedia, known_media, list_clips, media_usage, settle_media, unsettled_media
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import MediaFile, delete_files, exists, files_of, media_files

LEFT_ALONE = timedelta(hours=1)
"""Younger files and events may belong to a writer that is not done."""

STRANGERS_LEFT_ALONE = timedelta(days=1)
"""A file whose event the database does not know at all waits longer: after an outage the event may still be on its way from the journal."""

STRANGERS_SHARE = 0.1
"""With more of the files unknown than this, it is not the files that are wrong but the database: another one, or an older backup."""

STEP = 300
"""Files or events in one step: some ten milliseconds."""

_STRANGERS_LISTED = 20_000
_TOLERANCE_SHARE, _TOLERANCE_BYTES = 0.05, 10_000_000

NO_CLIP = "no clip: Haetae was stopped by force before it was written"

_log = structlog.get_logger()


@dataclass(slots=True)
class SweepReport:
    """What a sweep found. `leftovers` are files of events whose media is deleted or which name other files; `strangers` are files whose
    event the database does not know, of which `strangers_deleted` were deleted. `missing` counts events whose clip is not there."""

    files: int = 0
    file_bytes: int = 0
    settled: int = 0
    leftovers: int = 0
    strangers: int = 0
    strangers_deleted: int = 0
    missing: int = 0
    missing_examples: list[str] = field(default_factory=list)


class OrphanSweep:
    """One walk. `steps` belongs to one thread, which takes the steps when it has time; any error of the database or the disk ends it."""

    def __init__(self, layout: StorageLayout, sessions: Sessions, clock: Clock) -> None:
        self._layout = layout
        self._sessions = sessions
        self._clock = clock
        self._strangers: list[str] = []
        self.report = SweepReport()

    def steps(self) -> Iterator[None]:
        """Do all of it, some ten milliseconds at a time."""
        while found := settle(self._layout, self._sessions, before=self._clock.now() - LEFT_ALONE):
            self.report.settled += found
            yield
        files = media_files(self._layout)
        while batch := list(islice(files, STEP)):
            self._look_at(batch)
            yield
        yield from self._judge_strangers()
        yield from self._find_missing()
        self._compare_sizes()
        _log.info("storage_swept", **_counts(self.report))

    def _look_at(self, files: list[MediaFile]) -> None:
        with session_scope(self._sessions, read_only=True) as session:
            known = known_media(session, {file.event_id for file in files})
        now = self._clock.now()
        leftovers = []
        for file in files:
            self.report.files += 1
            self.report.file_bytes += file.size_bytes
            age = timedelta(seconds=now.timestamp() - file.modified_s)
            event = known.get(file.event_id)
            if event is None:
                if age >= STRANGERS_LEFT_ALONE:
                    self.report.strangers += 1
                    if len(self._strangers) < _STRANGERS_LISTED:
                        self._strangers.append(file.relative)
            elif age >= LEFT_ALONE and _unreferenced(file, event):
                leftovers.append(file.relative)
                self.report.file_bytes -= file.size_bytes
        self.report.leftovers += self._delete(leftovers, now)

    def _judge_strangers(self) -> Iterator[None]:
        count = self.report.strangers
        if count > min(_STRANGERS_LISTED, STRANGERS_SHARE * self.report.files):
            _log.error(
                "files_of_unknown_events",
                files=count,
                of=self.report.files,
                example=self._strangers[0],
                hint="Nothing was deleted. Was the database replaced, or restored from an older backup? If not, move the files away",
            )
            return
        for start in range(0, count, STEP):
            batch = self._strangers[start : start + STEP]
            _log.warning("deleting_files_of_unknown_events", files=len(batch), example=batch[0])
            self.report.strangers_deleted += self._delete(batch, self._clock.now())
            yield

    def _find_missing(self) -> Iterator[None]:
        last: EventMedia | None = None
        while True:
            with session_scope(self._sessions, read_only=True) as session:
                page = list_clips(session, after=last, limit=STEP)
            if not page:
                break
            last = page[-1]
            missing = [media.clip_path for media in page if media.clip_path and not exists(self._layout, media.clip_path)]
            self.report.missing += len(missing)
            self.report.missing_examples.extend(missing[: 3 - len(self.report.missing_examples)])
            yield
        if self.report.missing:
            hint = "Is the right disk mounted? Were files deleted by hand?"
            _log.error("clips_missing", events=self.report.missing, examples=self.report.missing_examples, hint=hint)

    def _compare_sizes(self) -> None:
        with session_scope(self._sessions, read_only=True) as session:
            counted = media_usage(session).total_bytes
        difference = self.report.file_bytes - counted
        if abs(difference) > max(_TOLERANCE_BYTES, _TOLERANCE_SHARE * counted):
            _log.warning("media_sizes_differ", files_bytes=self.report.file_bytes, database_bytes=counted)

    def _delete(self, relatives: list[str], now: datetime) -> int:
        return delete_files(self._layout, relatives, keep_folders_from=oldest_live_day(now)).deleted


def settle(layout: StorageLayout, sessions: Sessions, *, before: datetime) -> int:
    """Tell the database what there is of ended events whose writer was killed, one batch of them; returns how many.

    A clip that was finished in the moment of the kill is found that way and kept; an event without one says so. Either has a size from then
    on, so that retention knows of it. Raises what the database raises.
    """
    with session_scope(sessions, read_only=True) as session:
        unsettled = unsettled_media(session, before=before, limit=STEP)
    # Between the transactions, for a slow disk must not hold SQLite's write lock.
    settled = [_look_for(layout, media) for media in unsettled]
    if settled:
        with session_scope(sessions) as session:
            settle_media(session, settled)
        _log.info("events_settled", events=len(settled), without_clip=sum(media.clip_path is None for media in settled))
    return len(settled)


def oldest_live_day(now: datetime) -> date:
    """Folders of this UTC date and later may be about to get a file: no event that is being recorded began before it."""
    return (now - timedelta(days=1)).date()


def _look_for(layout: StorageLayout, media: EventMedia) -> EventMedia:
    found = files_of(layout, media.camera_id, media.event_id, media.onset_at)
    clip, thumbnail = media.clip_path or found.clip, media.thumbnail_path or found.thumbnail
    silent = clip is None and not any(fault.startswith("no clip") for fault in media.faults)
    faults = (*media.faults, NO_CLIP) if silent else media.faults
    return replace(media, clip_path=clip, thumbnail_path=thumbnail, media_bytes=found.size_bytes, faults=faults)


def _unreferenced(file: MediaFile, event: KnownMedia) -> bool:
    """Whether nothing will ever refer to the file. What belongs to evidence is never said to be so."""
    if event.locked or not event.settled:
        return False
    if event.deleted:
        return True
    if file.kind not in ("clips", "thumbnails"):  # found by the event's id: no column names it
        return False
    return file.relative != (event.clip_path if file.kind == "clips" else event.thumbnail_path)


def _counts(report: SweepReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("files", "file_bytes", "settled", "leftovers", "strangers_deleted", "missing")}
