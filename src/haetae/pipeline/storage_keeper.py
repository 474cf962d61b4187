"""Keeps the storage folder within its limits: deletes what is old or too much, and stops recording before the disk is full."""

import math
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import structlog

from haetae.clock import Clock
from haetae.database.engine import Sessions, session_scope
from haetae.database.retention import EventMedia, MediaUsage, daily_media, media_usage, oldest_media, release_media
from haetae.domain.event import SITE, STORAGE_FULL, AnomalyEvent, Severity
from haetae.domain.site import StorageStatus
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import Deletion, delete_files
from haetae.pipeline.orphan_sweep import OrphanSweep, SweepReport, oldest_live_day, settle
from haetae.pipeline.storage_marks import GB, Marks, days_until_early, growth_per_day
from haetae.pipeline.system_events import SystemEvents
from haetae.settings import RetentionSettings

DiskUsage = Callable[[Path], tuple[int, int, int]]
"""(total, used, free) in bytes, as `shutil.disk_usage` answers; free is what this user may take."""

BATCH = 100
"""Events whose media one check deletes: some 300 files, a fraction of a second on a slow disk."""

_SUMS_SHARE = 0.01
_RECOVER_BATCHES = 10
_VAIN_PAUSE_S = 3600.0
_FORECAST_EVERY_S = 3600.0
_DAY_S = 86400.0

_log = structlog.get_logger()


