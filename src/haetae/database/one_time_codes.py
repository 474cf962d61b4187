"""Codes that are good once: made and taken inside the transaction of what they are for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from haetae.database.account_models import CodePurpose, OneTimeCode
from haetae.database.account_rows import NewCode, hash_secret, new_secret
from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import Forbidden
from haetae.ids import new_id


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A code without the code. Of an invitation `role`, `grants` and maybe `email`; of a reset `user_id`."""

    id: UUID
    purpose: CodePurpose
    role: Role | None
    grants: Mapping[UUID, AccessLevel]
    email: str | None
    user_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


def create_code(
    session: Session,
    purpose: CodePurpose,
    *,
    now: datetime,
    life_s: float,
    role: Role | None = None,
    grants: Mapping[UUID, AccessLevel] | None = None,
    email: str | None = None,
    user_id: UUID | None = None,
    created_by: UUID | None = None,
) -> NewCode:
    code = NewCode(new_id(), new_secret(), now + timedelta(seconds=life_s))
    session.add(
        OneTimeCode(
            id=code.id,
            purpose=purpose,
            code_hash=hash_secret(code.code),
            role=role,
            grants=None if grants is None else {str(camera_id): level.value for camera_id, level in grants.items()},
            email=email,
            user_id=user_id,
            created_by=created_by,
            created_at=now,
            expires_at=code.expires_at,
        )
    )
    session.flush()
    return code


def find_code(session: Session, code: str, purpose: CodePurpose, *, now: datetime) -> StoredCode:
    """The code, which stays good. Raises Forbidden for one that is not (any more)."""
    row = session.scalars(
        select(OneTimeCode).where(
            OneTimeCode.code_hash == hash_secret(code.strip()),
            OneTimeCode.purpose == purpose,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        raise _not_valid()
    return stored_code(row)


def take_code(session: Session, code: str, purpose: CodePurpose, *, now: datetime) -> StoredCode:
    """The code, which is used up if and only if the transaction commits. Raises Forbidden for one that is not good (any more)."""
    found = find_code(session, code, purpose, now=now)
    # The condition is asked again under the row's lock: of two takers the second finds it used.
    taken = update(OneTimeCode).where(OneTimeCode.id == found.id, OneTimeCode.used_at.is_(None)).values(used_at=now)
    done = session.execute(taken.returning(OneTimeCode.id), execution_options={"synchronize_session": False})
    if done.first() is None:
        raise _not_valid()
    return found


def open_codes(session: Session, purpose: CodePurpose, *, now: datetime, limit: int) -> list[StoredCode]:
    """The codes that may still be used, newest first."""
    wanted = (OneTimeCode.purpose == purpose, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now)
    rows = session.scalars(select(OneTimeCode).where(*wanted).order_by(OneTimeCode.created_at.desc(), OneTimeCode.id.desc()).limit(limit))
    return [stored_code(row) for row in rows]


def prune_codes(session: Session, *, now: datetime) -> None:
    """Delete the codes that nobody can use any more; what they did is in the audit log."""
    session.execute(delete(OneTimeCode).where(OneTimeCode.expires_at <= now), execution_options={"synchronize_session": False})


def stored_code(row: OneTimeCode) -> StoredCode:
    grants = {UUID(camera_id): AccessLevel(level) for camera_id, level in (row.grants or {}).items()}
    return StoredCode(row.id, row.purpose, row.role, grants, row.email, row.user_id, row.created_by, row.created_at, row.expires_at)


def _not_valid() -> Forbidden:
    return Forbidden("this code is not valid, or not any more", hint="Ask for a new one")
