"""What `haetae incident` does."""

import asyncio
from pathlib import Path
from uuid import UUID

from haetae.agents.defaults import default_playbook
from haetae.agents.playbook import Playbook
from haetae.agents.replay import plan_again
from haetae.clock import SystemClock
from haetae.database.incident_store import IncidentStore
from haetae.database.opening import reading
from haetae.database.playbook_store import PlaybookStore
from haetae.database.scoped.incidents import ScopedIncidents
from haetae.domain.viewer import Actor, Role, Viewer
from haetae.errors import StorageError
from haetae.pipeline.incident_page import incident_html, incident_json
from haetae.pipeline.incident_replay import Replayed
from haetae.pipeline.responding import added
from haetae.settings import load_config
from haetae.time_zone import local_time_zone


def machine() -> Viewer:
    """Who sits at the machine, and sees what is on it."""
    return Viewer(UUID(int=0), "command line", Role.ADMIN)


def replay_incident(event_id: UUID, config: Path | None) -> list[Replayed]:
    """Every plan of the event as it was made and as it is made again. Raises NotFound, StateError, StorageError."""
    settings = load_config(config)
    with reading(settings.database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        clock = SystemClock()
        event, records = IncidentStore(sessions, clock).plans(event_id)
        playbooks = PlaybookStore(sessions, clock)
        time_zone, language = local_time_zone(settings.site.time_zone), settings.vlm.language

        def playbook(version: int) -> Playbook:
            content = playbooks.get(version).content if version else default_playbook(language=language).content
            return Playbook(content, version=version, time_zone=time_zone)

        found = []
        for number, record in enumerate(records):
            then = playbook(record.plan.playbook_version)
            again = asyncio.run(plan_again(record, event, then, clock, settings.agents, language=language))
            found.append(Replayed(record.number, record.plan, added(again, records[:number])))
        return found


def export_incident(event_id: UUID, config: Path | None, *, html: bool) -> bytes:
    """The export. Raises NotFound, StorageError where there is no site yet."""
    with reading(load_config(config).database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        viewer = machine()
        incident = ScopedIncidents(sessions, SystemClock()).export(viewer, Actor(viewer.name), event_id)
        return incident_html(incident).encode() if html else incident_json(incident)
