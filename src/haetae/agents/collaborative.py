"""The flow `collaborative`: a cautious and a responsive planner plan at the same time, and code puts their plans together."""

import asyncio

from haetae.agents.aggregation import aggregate
from haetae.agents.base import FlowParts
from haetae.agents.flow import Case, Draft, ModelFlow
from haetae.agents.ledger import Unplanned
from haetae.agents.plan_schema import SitePlan
from haetae.domain.plan import PlannedBy


class CollaborativeFlow(ModelFlow):
    """Two calls of the model at the same time, where both answer at once."""

    planned_by = PlannedBy.COLLABORATIVE

    async def draft(self, case: Case) -> Draft:
        cautious, responsive = await _both(case)
        agreed = aggregate(case.bounds, cautious.chosen(), responsive.chosen(), case.toolbox.catalogue)
        review = "the planners do not agree" if agreed.disputed else ""
        return Draft(agreed.actions, cautious.summary or responsive.summary, agreed.disputed, agreed.refused, review)


async def _both(case: Case) -> tuple[SitePlan, SitePlan]:
    """One plan says nothing of what the other planner would have wanted: without both there is none."""
    answers = await asyncio.gather(case.plan("cautious", "cautious"), case.plan("responsive", "responsive"), return_exceptions=True)
    faults = [answer for answer in answers if isinstance(answer, BaseException)]
    if faults:
        # A fault of the database goes before one of a model: then the planning is taken up later.
        raise next((fault for fault in faults if not isinstance(fault, Unplanned)), faults[0])
    cautious, responsive = answers
    assert isinstance(cautious, SitePlan)
    assert isinstance(responsive, SitePlan)
    return cautious, responsive


def make_collaborative(parts: FlowParts) -> CollaborativeFlow:
    return CollaborativeFlow(parts)
