"""What is known of servers that speak OpenAI's chat API: where they listen, and what of it they understand.

`schema` is what is asked for first; a server that refuses it is asked without, and what it answers is validated whatever it promised.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from haetae.errors import ConfigError
from haetae.settings import VlmSettings

JSON_SCHEMA, NO_SCHEMA = "json_schema", "none"

LOCAL_MODEL: Final = "qwen3-vl:2b"
"""What fits into 6 GB beside everything else (1.9 GB), with Ollama."""


@dataclass(frozen=True, slots=True)
class Preset:
    """`extra` goes into each request, to keep a model from thinking aloud. `completion_tokens`: the newer name of max_tokens is wanted.
    `seed` and `temperature` say whether the server takes them."""

    base_url: str = ""
    model: str = ""
    schema: str = JSON_SCHEMA
    extra: dict[str, Any] = field(default_factory=dict)
    completion_tokens: bool = False
    seed: bool = True
    temperature: bool = True
    thinking_field: str = "thinking"


_NOT_THINKING: Final = {"chat_template_kwargs": {"enable_thinking": False}}

PRESETS: Final[dict[str, Preset]] = {
    "": Preset(),
    # https://github.com/ollama/ollama/blob/main/docs/openai.md
    "ollama": Preset("http://127.0.0.1:11434/v1", LOCAL_MODEL, extra={"reasoning_effort": "none"}),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    "llama.cpp": Preset("http://127.0.0.1:8080/v1", "default", extra=_NOT_THINKING),
    # https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    "vllm": Preset("http://127.0.0.1:8000/v1", extra=_NOT_THINKING),
    # It ignores response_format and refuses fields that it does not know.
    "transformers": Preset("http://127.0.0.1:8000/v1", schema=NO_SCHEMA),
    "openai": Preset("https://api.openai.com/v1", completion_tokens=True),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is asked, and how."""

    base_url: str
    host: str
    model: str
    preset: Preset


def server_of(settings: VlmSettings) -> Server:
    """The server that the settings name. Raises ConfigError that names the key."""
    preset = PRESETS[settings.preset]
    url = (settings.base_url or preset.base_url).rstrip("/")
    if not url:
        raise ConfigError("vlm.base_url is empty", hint="Give the server's address such as http://127.0.0.1:11434/v1, or vlm.preset")
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and not parts.query and not parts.fragment
        sound = sound and url.isascii() and url.isprintable() and " " not in url and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not parts.hostname:
        raise ConfigError("vlm.base_url is no web address", hint="Write http://host:port/v1; a key belongs into vlm.api_key")
    model = settings.model or preset.model
    if not model:
        raise ConfigError("vlm.model is empty", hint="Name the model as the server does (GET /v1/models lists them)")
    return Server(url, parts.hostname, model, preset)
