"""A model behind any server that speaks OpenAI's chat API, with measurements as what remains when it fails."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from haetae.clock import Clock
from haetae.domain.analysis import Analysis, Basis, Flag, Observation, Picture, Provenance, SentPicture
from haetae.domain.event import AnomalyEvent, Verdict
from haetae.domain.fact import Fact
from haetae.vlm.answer import CERTAINTY, LONGEST_RAW, InvalidAnswer, ModelAnswer, parse_answer
from haetae.vlm.ask import Asker, AskFailed, Said, first_messages, repair_messages, warm_up
from haetae.vlm.base import AnalyzerParts, Scene
from haetae.vlm.chain import ChainAnalyzer, Looker, LookFailed
from haetae.vlm.judge import judged, obeys_the_scene
from haetae.vlm.keyframes import is_dark
from haetae.vlm.presets import NO_SCHEMA, server_of
from haetae.vlm.prompt import Prompt, load_prompt, make_prompt

_VERDICTS = {"A": Verdict.CONFIRMED, "B": Verdict.REJECTED, "C": Verdict.UNVERIFIED}
_LEAST_S = 0.5
"""With less time left nothing is asked again."""


def make_openai(parts: AnalyzerParts) -> ChainAnalyzer:
    """Takes about a second the first time. Raises ConfigError for a server that the settings do not name."""
    looker = OpenAILooker(parts)
    warm_up()
    return ChainAnalyzer(looker, parts)


@dataclass(slots=True)
class _Talk:
    """What was said in one look."""

    attempts: int = 0
    tokens: int = 0
    raw: str = ""
    repaired: bool = False


class OpenAILooker(Looker):
    """Belongs to the event loop of triage."""

    backend = "openai"

    def __init__(self, parts: AnalyzerParts) -> None:
        self._settings = parts.settings
        self._clock: Clock = parts.clock
        self._file = load_prompt()
        self.asker = Asker(server_of(parts.settings), parts.settings, parts.reach)
        self.model = self.asker.server.model

    async def look(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], scene: Scene, deadline: float) -> Analysis:
        prompt = make_prompt(self._file, event, facts, scene, language=self._settings.language)
        talk = _Talk()
        began = self._clock.monotonic()
        try:
            answer = await self._answered(prompt, frames, deadline, talk)
        except AskFailed as error:
            raise self._failed(error.message, prompt, frames, talk, began, retry_after_s=error.retry_after_s) from error
        except InvalidAnswer as error:
            flags = (Flag.INJECTION_SUSPECTED,) if obeys_the_scene(talk.raw) else ()
            raise self._failed(f"no valid answer: {error.message}", prompt, frames, talk, began, flags=flags) from error
        flags = (*((Flag.REPAIRED,) if talk.repaired else ()), *((Flag.LOW_LIGHT,) if is_dark(frames) else ()))
        analysis = Analysis(
            verdict=_VERDICTS[answer.verdict],
            event_type=answer.event_type,
            confidence=CERTAINTY[answer.certainty],
            description=answer.summary.strip(),
            observations=tuple(Observation(each.text, tuple(dict.fromkeys(each.frames))) for each in answer.observations),
            visible_text=answer.visible_text.strip(),
            flags=flags,
            basis=Basis.BOTH if facts else Basis.VLM,
            language=self._settings.language,
            provenance=self._provenance(prompt, frames, talk, began),
        )
        return judged(analysis, event, facts, answer.movement)

    async def disconnect(self) -> None:
        await self.asker.disconnect()

    def close(self) -> None:
        self.asker.close()

    async def _answered(self, prompt: Prompt, frames: Sequence[Picture], deadline: float, talk: _Talk) -> ModelAnswer:
        """The model's answer, with one repair where the first was none. Raises AskFailed, InvalidAnswer."""
        messages = first_messages(prompt, frames)
        said = await self._said(messages, deadline, talk)
        try:
            return parse_answer(said.text, frames=len(frames))
        except InvalidAnswer as error:
            if self._left_s(deadline) < _LEAST_S:
                raise
            fault = "it is cut off" if said.finish == "length" else error.message
            again = await self._said(repair_messages(messages, said, prompt, fault), deadline, talk)
        talk.repaired = True
        return parse_answer(again.text, frames=len(frames))

    async def _said(self, messages: Any, deadline: float, talk: _Talk) -> Said:
        """One answer: asked without a schema where the server refuses one, and once more after a fault that may pass. Raises AskFailed."""
        for last in (False, True):
            talk.attempts += 1
            try:
                said = await self.asker.ask(messages, max(0.01, self._left_s(deadline)))
            except AskFailed as error:
                if error.refused_schema:
                    self.asker.schema = NO_SCHEMA
                elif last or not error.retry:
                    raise
                wait_s = 0.0 if error.refused_schema else error.retry_after_s if error.retry_after_s is not None else 1.0
                if last or wait_s + _LEAST_S > self._left_s(deadline):
                    raise
                await asyncio.sleep(wait_s)
            else:
                talk.tokens += said.tokens
                talk.raw = f"{talk.raw}\n---\n{said.text}" if talk.raw else said.text
                return said
        raise AssertionError("the loop returns or raises")

    def _left_s(self, deadline: float) -> float:
        return deadline - self._clock.monotonic()

    def _failed(
        self,
        reason: str,
        prompt: Prompt,
        frames: Sequence[Picture],
        talk: _Talk,
        began: float,
        *,
        retry_after_s: float | None = None,
        flags: tuple[Flag, ...] = (),
    ) -> LookFailed:
        provenance = self._provenance(prompt, frames, talk, began)
        return LookFailed(reason, provenance=provenance, retry_after_s=retry_after_s, answered=bool(talk.raw), flags=flags)

    def _provenance(self, prompt: Prompt, frames: Sequence[Picture], talk: _Talk, began: float) -> Provenance:
        parameters = {"max_tokens": self._settings.max_tokens, "temperature": 0, "schema": self.asker.schema}
        return Provenance(
            backend=self.backend,
            model=self.model,
            prompt_id=prompt.id,
            prompt_sha256=prompt.sha256,
            frames=tuple(sent(each) for each in frames),
            parameters=parameters,
            latency_ms=(self._clock.monotonic() - began) * 1000.0,
            attempts=talk.attempts,
            tokens=talk.tokens,
            raw=talk.raw[:LONGEST_RAW],
        )


def sent(picture: Picture) -> SentPicture:
    """What is kept of a picture in the analysis."""
    digest = hashlib.sha256(picture.data).hexdigest()
    return SentPicture(picture.number, picture.t_s, digest, picture.width, picture.height, picture.detail)
