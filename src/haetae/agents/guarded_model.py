"""A model that asks before each call whether it may be made, and remembers what came back: round the model of the site's server."""

import math
from typing import Any

import httpx2
import orjson
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ThinkingPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from haetae.agents.base import ModelGuard
from haetae.agents.ledger import Ledger, Unplanned

_LONGEST_RAW = 8000
_FRAME_TOKENS = 64
"""What a server's own template puts round the messages, and a margin."""


class GuardedModel(WrapperModel):
    """For one step of one planning."""

    def __init__(self, wrapped: Model, ledger: Ledger, guard: ModelGuard) -> None:
        super().__init__(wrapped)
        self._ledger = ledger
        self._guard = guard
        self.raw = ""
        self.calls = 0
        self.tokens = 0

    async def request(
        self, messages: list[ModelMessage], model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
    ) -> ModelResponse:
        refusal = self._guard.refusal()
        if refusal:
            raise Unplanned(refusal)
        booked = most_tokens(messages, model_request_parameters) + int((model_settings or {}).get("max_tokens") or 0)
        self._ledger.book(booked)
        self.calls += 1
        spent = booked
        told = False
        try:
            response = await super().request(messages, model_settings, model_request_parameters)
            counted = response.usage.input_tokens + response.usage.output_tokens
            # A server that counts nothing: what it cost at most is what is booked.
            spent = counted or booked
            self._guard.answered()
            told = True
        except ModelHTTPError as error:
            wait_s = error.retry_after if error.status_code in (429, 503) else None
            spent, told = 0, True
            self._guard.failed(f"the model's server refuses ({error.status_code})", wait_s)
            raise
        except (ModelAPIError, httpx2.HTTPError) as error:
            spent, told = 0, True
            self._guard.failed(f"the model's server cannot be asked ({type(error).__name__})", None)
            raise
        finally:
            if not told:
                self._guard.failed("the model did not answer in time", None)
            self._ledger.settle(booked, spent)
            self.tokens += spent
        return self._noted(response)

    def _noted(self, response: ModelResponse) -> ModelResponse:
        """Content, else thoughts: some servers put the whole answer there."""
        if response.tool_calls:
            said = orjson.dumps([call.args_as_dict(raise_if_invalid=False) for call in response.tool_calls], default=str).decode()
        else:
            said = "".join(part.content for part in response.parts if isinstance(part, TextPart)).strip()
            thoughts = "".join(part.content for part in response.parts if isinstance(part, ThinkingPart)).strip()
            if not said and thoughts:
                said = thoughts
                response.parts = [TextPart(thoughts)]
        self.raw = (f"{self.raw}\n---\n{said}" if self.raw else said)[:_LONGEST_RAW]
        return response


def most_tokens(messages: list[ModelMessage], parameters: ModelRequestParameters) -> int:
    """No tokenizer makes more tokens of a text than it has bytes."""
    texts: list[Any] = []
    for message in messages:
        texts += [getattr(part, "content", "") for part in message.parts]
        if isinstance(message, ModelRequest):
            texts.append(message.instructions or "")
    texts += [part.content for part in parameters.instruction_parts or ()]
    return math.ceil(sum(len(str(text).encode()) for text in texts)) + _FRAME_TOKENS
