"""Planning by the playbook alone: what it demands, and nothing else. No model is asked, so this is what remains whatever fails."""

from dataclasses import replace

from haetae.agents.base import FlowParts, Toolbox
from haetae.agents.gate import pass_gate
from haetae.clock import Clock
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent
from haetae.domain.plan import PlannedBy, ResponsePlan


def playbook_plan(toolbox: Toolbox, *, fallback: str = "", review: str = "") -> ResponsePlan:
    """What the playbook demands. `fallback` says why it plans although a flow was to, `review` why a person must look."""
    bounds = toolbox.playbook.bounds(toolbox.situation, toolbox.catalogue)
    passed = pass_gate(bounds, (), toolbox.catalogue)
    rules = ", ".join(bounds.rules)
    return ResponsePlan(
        actions=passed.actions,
        planned_by=PlannedBy.PLAYBOOK,
        playbook_version=toolbox.playbook.version,
        refused=passed.refused,
        review="; ".join(each for each in (review, passed.review) if each),
        fallback=fallback,
        summary=f"rules: {rules}" if rules else "no rule of the playbook is about this",
    )


class PlaybookFlow:
    """Stateless: any thread, any number at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def respond(self, event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, deadline: float) -> ResponsePlan:  # noqa: ARG002
        began = self._clock.monotonic()
        plan = playbook_plan(toolbox)
        return replace(plan, elapsed_s=self._clock.monotonic() - began)

    def close(self) -> None:
        """Holds nothing."""


def make_playbook_flow(parts: FlowParts) -> PlaybookFlow:
    return PlaybookFlow(parts.clock)
