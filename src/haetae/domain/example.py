"""The most similar thing that a camera saw while nothing was wrong."""

from dataclasses import dataclass
from datetime import datetime

from haetae.domain.fact import FactKind


@dataclass(frozen=True, slots=True)
class Compared:
    """One measurement in which what is seen `now` and what was seen `before` differ, in `unit`."""

    kind: FactKind
    now: float
    before: float
    unit: str


@dataclass(frozen=True, slots=True)
class Example:
    """What was normal and comes nearest: a grey JPEG of it, when it was seen, and in what the two differ, most first."""

    picture: bytes
    seen_at: datetime
    compared: tuple[Compared, ...] = ()
