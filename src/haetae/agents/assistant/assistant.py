"""The assistant: a model with tools where there is one, else, and whenever that comes to nothing, parsed questions."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from haetae.agents.assistant.ledger import Ledger
from haetae.agents.assistant.messages import AnsweredBy, Done, Message, Question, TextPart, ToolUse
from haetae.agents.assistant.records import ApprovalRequests, Records, SiteWords
from haetae.agents.assistant.rules import Ruled, Rules, examples
from haetae.agents.assistant.tools import Tools
from haetae.errors import ModelError

_log = structlog.get_logger()


class ModelFailed(ModelError):
    """The model gave no answer that may be shown; the message says why, for people."""


class Answerer(Protocol):
    """A language model that answers with the tools it is given. Called on an event loop, several at a time."""

    async def answer(self, question: Question, tools: Tools, requests: ApprovalRequests | None) -> str:
        """The model's answer, not yet held against what was looked up. Raises ModelFailed for whatever goes wrong, in bounded time."""
        ...

    async def summarise(self, text: str, language: str) -> str:
        """A text in a few sentences. Raises ModelFailed as `answer` does."""
        ...


class Assistant:
    """Answers questions, each for one viewer. On an event loop; look-ups go through its pool of threads."""

    def __init__(self, words: SiteWords, answerer: Answerer | None = None) -> None:
        self._words = words
        self._answerer = answerer

    async def answer(
        self, question: Question, records: Records, say: Callable[[Message], None], requests: ApprovalRequests | None = None
    ) -> None:
        """Say the answer message by message; the last is `Done`. `say` is called on this loop and returns at once.

        Raises DatabaseUnavailable.
        """
        loop, ledger = asyncio.get_running_loop(), Ledger(question.text)

        def used(use: ToolUse) -> None:
            loop.call_soon_threadsafe(say, use)

        tools = await asyncio.to_thread(Tools, records, self._words, ledger, question.language, used)
        reason = ""
        if self._answerer is not None:
            try:
                await self._ask_model(self._answerer, question, tools, say, requests)
                return
            except ModelFailed as error:
                reason = error.message
                _log.info("the assistant's model gave no answer", reason=reason)
        rules = Rules(tools, reason=reason, can_request=requests is not None)
        ruled = await asyncio.to_thread(rules.answer, question.text)
        say(TextPart(ruled.text))
        for citation in ruled.citations:
            say(citation)
        say(await asyncio.to_thread(self._done, ruled, question.language, reason, records))

    async def summary(self, text: str, language: str) -> tuple[str, str]:
        """A report in a few sentences of a model's, or why there are none. A summary with a number that is not the report's is none."""
        if self._answerer is None:
            return "", "no language model is configured"
        ledger = Ledger()
        ledger.returned(text)
        try:
            checked = ledger.check(await self._answerer.summarise(text, language))
        except ModelFailed as error:
            return "", error.message
        if checked.unverified_numbers:
            return "", f"the model named numbers that are not in the report: {', '.join(checked.unverified_numbers[:8])}"
        return checked.text, ""

    async def _ask_model(
        self, answerer: Answerer, question: Question, tools: Tools, say: Callable[[Message], None], requests: ApprovalRequests | None
    ) -> None:
        """Raises ModelFailed, also for an answer that rests on nothing."""
        text = await answerer.answer(question, tools, requests)
        if not tools.ledger.lookups:
            raise ModelFailed("the model answered without looking anything up")
        checked = tools.ledger.check(text)
        if not checked.text:
            raise ModelFailed("the model's answer is empty")
        say(TextPart(checked.text))
        for citation in checked.citations:
            say(citation)
        done = Done(AnsweredBy.MODEL, question.language)
        say(replace(done, unverified_numbers=checked.unverified_numbers, dropped_citations=checked.dropped_citations))

    def _done(self, ruled: Ruled, language: str, reason: str, records: Records) -> Done:
        shown = () if ruled.understood else examples(language, records.cameras())
        why = reason or ("" if self._answerer is not None else "no language model is configured")
        return Done(AnsweredBy.RULES, language, understood=ruled.understood, reason=why, examples=shown)
