"""A running site at one moment: what `haetae status`, the metrics and the API show."""

from dataclasses import dataclass, field
from datetime import datetime

from haetae.domain.action import ActStatus
from haetae.domain.camera import CameraStatus
from haetae.domain.incident import RespondStatus
from haetae.domain.search import EmbeddingStatus, SearchStatus
from haetae.domain.triage import LookStatus


@dataclass(frozen=True, slots=True)
class StorageStatus:
    """The disk under the storage folder.

    `media_bytes` is what clips and pictures of events take, `locked_bytes` the part that is evidence. `days_left` predicts, from the growth
    of the last days, when retention must delete what the age limit would still keep; None where nothing can be said. `recording` is
    false while clips are refused for `cause`.
    """

    free_bytes: int = 0
    total_bytes: int = 0
    media_bytes: int = 0
    locked_bytes: int = 0
    days_left: float | None = None
    recording: bool = True
    cause: str = ""


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The event log: events accepted since the start and replayed from before it, stored, refused for good (dead), and still waiting."""

    accepted: int = 0
    replayed: int = 0
    stored: int = 0
    dead: int = 0
    waiting: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One shared model: `cameras` that use it, windows scored, batches run, windows waiting now, windows dropped by reason."""

    name: str
    cameras: int
    memory_mb: float = 0.0
    scored: int = 0
    batches: int = 0
    waiting: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoticeStatus:
    """Telling people, since the start of the process: messages sent, tries that failed, messages given up (dead). `enabled` is false where
    notifications are switched off; `database_error` says why none can be sent now."""

    enabled: bool = False
    sent: int = 0
    failed: int = 0
    dead: int = 0
    last_sent_at: datetime | None = None
    database_error: str = ""


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """Everything at once. `memory` is what `ResourcePool.check_gpu_memory` says, in MB; `abandoned_threads` counts threads that hang."""

    started_at: datetime
    version: str
    pid: int
    max_cameras: int
    cameras: tuple[CameraStatus, ...] = ()
    models: tuple[ModelStatus, ...] = ()
    storage: StorageStatus = StorageStatus()
    log: LogStatus = LogStatus()
    notices: NoticeStatus = NoticeStatus()
    looks: LookStatus = field(default_factory=LookStatus)
    responses: RespondStatus = field(default_factory=RespondStatus)
    acts: ActStatus = field(default_factory=ActStatus)
    embeddings: EmbeddingStatus = field(default_factory=EmbeddingStatus)
    searches: SearchStatus = field(default_factory=SearchStatus)
    memory: dict[str, float] = field(default_factory=dict)
    abandoned_threads: int = 0
    rss_mb: float = 0.0
    threads: int = 0
    open_files: int = 0
