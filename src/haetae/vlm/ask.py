"""Asking a model over OpenAI's chat API, through pydantic-ai: what goes out, what comes back, and which fault it was where nothing did."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import httpx2
from openai import AsyncOpenAI
from pydantic_ai import BinaryContent, ModelRequest, ModelResponse, TextPart, ThinkingPart, UserPromptPart
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import AgentRunError, ModelAPIError, ModelHTTPError, UserError
from pydantic_ai.messages import ModelMessage, SystemPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from haetae.domain.analysis import Picture
from haetae.errors import ModelError
from haetae.settings import VlmSettings
from haetae.vlm.answer import answer_schema
from haetae.vlm.base import Reach
from haetae.vlm.http import make_client
from haetae.vlm.presets import JSON_SCHEMA, NO_SCHEMA, Preset, Server
from haetae.vlm.prompt import Prompt, caption

SEED = 20
_LONGEST_REASON = 300
_LONGEST_WAIT_S = 3600.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class AskFailed(ModelError):
    """The model gave no answer. `retry` says that asking again may help, `retry_after_s` when the server wants that. `refused_schema`: it
    is the wanted form of the answer that the server does not take."""

    def __init__(self, message: str, *, retry: bool = False, retry_after_s: float | None = None, refused_schema: bool = False) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.refused_schema = refused_schema


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said. `thought` is true where it was only among its thoughts. `tokens` are all that the server counts."""

    text: str
    thought: bool
    tokens: int
    finish: str
    latency_s: float
    message: ModelResponse


class Asker:
    """One server and one model. Belongs to one event loop; `close` on any thread."""

    def __init__(self, server: Server, settings: VlmSettings, reach: Reach) -> None:
        self.server = server
        self.schema = server.preset.schema
        self._settings = settings
        self._reach = reach
        self._model: OpenAIChatModel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, messages: Sequence[ModelMessage], timeout_s: float, *, schema: dict[str, Any] | None = None) -> Said:
        """Ask, with an answer wanted that keeps to `schema` (the one of looks unless given). Raises AskFailed, within `timeout_s`."""
        began = monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                response = await model_request(
                    self._chat_model(),
                    messages,
                    model_settings=self._model_settings(timeout_s),
                    model_request_parameters=self._parameters(schema or answer_schema()),
                    instrument=False,
                )
        except TimeoutError as error:
            raise AskFailed("the model did not answer in time") from error
        except ModelHTTPError as error:
            raise self._of_status(error) from error
        except (AgentRunError, UserError, ModelAPIError) as error:
            raise AskFailed(f"the model's server cannot be asked: {self._cause(error)}", retry=True) from error
        except httpx2.HTTPError as error:
            raise AskFailed(f"the model's server cannot be asked: {self._cause(error)}") from error
        except Exception as error:
            # What a server answers that does not speak the API at all: the libraries promise nothing about how they fail then.
            raise AskFailed(f"the model's server answers what nobody understands ({type(error).__name__})") from error
        return self._said(response, monotonic() - began)

    def close(self) -> None:
        """Let go of connections. Those of a loop that has ended went with it."""
        model, loop = self._model, self._loop
        self._model = None
        if model is not None and loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(model.client.close(), loop)

    async def disconnect(self) -> None:
        """As `close`, and wait for it: on the loop that asked."""
        model, self._model = self._model, None
        if model is not None:
            await model.client.close()

    def _chat_model(self) -> OpenAIChatModel:
        if self._model is None:
            client = make_client(self._reach, self._settings.deadline_s)
            self._model = chat_model(self.server, client, self._settings.api_key.get_secret_value())
            self._loop = asyncio.get_running_loop()
        return self._model

    def _model_settings(self, timeout_s: float) -> OpenAIChatModelSettings:
        preset = self.server.preset
        settings = OpenAIChatModelSettings(max_tokens=self._settings.max_tokens, timeout=timeout_s)
        if preset.temperature:
            settings["temperature"] = 0.0
        if preset.seed:
            settings["seed"] = SEED
        if preset.extra:
            settings["extra_body"] = dict(preset.extra)
        return settings

    def _parameters(self, schema: dict[str, Any]) -> ModelRequestParameters:
        if self.schema != JSON_SCHEMA:
            return ModelRequestParameters(output_mode="text")
        wanted = OutputObjectDefinition(json_schema=schema, name="answer", strict=True)
        return ModelRequestParameters(output_mode="native", output_object=wanted)

    def _of_status(self, error: ModelHTTPError) -> AskFailed:
        said = self._short(str(error.body if error.body is not None else error.message))
        about_schema = error.status_code in (400, 404, 415, 422, 501) and self.schema != NO_SCHEMA and _is_about_schema(said)
        wait_s = error.retry_after if error.status_code in (429, 503) else None
        return AskFailed(
            f"the model's server refuses ({error.status_code}): {said}",
            retry=error.status_code in _AGAIN,
            retry_after_s=None if wait_s is None else min(max(0.0, wait_s), _LONGEST_WAIT_S),
            refused_schema=about_schema,
        )

    def _said(self, response: ModelResponse, latency_s: float) -> Said:
        """Content, else thoughts: some servers put the whole answer there."""
        text = "".join(part.content for part in response.parts if isinstance(part, TextPart)).strip()
        thoughts = "".join(part.content for part in response.parts if isinstance(part, ThinkingPart)).strip()
        tokens = response.usage.input_tokens + response.usage.output_tokens
        return Said(self._clean(text or thoughts), not text and bool(thoughts), tokens, response.finish_reason or "", latency_s, response)

    def _cause(self, error: BaseException) -> str:
        """The innermost words: those of the libraries above it say less."""
        while error.__cause__ is not None:
            error = error.__cause__
        return self._short(str(error) or type(error).__name__)

    def _short(self, text: str) -> str:
        return "".join(sign if sign.isprintable() else " " for sign in self._clean(text))[:_LONGEST_REASON]

    def _clean(self, text: str) -> str:
        """Without the key, which some servers repeat."""
        key = self._settings.api_key.get_secret_value()
        return text.replace(key, "***") if key else text


