"""Planning again from what was kept of a plan: same inputs, same answers of the models, today's code."""

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from haetae.agents.base import PLAYBOOK, FlowParts, MemoryJournal, Mind, Toolbox, create_flow
from haetae.agents.catalogue import Catalogue
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Playbook
from haetae.agents.situation import Situation
from haetae.clock import Clock
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent
from haetae.domain.incident import PlanRecord, Target
from haetae.domain.plan import ResponsePlan
from haetae.errors import StateError
from haetae.settings import AgentSettings

if TYPE_CHECKING:
    from pydantic_ai.models import Model

NOT_ASKED = "no model is asked when a plan is made again"

_SITUATION = TypeAdapter(Situation)
_ANALYSIS = TypeAdapter(Analysis)
_TARGETS = TypeAdapter(tuple[Target, ...])


class _NotAsked:
    """Lets no question through: what was not kept cannot be answered again."""

    def refusal(self) -> str:
        return NOT_ASKED

    def answered(self) -> None: ...
    def failed(self, reason: str, retry_after_s: float | None) -> None: ...


def _silent_model() -> "Model":
    from pydantic_ai.models.test import TestModel

    return TestModel()


async def plan_again(
    record: PlanRecord, event: AnomalyEvent, playbook: Playbook, clock: Clock, settings: AgentSettings, *, language: str = "en"
) -> ResponsePlan:
    """The plan that comes of `record`'s inputs with this `playbook`.

    Models are not asked: each step that was kept is answered as it was, and where one is missing the playbook plans and says so. Raises
    StateError for inputs that cannot be read.
    """
    toolbox, analysis = _given(record, playbook)
    fell_back_unasked = bool(record.plan.fallback) and not record.steps
    if record.flow == PLAYBOOK or fell_back_unasked:
        return playbook_plan(toolbox, fallback=record.plan.fallback)
    mind = Mind(_silent_model, "kept answers", guard=_NotAsked())
    flow = create_flow(record.flow, FlowParts(settings, clock, mind, language))
    try:
        return await flow.respond(event, analysis, toolbox, clock.monotonic() + settings.deadline_s)
    finally:
        flow.close()


def _given(record: PlanRecord, playbook: Playbook) -> tuple[Toolbox, Analysis]:
    inputs: dict[str, Any] = dict(record.inputs)
    try:
        situation = _SITUATION.validate_python(inputs["situation"])
        analysis = _ANALYSIS.validate_python(inputs["analysis"])
        catalogue = Catalogue.of(_TARGETS.validate_python(inputs["targets"]))
        notes, local_time = str(inputs["notes"]), str(inputs["local_time"])
    except (ValidationError, KeyError) as error:
        raise StateError(
            f"what plan {record.number} was made from cannot be read ({type(error).__name__})",
            hint="It was kept by another Haetae: use that version",
        ) from error
    journal = MemoryJournal({step.name: step for step in record.steps})
    return Toolbox(playbook, catalogue, situation, journal, notes, local_time), analysis
