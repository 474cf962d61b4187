"""Cameras in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig

_CONFIGURED = ("name", "source", "vad_model", "analysed_fps", "false_alarms_per_day", "learning_s", "enabled")


def ensure_camera(session: Session, config: CameraConfig, *, now: datetime) -> Camera:
    """The row of this camera, made or brought up to `config`; unchanged (and its version with it) where nothing differs.

    Flushes, so that the row exists for what follows in the same transaction. Raises SQLAlchemy's StaleDataError when another process
    changed the row in between.
    """
    row = session.get(Camera, config.id)
    if row is None:
        row = Camera(id=config.id, created_at=now, updated_at=now, **{name: getattr(config, name) for name in _CONFIGURED})
        session.add(row)
    else:
        changed = [name for name in _CONFIGURED if getattr(row, name) != getattr(config, name)]
        for name in changed:
            setattr(row, name, getattr(config, name))
        if changed:
            row.updated_at = now
    session.flush()
    return row


def get_camera(session: Session, camera_id: UUID) -> Camera | None:
    """The camera with this id, None where there is none."""
    return session.get(Camera, camera_id)


def list_cameras(session: Session, *, name: str | None = None, enabled: bool | None = None) -> list[Camera]:
    """Cameras by name, then age; only those called `name`, only enabled or disabled ones, where given."""
    query = select(Camera).order_by(Camera.name, Camera.id)
    if name is not None:
        query = query.where(Camera.name == name)
    if enabled is not None:
        query = query.where(Camera.enabled.is_(enabled))
    return list(session.scalars(query))


def to_config(row: Camera) -> CameraConfig:
    """The configuration that a row holds."""
    return CameraConfig(id=row.id, **{name: getattr(row, name) for name in _CONFIGURED})
