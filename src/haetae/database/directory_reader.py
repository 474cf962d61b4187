"""Who is told, by which rules and in which ways, read at one moment."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.channel_store import to_channel
from haetae.database.group_store import to_group
from haetae.database.models import CameraAccess, NotificationRule, User
from haetae.database.notification_models import NotificationChannel, NotificationGroup, OptOut
from haetae.database.notification_rows import Unreadable, read_each
from haetae.database.rule_rows import to_rule
from haetae.domain.rule import Directory, Person
from haetae.domain.viewer import Role
from haetae.vault import Vault

_log = structlog.get_logger()


class DirectoryReader:
    """Any thread. Each row that cannot be read is logged once, and again when what is wrong with it changed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._logged: frozenset[Unreadable] = frozenset()

    def read(self, session: Session, *, now: datetime) -> Directory:
        """Every enabled rule, and who and what rules may name. Raises SQLAlchemy's errors, StorageError while the key cannot be used."""
        rules, bad_rules = read_each(session, NotificationRule, to_rule, where=NotificationRule.enabled.is_(True))
        channels, bad_channels = read_each(session, NotificationChannel, lambda row: to_channel(row, self._vault))
        groups, bad_groups = read_each(session, NotificationGroup, to_group)
        self._log((*bad_rules, *bad_channels, *bad_groups))
        return Directory(
            tuple(rules),
            {channel.id: channel for channel in channels},
            {group.id: group for group in groups},
            _people(session),
            frozenset((row.channel_id, row.target) for row in session.execute(select(OptOut.channel_id, OptOut.target))),
            now,
        )

    def _log(self, unreadable: Iterable[Unreadable]) -> None:
        found = frozenset(unreadable)
        for row in found - self._logged:
            _log.error("notifications_leave_out", id=str(row.id), name=row.name, error=row.error)
        self._logged = found


def _people(session: Session) -> dict[UUID, Person]:
    grants: dict[UUID, set[UUID]] = defaultdict(set)
    for user_id, camera_id in session.execute(select(CameraAccess.user_id, CameraAccess.camera_id)):
        grants[user_id].add(camera_id)
    people = session.execute(select(User.id, User.username, User.email, User.active, User.role))
    return {
        row.id: Person(
            row.id,
            row.username,
            row.email,
            row.active,
            sees_system=row.role is not Role.VIEWER,
            cameras=None if row.role is Role.ADMIN else frozenset(grants[row.id]),
        )
        for row in people
    }
