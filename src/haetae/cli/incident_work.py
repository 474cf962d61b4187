"""What `haetae incident` does."""

from pathlib import Path
from uuid import UUID

from haetae.clock import SystemClock
from haetae.database.opening import reading
from haetae.database.scoped.incidents import ScopedIncidents
from haetae.domain.viewer import Actor, Role, Viewer
from haetae.errors import StorageError
from haetae.pipeline.incident_page import incident_html, incident_json
from haetae.settings import load_config


def machine() -> Viewer:
    """Who sits at the machine, and sees what is on it."""
    return Viewer(UUID(int=0), "command line", Role.ADMIN)


def export_incident(event_id: UUID, config: Path | None, *, html: bool) -> bytes:
    """The export. Raises NotFound, StorageError where there is no site yet."""
    with reading(load_config(config).database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        viewer = machine()
        incident = ScopedIncidents(sessions, SystemClock()).export(viewer, Actor(viewer.name), event_id)
        return incident_html(incident).encode() if html else incident_json(incident)
