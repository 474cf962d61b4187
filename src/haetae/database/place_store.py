"""What people know of the places that cameras see, for those who look at events."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import exc, select
from sqlalchemy.orm import Session

from haetae.database.analysis_models import CameraNotes, PromptText
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Camera
from haetae.domain.schedule import WeeklySchedule
from haetae.domain.triage import Place
from haetae.domain.zone import Zone
from haetae.errors import ConfigError, DatabaseUnavailable

_ZONES = TypeAdapter(tuple[Zone, ...])
_SCHEDULE = TypeAdapter(WeeklySchedule)

_log = structlog.get_logger()


class PlaceUnreadable(ConfigError):
    """A camera's zones cannot be read: what must not be seen is not known, so nothing of it may be shown to a model."""


class PlaceStore:
    """Any thread. Raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def place(self, camera_id: UUID) -> Place | None:
        """None for a camera that is gone: its privacy zones are gone with it. Raises PlaceUnreadable."""
        with self._transaction() as session:
            camera = session.get(Camera, camera_id)
            if camera is None:
                return None
            notes = session.scalar(select(CameraNotes.text).where(CameraNotes.camera_id == camera_id)) or ""
            prompts = {row.event_type: row.text for row in session.execute(select(PromptText.event_type, PromptText.text))}
            try:
                zones = _ZONES.validate_python(camera.zones or ())
            except (ValidationError, ConfigError) as error:
                raise PlaceUnreadable("the camera's zones cannot be read", hint="Draw them again") from error
            return Place(camera.name, zones, _schedule(camera), camera.pre_roll_s, camera.post_roll_s, notes, prompts)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the cameras cannot be read now", hint="Check the database") from error


def _schedule(camera: Camera) -> WeeklySchedule | None:
    try:
        return None if camera.schedule is None else _SCHEDULE.validate_python(camera.schedule)
    except (ValidationError, ConfigError):
        _log.warning("schedule_unreadable", camera_id=str(camera.id))
        return None
