"""What a model's server can do, found by asking: whether it is there, knows the model, sees pictures, and keeps to a schema."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import httpx2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_ai import BinaryContent, ModelRequest, UserPromptPart

from haetae.settings import VlmSettings
from haetae.vlm.ask import Asker, AskFailed, Said
from haetae.vlm.base import Reach
from haetae.vlm.http import make_client
from haetae.vlm.presets import NO_SCHEMA, Server, server_of

_MODELS_S = 10.0
_ASK_S = 120.0
"""A server that has to load its model first takes its time."""

_QUESTION = (
    "Which colour has the left half of the picture? "
    'Answer with one JSON object: {"colour": "red"} or {"colour": "green"} or {"colour": "blue"}.'
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


class Schema(StrEnum):
    """What became of the wanted form of the answer. `ignored`: the answer does not keep to it, so most looks will need luck."""

    FOLLOWED = "followed"
    IGNORED = "ignored"
    REFUSED = "refused"
    NOT_ASKED = "not asked for"


class _Colour(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`models` is None where the server does not list them. `sees`: it told the colour of a picture; None where it did not answer.

    `fault` says why it did not, `latency_s` how long an answer took.
    """

    server: Server
    models: tuple[str, ...] | None = None
    sees: bool | None = None
    schema: Schema = Schema.NOT_ASKED
    latency_s: float = 0.0
    raw: str = ""
    fault: str = ""

    @property
    def knows_model(self) -> bool | None:
        """None where it cannot be told."""
        if self.models is None:
            return None
        # Ollama lists `name:latest` for `name`.
        return bool({self.server.model, f"{self.server.model}:latest"} & set(self.models))


def probe(settings: VlmSettings, reach: Reach) -> Capabilities:
    """Ask the server that the settings name. Waits; never on an event loop. Raises ConfigError for a server that they do not name."""
    server = server_of(settings)
    return asyncio.run(_probe(server, settings, reach))


async def _probe(server: Server, settings: VlmSettings, reach: Reach) -> Capabilities:
    models, fault = await _models(server, settings, reach)
    if fault:
        return Capabilities(server, fault=fault)
    asker = Asker(server, settings, reach)
    try:
        schema = Schema.NOT_ASKED if asker.schema == NO_SCHEMA else Schema.FOLLOWED
        try:
            said = await _ask(asker)
        except AskFailed as error:
            if not error.refused_schema:
                return Capabilities(server, models, fault=error.message)
            schema, asker.schema = Schema.REFUSED, NO_SCHEMA
            try:
                said = await _ask(asker)
            except AskFailed as again:
                return Capabilities(server, models, schema=schema, fault=again.message)
        colour = _colour(said)
        if colour is None and schema is Schema.FOLLOWED:
            schema = Schema.IGNORED
        sees = colour == "red" if colour is not None else "red" in said.text.lower()
        return Capabilities(server, models, sees, schema, said.latency_s, said.text[:500])
    finally:
        await asker.disconnect()


async def _ask(asker: Asker) -> Said:
    picture = np.zeros((96, 192, 3), np.uint8)
    picture[:, :96, 2] = 230  # OpenCV means BGR
    picture[:, 96:, 0] = 230
    data = cv2.imencode(".png", picture)[1].tobytes()
    request = ModelRequest(parts=[UserPromptPart([BinaryContent(data, media_type="image/png"), _QUESTION])])
    return await asker.ask([request], _ASK_S, schema=_SCHEMA)


def _colour(said: Said) -> str | None:
    begin, end = said.text.find("{"), said.text.rfind("}")
    try:
        return _Colour.model_validate_json(said.text[begin : end + 1]).colour
    except ValidationError:
        return None


async def _models(server: Server, settings: VlmSettings, reach: Reach) -> tuple[tuple[str, ...] | None, str]:
    """The names of the server's models, None where it does not say; and why it cannot be reached, or nothing."""
    key = settings.api_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with make_client(reach, _MODELS_S) as client:
        try:
            answer = await client.get(f"{server.base_url}/models", headers=headers)
        except httpx2.ConnectError as error:
            return None, f"the server cannot be reached: {error}"
        except httpx2.HTTPError as error:
            return None, f"the server does not answer ({type(error).__name__})"
    if answer.status_code in (401, 403):
        return None, f"the server wants another key ({answer.status_code})"
    try:
        return tuple(str(each["id"]) for each in answer.json()["data"]), ""
    except (ValueError, LookupError, TypeError):
        return None, ""
