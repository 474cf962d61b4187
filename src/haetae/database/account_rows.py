"""What the stores of users, sessions, codes and API keys share: their transaction, their secrets, and taking back what was handed out.

Order of locks on PostgreSQL, for whoever adds a store: users (table, then row), then what belongs to them, the audit log last.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exc, func, select, text, update
from sqlalchemy.orm import Session

from haetae.database.account_models import ApiKey, CodePurpose, OneTimeCode, RefreshToken
from haetae.database.engine import Sessions, session_scope
from haetae.database.event_store import is_row_fault
from haetae.database.models import User
from haetae.domain.account import checked_language, normal_email, normal_username
from haetae.domain.viewer import AccessLevel, Role
from haetae.errors import ConfigError, Conflict, DatabaseUnavailable, NotFound

_SECRET_BYTES = 32
_TRY_AGAIN = "Look at it again, then try again"


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user as anybody who may see users sees it: no hash. Times are UTC-aware."""

    id: UUID
    username: str
    email: str | None
    role: Role
    language: str
    active: bool
    created_at: datetime
    updated_at: datetime
    password_changed_at: datetime | None
    last_login_at: datetime | None
    generation: int


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be; by `checked` its words are in their one spelling."""

    username: str
    password_hash: str = field(default="", repr=False)
    email: str | None = None
    role: Role = Role.VIEWER
    language: str = "en"
    grants: Mapping[UUID, AccessLevel] = field(default_factory=dict)

    @classmethod
    def checked(
        cls, username: str, *, email: str | None, language: str, role: Role, grants: Mapping[UUID, AccessLevel] | None = None
    ) -> "NewUser":
        """Raises ConfigError."""
        return cls(normal_username(username), "", normal_email(email or ""), role, checked_language(language), dict(grants or {}))

    def with_hash(self, password_hash: str) -> "NewUser":
        return replace(self, password_hash=password_hash)


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change; None leaves it as it is, an empty `email` removes it."""

    role: Role | None = None
    email: str | None = None
    language: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What logging in needs; never leaves the server."""

    user_id: UUID
    username: str
    email: str | None
    password_hash: str = field(repr=False)
    active: bool
    generation: int


@dataclass(frozen=True, slots=True)
class NewCode:
    """A one-time code, shown once: only its hash is kept."""

    id: UUID
    code: str = field(repr=False)
    expires_at: datetime


@contextmanager
def account_transaction(sessions: Sessions, *, read_only: bool = False, lock: bool = False) -> Iterator[Session]:
    """One transaction. `lock` makes its writers take turns, over all processes, so that what they look at stays true until they commit
    (SQLite's writers do so anyway).

    Raises DatabaseUnavailable, ConfigError for a value the database refuses, Conflict where another writer was faster.
    """
    try:
        with session_scope(sessions, read_only=read_only) as session:
            if lock and session.get_bind().dialect.name == "postgresql":
                session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
            yield session
    except exc.IntegrityError as error:
        raise Conflict("something else was changed at the same moment", hint=_TRY_AGAIN) from error
    except exc.SQLAlchemyError as error:
        # The driver's own words may hold the values: only its kind is told.
        cause = type(error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error).__name__
        if is_row_fault(error):
            raise ConfigError(f"the database refuses a value ({cause})", hint="Correct it, then try again") from error
        raise DatabaseUnavailable(f"the database cannot be used ({cause})", hint="Check its path, permissions or server") from error


def new_secret(prefix: str = "") -> str:
    """256 random bits as text that may stand in a URL."""
    return prefix + secrets.token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """What is kept of a secret. A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def stored_user(row: User) -> StoredUser:
    return StoredUser(
        row.id,
        row.username,
        row.email,
        row.role,
        row.language,
        row.active,
        row.created_at,
        row.updated_at,
        row.password_changed_at,
        row.last_login_at,
        row.generation,
    )


def load_user(session: Session, user_id: UUID) -> User:
    row = session.get(User, user_id)
    if row is None:
        raise NotFound(f"there is no user {user_id}", hint="See the list of users")
    return row


def refuse_taken(session: Session, user_id: UUID | None, *, username: str | None = None, email: str | None = None) -> None:
    """Raise Conflict where another user has this name or address. Under the lock."""
    if username is not None and session.scalar(select(User.id).where(User.username == username, User.id.is_distinct_from(user_id))):
        raise Conflict(f"the user name {username!r} is taken", hint="Choose another one")
    if email is not None and session.scalar(select(User.id).where(User.email == email, User.id.is_distinct_from(user_id))):
        raise Conflict("another user has this e-mail address", hint="Use another one, or log in as that user")


def refuse_last_admin(session: Session, row: User) -> None:
    """Raise Conflict where nobody else could administer the site. Under the lock."""
    others = select(func.count()).select_from(User).where(User.role == Role.ADMIN, User.active.is_(True), User.id != row.id)
    if row.role is Role.ADMIN and row.active and not session.scalar(others):
        raise Conflict("this is the last active admin of the site", hint="Make somebody else an admin first")


def take_back_sessions(session: Session, row: User, now: datetime) -> None:
    """Make every access token, ticket and refresh token of a user worth nothing.

    The user's row is written first: whoever hands out a refresh token holds it, so that none is handed out unseen.
    """
    row.generation += 1
    row.updated_at = now
    session.flush()
    held = update(RefreshToken).where(RefreshToken.user_id == row.id, RefreshToken.revoked_at.is_(None))
    session.execute(held.values(revoked_at=now), execution_options={"synchronize_session": False})


def take_back_all(session: Session, row: User, now: datetime) -> None:
    """`take_back_sessions`, and the same with API keys and open reset codes."""
    take_back_sessions(session, row, now)
    keys = update(ApiKey).where(ApiKey.user_id == row.id, ApiKey.revoked_at.is_(None))
    session.execute(keys.values(revoked_at=now), execution_options={"synchronize_session": False})
    drop_codes(session, CodePurpose.RESET, row.id)


def drop_codes(session: Session, purpose: CodePurpose, user_id: UUID | None = None) -> None:
    """Delete the unused codes of a purpose (of one user)."""
    unused = delete(OneTimeCode).where(OneTimeCode.purpose == purpose, OneTimeCode.used_at.is_(None))
    unused = unused if user_id is None else unused.where(OneTimeCode.user_id == user_id)
    session.execute(unused, execution_options={"synchronize_session": False})
