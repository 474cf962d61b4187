"""How severe an event is, by policy and never by a model."""

from collections.abc import Callable
from datetime import datetime

import structlog

from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import Fact
from haetae.domain.score import ALARM_LEVEL
from haetae.domain.severity import DEFAULT_POLICY, Occasion, SeverityPolicy
from haetae.errors import HaetaeError
from haetae.vlm.evidence import suspected

_log = structlog.get_logger()


def occasion_of(kind: EventKind, score: float, at: datetime, facts: tuple[Fact, ...]) -> Occasion:
    """What a policy is asked about an event with its peak `score` in [0, 1] and its onset `at`. A rule below its alarm level suspects
    nothing here."""
    return Occasion(kind, score, at, suspected(kind, facts, ALARM_LEVEL), facts)


class Severities:
    """The policy in force. `of` is called on cameras' threads and never waits; `refresh` on a housekeeping thread."""

    def __init__(self, read: Callable[[], SeverityPolicy] = lambda: DEFAULT_POLICY) -> None:
        """`read` gives the policy that is stored; it may wait for the database and raise what that does."""
        self._read = read
        self._policy = DEFAULT_POLICY

    def of(self, kind: EventKind, score: float, at: datetime, facts: tuple[Fact, ...]) -> Severity:
        return self._policy.severity(occasion_of(kind, score, at, facts))

    def refresh(self) -> None:
        """Go by what is stored now; by what was in force where that cannot be read."""
        try:
            self._policy = self._read()
        except HaetaeError as error:
            _log.warning("the severity policy cannot be read", error=str(error))