def chat_model(server: Server, client: httpx2.AsyncClient, api_key: str = "") -> OpenAIChatModel:
    """The library's model of a server. It tries nothing again by itself."""
    # Local servers want no key, and the library wants one.
    api = AsyncOpenAI(base_url=server.base_url, api_key=api_key or "none", http_client=client, max_retries=0)
    profile = OpenAIModelProfile(
        supports_json_schema_output=True,
        openai_chat_thinking_field=server.preset.thinking_field,
        openai_chat_supports_max_completion_tokens=server.preset.completion_tokens,
    )
    return OpenAIChatModel(server.model, provider=OpenAICompatibleProvider("vlm", openai_client=api), profile=profile)


@asynccontextmanager
async def open_model(server: Server, reach: Reach, api_key: str, timeout_s: float) -> AsyncIterator[OpenAIChatModel]:
    """The library's model of a server, with connections of its own on this event loop until the block ends: for whoever else asks it."""
    model = chat_model(server, make_client(reach, timeout_s), api_key)
    try:
        yield model
    finally:
        await model.client.close()


def warm_up() -> None:
    """Go through one request that reaches nobody.

    The libraries put themselves together at the first one, which takes half a second of the interpreter: better at the start than in the
    middle of an incident, where it would hold up whatever else the process does.
    """
    thread = threading.Thread(target=lambda: asyncio.run(_ask_nobody()), name="warm-up")
    thread.start()
    thread.join()


async def _ask_nobody() -> None:
    message = {"role": "assistant", "content": "{}"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = {"id": "", "object": "chat.completion", "created": 1, "model": "", "choices": [choice]}
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, json=answer)))
    model = chat_model(Server("http://nobody.invalid/v1", "nobody.invalid", "nobody", Preset()), client)
    wanted = OutputObjectDefinition(json_schema=answer_schema(), name="answer", strict=True)
    parameters = ModelRequestParameters(output_mode="native", output_object=wanted)
    request = ModelRequest(parts=[SystemPromptPart(""), UserPromptPart(["", BinaryContent(b"", media_type="image/jpeg")])])
    with suppress(AgentRunError):
        await model_request(model, [request], model_request_parameters=parameters, instrument=False)
    await model.client.close()


def first_messages(prompt: Prompt, pictures: Sequence[Picture]) -> list[ModelMessage]:
    """A look as it is asked the first time."""
    content: list[str | BinaryContent] = [prompt.intro]
    for picture in pictures:
        content += [caption(picture), BinaryContent(picture.data, media_type="image/jpeg")]
    content.append(prompt.question)
    return [ModelRequest(parts=[SystemPromptPart(prompt.system), UserPromptPart(content)])]


def repair_messages(messages: Sequence[ModelMessage], said: Said, prompt: Prompt, fault: str) -> list[ModelMessage]:
    """The same with the answer that was none, and what is wrong with it."""
    answered = replace(said.message, parts=[TextPart(said.text[:4000])])
    return [*messages, answered, ModelRequest(parts=[UserPromptPart(prompt.repair.format(fault=fault))])]


def _is_about_schema(said: str) -> bool:
    return any(word in said for word in ("response_format", "json_schema", "schema", "grammar", "structured", "strict"))
