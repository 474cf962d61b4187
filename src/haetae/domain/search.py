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
