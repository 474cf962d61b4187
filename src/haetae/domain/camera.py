"""A camera: its configuration and how it is doing."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.frame import FrameCounts
from haetae.domain.schedule import WeeklySchedule
from haetae.domain.zone import Zone


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
    10 minutes, or a quarter of a file, whichever is shorter. `vad_settings` are (name, value) pairs for the model; cameras with the same
    model and settings share it. `schedule` None means always armed: outside of it no anomaly raises an event, while tampering and a lost
    camera still do. `offline_alert_s` is how long a camera may be away before people are told. `flow` is who plans the response to its
    events; None means the site's default.
    """

    id: UUID
    name: str
    source: str
    vad_model: str = "motion"
    analysed_fps: float | None = None
    false_alarms_per_day: float = 1.0
    learning_s: float | None = None
    enabled: bool = True
    vad_settings: tuple[tuple[str, str | int | float | bool], ...] = ()
    zones: tuple[Zone, ...] = ()
    schedule: WeeklySchedule | None = None
    offline_alert_s: float = 30.0
    pre_roll_s: float = 5.0
    post_roll_s: float = 5.0
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera at one moment.

    `cause` says why it is not watching, in words for people; `learning` is in [0, 1]. `since` is when it came into this state.
    `latency_s` is the time from capture to score, lately. `armed` is false while its schedule keeps it from raising events.
    `replaced_threads` counts the threads that hung in native code and were given up.
    """

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
    name: str = ""
    since: datetime | None = None
    armed: bool = True
    latency_s: float | None = None
    replaced_threads: int = 0
