"""Where the next page of a list of events begins, as a word that clients hand back."""

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from haetae.database.scoped.event_filter import EventFilter, EventSort
from haetae.domain.event import Severity
from haetae.errors import ConfigError

MAX_LENGTH = 512
MOST_COUNTED = 10_000
"""Events that match are counted up to here."""


@dataclass(frozen=True, slots=True)
class Position:
    """An event's place in an order: `value` is what it is sorted by before its onset (a score, seconds, a severity; None: nothing)."""

    value: float | Severity | None
    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event of a page, and how many matched when the first page was read."""

    after: Position
    total: int


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    sort: EventSort
    asked: str = Field(pattern=r"^[0-9a-f]{16}$")
    value: float | None = None
    severity: Severity | None = None
    at: AwareDatetime
    id: UUID
    total: int = Field(ge=0, le=MOST_COUNTED + 1)


def write_cursor(cursor: Cursor, wanted: EventFilter, sort: EventSort, *, descending: bool) -> str:
    value = cursor.after.value
    content = {
        "sort": sort,
        "asked": _digest(wanted, sort, descending),
        "severity" if isinstance(value, Severity) else "value": value,
        "at": cursor.after.at,
        "id": cursor.after.id,
        "total": cursor.total,
    }
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def read_cursor(text: str, wanted: EventFilter, sort: EventSort, *, descending: bool) -> Cursor:
    """Raises ConfigError for what `write_cursor` did not write, and for another list's."""
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError
        content = _Content.model_validate_json(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), strict=True)
        content.at.astimezone(UTC)  # which the first and the last day of all may not have
    except (ValueError, OverflowError, binascii.Error, ValidationError) as error:
        raise ConfigError("this is no cursor", hint="Use next_cursor of a page as it is") from error
    has = (content.value is not None, content.severity is not None)
    needed = (sort in (EventSort.SCORE, EventSort.DURATION), sort is EventSort.SEVERITY)
    if content.asked != _digest(wanted, sort, descending) or content.sort is not sort or has != needed:
        raise ConfigError("the cursor belongs to another list", hint="Keep filter and order while paging, or leave the cursor out")
    value = content.severity if content.severity is not None else content.value
    return Cursor(Position(value, content.at, content.id), content.total)


def _digest(wanted: EventFilter, sort: EventSort, descending: bool) -> str:
    asked = orjson.dumps([asdict(wanted), sort, descending], option=orjson.OPT_UTC_Z)
    return hashlib.sha256(asked).hexdigest()[:16]
