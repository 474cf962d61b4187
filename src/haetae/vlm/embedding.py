"""What texts mean, as vectors: any server that speaks OpenAI's embeddings API (https://platform.openai.com/docs/api-reference/embeddings)."""

import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from haetae.errors import ConfigError, EmbeddingFailed
from haetae.settings import SearchSettings
from haetae.vlm.base import Reach
from haetae.vlm.http import make_client

MOST_WIDTH = 4096
_REFUSES_TEXT = frozenset({400, 413, 422})


class _Item(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    index: int = Field(ge=0)
    embedding: list[float] = Field(min_length=2, max_length=MOST_WIDTH)


class _Answer(BaseModel):
    data: list[_Item]


def embeddings_url(settings: SearchSettings) -> str:
    """Where embeddings are asked for. Raises ConfigError that names the key."""
    url = settings.base_url.rstrip("/")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and not parts.query and not parts.fragment
        sound = sound and url.isascii() and url.isprintable() and " " not in url and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError("search.base_url is no web address", hint="Write http://host:port/v1; a key belongs into search.api_key")
    return f"{url}/embeddings"


class Embedder:
    """Asks the server; each call has a connection of its own, so that any event loop may call. Any thread."""

    def __init__(self, settings: SearchSettings, reach: Reach) -> None:
        """Raises ConfigError for an address that is none."""
        self._settings = settings
        self._url = embeddings_url(settings)
        self._reach = reach
        self._width = 0
        self._lock = threading.Lock()

    async def embed(self, texts: Sequence[str], timeout_s: float) -> NDArray[np.float32]:
        """(len(texts), width) float32, each row of length 1. Raises EmbeddingFailed. The caller bounds the time of the whole: `timeout_s`
        is that of each step."""
        key = self._settings.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"model": self._settings.model, "input": list(texts), "encoding_format": "float"}
        try:
            async with make_client(self._reach, timeout_s) as client:
                response = await client.post(self._url, json=body, headers=headers)
        except httpx2.TimeoutException as error:
            raise EmbeddingFailed("the server does not answer in time") from error
        except httpx2.HTTPError as error:
            raise EmbeddingFailed(f"the server cannot be reached: {error}" if str(error) else "the server cannot be reached") from error
        if response.status_code != 200:
            raise EmbeddingFailed(_cause(response.status_code), of_text=response.status_code in _REFUSES_TEXT)
        return self._read(response.content, len(texts))

    def _read(self, content: bytes, count: int) -> NDArray[np.float32]:
        try:
            items = sorted(_Answer.model_validate_json(content).data, key=lambda item: item.index)
        except ValidationError as error:
            raise EmbeddingFailed("the server's answer holds no embeddings") from error
        if [item.index for item in items] != list(range(count)):
            raise EmbeddingFailed(f"the server gave {len(items)} embeddings for {count} texts")
        widths = {len(item.embedding) for item in items}
        if len(widths) != 1:
            raise EmbeddingFailed("the server's embeddings differ in length")
        self._keep_width(widths.pop())
        vectors = np.array([item.embedding for item in items], dtype=np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbeddingFailed("the server's embeddings have no direction")
        found: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
        return found

    def _keep_width(self, width: int) -> None:
        with self._lock:
            if self._width and width != self._width:
                found = f"the server's embeddings have {width} numbers, those before had {self._width}: it runs another model now"
                raise EmbeddingFailed(f"{found}; give it a name of its own in search.model")
            self._width = width

    def expect(self, width: int) -> None:
        """What is stored has this many numbers; an answer of another width is refused. 0 says nothing."""
        with self._lock:
            self._width = width or self._width


def _cause(status: int) -> str:
    if status in (401, 403):
        return f"the server refuses the key (status {status})"
    if status == 404:
        return "the server knows no such model or has no embeddings (status 404)"
    return f"the server answered with status {status}"
