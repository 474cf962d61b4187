"""The routes of cameras over a real site: its stores in SQLite, its running cameras."""

from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi.testclient import TestClient
from tests.support.api import client, make_app
from tests.support.site import RunningSite, site_config

from haetae.api.routers import camera_files, camera_tests, cameras
from haetae.api.site_access import SiteAccess
from haetae.clock import SystemClock
from haetae.database.account_models import AuditEntry
from haetae.database.engine import session_scope
from haetae.database.scoped.cameras import ScopedCameras
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.ids import new_id
from haetae.settings import SourcePolicySettings

API = "/api/v1"
BOSS = Viewer(new_id(), "boss", Role.ADMIN)
SECRET = "pa55word-of-the-camera"
RTSP = f"rtsp://root:{SECRET}@192.168.7.20:554/stream1"


class CameraApi:
    """`with CameraApi(folder) as api:` starts it. Files may be watched from `videos`, a folder below."""

    def __init__(self, folder: Path, *, max_cameras: int = 1000) -> None:
        self.videos = folder / "videos"
        self.videos.mkdir()
        config = site_config(folder / "site", max_cameras=max_cameras)
        policy = SourcePolicySettings(allow_loopback=True, folders=(self.videos,))
        self.config = config.model_copy(update={"source_policy": policy})
        self._site = RunningSite(self.config)
        self._viewers = [BOSS]

    def __enter__(self) -> "CameraApi":
        self._site.__enter__()
        running = self._site.site.running
        self.manager = running.cameras
        self.sessions = running.sessions
        self.layout = running.shared.layout
        clock = SystemClock()
        self.scoped = ScopedCameras(running.store, running.sessions, clock)
        self.site = SiteAccess(running.cameras, lambda: self._site.site.status)
        self._services: dict[str, Any] = {
            "config": self.config,
            "clock": clock,
            "layout": self.layout,
            "cameras": self.scoped,
            "site": self.site,
        }
        return self

    def __exit__(self, *error: object) -> None:
        self._site.__exit__(*error)

    def ask(self, viewer: Viewer = BOSS) -> TestClient:
        """A client of this viewer."""
        routers = (camera_files.router, camera_tests.router, cameras.router)
        found = client(make_app(*routers, viewers=(viewer,), **self._services), viewer)
        found.base_url = f"http://haetae.test{API}"
        return found

    def add(self, name: str, source: str = RTSP, **fields: Any) -> UUID:
        """A camera that is disabled unless said otherwise, added over the API."""
        answer = self.ask().post("/cameras", json={"name": name, "source": source, "enabled": False, **fields})
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def audit(self, camera_id: UUID) -> list[AuditEntry]:
        """What was noted of a camera, oldest first."""
        query = sa.select(AuditEntry).where(AuditEntry.target_id == str(camera_id)).order_by(AuditEntry.number)
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(query))


def with_grant(camera_id: UUID, level: AccessLevel, role: Role = Role.OPERATOR) -> Viewer:
    """A person who may do that with one camera."""
    return Viewer(new_id(), f"{level.value}-{new_id().hex[-6:]}", role, {camera_id: level})
