"""The site itself, for who looks after it: how it is doing, and what it is configured as."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from haetae.api.dependencies import AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.telemetry import redact

router = APIRouter(tags=["system"], responses={status: ERRORS[status] for status in (401, 403, 503)})


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class StorageRead(_Read):
    """The disk under the storage folder."""

    free_bytes: int
    total_bytes: int
    media_bytes: int = Field(description="clips and pictures of events")
    locked_bytes: int = Field(description="the part of them that is evidence")
    days_left: float | None = Field(description="until clips are deleted for room before they are for age; null where nothing can be said")
    recording: bool = Field(description="false while clips are refused")
    cause: str = Field(description="why clips are refused, in words")


class EventLogRead(_Read):
    """Events since the start: accepted and replayed = stored + dead + waiting."""

    accepted: int
    replayed: int
    stored: int
    dead: int = Field(description="refused by the database for good; they lie in the dead-letter file")
    waiting: int
    last_error: str | None


class ModelRead(_Read):
    name: str
    cameras: int
    memory_mb: float
    scored: int
    batches: int
    waiting: int
    dropped: dict[str, int] = Field(description="by reason")


class NoticesRead(_Read):
    """Messages since the start."""

    enabled: bool
    sent: int
    failed: int = Field(description="tries that failed")
    dead: int = Field(description="messages that were given up")
    last_sent_at: datetime | None
    database_error: str


class ResponsesRead(_Read):
    """Planning since the start."""

    waiting: int = Field(description="incidents whose response is to be planned")
    planned: int
    by_model: int
    fell_back: int = Field(description="planned by the playbook in place of a flow")
    failed: int = Field(description="ended by a fault and tried again")
    calls: int
    tokens: int
    database_error: str


class ActsRead(_Read):
    approvals_waiting: int = Field(description="questions that no person has answered")
    running: int
    ended: dict[str, int] = Field(description="actions that ended since the start, by state")


class EmbeddingsRead(_Read):
    """Search by meaning, since the start."""

    model: str
    state: Literal["off", "ready", "away"]
    cause: str = Field(description="why the server is away, in words")
    waiting: int = Field(description="events whose words are still to be embedded, as far as is known")
    embedded: int
    failed: int = Field(description="requests that failed")
    refused: int = Field(description="events whose words the server would not take")
    database_error: str


class SystemRead(_Read):
    now: datetime
    started_at: datetime
    version: str
    site: str = Field(description="its name")
    max_cameras: int
    not_ready: list[str] = Field(description="what is not in order, in words; empty when all is")
    storage: StorageRead
    log: EventLogRead
    models: list[ModelRead]
    notices: NoticesRead
    responses: ResponsesRead
    acts: ActsRead
    embeddings: EmbeddingsRead
    memory: dict[str, float] = Field(description="what the models may take and take, in MB")
    rss_mb: float
    threads: int
    abandoned_threads: int = Field(description="threads that hung in native code and were given up")
    open_files: int


class ConfigurationRead(BaseModel):
    sections: dict[str, Any] = Field(description="by section, as they are in force; secrets are ***")


@router.get("/system")
def get_system(_admin: AdminDep, services: ServicesDep) -> SystemRead:
    """How the site is doing now: storage, queues, models, messages, the process."""
    status = services.site.site_status()
    own = {name: getattr(status, name) for name in SystemRead.model_fields if hasattr(status, name)}
    return SystemRead.model_validate(
        own | {"now": services.clock.now(), "site": services.config.site.name, "not_ready": list(services.readiness())}
    )


@router.get("/system/configuration")
def get_configuration(_admin: AdminDep, services: ServicesDep) -> ConfigurationRead:
    """The configuration in force, defaults included, without any secret."""
    return ConfigurationRead(sections=_shown(services.config.model_dump(mode="json")))


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """Without secrets. A number is none, whatever it is called: `access_token_s` says for how long."""
    shown: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            shown[name] = _shown(value)
        else:
            shown[name] = value if isinstance(value, int | float) else redact({name: value})[name]
    return shown
