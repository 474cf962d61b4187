"""Asking a role: one step of planning, asked once, kept before the next one begins."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from pydantic import ValidationError
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError, UnexpectedModelBehavior, UserError
from pydantic_ai.models.openai import OpenAIChatModelSettings
from pydantic_ai.usage import UsageLimits

from haetae.agents.base import Journal, Mind
from haetae.agents.guarded_model import GuardedModel
from haetae.agents.ledger import Ledger, Unplanned
from haetae.agents.plan_schema import Form
from haetae.agents.prompt import Told
from haetae.clock import Clock
from haetae.domain.incident import Step
from haetae.errors import HaetaeError

F = TypeVar("F", bound=Form)

_LONGEST_CAUSE = 200
_SCHEMA_REFUSED = frozenset({400, 404, 415, 422, 501})


@dataclass(slots=True)
class Talk:
    """What is said in the planning of one incident. Belongs to one event loop."""

    mind: Mind
    ledger: Ledger
    journal: Journal
    clock: Clock
    deadline: float
    answer_tokens: int

    async def ask(self, step: str, role: str, told: Told, form: type[F]) -> F:
        """What the role answers, by the deadline; what an earlier attempt was answered where it was.

        Raises Unplanned where there is no valid answer, and DatabaseUnavailable where it cannot be kept.
        """
        kept = self.journal.done().get(step)
        if kept is not None:
            try:
                return form.model_validate(kept.output)
            except ValidationError:
                # The playbook or the site changed meanwhile, and what was chosen cannot be chosen any more.
                pass
        began = self.clock.monotonic()
        model = GuardedModel(self.mind.model(), self.ledger, self.mind.guard)
        try:
            async with asyncio.timeout(max(0.0, self.deadline - began)):
                answer = await self._answer(role, told, form, model)
        except TimeoutError as error:
            raise Unplanned(f"the {role} did not answer in time") from error
        except Unplanned:
            raise
        except (AgentRunError, UserError, httpx2.HTTPError) as error:
            raise Unplanned(f"no answer of the {role}: {self._cause(error)}") from error
        except HaetaeError:
            raise
        except Exception as error:
            # What a server answers that does not speak the API at all: the libraries promise nothing about how they fail then.
            raise Unplanned(f"the {role} answers what nobody understands ({type(error).__name__})") from error
        output: Mapping[str, Any] = answer.model_dump(mode="json")
        raw = self.mind.hide(model.raw)
        took_s = self.clock.monotonic() - began
        await self.journal.keep(Step(step, output, self.mind.name, told.id, told.sha256, raw, model.calls, model.tokens, took_s))
        return answer

    async def _answer(self, role: str, told: Told, form: type[F], model: GuardedModel) -> F:
        try:
            return await self._run(role, told, form, model, prompted=self.mind.output == "prompted")
        except ModelHTTPError as error:
            if self.mind.output != "native" or error.status_code not in _SCHEMA_REFUSED:
                raise
            # A server that does not take a schema is told of it in words.
            return await self._run(role, told, form, model, prompted=True)

    async def _run(self, role: str, told: Told, form: type[F], model: GuardedModel, *, prompted: bool) -> F:
        wanted: Any = PromptedOutput(form) if prompted else ToolOutput(form) if self.mind.output == "tool" else NativeOutput(form)
        agent: Agent[None, F] = Agent(model, output_type=wanted, system_prompt=told.system, name=role, retries=1)
        settings = OpenAIChatModelSettings(max_tokens=self.answer_tokens, timeout=max(0.1, self.deadline - self.clock.monotonic()))
        settings.update(self.mind.settings)  # type: ignore[typeddict-item]
        limits = UsageLimits(
            request_limit=max(0, self.ledger.most_calls - self.ledger.calls),
            total_tokens_limit=max(0, self.ledger.most_tokens - self.ledger.tokens),
        )
        result = await agent.run(told.text, model_settings=settings, usage_limits=limits)
        return result.output

    def _cause(self, error: BaseException) -> str:
        if isinstance(error, ModelHTTPError):
            return f"the model's server refuses ({error.status_code})"
        if isinstance(error, UnexpectedModelBehavior):
            return "it is no valid plan" if "output" in str(error) or "retries" in str(error) else "it answers what nobody understands"
        while error.__cause__ is not None:
            error = error.__cause__
        words = self.mind.hide(str(error) or type(error).__name__)
        return "".join(letter if letter.isprintable() else " " for letter in words)[:_LONGEST_CAUSE]
