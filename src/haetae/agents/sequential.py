"""The flow `sequential`: an analyst weighs the incident, a planner plans, the gate has the last word."""

from haetae.agents.base import FlowParts
from haetae.agents.flow import Case, Draft, ModelFlow
from haetae.agents.plan_schema import Assessment
from haetae.domain.plan import PlannedBy


class SequentialFlow(ModelFlow):
    """Two calls of the model, where both answer at once."""

    planned_by = PlannedBy.SEQUENTIAL

    async def draft(self, case: Case) -> Draft:
        assessment = await case.ask("analyst", "analyst", Assessment)
        plan = await case.plan("planner", said={"analyst": assessment.model_dump(mode="json")})
        return Draft(plan.chosen(), plan.summary)


def make_sequential(parts: FlowParts) -> SequentialFlow:
    return SequentialFlow(parts)
