"""Cameras in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from haetae.database.models import Camera
from haetae.domain.camera import CameraConfig
from haetae.domain.schedule import WeeklySchedule
from haetae.domain.zone import Zone
from haetae.errors import ConfigError
from haetae.vault import Vault, is_sealed

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
    "flow",
)
_ZONES = TypeAdapter(tuple[Zone, ...])
_SCHEDULE = TypeAdapter(WeeklySchedule)


def ensure_camera(session: Session, config: CameraConfig, *, now: datetime, vault: Vault | None = None) -> Camera:
    """The row of this camera, made or brought up to `config`; unchanged (and its version with it) where nothing differs.

    With a vault its source is sealed. Flushes, so that the row exists for what follows in the same transaction. Raises SQLAlchemy's
    StaleDataError when another process changed the row in between.
    """
    row = session.get(Camera, config.id)
    columns = _columns(config)
    if row is not None and _holds(row, config.source, vault):
        # Sealed twice, the same source looks different.
        del columns["source"]
    elif vault is not None:
        columns["source"] = vault.seal(config.source, place=source_place(config.id))
    if row is None:
        row = Camera(id=config.id, created_at=now, updated_at=now, **columns)
        session.add(row)
    else:
        changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            row.updated_at = now
    session.flush()
    return row


def get_camera(session: Session, camera_id: UUID) -> Camera | None:
    """The camera with this id, None where there is none."""
    return session.get(Camera, camera_id)


def list_cameras(
    session: Session, *, name: str | None = None, enabled: bool | None = None, where: ColumnElement[bool] | None = None
) -> list[Camera]:
    """Cameras by name, then age; only those called `name`, only enabled or disabled ones, only where `where` holds, as given."""
    query = select(Camera).order_by(Camera.name, Camera.id)
    if where is not None:
        query = query.where(where)
    if name is not None:
        query = query.where(Camera.name == name)
    if enabled is not None:
        query = query.where(Camera.enabled.is_(enabled))
    return list(session.scalars(query))


def source_place(camera_id: UUID) -> str:
    """What the sealed source of this camera is bound to."""
    return f"cameras.source:{camera_id}"


def source_of(row: Camera, vault: Vault | None) -> str:
    """The source that a row holds, unsealed. Raises ConfigError where it was sealed and cannot be opened with `vault`."""
    if vault is not None:
        return vault.unseal(row.source, place=source_place(row.id))
    if is_sealed(row.source):
        raise ConfigError("its source is sealed with the site key", hint="Open it with the vault of the site's storage folder")
    return row.source


def to_config(row: Camera, vault: Vault | None = None) -> CameraConfig:
    """The configuration that a row holds; raises pydantic's ValidationError for zones or a schedule that no Haetae wrote, ConfigError for
    a source that cannot be unsealed."""
    return CameraConfig(
        id=row.id,
        vad_settings=tuple(sorted((row.vad_settings or {}).items())),
        zones=_ZONES.validate_python(row.zones or ()),
        schedule=None if row.schedule is None else _SCHEDULE.validate_python(row.schedule),
        **{**{name: getattr(row, name) for name in _PLAIN}, "source": source_of(row, vault)},
    )


def _holds(row: Camera, source: str, vault: Vault | None) -> bool:
    """Whether nothing is to be written: what lies in clear is sealed even where it is the same."""
    try:
        return source_of(row, vault) == source and (vault is None or is_sealed(row.source))
    except ConfigError:
        return False


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
