"""Sessions of people: chains of refresh tokens, each link good once.

A used link that comes again was stolen, from the client or by it: the whole chain (family) is revoked. But two tabs of one browser may
refresh at the same moment, and an answer may get lost: for `GRACE_S` the link just used gives a further one instead, unless one that it
gave was used meanwhile. Of those that one link gave a single one goes on: when it is used the others count as used long ago, so a thief who
got one of them ends the session with it, or is ended by it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from haetae.clock import Clock
from haetae.database.account_models import RefreshToken
from haetae.database.account_rows import account_transaction, hash_secret, new_secret
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.models import User
from haetae.domain.viewer import Actor
from haetae.errors import NotFound, Unauthenticated
from haetae.ids import new_id

GRACE_S = 10.0
_MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class NewSession:
    """A refresh token, given out once, and what its access token must say."""

    token: str = field(repr=False)
    family: UUID
    user_id: UUID
    generation: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as its user sees it; `address` and `user_agent` are those of the log-in. Times are UTC-aware."""

    family: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class SessionStore:
    """Safe to call from any thread; several processes may do so at the same time.

    Who hands out a token holds its user's row meanwhile, so that none survives when everything is taken back. Every method raises
    DatabaseUnavailable while the database cannot be used.
    """

    def __init__(self, sessions: Sessions, clock: Clock, *, life_s: float) -> None:
        """`life_s`: how long a session lasts without being used."""
        self._sessions = sessions
        self._clock = clock
        self._life = timedelta(seconds=life_s)

    def start(self, user_id: UUID, *, generation: int, address: str, user_agent: str, actor: Actor | None) -> NewSession:
        """A new session, with an audit entry of `actor`.

        Raises Unauthenticated where the user is inactive or of another generation by now.
        """
        now = self._clock.now()
        own = (User.id == user_id, User.active.is_(True), User.generation == generation)
        family = new_id()
        with account_transaction(self._sessions) as session:
            logged_in = update(User).where(*own).values(last_login_at=now).returning(User.id)
            if session.execute(logged_in, execution_options={"synchronize_session": False}).first() is None:
                raise _ended()
            token = self._add(session, family, user_id, now, address=_plain(address, 64), user_agent=_plain(user_agent, 255))
            if actor is not None:
                record(session, actor, "user.login", Target("user", user_id), now=now)
        return NewSession(token, family, user_id, generation, now + self._life)

    def rotate(self, token: str, *, address: str) -> NewSession:
        """The next token for this one. Raises Unauthenticated for one that is unknown, expired, revoked or used already."""
        with account_transaction(self._sessions) as session:
            # Reuse is answered outside: what it revokes must be committed.
            rotated = self._rotate(session, hash_secret(token), address)
        if rotated is None:
            raise _ended()
        return rotated

    def end(self, token: str, *, address: str) -> None:
        """Revoke the session of this token; nothing happens where there is none."""
        now = self._clock.now()
        with account_transaction(self._sessions) as session:
            own = select(RefreshToken.family, User.id, User.username).join(User, User.id == RefreshToken.user_id)
            found = session.execute(own.where(RefreshToken.token_hash == hash_secret(token))).one_or_none()
            if found is not None:
                _lock_user(session, found.id)
                if _revoke(session, found.family, now):
                    actor = Actor(found.username, found.id, address)
                    record(session, actor, "user.logout", Target("user", found.id), now=now)

    def revoke(self, user_id: UUID, family: UUID, actor: Actor) -> None:
        """End one session of a user. Raises NotFound where this user has no such session (any more)."""
        now = self._clock.now()
        with account_transaction(self._sessions) as session:
            _lock_user(session, user_id)
            if not _revoke(session, family, now, user_id):
                raise NotFound(f"there is no session {family}", hint="See the list of sessions")
            record(session, actor, "session.revoke", Target("user", user_id), now=now)

    def sessions(self, user_id: UUID) -> list[StoredSession]:
        """The sessions of a user that still live, the last used first; at most 100."""
        now = self._clock.now()
        last, own = func.max(RefreshToken.created_at), RefreshToken.user_id == user_id
        live = select(RefreshToken.family).where(own, *_live(now))
        chosen = select(
            RefreshToken.family,
            func.min(RefreshToken.created_at).label("created_at"),
            last.label("last_used_at"),
            func.max(RefreshToken.expires_at).label("expires_at"),
            func.max(RefreshToken.address).label("address"),
            func.max(RefreshToken.user_agent).label("user_agent"),
        ).where(own, RefreshToken.family.in_(live))
        with account_transaction(self._sessions, read_only=True) as session:
            rows = session.execute(chosen.group_by(RefreshToken.family).order_by(last.desc()).limit(_MOST_LISTED)).all()
        return [_session(row) for row in rows]

    def prune(self) -> int:
        """Delete the tokens that have expired, but of a living session the first, which says since when there is one; how many."""
        now = self._clock.now()
        other = aliased(RefreshToken)
        older = exists().where(other.family == RefreshToken.family, other.created_at < RefreshToken.created_at)
        living = exists().where(other.family == RefreshToken.family, other.expires_at > now)
        expired = delete(RefreshToken).where(RefreshToken.expires_at <= now, older | ~living)
        with account_transaction(self._sessions) as session:
            done = session.execute(expired, execution_options={"synchronize_session": False})
            return int(done.rowcount)  # type: ignore[attr-defined]

    def _rotate(self, session: Session, token_hash: str, address: str) -> NewSession | None:
        user_id = session.scalar(select(RefreshToken.user_id).where(RefreshToken.token_hash == token_hash))
        if user_id is None:
            return None
        user = _lock_user(session, user_id)
        # Read under the user's lock: of two that bring the same token the second finds it used.
        row = session.scalars(select(RefreshToken).where(RefreshToken.token_hash == token_hash)).one_or_none()
        now = self._clock.now()
        if row is None or row.revoked_at is not None or row.expires_at <= now or user is None or not user.active:
            return None
        if row.used_at is None:
            row.used_at = now
            _outrun(session, row)
        elif abs((now - row.used_at).total_seconds()) > GRACE_S or _went_on(session, row):
            _revoke(session, row.family, now)
            record(session, Actor(user.username, user_id, address), "user.refresh_reuse", Target("user", user_id), now=now)
            return None
        token = self._add(session, row.family, user_id, now, address=row.address, user_agent=row.user_agent)
        return NewSession(token, row.family, user_id, user.generation, now + self._life)

    def _add(self, session: Session, family: UUID, user_id: UUID, now: datetime, *, address: str, user_agent: str) -> str:
        token = new_secret()
        session.add(
            RefreshToken(
                id=new_id(),
                family=family,
                user_id=user_id,
                token_hash=hash_secret(token),
                address=address,
                user_agent=user_agent,
                created_at=now,
                expires_at=now + self._life,
            )
        )
        session.flush()
        return token


