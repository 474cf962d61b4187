"""Channels: the ways to people, with what they are configured by. For admins: nothing here asks who is looking."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.channel_secrets import part, seal, unseal, whole
from haetae.database.engine import Sessions
from haetae.database.notification_models import NotificationChannel
from haetae.database.notification_rows import (
    Unreadable,
    checked_name,
    directory_transaction,
    drop_row,
    find_row,
    load,
    read_each,
    refuse_stale,
    refuse_taken_name,
)
from haetae.database.rule_uses import refuse_named
from haetae.domain.rule import ChannelConfig
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.telemetry import redact
from haetae.vault import Vault

_log = structlog.get_logger()

Check = Callable[[ChannelConfig], None]
"""Looks at a channel, secrets in clear, before it is stored, inside the transaction: it must be quick. What it raises undoes all."""


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """A channel as it may be shown: `settings` without secrets, `secrets_set` which of those there are. `broken` says why it cannot be
    used, empty where it can. `version` grows with every change. Times are UTC-aware."""

    id: UUID
    name: str
    kind: str
    enabled: bool
    settings: Mapping[str, Any]
    secrets_set: frozenset[str]
    broken: str
    version: int
    created_at: datetime
    updated_at: datetime


def _nothing(_config: ChannelConfig) -> None:
    """Nothing more is asked of a channel."""


class ChannelStore:
    """Any thread, several processes: writers take turns. Secrets are sealed in the database. Every change is in the audit log, in its
    transaction, and never a secret.

    Every method raises DatabaseUnavailable while the database cannot be used, StorageError while the key cannot.
    """

    def __init__(self, sessions: Sessions, clock: Clock, vault: Vault) -> None:
        self._sessions = sessions
        self._clock = clock
        self._vault = vault

    def read_all(self) -> tuple[list[StoredChannel], list[Unreadable]]:
        """Every channel by name, and apart from them the rows that are no channel at all."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return read_each(session, NotificationChannel, self._stored)

    def list(self) -> list[StoredChannel]:
        """Every channel by name; rows that are none are logged."""
        channels, unreadable = self.read_all()
        for row in unreadable:
            _log.warning("channel_unreadable", channel=str(row.id), name=row.name, error=row.error)
        return channels

    def get(self, channel_id: UUID) -> StoredChannel:
        """Raises NotFound, and ConfigError where the row is no channel."""
        with directory_transaction(self._sessions, read_only=True) as session:
            return load(find_row(session, NotificationChannel, channel_id, "channel"), self._stored, "channel")

    def config(self, channel_id: UUID) -> ChannelConfig:
        """The channel with its secrets in clear, for sending. Raises NotFound, and ConfigError where its secrets cannot be opened."""
        with directory_transaction(self._sessions, read_only=True) as session:
            row = find_row(session, NotificationChannel, channel_id, "channel")
            return load(row, lambda found: to_channel(found, self._vault), "channel")

    def add(
        self,
        name: str,
        kind: str,
        settings: Mapping[str, Any],
        *,
        secret: Collection[str],
        actor: Actor,
        enabled: bool = True,
        check: Check = _nothing,
    ) -> StoredChannel:
        """Store a new channel. `secret` names the settings that are sealed, as `part` takes them.

        Raises what `check` raises, Conflict for a taken name, ConfigError.
        """
        now, channel_id, name = self._clock.now(), new_id(), checked_name(name, "channel")
        plain, secrets = part(settings, secret)
        secrets = _given(secrets)
        check(ChannelConfig(channel_id, name, kind, enabled, whole(plain, secrets)))
        with directory_transaction(self._sessions) as session:
            refuse_taken_name(session, NotificationChannel, channel_id, name, "channel")
            sealed = seal(self._vault, channel_id, secrets)
            columns = {"name": name, "kind": kind, "settings": plain, "enabled": enabled, "secrets": sealed}
            row = NotificationChannel(id=channel_id, created_at=now, updated_at=now, **columns)
            session.add(row)
            session.flush()
            told = {"name": name, "kind": kind, "enabled": enabled, "settings": redact(plain), "secrets_set": sorted(secrets)}
            record(session, actor, "channel.add", Target("channel", channel_id), now=now, after=told)
            return self._stored(row)

    def change(
        self,
        channel_id: UUID,
        *,
        actor: Actor,
        name: str | None = None,
        enabled: bool | None = None,
        settings: Mapping[str, Any] | None = None,
        secret: Collection[str] = (),
        check: Check = _nothing,
        expected_version: int | None = None,
    ) -> StoredChannel:
        """Change what is given. `settings` are all of the channel's plain ones; of the secret ones those that are not among them stay, and
        those that are None are taken away. Nothing is written, and the version stays, where all of it was so already.

        Raises NotFound, VersionConflict, and as `add` does; ConfigError where secrets would have to stay that cannot be opened.
        """
        with directory_transaction(self._sessions) as session:
            row = find_row(session, NotificationChannel, channel_id, "channel")
            refuse_stale(row, expected_version, "channel")
            if name is not None:
                name = checked_name(name, "channel")
                refuse_taken_name(session, NotificationChannel, channel_id, name, "channel")
            was, now = self._apply(row, name, enabled, settings, secret)
            if not now:
                return self._stored(row)
            # One that is only renamed or switched off need not be whole.
            if enabled or settings is not None:
                check(to_channel(row, self._vault))
            row.updated_at = self._clock.now()
            session.flush()
            record(session, actor, "channel.change", Target("channel", channel_id), now=row.updated_at, before=was, after=now)
            return self._stored(row)

    def _apply(
        self,
        row: NotificationChannel,
        name: str | None,
        enabled: bool | None,
        settings: Mapping[str, Any] | None,
        secret: Collection[str],
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Put what is given into the row; returns what changed, as it may be told."""
        given: dict[str, Any] = {} if name is None else {"name": name}
        if enabled is not None:
            given["enabled"] = enabled
        told: dict[str, str] = {}
        if settings is not None:
            given["settings"], new = part(settings, secret)
            told = self._put_secrets(row, new, secret)
        before = {key: getattr(row, key) for key, value in given.items() if getattr(row, key) != value}
        for key in before:
            setattr(row, key, given[key])
        was, now = redact(before), redact({key: given[key] for key in before})
        return was, now | ({"secrets": told} if told else {})

    def _put_secrets(self, row: NotificationChannel, new: Mapping[str, Any], secret: Collection[str]) -> dict[str, str]:
        """Replace the secrets that are given; returns what became of which. Those that are not opened are lost if all are given anew."""
        try:
            kept = unseal(self._vault, row.id, row.secrets)
        except ConfigError:
            if not set(secret) <= new.keys():
                raise
            kept = {}
        after = _given({**kept, **new})
        told = {path: "set" for path in after if path not in kept} | {path: "removed" for path in kept if path not in after}
        told |= {path: "changed" for path in after if path in kept and kept[path] != after[path]}
        if told or (row.secrets is not None and not kept):
            row.secrets = seal(self._vault, row.id, after)
        return told

    def remove(self, channel_id: UUID, actor: Actor) -> None:
        """What was promised on it is given up. Raises NotFound, and Conflict while a rule names it."""
        with directory_transaction(self._sessions) as session:
            refuse_named(session, channel_id, "channel")
            name = drop_row(session, NotificationChannel, channel_id, "channel")
            record(session, actor, "channel.remove", Target("channel", channel_id), now=self._clock.now(), before={"name": name})

    def seal_all(self) -> int:
        """Seal secrets that lie under an older key; the rows' versions stay. Returns how many there were.

        What cannot be unsealed stays as it is, for the key may come back.
        """
        with directory_transaction(self._sessions) as session:
            query = select(NotificationChannel.id, NotificationChannel.secrets).where(NotificationChannel.secrets.is_not(None))
            return sum(self._seal_anew(session, channel_id, sealed or "") for channel_id, sealed in session.execute(query).all())

    def _seal_anew(self, session: Session, channel_id: UUID, sealed: str) -> bool:
        if self._vault.is_current(sealed):
            return False
        try:
            anew = seal(self._vault, channel_id, unseal(self._vault, channel_id, sealed))
        except ConfigError as error:
            _log.warning("channel_secrets_sealed_away", channel=str(channel_id), error=error.message)
            return False
        statement = update(NotificationChannel).where(NotificationChannel.id == channel_id).values(secrets=anew)
        session.execute(statement, execution_options={"synchronize_session": False})
        return True

    def _stored(self, row: NotificationChannel) -> StoredChannel:
        try:
            secrets, broken = frozenset(unseal(self._vault, row.id, row.secrets)), ""
        except ConfigError as error:
            secrets, broken = frozenset(), error.message
        settings = dict(row.settings)
        return StoredChannel(
            row.id, row.name, row.kind, row.enabled, settings, secrets, broken, row.version, row.created_at, row.updated_at
        )


def to_channel(row: NotificationChannel, vault: Vault) -> ChannelConfig:
    """The channel that a row holds, secrets in clear. Raises ConfigError where they cannot be opened."""
    settings = whole(row.settings, unseal(vault, row.id, row.secrets))
    return ChannelConfig(row.id, row.name, row.kind, row.enabled, settings, row.version)


def _given(secrets: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in secrets.items() if value is not None}
