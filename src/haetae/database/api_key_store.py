"""Long-lived keys with which programs act for a person."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, or_, select, update

from haetae.clock import Clock
from haetae.database.account_models import ApiKey
from haetae.database.account_rows import account_transaction, hash_secret, load_user, new_secret
from haetae.database.audit import Target, record
from haetae.database.camera_grants import read_grants, refuse_unknown_cameras
from haetae.database.engine import Sessions
from haetae.domain.viewer import ROLES, Actor, Role
from haetae.errors import Conflict, Forbidden, NotFound, StorageError, UnknownCamera
from haetae.ids import new_id

PREFIX = "hk_"
_VISIBLE = 10
_MOST_PER_USER = 50
_USED_EVERY = timedelta(minutes=1)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredApiKey:
    """A key without the key. `camera_ids` None: all that its owner has. Times are UTC-aware."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    role: Role
    camera_ids: frozenset[UUID] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """The key itself, shown once: only its hash is kept."""

    key: str = field(repr=False)
    stored: StoredApiKey


class ApiKeyStore:
    """Safe to call from any thread. Every method raises DatabaseUnavailable while the database cannot be used."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def create(
        self,
        owner_id: UUID,
        actor: Actor,
        *,
        name: str,
        role: Role,
        camera_ids: Collection[UUID] | None = None,
        expires_at: datetime | None = None,
    ) -> NewApiKey:
        """A key of `owner_id` with at most `role`, and only for `camera_ids`.

        Raises NotFound (owner), Forbidden (the role is more than the owner's), UnknownCamera (one the owner does not have), Conflict (50
        keys are in use, the owner is inactive, or it would be expired already).
        """
        now = self._clock.now()
        key = new_secret(PREFIX)
        with account_transaction(self._sessions, lock=True) as session:
            owner = load_user(session, owner_id)
            if not owner.active:
                raise Conflict("the owner is inactive", hint="Make it active first")
            if ROLES.index(role) > ROLES.index(owner.role):
                raise Forbidden(f"a key of this user cannot have the role {role.value}", hint=f"Give it at most {owner.role.value}")
            if expires_at is not None and expires_at <= now:
                raise Conflict("the key would be expired already", hint="Choose a time to come")
            if owner.role is Role.ADMIN:
                refuse_unknown_cameras(session, camera_ids or ())
            elif not set(camera_ids or ()) <= read_grants(session, owner_id).keys():
                raise UnknownCamera("one of the cameras does not exist", hint="See the list of cameras")
            used = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == owner_id, ApiKey.revoked_at.is_(None))
            if (session.scalar(used) or 0) >= _MOST_PER_USER:
                raise Conflict(f"this user has {_MOST_PER_USER} keys", hint="Revoke some first")
            row = ApiKey(
                id=new_id(),
                user_id=owner_id,
                name=name,
                prefix=key[:_VISIBLE],
                key_hash=hash_secret(key),
                role=role,
                camera_ids=None if camera_ids is None else sorted(str(camera_id) for camera_id in set(camera_ids)),
                created_at=now,
                expires_at=expires_at,
            )
            session.add(row)
            session.flush()
            told = {"name": name, "prefix": row.prefix, "role": role.value, "camera_ids": row.camera_ids, "owner": str(owner_id)}
            record(session, actor, "api_key.create", Target("api_key", row.id), now=now, after=told)
            return NewApiKey(key, _stored(row))

    def keys(self, owner_id: UUID | None = None) -> list[StoredApiKey]:
        """The keys that were not revoked, those of one user or all, newest first."""
        chosen = select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        with account_transaction(self._sessions, read_only=True) as session:
            return [_stored(row) for row in session.scalars(chosen if owner_id is None else chosen.where(ApiKey.user_id == owner_id))]

    def get(self, key_id: UUID) -> StoredApiKey | None:
        """The key of this id if it is good now."""
        with account_transaction(self._sessions, read_only=True) as session:
            row = session.get(ApiKey, key_id)
            return _stored(row) if row is not None and self._good(row) else None

    def revoke(self, key_id: UUID, actor: Actor, *, owner_id: UUID | None = None) -> None:
        """With `owner_id` only a key of that user. Raises NotFound, also for one that was revoked before."""
        now = self._clock.now()
        chosen = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        chosen = chosen if owner_id is None else chosen.where(ApiKey.user_id == owner_id)
        with account_transaction(self._sessions, lock=True) as session:
            revoked = chosen.values(revoked_at=now).returning(ApiKey.id)
            if session.execute(revoked, execution_options={"synchronize_session": False}).first() is None:
                raise NotFound(f"there is no API key {key_id}", hint="See the list of keys")
            record(session, actor, "api_key.revoke", Target("api_key", key_id), now=now)

    def find(self, key: str) -> StoredApiKey | None:
        """The key if it is good now. When it was used is written at most once a minute, and not at all while that fails."""
        with account_transaction(self._sessions, read_only=True) as session:
            row = session.scalars(select(ApiKey).where(ApiKey.key_hash == hash_secret(key))).one_or_none()
            if row is None or not self._good(row):
                return None
            found = _stored(row)
        if found.last_used_at is None or self._clock.now() - found.last_used_at >= _USED_EVERY:
            self._mark_used(found.id)
        return found

    def _good(self, row: ApiKey) -> bool:
        return row.revoked_at is None and (row.expires_at is None or row.expires_at > self._clock.now())

    def _mark_used(self, key_id: UUID) -> None:
        now = self._clock.now()
        stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _USED_EVERY)
        used = update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now)
        try:
            with account_transaction(self._sessions) as session:
                session.execute(used, execution_options={"synchronize_session": False})
        except StorageError as error:
            _log.warning("api_key_use_not_written", api_key=str(key_id), error=str(error))


def _stored(row: ApiKey) -> StoredApiKey:
    camera_ids = None if row.camera_ids is None else frozenset(UUID(camera_id) for camera_id in row.camera_ids)
    return StoredApiKey(
        row.id,
        row.user_id,
        row.name,
        row.prefix,
        row.role,
        camera_ids,
        row.created_at,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )
