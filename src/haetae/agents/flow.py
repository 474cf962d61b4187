"""What all flows with a model have in common: the playbook before it and after it, the limits, and what remains when it fails."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from haetae.agents.base import FlowParts, Mind, Toolbox
from haetae.agents.discretion import Discretion
from haetae.agents.gate import Refusal, pass_gate
from haetae.agents.ledger import Ledger, Unplanned
from haetae.agents.plan_schema import SitePlan, plan_form
from haetae.agents.planning import playbook_plan
from haetae.agents.playbook import Bounds
from haetae.agents.prompt import known, load_prompts, tell
from haetae.agents.roles import Talk
from haetae.domain.analysis import Analysis
from haetae.domain.event import AnomalyEvent
from haetae.domain.plan import PlannedAction, PlannedBy, ResponsePlan
from haetae.errors import HaetaeError

_log = structlog.get_logger()

_GRACE_S = 2.0

NOTHING_TO_CHOOSE = "the playbook leaves nothing to choose"


@dataclass(frozen=True, slots=True)
class Draft:
    """What models made of an incident, before the gate."""

    chosen: tuple[PlannedAction, ...]
    summary: str = ""
    disputed: tuple[PlannedAction, ...] = ()
    refused: tuple[Refusal, ...] = ()
    review: str = ""


class Case:
    """One incident as the roles of a flow see it."""

    def __init__(self, talk: Talk, toolbox: Toolbox, bounds: Bounds, data: Mapping[str, Any], language: str) -> None:
        self.talk = talk
        self.toolbox = toolbox
        self.bounds = bounds
        self.form = plan_form([*bounds.may, *bounds.must])
        self._data = data
        self._language = language
        self._prompts = load_prompts()

    async def ask(self, step: str, role: str, form: Any, said: Mapping[str, Any] | None = None) -> Any:
        """One step; `said` is what other roles wrote before. Raises as `Talk.ask` does."""
        told = tell(self._prompts, role, self._data, language=self._language, said=said)
        return await self.talk.ask(step, role, told, form)

    async def plan(self, step: str, role: str = "planner", said: Mapping[str, Any] | None = None) -> SitePlan:
        """A plan of this role."""
        answer: SitePlan = await self.ask(step, role, self.form, said)
        return answer


class ModelFlow(ABC):
    """A flow whose roles are played by the site's model. Holds nothing of an incident, so several may be under way."""

    planned_by: PlannedBy

    def __init__(self, parts: FlowParts) -> None:
        assert parts.mind is not None
        self._parts = parts
        self._mind: Mind = parts.mind

    async def respond(self, event: AnomalyEvent, analysis: Analysis, toolbox: Toolbox, deadline: float) -> ResponsePlan:
        began = self._parts.clock.monotonic()
        bounds = toolbox.playbook.bounds(toolbox.situation, toolbox.catalogue)
        if not bounds.may:
            return playbook_plan(toolbox, fallback=NOTHING_TO_CHOOSE)
        before = list(toolbox.journal.done().values())
        settings = self._parts.settings
        ledger = Ledger(settings.max_calls, settings.max_tokens, sum(each.calls for each in before), sum(each.tokens for each in before))
        talk = Talk(self._mind, ledger, toolbox.journal, self._parts.clock, deadline, settings.answer_tokens)
        plan = await self._planned(Case(talk, toolbox, bounds, known(event, analysis, toolbox, bounds), self._parts.language))
        plan = Discretion(toolbox.situation, toolbox.catalogue, self._parts.language).plan(plan, bounds)
        took_s = self._parts.clock.monotonic() - began + sum(each.took_s for each in before)
        return replace(plan, calls=ledger.calls, tokens=ledger.tokens, elapsed_s=took_s)

    def close(self) -> None:  # noqa: B027 (nothing to do is what there is to do)
        """Holds nothing: the model is the site's."""

    @abstractmethod
    async def draft(self, case: Case) -> Draft:
        """What the models make of it. Raises Unplanned where they make nothing of it."""

    async def _planned(self, case: Case) -> ResponsePlan:
        # Each question keeps the deadline itself; this is for whatever else takes its time.
        left_s = max(0.0, case.talk.deadline - self._parts.clock.monotonic()) + _GRACE_S
        try:
            async with asyncio.timeout(left_s):
                draft = await self.draft(case)
        except Unplanned as error:
            return self._fallen_back(case, error)
        except TimeoutError:
            return self._fallen_back(case, self.failed("the models did not plan in time"))
        except HaetaeError:
            raise
        except Exception as error:
            _log.error("an agent flow failed", flow=self.planned_by.value, exc_info=error)
            return self._fallen_back(case, self.failed(f"the flow failed ({type(error).__name__})"))
        passed = pass_gate(case.bounds, draft.chosen, case.toolbox.catalogue)
        return ResponsePlan(
            actions=passed.actions,
            planned_by=self.planned_by,
            playbook_version=case.toolbox.playbook.version,
            disputed=draft.disputed,
            refused=(*passed.refused, *draft.refused),
            review="; ".join(each for each in (draft.review, passed.review) if each),
            summary=draft.summary,
        )

    def failed(self, reason: str) -> Unplanned:
        """What a fault of the flow itself comes to."""
        return Unplanned(reason)

    def _fallen_back(self, case: Case, error: Unplanned) -> ResponsePlan:
        plan = playbook_plan(case.toolbox, fallback=error.message, review=error.review)
        return replace(plan, refused=(*plan.refused, *error.refused))
