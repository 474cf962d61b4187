"""A camera: its configuration and how it is doing."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.frame import FrameCounts


class CameraState(StrEnum):
    STOPPED = "stopped"
    CONNECTING = "connecting"
    LEARNING = "learning"
    WATCHING = "watching"
    OFFLINE = "offline"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """A configured video source.

    `analysed_fps` None means: 5 for live streams, the file's own rate up to 10 for files. `learning_s` None means:
    10 minutes, or a quarter of a file, whichever is shorter.
    """

    id: UUID
    name: str
    source: str
    vad_model: str = "motion"
    analysed_fps: float | None = None
    false_alarms_per_day: float = 1.0
    learning_s: float | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera at one moment. `cause` says why it is not watching, in words for people; `learning` is in [0, 1]."""

    camera_id: UUID
    state: CameraState
    cause: str = ""
    fps: float = 0.0
    learning: float = 0.0
    score: float | None = None
    frames: FrameCounts = field(default_factory=FrameCounts)
    events: int = 0
    last_frame_at: datetime | None = None
    reconnects: int = 0
