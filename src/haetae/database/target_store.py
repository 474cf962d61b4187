"""What actions can reach: registered addresses and presets. For admins: nothing here asks who is looking."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.account_rows import account_transaction
from haetae.database.audit import Target, record
from haetae.database.channel_secrets import part, whole
from haetae.database.engine import Sessions
from haetae.database.models import Camera
from haetae.database.notification_rows import checked_name
from haetae.database.response_models import ResponseTargetRow
from haetae.domain.action import ResponseTarget, TargetKind
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError, Conflict, NotFound, VersionConflict
from haetae.telemetry import redact
from haetae.vault import Vault

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_NOUN = "target"
MOST_TARGETS = 500


@dataclass(frozen=True, slots=True)
class StoredTarget:
    """A target as it may be shown: `settings` without secrets, `secrets_set` which of those there are. `broken` says why it cannot be
    used, empty where it can. `version` grows with every change. Times are UTC-aware."""

    id: str
    kind: TargetKind
    name: str
    camera_id: UUID | None
    people: int
    enabled: bool
    settings: Mapping[str, Any]
    secrets_set: frozenset[str]
    broken: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TargetValues:
    """What a target is made of. `secret` names the settings that are sealed; of those, one that is not among `settings` stays as it is."""

    name: str
    settings: Mapping[str, Any]
    secret: Collection[str]
    camera_id: UUID | None = None
    people: int = 1
    enabled: bool = True


class TargetStore:
    """Any thread, several processes. Secrets are sealed in the database. Every change is in the audit log, in its transaction, and never a
    secret.

    Every method raises DatabaseUnavailable while the database cannot be used, StorageError while the key cannot.
    """

    def __init__(self, sessions: Sessions, clock: Clock, vault: Vault) -> None:
        self._sessions = sessions
        self._clock = clock
        self._vault = vault

    def list(self) -> list[StoredTarget]:
        """Every target by its id."""
        with account_transaction(self._sessions, read_only=True) as session:
            return [self._stored(row) for row in session.scalars(select(ResponseTargetRow).order_by(ResponseTargetRow.id))]

    def get(self, target_id: str) -> StoredTarget:
        """Raises NotFound."""
        with account_transaction(self._sessions, read_only=True) as session:
            return self._stored(_find(session, target_id))

    def usable(self, target_id: str, kind: TargetKind) -> ResponseTarget:
        """The target with its secrets in clear, to be reached. Raises NotFound where none of this kind is registered under this id or it is
        switched off, ConfigError where its secrets cannot be opened."""
        with account_transaction(self._sessions, read_only=True) as session:
            row = session.get(ResponseTargetRow, target_id)
            if row is None or row.kind is not kind:
                raise NotFound(f"no {kind.value} is registered as {target_id[:64]!r}", hint="Register it, or plan another")
            if not row.enabled:
                raise NotFound(f"the {kind.value} {target_id!r} is switched off", hint="Switch it on")
            settings = whole(row.settings, self._unseal(row))
            return ResponseTarget(row.id, row.kind, row.name, row.enabled, settings, row.camera_id, row.people, row.version)

    def add(self, target_id: str, kind: TargetKind, values: TargetValues, actor: Actor) -> StoredTarget:
        """Register a target. Raises ConfigError for a word that can be no id, Conflict for one that is taken."""
        if not _ID.fullmatch(target_id):
            raise ConfigError("the id is no short word", hint="Use a-z, 0-9, - and _, at most 48 of them")
        now = self._clock.now()
        with account_transaction(self._sessions, lock=True) as session:
            if session.get(ResponseTargetRow, target_id) is not None:
                raise Conflict(f"there is a target {target_id!r} already", hint="Choose another id, or change that one")
            if len(session.scalars(select(ResponseTargetRow.id)).all()) >= MOST_TARGETS:
                raise Conflict(f"there are {MOST_TARGETS} targets already", hint="Remove one that is not used any more")
            row = ResponseTargetRow(id=target_id, kind=kind, created_at=now, updated_at=now, settings={}, secrets=None)
            self._apply(session, row, values)
            session.add(row)
            session.flush()
            record(session, actor, "target.add", Target("target", target_id), now=now, after=_told(row, values))
            return self._stored(row)

    def change(self, target_id: str, values: TargetValues, actor: Actor, *, expected_version: int | None = None) -> StoredTarget:
        """Make this the target. Raises NotFound, VersionConflict, ConfigError; its kind stays."""
        with account_transaction(self._sessions, lock=True) as session:
            row = _find(session, target_id)
            if expected_version not in (None, row.version):
                raise VersionConflict(f"the target {target_id!r} was changed by somebody else", hint="Look at it again, then try again")
            before = _told(row, None)
            self._apply(session, row, values)
            row.updated_at = self._clock.now()
            session.flush()
            record(
                session,
                actor,
                "target.change",
                Target("target", target_id),
                now=row.updated_at,
                before=before,
                after=_told(row, values),
            )
            return self._stored(row)

    def remove(self, target_id: str, actor: Actor) -> None:
        """Actions that name it fail from now on, and say so. Raises NotFound."""
        with account_transaction(self._sessions, lock=True) as session:
            row = _find(session, target_id)
            told = _told(row, None)
            session.execute(
                delete(ResponseTargetRow).where(ResponseTargetRow.id == target_id), execution_options={"synchronize_session": False}
            )
            record(session, actor, "target.remove", Target("target", target_id), now=self._clock.now(), before=told)

    def _apply(self, session: Session, row: ResponseTargetRow, values: TargetValues) -> None:
        if values.camera_id is not None and session.get(Camera, values.camera_id) is None:
            raise ConfigError(f"there is no camera {values.camera_id}", hint="See the list of cameras")
        if not 1 <= values.people <= 2:
            raise ConfigError("one or two people must approve", hint="Set people to 1 or 2")
        plain, secrets = part(values.settings, values.secret)
        row.name = checked_name(values.name, _NOUN)
        row.camera_id, row.people, row.enabled, row.settings = values.camera_id, values.people, values.enabled, plain
        kept = {path: value for path, value in self._opened(row).items() if path in values.secret}
        sealed = {path: value for path, value in {**kept, **secrets}.items() if value is not None}
        row.secrets = self._vault.seal(orjson.dumps(sealed).decode(), place=_place(row.id)) if sealed else None

    def _unseal(self, row: ResponseTargetRow) -> dict[str, Any]:
        if row.secrets is None:
            return {}
        try:
            secrets = orjson.loads(self._vault.unseal(row.secrets, place=_place(row.id)))
        except orjson.JSONDecodeError:
            secrets = None
        if not isinstance(secrets, dict):
            raise ConfigError("what is sealed here holds no secrets", hint="Give the target's secrets anew")
        return secrets

    def _opened(self, row: ResponseTargetRow) -> dict[str, Any]:
        try:
            return self._unseal(row)
        except ConfigError:
            return {}

    def _stored(self, row: ResponseTargetRow) -> StoredTarget:
        try:
            secrets, broken = frozenset(self._unseal(row)), ""
        except ConfigError as error:
            secrets, broken = frozenset(), error.message
        return StoredTarget(
            row.id,
            row.kind,
            row.name,
            row.camera_id,
            row.people,
            row.enabled,
            dict(row.settings),
            secrets,
            broken,
            row.version,
            row.created_at,
            row.updated_at,
        )


def _find(session: Session, target_id: str) -> ResponseTargetRow:
    row = session.get(ResponseTargetRow, target_id)
    if row is None:
        raise NotFound(f"there is no target {target_id[:64]!r}", hint="See the list of targets")
    return row


def _place(target_id: str) -> str:
    return f"response_targets.secrets:{target_id}"


def _told(row: ResponseTargetRow, values: TargetValues | None) -> dict[str, Any]:
    """For the audit log, which is kept for ever: no secret, but which were given."""
    told: dict[str, Any] = {"kind": row.kind.value, "name": row.name, "people": row.people, "enabled": row.enabled}
    told |= {"camera_id": str(row.camera_id) if row.camera_id else None, "settings": redact(dict(row.settings))}
    if values is not None:
        told["secrets_given"] = sorted(path for path in values.secret if path in part(values.settings, values.secret)[1])
    return told
