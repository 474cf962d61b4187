"""Cameras in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig
from haetae.domain.schedule import WeeklySchedule
from haetae.domain.zone import Zone

_PLAIN = (
    "name",
    "source",
    "vad_model",
    "analysed_fps",
    "false_alarms_per_day",
    "learning_s",
    "enabled",
    "offline_alert_s",
    "pre_roll_s",
    "post_roll_s",
)
_ZONES = TypeAdapter(tuple[Zone, ...])
_SCHEDULE = TypeAdapter(WeeklySchedule)


def ensure_camera(session: Session, config: CameraConfig, *, now: datetime) -> Camera:
    """The row of this camera, made or brought up to `config`; unchanged (and its version with it) where nothing differs.

    Flushes, so that the row exists for what follows in the same transaction. Raises SQLAlchemy's StaleDataError when another process
    changed the row in between.
    """
    row = session.get(Camera, config.id)
    if row is None:
        row = Camera(id=config.id, created_at=now, updated_at=now, **_columns(config))
        session.add(row)
    else:
        changed = {name: value for name, value in _columns(config).items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
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
    """The configuration that a row holds; raises pydantic's ValidationError for zones or a schedule that no Haetae wrote."""
    return CameraConfig(
        id=row.id,
        vad_settings=tuple(sorted((row.vad_settings or {}).items())),
        zones=_ZONES.validate_python(row.zones or ()),
        schedule=None if row.schedule is None else _SCHEDULE.validate_python(row.schedule),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _columns(config: CameraConfig) -> dict[str, Any]:
    schedule = None if config.schedule is None else _SCHEDULE.dump_python(config.schedule, mode="json")
    if schedule is not None:
        for span in schedule["spans"]:
            # A set has no order, and an order that changes would look like a change.
            span["days"].sort()
    return {
        "vad_settings": dict(config.vad_settings) or None,
        "zones": _ZONES.dump_python(config.zones, mode="json") or None,
        "schedule": schedule,
        **{name: getattr(config, name) for name in _PLAIN},
    }