@dataclass(frozen=True, slots=True)
class _LockedUser:
    username: str
    active: bool
    generation: int


def _lock_user(session: Session, user_id: UUID) -> _LockedUser | None:
    """Hold the user's row until the commit (SQLite: the transaction has the only write lock)."""
    columns = select(User.username, User.active, User.generation).where(User.id == user_id)
    row = session.execute(columns.with_for_update(key_share=True)).one_or_none()
    return None if row is None else _LockedUser(row.username, row.active, row.generation)


def _live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (RefreshToken.used_at.is_(None), RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > now)


def _outrun(session: Session, row: RefreshToken) -> None:
    """What else the link before this one gave is not good any more: as if it had been used when it was given, and the session went on."""
    others = (RefreshToken.family == row.family, RefreshToken.id != row.id, RefreshToken.used_at.is_(None))
    first = session.scalar(select(func.min(RefreshToken.created_at)).where(*others))
    if first is not None:
        outrun = update(RefreshToken).where(*others).values(used_at=min(first, row.created_at))
        session.execute(outrun, execution_options={"synchronize_session": False})


def _went_on(session: Session, row: RefreshToken) -> bool:
    """Whether a link that was given since this one was used has been used as well."""
    later = (RefreshToken.family == row.family, RefreshToken.id != row.id, RefreshToken.created_at >= row.used_at)
    return session.scalar(select(RefreshToken.id).where(*later, RefreshToken.used_at.is_not(None)).limit(1)) is not None


def _revoke(session: Session, family: UUID, now: datetime, user_id: UUID | None = None) -> bool:
    """True when something of the family was still good."""
    chosen = update(RefreshToken).where(RefreshToken.family == family, RefreshToken.revoked_at.is_(None))
    chosen = chosen if user_id is None else chosen.where(RefreshToken.user_id == user_id)
    done = session.execute(chosen.values(revoked_at=now), execution_options={"synchronize_session": False})
    return bool(done.rowcount > 0)  # type: ignore[attr-defined]


def _plain(text: str, most: int) -> str:
    """What a client says of itself, as a line that every database takes."""
    return "".join(character for character in text if character.isprintable())[:most]


def _session(row: object) -> StoredSession:
    return StoredSession(row.family, row.created_at, row.last_used_at, row.expires_at, row.address, row.user_agent)  # type: ignore[attr-defined]


def _ended() -> Unauthenticated:
    return Unauthenticated("the log-in has ended", hint="Log in again")
