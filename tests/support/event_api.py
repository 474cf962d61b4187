"""The routes of events over SQLite and a storage folder, asked over HTTP without a network."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi.testclient import TestClient
from tests.support.api import client, make_app
from tests.support.counted import ADMIN, GUARD, GUEST, NOBODY
from tests.support.event_desk import EventDesk, database

from haetae.api.routers import event_export, event_media, events
from haetae.domain.event import AnomalyEvent
from haetae.domain.viewer import Viewer
from haetae.media.blobs import StorageLayout
from haetae.media.score_curve import ScoreCurve, write_score_curve
from haetae.pipeline.meaning import SearchDesk

API = "/api/v1"
CLIP = bytes(range(256)) * 40
THUMBNAIL, SHEET = b"\xff\xd8 the picture", b"\xff\xd8 many pictures"
CURVE = ScoreCurve((-1.0, 0.0, 0.5), (0.1, 0.75, 0.4))


class EventApi:
    """`told` is what clients with a socket are told."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.desk = EventDesk(engine)
        self.root = folder / "storage"
        self.root.mkdir()
        self.layout = StorageLayout(self.root)
        self.told: list[tuple[UUID, UUID]] = []
        services: dict[str, Any] = {"events": self.desk.events, "layout": self.layout, "clock": self.desk.clock, "live": self}
        services["search"] = SearchDesk(self.desk.events, None)
        self.woken = 0
        services["notifier"] = self
        routers = (events.router, event_media.router, event_export.router)
        self.app = make_app(*routers, viewers=(ADMIN, GUARD, GUEST, NOBODY), **services)

    def event_changed(self, camera_id: UUID, event_id: UUID) -> None:
        self.told.append((camera_id, event_id))

    def ask(self, viewer: Viewer | None = ADMIN) -> TestClient:
        """A client of this viewer; None is nobody."""
        found = client(self.app, viewer)
        found.base_url = f"http://haetae.test{API}"
        return found

    def add(self, number: int = 0, **changes: Any) -> AnomalyEvent:
        """An event without media; `columns` are the operators' own."""
        return self.desk.add(number, **changes)

    def add_with_media(self, number: int = 0, **changes: Any) -> AnomalyEvent:
        """An event with clip, thumbnail, contact sheet and score curve."""
        event = self.desk.add(number, **changes)
        place = (event.camera_id, event.id, event.timestamp)
        written = {self.layout.clip(*place): CLIP, self.layout.thumbnail(*place): THUMBNAIL, self.layout.contact_sheet(*place): SHEET}
        for relative, content in written.items():
            self.write(relative, content)
        write_score_curve(self.layout.path(self.layout.score_curve(*place)), CURVE)
        self.change(
            event,
            clip_path=self.layout.clip(*place),
            thumbnail_path=self.layout.thumbnail(*place),
            media_bytes=sum(map(len, written.values())),
        )
        return event

    def wake(self) -> None:
        """Those who tell people look for news."""
        self.woken += 1

    def write(self, relative: str, content: bytes) -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def change(self, event: AnomalyEvent, **columns: Any) -> None:
        """Columns of an event, behind the back of everybody."""
        with self.desk.engine.begin() as connection:
            connection.execute(sa.update(type(self.desk.row(event))).where(sa.column("id", sa.Uuid()) == event.id).values(**columns))

    def open_files(self) -> list[str]:
        """Files of the storage folder that this process holds open."""
        links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [link for link in links if link.startswith(str(self.root))]


@contextmanager
def event_api(folder: Path) -> Iterator[EventApi]:
    with database("sqlite", folder) as engine:
        yield EventApi(engine, folder)