class StorageKeeper:
    """`recover`, `check`, `sweep_orphans` and `close` belong to one thread; `why_not_recording` and `status` answer any thread at once.

    Each look: by age, then by size, then by free space, the oldest first; never what is locked, never what is still being recorded. The
    reference goes first and the file after it (see `release_media`). A file that cannot be deleted halts all deletion until it can, for
    otherwise a read-only disk would cost the references of everything. So does, for an hour, a batch of which no file was there (the disk
    is not mounted). Where free space falls below the last mark all the same, recording stops, loudly, and goes on by itself once there is
    room.

    `days_left`: with media that grow as they did over the last 7 days, and the age limit deleting what passes it, the days until the size
    or the free-space mark deletes what the age limit would keep; 0 when that happened within the last day.
    """

    def __init__(
        self,
        layout: StorageLayout,
        sessions: Sessions,
        settings: RetentionSettings,
        clock: Clock,
        system_events: SystemEvents,
        *,
        disk_usage: DiskUsage = shutil.disk_usage,
    ) -> None:
        self._layout = layout
        self._sessions = sessions
        self._settings = settings
        self._clock = clock
        self._system_events = system_events
        self._disk_usage = disk_usage
        self._keep = timedelta(days=settings.days)
        self._status = StorageStatus()
        self._marks: Marks | None = None
        self._usage = MediaUsage()
        self._shrinking = self._reclaiming = False
        self._excess = 0.0
        self._reason = ""
        self._more = False
        self._exhausted = False
        self._stuck: list[str] = []
        self._alarm: AnomalyEvent | None = None
        self._faults: dict[str, str] = {}
        self._days_left: float | None = None
        self._early_at = self._warned_at = self._vain_until = -math.inf
        self._look_due = self._sums_due = self._forecast_due = self._sweep_due = -math.inf
        self._sweep: Iterator[None] | None = None

    def recover(self) -> int:
        """Settle the events whose recording a killed process left unfinished (see `orphan_sweep.settle`); returns how many.

        Once, after the event log's flush and `mark_interrupted`, before any camera records. Never raises; the next sweep does what failed
        or was too much for a start.
        """
        settled = 0

        def work() -> None:
            nonlocal settled
            for _ in range(_RECOVER_BATCHES):
                settled += settle(self._layout, self._sessions, before=self._clock.now())

        self._guard("settling", work)
        return settled

    def check(self) -> None:
        """Do a little of what is due: at most one batch of deletion, or one step of the sweep. Called about every second; never raises."""
        now = self._clock.monotonic()
        if now >= self._look_due:
            self._look_due = now + self._settings.check_s
            self._look()
        elif self._more:
            self._guard("retention", self._delete_some, failed=self._make_room_for_the_database)
        if self._more:
            return
        if now >= self._forecast_due:
            self._forecast_due = now + _FORECAST_EVERY_S
            self._guard("forecast", self._forecast)
        elif now >= self._sweep_due or self._sweep is not None:
            self._guard("sweep", self._sweep_a_little, failed=self._give_up_sweep)

    def why_not_recording(self) -> str:
        """Why no clip may be begun now; empty when it may."""
        return self._status.cause

    def status(self) -> StorageStatus:
        return self._status

    def sweep_orphans(self) -> SweepReport:
        """A whole sweep at once, for which `check` takes many calls. Raises what the database raises."""
        sweep = OrphanSweep(self._layout, self._sessions, self._clock)
        for _ in sweep.steps():
            pass
        return sweep.report

    def close(self) -> None:
        """End the alarm that is open: from here on nobody knows."""
        self._sound("")

    def _look(self) -> None:
        """Measure, decide whether to record, and delete a first batch."""
        cause = ""
        try:
            total, _, free = self._disk_usage(self._layout.root)
        except OSError as error:
            total, free = self._status.total_bytes, 0
            cause = f"the storage folder {self._layout.root} cannot be used: {error.strerror}"
            self._more = False
        else:
            marks = self._marks_for(total)
            self._guard("measuring", self._measure)
            cause = self._why_stop(marks, free)
            self._set_excess(marks, free)
            self._more = True
        self._sound(cause)
        usage = self._usage
        self._status = StorageStatus(free, total, usage.total_bytes, usage.locked_bytes, self._days_left, recording=not cause, cause=cause)
        if self._more:
            self._guard("retention", self._delete_some, failed=self._make_room_for_the_database)

    def _marks_for(self, total: int) -> Marks:
        if self._marks is None or total != self._status.total_bytes:
            self._marks = marks = Marks.of(self._settings, total)
            if marks.clamped:
                sizes = {name: f"{getattr(marks, name) / GB:.2g}" for name in ("stop", "low", "target")}
                _log.warning("disk_smaller_than_settings", disk_gb=f"{total / GB:.3g}", free_gb_kept=sizes, hint="Set retention.*_free_gb")
        return self._marks

    def _measure(self) -> None:
        """Sum up the media, unless the last sum was so slow that another would take more than a hundredth of a core."""
        start = self._clock.monotonic()
        if start < self._sums_due:
            return
        with session_scope(self._sessions, read_only=True) as session:
            self._usage = media_usage(session)
        end = self._clock.monotonic()
        self._sums_due = end + (end - start) / _SUMS_SHARE

    def _why_stop(self, marks: Marks, free: int) -> str:
        recording = not self._status.cause
        need = marks.stop if recording else marks.resume
        locked = self._usage.locked_bytes
        if free < need:
            cause = f"the disk is full: {free / GB:.3g} GB are free, {need / GB:.3g} GB are needed"
            if self._usage.oldest_at is None:
                left = f"{locked / GB:.3g} GB of clips are left, all locked as evidence" if locked else "no clip is left to delete"
                cause += f", and {left}"
            return cause
        if marks.full is not None and marks.full_target is not None and locked >= (marks.full if recording else marks.full_target):
            return f"clips may take {marks.full / GB:.3g} GB (retention.max_gb), and {locked / GB:.3g} GB are locked as evidence"
        return ""

    def _set_excess(self, marks: Marks, free: int) -> None:
        """How much is to be deleted, and why: from the upper mark down to the lower one, not only to the upper."""
        size = 0.0
        if marks.full is not None and marks.full_target is not None:
            total = self._usage.total_bytes
            self._shrinking = total >= marks.full or (self._shrinking and total > marks.full_target)
            size = total - marks.full_target if self._shrinking else 0.0
        self._reclaiming = free < marks.low or (self._reclaiming and free < marks.target)
        space = marks.target - free if self._reclaiming else 0.0
        self._excess, self._reason = max((size, "size"), (space, "free space"))
        if self._excess > 0.0 and self._usage.oldest_at is None and not self._exhausted:
            _log.error("nothing_left_to_delete", reason=self._reason, locked_gb=f"{self._usage.locked_bytes / GB:.3g}")
        self._exhausted = self._excess > 0.0 and self._usage.oldest_at is None

    def _delete_some(self) -> None:
        """One batch. Sets `_more` when another may follow."""
        self._more = False
        now, oldest = self._clock.now(), self._usage.oldest_at
        if self._stuck:
            self._unlink([])
            return
        limit = now - self._keep
        aged = oldest is not None and oldest < limit
        pressed = self._excess > 0.0 and self._clock.monotonic() >= self._vain_until
        if oldest is None or not (aged or pressed):
            return
        with session_scope(self._sessions) as session:
            if aged:
                released = release_media(session, now=now, limit=BATCH, before=limit)
            else:
                released = release_media(session, now=now, limit=BATCH, need_bytes=math.ceil(self._excess))
            self._usage = media_usage(session)
        if not released:
            return
        freed = sum(media.media_bytes for media in released)
        self._excess -= freed
        newest = released[-1].onset_at
        if newest > limit:
            self._early_at = self._clock.monotonic()
            self._forecast_due = -math.inf if self._days_left != 0.0 else self._forecast_due
        reason = "age" if aged else self._reason
        _log.info("media_deleted", reason=reason, events=len(released), bytes=freed, newest=newest.isoformat(), excess=max(0, self._excess))
        self._unlink(released)
        self._more = not self._stuck

    def _unlink(self, released: list[EventMedia]) -> None:
        files = list(self._stuck)
        for media in released:
            unnamed = self._layout.unnamed(media.camera_id, media.event_id, media.onset_at)
            files += [name for name in (media.clip_path, media.thumbnail_path, *unnamed) if name]
        gone = self._delete(files)
        if gone.left and not self._stuck:
            _log.critical("deletion_halted", files=len(gone.left), example=gone.left[0], hint="See why these files cannot be deleted")
        elif not gone.left and not gone.deleted and self._clock.monotonic() >= self._vain_until:
            _log.critical("no_file_was_there", events=len(released), hint=f"Is the right disk mounted at {self._layout.root}?")
            self._vain_until = self._clock.monotonic() + _VAIN_PAUSE_S
        self._stuck = gone.left

    def _make_room_for_the_database(self) -> None:
        """A database on the same full disk cannot even note a deletion. Contact sheets are made of clips and named by no row, so they can
        go before it does."""
        self._more = False
        if self._marks is None or self._status.free_bytes >= self._marks.stop:
            return
        with session_scope(self._sessions, read_only=True) as session:
            oldest = oldest_media(session, BATCH)
        self._delete([self._layout.contact_sheet(media.camera_id, media.event_id, media.onset_at) for media in oldest])

    def _delete(self, files: list[str]) -> Deletion:
        return delete_files(self._layout, files, keep_folders_from=oldest_live_day(self._clock.now()))

    def _sound(self, cause: str) -> None:
        """Say once that recording stops, and once that it goes on."""
        if cause and self._alarm is None:
            _log.critical("recording_stopped", cause=cause, hint="Events are stored all the same. Free space, or lower the retention")
            self._alarm = self._system_events.open(SITE, STORAGE_FULL, at=self._clock.now(), detail=cause, severity=Severity.CRITICAL)
        elif not cause and self._alarm is not None:
            _log.warning("recording_resumed")
            self._system_events.close(self._alarm, at=self._clock.now())
            self._alarm = None

    def _forecast(self) -> None:
        self._days_left = self._predict()
        mono = self._clock.monotonic()
        if self._days_left is not None and self._days_left < self._settings.days and mono - self._warned_at >= _DAY_S:
            self._warned_at = mono
            hint = "Give it a larger disk or retention.max_gb, or fewer retention.days; lock what must stay"
            _log.warning("clips_will_vanish_early", in_days=round(self._days_left, 1), keep_days=self._settings.days, hint=hint)

    def _predict(self) -> float | None:
        if self._clock.monotonic() - self._early_at < _DAY_S:
            return 0.0
        oldest, marks = self._usage.oldest_at, self._marks
        if oldest is None or marks is None:
            return None
        now = self._clock.now()
        with session_scope(self._sessions, read_only=True) as session:
            kept = daily_media(session)
        growth = growth_per_day(kept, oldest_age_days=(now - oldest) / timedelta(days=1), today=now.date())
        room = self._status.free_bytes - marks.low
        if marks.full is not None:
            room = min(room, marks.full - self._usage.total_bytes)
        return None if growth is None else days_until_early(kept, growth=growth, room=room, keep_days=self._settings.days, today=now.date())

    def _sweep_a_little(self) -> None:
        if self._sweep is None:
            self._sweep_due = self._clock.monotonic() + _DAY_S
            self._sweep = OrphanSweep(self._layout, self._sessions, self._clock).steps()
        if next(self._sweep, self) is self:
            self._sweep = None

    def _give_up_sweep(self) -> None:
        self._sweep = None
        self._sweep_due = self._clock.monotonic() + _FORECAST_EVERY_S

    def _guard(self, what: str, work: Callable[[], None], failed: Callable[[], None] | None = None) -> None:
        """Do it; a failure (the database is away) is logged once and tried again at the next check."""
        try:
            work()
        except Exception as error:
            if what not in self._faults:
                _log.error("storage_keeping_failed", what=what, kind=type(error).__name__, error=str(error))
                _log.debug("storage_keeping_failed", what=what, exc_info=error)
            self._faults[what] = str(error)
            if failed is not None:
                self._guard(f"after failed {what}", failed)
        else:
            if self._faults.pop(what, None) is not None:
                _log.info("storage_keeping_works_again", what=what)
