"""What actions of this site can reach, as far as the tables of cameras and groups tell, and what a playbook may name besides."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc, select
from sqlalchemy.orm import Session

from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Camera
from haetae.database.notification_models import NotificationGroup
from haetae.domain.incident import Target
from haetae.errors import DatabaseUnavailable


class TargetReader:
    """Any thread; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def targets(self) -> list[Target]:
        """Groups and cameras."""
        with self._transaction() as session:
            groups = session.execute(select(NotificationGroup.id, NotificationGroup.name).order_by(NotificationGroup.name))
            found = [Target("group", str(group_id), name) for group_id, name in groups]
            cameras = session.execute(select(Camera.id, Camera.name).order_by(Camera.name, Camera.id))
            return found + [Target("camera", str(camera_id), name) for camera_id, name in cameras]

    def zones(self) -> set[str]:
        """The names of all cameras' zones, as far as they can be read."""
        with self._transaction() as session:
            rows: list[Any] = list(session.scalars(select(Camera.zones)))
        zones = (zone for row in rows if isinstance(row, list) for zone in row)
        return {zone["name"] for zone in zones if isinstance(zone, dict) and isinstance(zone.get("name"), str)}

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("groups and cameras cannot be read now", hint="Check the database") from error
