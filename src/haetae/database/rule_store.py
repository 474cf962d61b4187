"""Rules: who hears of which event. For admins: nothing here asks who is looking."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.models import NotificationRule
from haetae.database.notification_rows import (
    Unreadable,
    changes,
    checked_name,
    directory_transaction,
    drop_row,
    find_row,
    load,
    read_each,
    refuse_stale,
    refuse_taken_name,
)
from haetae.database.rule_rows import check_rule, put, refuse_unknown, to_columns, to_rule, told_rule
from haetae.domain.rule import Rule
from haetae.domain.viewer import Actor

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as the database holds it. `version` grows with every change. Times are UTC-aware."""

    rule: Rule
    version: int
    created_at: datetime
    updated_at: datetime


class RuleStore:
    """Any thread, several processes: writers take turns. Every change is in the audit log, in its transaction.

    Every method raises DatabaseUnavailable while the database cannot be used.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def read_all(self) -> tuple[list[StoredRule], list[Unreadable]]:
        """Every rule by name, and apart from them the rows that cannot be read."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return read_each(session, NotificationRule, _stored)

    def list(self) -> list[StoredRule]:
        """Every rule that can be read, by name; the others are logged."""
        rules, unreadable = self.read_all()
        for row in unreadable:
            _log.warning("rule_unreadable", rule=str(row.id), name=row.name, error=row.error)
        return rules

    def get(self, rule_id: UUID) -> StoredRule:
        """Raises NotFound, and ConfigError where the row cannot be read."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return load(find_row(session, NotificationRule, rule_id, "rule"), _stored, "rule")

    def add(self, rule: Rule, actor: Actor) -> StoredRule:
        """Raises ConfigError for a rule that means nothing or names what is not there, Conflict for a name or an id that is taken."""
        rule = _checked(rule)
        now = self._clock.now()
        with directory_transaction(self._sessions) as session:
            refuse_taken_name(session, NotificationRule, rule.id, rule.name, "rule")
            refuse_unknown(session, rule)
            row = NotificationRule(id=rule.id, created_at=now, updated_at=now, **to_columns(rule))
            session.add(row)
            session.flush()
            record(session, actor, "rule.add", Target("rule", rule.id), now=now, after=told_rule(rule))
            return _stored(row)

    def change(self, rule_id: UUID, change: Callable[[Rule], Rule], actor: Actor, *, expected_version: int | None = None) -> StoredRule:
        """Store what `change` makes of the rule as it is now; nothing is written, and the version stays, where that is the same.

        `change` is called inside the transaction: it must be quick and keep the id. Raises what it raises, what `add` does, NotFound, and
        VersionConflict when the rule's version is no longer `expected_version`.
        """
        with directory_transaction(self._sessions) as session:
            row = find_row(session, NotificationRule, rule_id, "rule")
            before = load(row, _stored, "rule")
            refuse_stale(row, expected_version, "rule")
            rule = _checked(change(before.rule))
            if rule.id != rule_id:
                raise ValueError("a change must keep the rule's id")
            refuse_taken_name(session, NotificationRule, rule.id, rule.name, "rule")
            refuse_unknown(session, rule)
            put(row, rule, self._clock.now())
            session.flush()
            if row.version != before.version:
                was, now = changes(to_columns(before.rule), to_columns(rule), told_rule(before.rule), told_rule(rule))
                record(session, actor, "rule.change", Target("rule", rule_id), now=self._clock.now(), before=was, after=now)
            return _stored(row)

    def remove(self, rule_id: UUID, actor: Actor) -> None:
        """What it promised already is told all the same. Raises NotFound."""
        with directory_transaction(self._sessions) as session:
            name = drop_row(session, NotificationRule, rule_id, "rule")
            record(session, actor, "rule.remove", Target("rule", rule_id), now=self._clock.now(), before={"name": name})


def _checked(rule: Rule) -> Rule:
    return check_rule(replace(rule, name=checked_name(rule.name, "rule")))


def _stored(row: NotificationRule) -> StoredRule:
    return StoredRule(to_rule(row), row.version, row.created_at, row.updated_at)
