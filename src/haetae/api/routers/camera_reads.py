"""What the routes of cameras give: what belongs to who runs a camera, its address above all, only to who has admin access to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.api.camera_source import kind_of, without_source
from haetae.api.routers.camera_schemas import ZoneModel, read_zones
from haetae.api.routers.schedule_schema import ScheduleModel, read_schedule
from haetae.database.camera_store import StoredCamera
from haetae.database.scoped.cameras import LastEvent
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import EventKind, EventStatus, Severity
from haetae.domain.viewer import AccessLevel, Viewer
from haetae.telemetry import redact, redact_url


class CameraRead(BaseModel):
    """A camera's configuration. What belongs to who runs it is null for who has no admin access to the camera."""

    id: UUID
    name: str
    source: str | None = Field(description="without its password; null without admin access to the camera")
    source_kind: str = Field(description="rtsp, rtsps, http, https, file, device or sim")
    enabled: bool
    vad_model: str
    vad_settings: dict[str, bool | int | float | str] | None
    analysed_fps: float | None
    false_alarms_per_day: float
    learning_s: float | None
    offline_alert_s: float
    pre_roll_s: float
    post_roll_s: float
    flow: str | None = Field(description="who plans the response to its events; null: as configured")
    zones: list[ZoneModel]
    schedule: ScheduleModel | None
    level: AccessLevel = Field(description="what you may do with the camera")
    version: int = Field(description="grows with every change; the ETag")
    created_at: datetime
    updated_at: datetime


class FrameCountsRead(BaseModel):
    """read = analysed + skipped + the sum of dropped."""

    read: int
    analysed: int
    skipped: int
    dropped: dict[str, int] = Field(description="by reason")


class LastEventRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    timestamp: datetime
    kind: EventKind
    subtype: str | None
    severity: Severity
    status: EventStatus
    acknowledged: bool


class CameraStatusRead(BaseModel):
    """How a camera is doing now. Counters begin with the site."""

    camera_id: UUID
    state: CameraState
    cause: str = Field(description="why it is not watching, for people")
    since: datetime | None = Field(description="when it came into this state")
    armed: bool = Field(description="false while its schedule keeps it from raising events")
    fps: float = Field(description="pictures looked at per second, lately")
    learning: float = Field(description="how much of the footage that it wants it has seen, 0 to 1")
    score: float | None = Field(description="0.5 is the alarm level")
    latency_s: float | None = Field(description="from capture to score, lately")
    last_frame_at: datetime | None
    frames: FrameCountsRead
    events: int
    reconnects: int
    replaced_threads: int = Field(description="threads that hung in native code and were given up")
    last_event: LastEventRead | None


class CameraListed(CameraRead):
    status: CameraStatusRead


class UnreadableCamera(BaseModel):
    """A camera whose stored configuration cannot be read; an admin can remove it."""

    id: UUID
    name: str
    error: str


class CameraList(BaseModel):
    cameras: list[CameraListed] = Field(description="by name")
    unreadable: list[UnreadableCamera] = Field(default_factory=list)


class ZonesRead(BaseModel):
    zones: list[ZoneModel]


class ScheduleRead(BaseModel):
    schedule: ScheduleModel | None
    armed_now: bool


class CameraRemoved(BaseModel):
    """What became of the camera's events."""

    events_kept: int
    events_deleted: int = 0
    events_locked: int = Field(0, description="evidence, which stays")
    events_unfinished: int = Field(0, description="still being recorded in that moment; ask again to delete these as well")


class CameraTest(BaseModel):
    """What a source delivers; or, where it does not work, `problem` and what to do about it."""

    works: bool
    problem: str = ""
    hint: str = ""
    kind: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    live: bool | None = None
    took_s: float | None = None
    picture: str | None = Field(None, description="the first picture as JPEG, in base64, at most 1280 wide; private zones are black")


def read_camera(stored: StoredCamera, viewer: Viewer) -> dict[str, Any]:
    """The fields of CameraRead."""
    config = stored.config
    level = viewer.level(config.id) or AccessLevel.VIEW
    plain = {name: getattr(config, name) for name in _PLAIN}
    return plain | {
        "source": redact_url(config.source) if level is AccessLevel.ADMIN else None,
        "source_kind": kind_of(config.source),
        "vad_settings": redact(dict(config.vad_settings)) if level is AccessLevel.ADMIN else None,
        "zones": read_zones(config),
        "schedule": read_schedule(config.schedule),
        "level": level,
        "version": stored.version,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }


def read_status(stored: StoredCamera, status: CameraStatus, last: LastEvent | None, viewer: Viewer) -> CameraStatusRead:
    owns = viewer.may(stored.config.id, AccessLevel.ADMIN)
    frames = status.frames
    return CameraStatusRead(
        camera_id=stored.config.id,
        state=status.state,
        cause=redact_url(status.cause) if owns else without_source(status.cause, stored.config.source),
        since=status.since,
        armed=status.armed,
        fps=round(status.fps, 2),
        learning=round(status.learning, 4),
        score=None if status.score is None else round(status.score, 4),
        latency_s=None if status.latency_s is None else round(status.latency_s, 3),
        last_frame_at=status.last_frame_at,
        frames=FrameCountsRead(read=frames.read, analysed=frames.analysed, skipped=frames.skipped, dropped=frames.dropped),
        events=status.events,
        reconnects=status.reconnects,
        replaced_threads=status.replaced_threads,
        last_event=None if last is None else LastEventRead.model_validate(last),
    )


_PLAIN = (
    "id",
    "name",
    "enabled",
    "vad_model",
    "analysed_fps",
    "false_alarms_per_day",
    "learning_s",
    "offline_alert_s",
    "pre_roll_s",
    "post_roll_s",
    "flow",
)
