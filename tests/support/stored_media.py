"""Events with real files in a storage folder, and a disk whose free space a test decides."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.support.events import CAMERA, make_event

from haetae.database.engine import Sessions, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Event
from haetae.domain.event import AnomalyEvent, EventStatus
from haetae.errors import JournalFull
from haetae.media.blobs import MEDIA_KINDS, StorageLayout
from haetae.media.inventory import files_of
from haetae.pipeline.storage_keeper import StorageKeeper
from haetae.pipeline.system_events import SystemEvents
from haetae.settings import RetentionSettings
from haetae.testing.clock import FakeClock

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
CLIP_BYTES = 1000
THUMBNAIL_BYTES = 100
SHEET_BYTES = 50
CURVE_BYTES = 5
EVENT_BYTES = CLIP_BYTES + THUMBNAIL_BYTES + SHEET_BYTES + CURVE_BYTES
GB = 1_000_000_000


@dataclass
class HeardEvents:
    """An event log that remembers, and refuses while `full`."""

    events: list[AnomalyEvent] = field(default_factory=list)
    full: bool = False

    def log_event(self, event: AnomalyEvent) -> None:
        if self.full:
            raise JournalFull("the disk is full")
        self.events.append(event)


@dataclass
class FakeDisk:
    """What `shutil.disk_usage` says: `free` bytes less what the media files below `root` take."""

    root: Path
    total: int = 1000 * GB
    free: int = 500 * GB

    def __call__(self, path: Path) -> tuple[int, int, int]:
        used = sum(file.stat().st_size for kind in MEDIA_KINDS for file in (self.root / kind).rglob("*") if file.is_file())
        free = max(0, self.free - used)
        return self.total, self.total - free, free


@dataclass
class MediaStore:
    """A database and a storage folder that agree, unless a test says otherwise."""

    root: Path
    sessions: Sessions
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    heard: HeardEvents = field(default_factory=HeardEvents)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.layout = StorageLayout(self.root)
        self.disk = FakeDisk(self.root)
        self.system_events = SystemEvents(self.heard, self.clock)

    def keeper(self, **settings: Any) -> StorageKeeper:
        options = {"check_s": 1.0} | settings
        return StorageKeeper(self.layout, self.sessions, RetentionSettings(**options), self.clock, self.system_events, disk_usage=self.disk)

    def run(self, keeper: StorageKeeper, checks: int = 5) -> None:
        """So many checks, each of them a look at the disk."""
        for _ in range(checks):
            keeper.check()
            self.clock.advance(1.0)

    def write(self, relative: str, size: int, *, age: timedelta = timedelta(days=2)) -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        self.touch(path, age)
        return path

    def touch(self, path: Path, age: timedelta) -> None:
        at = (self.clock.now() - age).timestamp()
        os.utime(path, (at, at))

    def add(self, age: timedelta = timedelta(days=2), *, locked: bool = False, files: bool = True, **changes: Any) -> AnomalyEvent:
        """An event whose onset was `age` ago, final unless `changes` says otherwise."""
        event = self.make(age, **changes)
        if files:
            self.write_files(event, age)
        self.store(event)
        if locked:
            self.change(event.id, locked=True)
        return event

    def make(self, age: timedelta, **changes: Any) -> AnomalyEvent:
        onset = self.clock.now() - age
        event = make_event(timestamp=onset, ended_at=onset + timedelta(seconds=5), status=EventStatus.CLOSED, revision=3)
        named = {
            "clip_path": self.layout.clip(CAMERA, event.id, onset),
            "thumbnail_path": self.layout.thumbnail(CAMERA, event.id, onset),
            "media_bytes": EVENT_BYTES,
        }
        return make_event(**{name: getattr(event, name) for name in event.__dataclass_fields__} | named | changes)

    def write_files(self, event: AnomalyEvent, age: timedelta) -> None:
        layout, onset = self.layout, event.timestamp
        self.write(layout.clip(CAMERA, event.id, onset), CLIP_BYTES, age=age)
        self.write(layout.thumbnail(CAMERA, event.id, onset), THUMBNAIL_BYTES, age=age)
        self.write(layout.contact_sheet(CAMERA, event.id, onset), SHEET_BYTES, age=age)
        self.write(layout.score_curve(CAMERA, event.id, onset), CURVE_BYTES, age=age)

    def store(self, *events: AnomalyEvent) -> None:
        with session_scope(self.sessions) as session:
            upsert_events(session, events, stored_at=self.clock.now())

    def change(self, event_id: UUID, **values: Any) -> None:
        with session_scope(self.sessions) as session:
            session.execute(sa.update(Event).where(Event.id == event_id).values(**values))

    def row(self, event: AnomalyEvent) -> Event:
        with session_scope(self.sessions, read_only=True) as session:
            row = session.get(Event, event.id)
            assert row is not None
            return row

    def files(self) -> int:
        return sum(path.is_file() for path in self.root.rglob("*"))

    def kept(self, *events: AnomalyEvent) -> list[bool]:
        """Whether each event still has its media; fails where database and disk disagree about that."""
        result = []
        for event in events:
            row = self.row(event)
            found = files_of(self.layout, event.camera_id, event.id, event.timestamp)
            has = row.clip_path is not None
            assert (row.thumbnail_path is not None, row.media_bytes == EVENT_BYTES, row.media_deleted_at is None) == (has,) * 3
            assert found.size_bytes == (EVENT_BYTES if has else 0)
            result.append(has)
        return result
