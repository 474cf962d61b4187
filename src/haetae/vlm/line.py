"""The connection to the site's model: one client on one event loop, made when first needed. Looks and planning have one each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from haetae.settings import VlmSettings
from haetae.vlm.base import Reach
from haetae.vlm.http import make_client
from haetae.vlm.presets import JSON_SCHEMA, Server

SEED = 20


class ModelLine:
    """Belongs to one event loop but for `close`, which any thread may call."""

    def __init__(self, server: Server, settings: VlmSettings, reach: Reach) -> None:
        self.server = server
        self._settings = settings
        self._reach = reach
        self._model: OpenAIChatModel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def model(self) -> OpenAIChatModel:
        """The library's model, on the running loop."""
        if self._model is None:
            client = make_client(self._reach, self._settings.deadline_s)
            self._model = chat_model(self.server, client, self._settings.api_key.get_secret_value())
            self._loop = asyncio.get_running_loop()
        return self._model

    def request_settings(self) -> dict[str, Any]:
        """What goes with every request, as far as the server takes it: temperature 0, a fixed seed, no thinking aloud."""
        preset = self.server.preset
        settings: dict[str, Any] = {"temperature": 0.0} if preset.temperature else {}
        if preset.seed:
            settings["seed"] = SEED
        if preset.extra:
            settings["extra_body"] = dict(preset.extra)
        return settings

    @property
    def takes_schema(self) -> bool:
        """Whether the server is told of the wanted form by a schema first."""
        return self.server.preset.schema == JSON_SCHEMA

    def hide(self, text: str) -> str:
        """Without the key, which some servers repeat."""
        key = self._settings.api_key.get_secret_value()
        return text.replace(key, "***") if key else text

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
