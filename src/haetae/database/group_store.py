"""Groups: recipients under one name. For admins: nothing here asks who is looking."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.notification_models import NotificationGroup
from haetae.database.notification_rows import (
    RECIPIENTS,
    Unreadable,
    changes,
    check_recipient,
    checked_name,
    directory_transaction,
    drop_row,
    find_row,
    load,
    read_each,
    refuse_stale,
    refuse_taken_name,
    told_recipient,
)
from haetae.database.rule_rows import MOST_NAMED, refuse_unknown_recipients
from haetae.database.rule_uses import refuse_named
from haetae.domain.rule import Group, RecipientKind
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as the database holds it. `version` grows with every change. Times are UTC-aware."""

    group: Group
    version: int
    created_at: datetime
    updated_at: datetime


class GroupStore:
    """Any thread, several processes: writers take turns. Every change is in the audit log, in its transaction.

    Every method raises DatabaseUnavailable while the database cannot be used.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def read_all(self) -> tuple[list[StoredGroup], list[Unreadable]]:
        """Every group by name, and apart from them the rows that cannot be read."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return read_each(session, NotificationGroup, _stored)

    def get(self, group_id: UUID) -> StoredGroup:
        """Raises NotFound, and ConfigError where the row cannot be read."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return load(find_row(session, NotificationGroup, group_id, "group"), _stored, "group")

    def add(self, group: Group, actor: Actor) -> StoredGroup:
        """Raises ConfigError for a member that is none or is not there, Conflict for a name or an id that is taken."""
        group = _checked(group)
        now = self._clock.now()
        with directory_transaction(self._sessions) as session:
            refuse_taken_name(session, NotificationGroup, group.id, group.name, "group")
            refuse_unknown_recipients(session, group.members)
            row = NotificationGroup(id=group.id, created_at=now, updated_at=now, **_columns(group))
            session.add(row)
            session.flush()
            record(session, actor, "group.add", Target("group", group.id), now=now, after=_told(group))
            return _stored(row)

    def change(self, group_id: UUID, change: Callable[[Group], Group], actor: Actor, *, expected_version: int | None = None) -> StoredGroup:
        """Store what `change` makes of the group as it is now. As `RuleStore.change`."""
        now = self._clock.now()
        with directory_transaction(self._sessions) as session:
            row = find_row(session, NotificationGroup, group_id, "group")
            before = load(row, _stored, "group").group
            refuse_stale(row, expected_version, "group")
            group = _checked(change(before))
            if group.id != group_id:
                raise ValueError("a change must keep the group's id")
            was, is_now = changes(_columns(before), _columns(group), _told(before), _told(group))
            if is_now:
                refuse_taken_name(session, NotificationGroup, group.id, group.name, "group")
                refuse_unknown_recipients(session, group.members)
                row.name, row.members, row.updated_at = group.name, _columns(group)["members"], now
                session.flush()
                record(session, actor, "group.change", Target("group", group_id), now=now, before=was, after=is_now)
            return _stored(row)

    def remove(self, group_id: UUID, actor: Actor) -> None:
        """Raises NotFound, and Conflict while a rule names it."""
        with directory_transaction(self._sessions) as session:
            refuse_named(session, group_id, "group")
            name = drop_row(session, NotificationGroup, group_id, "group")
            record(session, actor, "group.remove", Target("group", group_id), now=self._clock.now(), before={"name": name})


def to_group(row: NotificationGroup) -> Group:
    """The group that a row holds; raises pydantic's ValidationError for a row that no Haetae wrote."""
    return _checked(Group(row.id, row.name, RECIPIENTS.validate_python(row.members)))


def _stored(row: NotificationGroup) -> StoredGroup:
    return StoredGroup(to_group(row), row.version, row.created_at, row.updated_at)


def _checked(group: Group) -> Group:
    if len(group.members) > MOST_NAMED:
        raise ConfigError("the group has too many members", hint=f"A group has at most {MOST_NAMED}")
    for member in group.members:
        if member.kind is RecipientKind.GROUP:
            raise ConfigError("a group cannot be a member of a group", hint="Name users and addresses")
        check_recipient(member)
    return replace(group, name=checked_name(group.name, "group"))


def _columns(group: Group) -> dict[str, Any]:
    return {"name": group.name, "members": RECIPIENTS.dump_python(group.members, mode="json")}


def _told(group: Group) -> dict[str, Any]:
    return {"name": group.name, "members": [told_recipient(member) for member in group.members]}
