"""Which events are asked for, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, false, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from haetae.database.event_words import occurring
from haetae.database.models import Event
from haetae.database.scoped.scope import visible
from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict
from haetae.domain.viewer import AccessLevel, Viewer

SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
"""From least to most: the database holds words, which sort otherwise."""


class EventSort(StrEnum):
    """By what events are sorted; those that are equal in it by their onset, in the same direction."""

    TIME = "time"
    SCORE = "score"
    SEVERITY = "severity"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Every condition that is given must hold; an empty tuple and None are no condition.

    `camera_ids` () means none of them, so it matches nothing. `types` are types as they are shown: a person's, else a model's, else
    the subtype, else the kind. `since` is inclusive, `until` exclusive, both on the onset. Each word of
    `text`, and what stands in quotes as it stands, must occur in any case in type, description, detail, note, or what was observed.
    """

    camera_ids: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[EventKind, ...] = ()
    subtypes: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    min_severity: Severity | None = None
    min_score: float | None = None
    statuses: tuple[EventStatus, ...] = ()
    reviews: tuple[Review, ...] = ()
    acknowledged: bool | None = None
    locked: bool | None = None
    has_clip: bool | None = None
    verdicts: tuple[Verdict, ...] = ()
    types: tuple[str, ...] = ()
    text: str | None = None

    @property
    def wanted_severities(self) -> tuple[Severity, ...]:
        """Those that `severities` and `min_severity` leave, from least to most."""
        least = SEVERITIES.index(self.min_severity) if self.min_severity else 0
        return tuple(severity for severity in SEVERITIES[least:] if not self.severities or severity in self.severities)


SHOWN_TYPE: ColumnElement[str] = func.coalesce(Event.corrected_type, Event.vlm_type, Event.subtype, cast(Event.kind, String))


class _Aside(FunctionElement[Any]):
    """A column that SQLite must not look up in an index. Without statistics its planner takes any index that an equality or a list fits,
    reads all that match and sorts them, where an index in the wanted order gives the first page at once."""

    inherit_cache = True

    def __init__(self, column: InstrumentedAttribute[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Aside)
def _as_it_is(element: _Aside, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Aside, "sqlite")
def _without_index(element: _Aside, compiler: Any, **options: Any) -> str:
    # https://sqlite.org/optoverview.html, "disqualifying WHERE clause terms using unary +"
    return "+" + str(compiler.process(element.clauses, **options))


def matching(viewer: Viewer, wanted: EventFilter, level: AccessLevel = AccessLevel.VIEW, *, each_camera: bool) -> list[ColumnElement[bool]]:
    """The conditions of a filter on what the viewer may see, or do that with.

    `each_camera`: they are to be found camera by camera; else along time, which is how to get the first of many.
    """
    one_camera = wanted.camera_ids is not None and len(wanted.camera_ids) == 1
    camera_id = Event.camera_id if each_camera or one_camera else _Aside(Event.camera_id)
    found = [visible(viewer, camera_id, level)]
    if wanted.camera_ids is not None:
        found.append(camera_id.in_(sorted(set(wanted.camera_ids))))
    return [*found, *_severity(wanted, rare_first=not each_camera and not one_camera), *_others(wanted)]


def _severity(wanted: EventFilter, *, rare_first: bool) -> Iterator[ColumnElement[bool]]:
    severities = wanted.wanted_severities
    if not severities:
        yield false()
    elif len(severities) < len(SEVERITIES):
        rare = severities in ((Severity.HIGH,), (Severity.CRITICAL,))
        yield (Event.severity if rare and rare_first else _Aside(Event.severity)).in_(severities)


def _others(wanted: EventFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield Event.timestamp >= wanted.since
    if wanted.until is not None:
        yield Event.timestamp < wanted.until
    status = _Aside(Event.status) if EventStatus.CLOSED in wanted.statuses else Event.status
    words = ((Event.kind, wanted.kinds), (Event.subtype, wanted.subtypes), (status, wanted.statuses), (Event.review, wanted.reviews))
    yield from (column.in_(chosen) for column, chosen in words if chosen)
    if wanted.min_score is not None:
        yield Event.vad_score >= wanted.min_score
    if wanted.verdicts:
        yield Event.verdict.in_(wanted.verdicts)
    if wanted.types:
        yield SHOWN_TYPE.in_(sorted(set(wanted.types)))
    if wanted.acknowledged is not None:
        yield Event.acknowledged.is_(wanted.acknowledged)
    if wanted.locked is not None:
        yield Event.locked.is_(wanted.locked)
    if wanted.has_clip is not None:
        yield Event.clip_path.is_not(None) if wanted.has_clip else Event.clip_path.is_(None)
    if wanted.text:
        yield from occurring(wanted.text)
