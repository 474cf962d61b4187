"""Builds the assistant."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from haetae.agents.assistant.assistant import Answerer, Assistant
from haetae.agents.assistant.records import ApprovalRequests
from haetae.api.assistant_desk import AssistantDesk, ModelState
from haetae.api.assistant_records import SITE_WORDS, ViewerRecords
from haetae.api.site_access import SiteAccess
from haetae.clock import Clock
from haetae.compose.looking import Looking
from haetae.database.engine import Sessions
from haetae.database.scoped.actions import ScopedActions
from haetae.database.scoped.cameras import ScopedCameras
from haetae.database.scoped.event_counts import ScopedEventCounts
from haetae.database.scoped.events import ScopedEvents
from haetae.database.scoped.plans import ScopedPlans
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.domain.viewer import Viewer
from haetae.pipeline.model_server import vlm_reach
from haetae.settings import SystemConfig
from haetae.vlm.presets import server_of

OPENAI = "openai"


def make_assistant(
    config: SystemConfig,
    clock: Clock,
    sessions: Sessions,
    cameras: ScopedCameras,
    events: ScopedEvents,
    statistics: ScopedStatistics,
    site: SiteAccess,
    looking: Looking,
    requests: Callable[[Viewer], ApprovalRequests],
    again: Callable[[Viewer], Viewer],
) -> AssistantDesk:
    """The desk of a site. It opens nothing before somebody asks. `again` gives somebody as of now.

    Raises ConfigError for a model's server that the settings do not name.
    """
    counts, plans, actions = ScopedEventCounts(sessions), ScopedPlans(sessions), ScopedActions(sessions)

    def records(viewer: Viewer, language: str) -> ViewerRecords:
        return ViewerRecords(
            viewer,
            cameras=cameras,
            events=events,
            counts=counts,
            statistics=statistics,
            plans=plans,
            actions=actions,
            statuses=site.statuses,
            clock=clock,
            language=language,
            again=again,
        )

    if config.vlm.backend != OPENAI or not config.assistant.use_model:
        return AssistantDesk(Assistant(SITE_WORDS), records, clock, config.assistant, requests=requests)
    door = Door(config, looking)

    def state() -> ModelState:
        return ModelState(door.name, looking.status().cause)

    return AssistantDesk(Assistant(SITE_WORDS, _answerer(config, door)), records, clock, config.assistant, state=state, requests=requests)


class Door:
    """The way to the model that looks at events: the same server, policy, key and budget."""

    def __init__(self, config: SystemConfig, looking: Looking) -> None:
        settings = config.vlm
        self._server = replace(server_of(settings), model=config.assistant.model or server_of(settings).model)
        self._key = settings.api_key.get_secret_value()
        self._reach = vlm_reach(settings)
        self._deadline_s = config.assistant.deadline_s
        self._looking = looking
        self.name = self._server.model

    def session(self) -> AbstractAsyncContextManager[Any]:
        """The library's model, with connections of its own until the block ends."""
        # Only here: the libraries behind it take two seconds to load.
        from haetae.vlm.line import open_model

        return open_model(self._server, self._reach, self._key, self._deadline_s)

    def take(self) -> str:
        """A model that fails whatever it is given is left alone by questions as it is by looks."""
        cause = self._looking.status().cause
        refusal = f"the model is away: {cause}" if cause else self._looking.budget.take()
        if not refusal:
            self._looking.questions.note()
        return refusal


def _answerer(config: SystemConfig, door: Door) -> Answerer:
    from haetae.agents.assistant.model import Limits, ModelAnswerer

    own = config.assistant
    return ModelAnswerer(door, Limits(own.calls, own.tokens, own.max_tokens, own.deadline_s))
