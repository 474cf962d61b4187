"""What `haetae report` does: read the database as an admin would, beside a running site or without one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import typer

from haetae.agents.assistant.records import LANGUAGES
from haetae.agents.assistant.report import make_report
from haetae.agents.assistant.report_text import report_text
from haetae.api.assistant_records import SITE_WORDS, ViewerRecords
from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions
from haetae.database.opening import reading
from haetae.database.scoped.actions import ScopedActions
from haetae.database.scoped.cameras import ScopedCameras
from haetae.database.scoped.event_counts import ScopedEventCounts
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.camera import CameraStatus
from haetae.domain.schedule import find_time_zone
from haetae.domain.viewer import Role, Viewer
from haetae.errors import ConfigError, StorageError
from haetae.pipeline.control import CONTROL_SOCKET, read_status
from haetae.settings import SystemConfig, load_config
from haetae.time_zone import local_time_zone
from haetae.vault import Vault

_SHIFT = timedelta(hours=12)
_SELF = Viewer(UUID(int=0), "command line", Role.ADMIN)
"""Who may read the database file may see everything in it."""


def print_shift(config_file: Path | None, since: datetime | None, until: datetime | None, *, language: str, json_output: bool) -> None:
    """Print the report. Times without a zone are the site's. Raises ConfigError, StorageError."""
    if language not in LANGUAGES:
        raise ConfigError(f"there is no report in {language!r}", hint=f"Languages are {', '.join(LANGUAGES)}")
    config = load_config(config_file)
    zone = find_time_zone(local_time_zone(config.site.time_zone))
    end = SystemClock().now() if until is None else until.replace(tzinfo=zone)
    begin = end - _SHIFT if since is None else since.replace(tzinfo=zone)
    with reading(config.database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        report = make_report(_records(config, sessions, language), begin, end)
    if json_output:
        typer.echo(orjson.dumps(report, option=orjson.OPT_NON_STR_KEYS).decode())
    else:
        typer.echo(report_text(report, SITE_WORDS, language))


def _records(config: SystemConfig, sessions: Sessions, language: str) -> ViewerRecords:
    clock = SystemClock()
    store = CameraStore(sessions, clock, max_cameras=config.site.max_cameras, vault=Vault.open(config.storage.directory))
    return ViewerRecords(
        _SELF,
        cameras=ScopedCameras(store, sessions, clock),
        events=ScopedEvents(sessions, clock),
        counts=ScopedEventCounts(sessions),
        plans=ScopedPlans(sessions),
        actions=ScopedActions(sessions),
        statistics=ScopedStatistics(sessions, clock, local_time_zone(config.site.time_zone)),
        statuses=lambda: _statuses(config),
        clock=clock,
        language=language,
    )


def _statuses(config: SystemConfig) -> Mapping[UUID, CameraStatus]:
    """How the cameras of the running site are doing; where none runs they are all stopped."""
    status = read_status(config.storage.directory / CONTROL_SOCKET)
    return {} if status is None else {camera.camera_id: camera for camera in status.cameras}
