"""Search by meaning, as it is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbeddingStatus:
    """`state` is `off` without a model, else `ready`, or `away` with the cause. `embedded`, `failed` (requests) and `refused` (events whose
    words the server would not take) are since the start of the process."""

    model: str = ""
    state: str = "off"
    cause: str = ""
    waiting: int = 0
    embedded: int = 0
    failed: int = 0
    refused: int = 0
    database_error: str = ""


@dataclass(frozen=True, slots=True)
class SearchStatus:
    """Lists by relevance since the start of the process: `by_meaning` where embeddings had their say, `by_words` where they could not.
    `seconds` is what all of them took together; `indexed` embeddings are in memory and take `index_bytes` with their ids."""

    by_words: int = 0
    by_meaning: int = 0
    seconds: float = 0.0
    indexed: int = 0
    index_bytes: int = 0
