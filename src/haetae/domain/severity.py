"""How severe an event is: a table that people edit, and no model's word."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import Fact, FactKind
from haetae.domain.schedule import WeeklySchedule
from haetae.errors import ConfigError

MOST_ROWS = 100
MOST_NAMED = 50
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class FactBound:
    """Met by a fact of this kind whose value lies within [least, most], in the fact's own unit."""

    kind: FactKind
    least: float | None = None
    most: float | None = None

    def met(self, facts: Collection[Fact]) -> bool:
        return any(fact.kind is self.kind and self._within(fact.value) for fact in facts)

    def _within(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class SeverityRow:
    """One row: an event that meets all that it names is of `severity`.

    `types` are what rules suspect, `zones` names of zones that something was in, `schedule` when it began, `least_score` its peak so far in
    [0, 1]. What is left empty is met by any event.
    """

    severity: Severity
    kinds: frozenset[EventKind] = frozenset()
    types: frozenset[EventType] = frozenset()
    zones: frozenset[str] = frozenset()
    schedule: WeeklySchedule | None = None
    least_score: float = 0.0
    facts: tuple[FactBound, ...] = ()

    def met(self, occasion: "Occasion") -> bool:
        return (
            (not self.kinds or occasion.kind in self.kinds)
            and (not self.types or bool(self.types & occasion.types))
            and (not self.zones or any(fact.kind is FactKind.ZONE and fact.subject in self.zones for fact in occasion.facts))
            and (self.schedule is None or self.schedule.armed(occasion.at))
            and occasion.score >= self.least_score
            and all(bound.met(occasion.facts) for bound in self.facts)
        )


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a policy is asked about: `types` are what the facts make rules suspect, `at` is the onset."""

    kind: EventKind
    score: float
    at: datetime
    types: frozenset[EventType] = frozenset()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class SeverityPolicy:
    """The first row that an event meets says how severe it is; `otherwise` where none does. Raises ConfigError for rows that make no
    sense."""

    rows: tuple[SeverityRow, ...]
    otherwise: Severity = Severity.LOW

    def __post_init__(self) -> None:
        if len(self.rows) > MOST_ROWS:
            raise ConfigError(f"a severity policy has at most {MOST_ROWS} rows, not {len(self.rows)}")
        for number, row in enumerate(self.rows, 1):
            _check(number, row)

    def severity(self, occasion: Occasion) -> Severity:
        return next((row.severity for row in self.rows if row.met(occasion)), self.otherwise)

    def remarks(self, zones: Collection[str] | None = None) -> tuple[str, ...]:
        """What is probably not meant, in words: rows that no event ever reaches, zones that no camera has (of `zones`, where given)."""
        found = []
        for number, row in enumerate(self.rows, 1):
            hiding = next((other for other, before in enumerate(self.rows[: number - 1], 1) if _hides(before, row)), None)
            if hiding is not None:
                found.append(f"row {number} is never reached: row {hiding} is met by every event that it would be met by")
            found += [
                f"row {number}: no camera has a zone {name!r}" for name in sorted(row.zones) if zones is not None and name not in zones
            ]
        return tuple(found)


def _hides(before: SeverityRow, row: SeverityRow) -> bool:
    """Whether whatever meets `row` meets `before`."""
    return (
        (not before.kinds or (bool(row.kinds) and row.kinds <= before.kinds))
        and (not before.types or (bool(row.types) and row.types <= before.types))
        and (not before.zones or (bool(row.zones) and row.zones <= before.zones))
        and (before.schedule is None or before.schedule == row.schedule)
        and before.least_score <= row.least_score
        and set(before.facts) <= set(row.facts)
    )


def _check(number: int, row: SeverityRow) -> None:
    if not 0.0 <= row.least_score <= 1.0:
        raise ConfigError(f"row {number}: least_score must be in [0, 1], not {row.least_score}", hint="0.5 is the alarm level")
    if EventKind.SYSTEM in row.kinds:
        raise ConfigError(f"row {number}: system events have severities of their own", hint="Name anomaly or tamper")
    for names in (row.kinds, row.types, row.zones, row.facts):
        if len(names) > MOST_NAMED:
            raise ConfigError(f"row {number} names more than {MOST_NAMED} of one sort")
    for name in row.zones:
        if not 0 < len(name) <= _LONGEST_NAME:
            raise ConfigError(f"row {number}: a zone's name has 1 to {_LONGEST_NAME} letters")
    for bound in row.facts:
        if bound.least is None and bound.most is None:
            raise ConfigError(f"row {number}: {bound.kind} has neither least nor most", hint="Give one of them")
        if bound.least is not None and bound.most is not None and bound.least > bound.most:
            raise ConfigError(f"row {number}: {bound.kind} is to be at least {bound.least:g} and at most {bound.most:g}")


DEFAULT_POLICY = SeverityPolicy(
    (
        SeverityRow(Severity.HIGH, kinds=frozenset({EventKind.TAMPER})),
        SeverityRow(Severity.CRITICAL, types=frozenset({EventType.EXPLOSION, EventType.WEAPON})),
        SeverityRow(Severity.HIGH, types=frozenset({EventType.ARSON, EventType.FALLING})),
        SeverityRow(Severity.HIGH, least_score=0.9),
        SeverityRow(
            Severity.MEDIUM,
            types=frozenset({EventType.FIGHTING, EventType.ASSAULT, EventType.INTRUSION, EventType.SUSPICIOUS_OBJECT}),
        ),
        SeverityRow(Severity.MEDIUM, least_score=0.65),
    )
)
"""Tampering blinds the camera. What may cost lives is told at once, though only a rule suspects it; all else grows with its score."""


def changes(policy: SeverityPolicy, past: Sequence[tuple[Occasion, Severity]]) -> dict[tuple[Severity, Severity], int]:
    """How many of past events, which had these severities, would be of which severity by `policy`: (then, now) -> events."""
    counts: dict[tuple[Severity, Severity], int] = {}
    for occasion, then in past:
        key = (then, policy.severity(occasion))
        counts[key] = counts.get(key, 0) + 1
    return counts
