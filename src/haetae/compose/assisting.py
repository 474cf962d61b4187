"""Builds the assistant."""

from haetae.agents.assistant.assistant import Assistant
from haetae.api.assistant_desk import AssistantDesk
from haetae.api.assistant_records import SITE_WORDS, ViewerRecords
from haetae.api.site_access import SiteAccess
from haetae.clock import Clock
from haetae.database.engine import Sessions
from haetae.database.scoped.cameras import ScopedCameras
from haetae.database.scoped.event_counts import ScopedEventCounts
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.viewer import Viewer
from haetae.settings import SystemConfig


def make_assistant(
    config: SystemConfig,
    clock: Clock,
    sessions: Sessions,
    *,
    cameras: ScopedCameras,
    events: ScopedEvents,
    statistics: ScopedStatistics,
    site: SiteAccess,
) -> AssistantDesk:
    """The desk of a site. It opens nothing before somebody asks."""
    counts = ScopedEventCounts(sessions)

    def records(viewer: Viewer, language: str) -> ViewerRecords:
        return ViewerRecords(
            viewer,
            cameras=cameras,
            events=events,
            counts=counts,
            statistics=statistics,
            statuses=site.statuses,
            clock=clock,
            language=language,
        )

    return AssistantDesk(Assistant(SITE_WORDS), records, clock, config.assistant)
