"""Users, what they may do with which camera, and the codes that make or reset them: each operation one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from haetae.clock import Clock
from haetae.database.account_models import CodePurpose, OneTimeCode
from haetae.database.account_rows import (
    Credentials,
    NewCode,
    NewUser,
    StoredUser,
    UserChange,
    account_transaction,
    drop_codes,
    load_user,
    refuse_last_admin,
    refuse_taken,
    stored_user,
    take_back_all,
    take_back_sessions,
)
from haetae.database.audit import Target, record
from haetae.database.camera_grants import read_grants, refuse_unknown_cameras, replace_grants
from haetae.database.camera_people import CameraPerson, read_people, replace_people
from haetae.database.engine import Sessions
from haetae.database.models import Camera, CameraAccess, User
from haetae.database.one_time_codes import StoredCode, create_code, find_code, open_codes, prune_codes, take_code
from haetae.domain.account import checked_language, normal_email, normal_username
from haetae.domain.viewer import AccessLevel, Actor, Role, Viewer
from haetae.errors import ConfigError, Conflict, NotFound, Unauthenticated
from haetae.ids import new_id

_MOST_INVITES = 200


class AccountStore:
    """The users of a site. Safe to call from any thread; several processes may do so at the same time.

    Writers take turns, so that there is always an active admin and a code is good once. User names are kept in one spelling
    (`normal_username`) and found by any. Every change is in the audit log. Every method raises DatabaseUnavailable while the database
    cannot be used.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    # Reading

    def has_users(self) -> bool:
        with account_transaction(self._sessions, read_only=True) as session:
            return session.scalar(select(User.id).limit(1)) is not None

    def users(self, *, active: bool | None = None, offset: int = 0, limit: int = 100) -> tuple[list[StoredUser], int]:
        """A page of users by name, and how many there are in all."""
        chosen = select(User) if active is None else select(User).where(User.active.is_(active))
        with account_transaction(self._sessions, read_only=True) as session:
            total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
            rows = session.scalars(chosen.order_by(User.username).offset(offset).limit(limit))
            return [stored_user(row) for row in rows], total

    def get(self, user_id: UUID) -> StoredUser:
        """Raises NotFound."""
        with account_transaction(self._sessions, read_only=True) as session:
            return stored_user(load_user(session, user_id))

    def find(self, username: str) -> StoredUser | None:
        """The user of this name, however it is spelled."""
        with account_transaction(self._sessions, read_only=True) as session:
            row = _find(session, username)
            return None if row is None else stored_user(row)

    def credentials(self, username: str) -> Credentials | None:
        with account_transaction(self._sessions, read_only=True) as session:
            row = _find(session, username)
            return None if row is None else _credentials(row)

    def credentials_of(self, user_id: UUID) -> Credentials:
        """Raises NotFound."""
        with account_transaction(self._sessions, read_only=True) as session:
            return _credentials(load_user(session, user_id))

    def viewer_of(self, user_id: UUID) -> tuple[Viewer, int] | None:
        """Who this user is now, with the generation that its tokens must have; None: there is none, or an inactive one. One query."""
        columns = (User.username, User.role, User.language, User.generation, CameraAccess.camera_id, CameraAccess.level)
        wanted = select(*columns).outerjoin(CameraAccess, CameraAccess.user_id == User.id).where(User.id == user_id, User.active.is_(True))
        with account_transaction(self._sessions, read_only=True) as session:
            rows = session.execute(wanted).all()
        if not rows:
            return None
        grants = {row.camera_id: row.level for row in rows if row.camera_id is not None}
        return Viewer(user_id, rows[0].username, rows[0].role, grants, rows[0].language), rows[0].generation

    def camera_ids(self) -> frozenset[UUID]:
        """Every camera that there is."""
        with account_transaction(self._sessions, read_only=True) as session:
            return frozenset(session.scalars(select(Camera.id)))

    # Users

    def create(self, new: NewUser, actor: Actor | None, *, address: str = "") -> StoredUser:
        """`actor` None: people who register themselves, from `address`. Raises Conflict (name or address taken), UnknownCamera."""
        with account_transaction(self._sessions, lock=True) as session:
            return self._create(session, new, actor, address)

    def create_first_admin(self, new: NewUser, code: str, *, address: str) -> StoredUser:
        """Use up a set-up code and make the first admin. Raises Conflict once there is a user, Forbidden (code)."""
        with account_transaction(self._sessions, lock=True) as session:
            _refuse_after_setup(session)
            take_code(session, code, CodePurpose.SETUP, now=self._clock.now())
            return self._create(session, replace(new, role=Role.ADMIN, grants={}), None, address)

    def create_invited(self, new: NewUser, code: str, *, address: str) -> StoredUser:
        """Use up an invitation: its role and grants count, and its e-mail address where it has one. Raises Forbidden, Conflict."""
        with account_transaction(self._sessions, lock=True) as session:
            invite = take_code(session, code, CodePurpose.INVITE, now=self._clock.now())
            there = set(session.scalars(select(Camera.id).where(Camera.id.in_(invite.grants))))
            grants = {camera_id: level for camera_id, level in invite.grants.items() if camera_id in there}
            invited = replace(new, role=invite.role or Role.VIEWER, grants=grants, email=invite.email or new.email)
            return self._create(session, invited, None, address)

    def change(self, user_id: UUID, change: UserChange, actor: Actor) -> StoredUser:
        """Who is made inactive loses everything that was handed out, API keys included.

        Raises NotFound, ConfigError, Conflict (address taken; the last active admin).
        """
        with account_transaction(self._sessions, lock=True) as session:
            row = load_user(session, user_id)
            email = row.email if change.email is None else normal_email(change.email)
            values = {
                "role": row.role if change.role is None else change.role,
                "email": email,
                "language": row.language if change.language is None else checked_language(change.language),
                "active": row.active if change.active is None else change.active,
            }
            before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
            if not before:
                return stored_user(row)
            if values["role"] is not Role.ADMIN or not values["active"]:
                refuse_last_admin(session, row)
            refuse_taken(session, row.id, email=email)
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at = self._clock.now()
            if "active" in before and not row.active:
                take_back_all(session, row, self._clock.now())
            after = {name: values[name] for name in before}
            record(session, actor, "user.change", Target("user", row.id), now=self._clock.now(), before=_told(before), after=_told(after))
            return stored_user(row)

    def set_password(self, user_id: UUID, password_hash: str, actor: Actor, *, action: str, generation: int | None = None) -> StoredUser:
        """Everything that was handed out before, API keys included, is worth nothing after.

        Raises NotFound, Conflict (inactive), and Unauthenticated when `generation` is no longer the user's.
        """
        with account_transaction(self._sessions, lock=True) as session:
            return self._set_password(session, user_id, password_hash, actor, action, generation)

    def rehash(self, user_id: UUID, old_hash: str, new_hash: str) -> None:
        """Keep the same password under newer parameters; nothing happens where the password was changed meanwhile."""
        same = update(User).where(User.id == user_id, User.password_hash == old_hash).values(password_hash=new_hash)
        with account_transaction(self._sessions) as session:
            session.execute(same, execution_options={"synchronize_session": False})

    def revoke_sessions(self, user_id: UUID, actor: Actor) -> None:
        """End every session of a user, at once; API keys stay. Raises NotFound."""
        with account_transaction(self._sessions, lock=True) as session:
            row = load_user(session, user_id)
            take_back_sessions(session, row, self._clock.now())
            record(session, actor, "user.logout_all", Target("user", user_id), now=self._clock.now())

    # Grants

    def grants(self, user_id: UUID) -> dict[UUID, AccessLevel]:
        """What is granted to a user, camera by camera (an admin may do everything besides). Raises NotFound."""
        with account_transaction(self._sessions, read_only=True) as session:
            load_user(session, user_id)
            return read_grants(session, user_id)

    def set_grants(self, user_id: UUID, grants: Mapping[UUID, AccessLevel], actor: Actor) -> None:
        """Make these, and no others, a user's grants. Raises NotFound, UnknownCamera."""
        self._change_grants(user_id, actor, put=grants, keep_others=False)

    def set_grant(self, user_id: UUID, camera_id: UUID, level: AccessLevel, actor: Actor) -> None:
        """Raises NotFound, UnknownCamera."""
        self._change_grants(user_id, actor, put={camera_id: level}, keep_others=True)

    def remove_grant(self, user_id: UUID, camera_id: UUID, actor: Actor) -> None:
        """Nothing happens where nothing was granted. Raises NotFound."""
        self._change_grants(user_id, actor, put={}, keep_others=True, drop=camera_id)

    def people_with(self, camera_id: UUID) -> list[CameraPerson]:
        """Who was granted something on a camera, by name (admins may do everything besides). Raises UnknownCamera."""
        with account_transaction(self._sessions, read_only=True) as session:
            return read_people(session, camera_id)

    def set_people(self, camera_id: UUID, grants: Mapping[UUID, AccessLevel], actor: Actor) -> None:
        """Make these (user id -> level), and no others, the grants on a camera. Raises UnknownCamera, NotFound."""
        with account_transaction(self._sessions, lock=True) as session:
            replace_people(session, camera_id, grants, actor, now=self._clock.now())

    # Codes

    def check_code(self, code: str, purpose: CodePurpose) -> StoredCode:
        """What a code is good for, without using it up. Raises Forbidden."""
        with account_transaction(self._sessions, read_only=True) as session:
            return find_code(session, code, purpose, now=self._clock.now())

    def create_setup_code(self, actor: Actor, *, life_s: float) -> NewCode:
        """Replaces any older one. Raises Conflict once there is a user."""
        with account_transaction(self._sessions, lock=True) as session:
            _refuse_after_setup(session)
            drop_codes(session, CodePurpose.SETUP)
            code = create_code(session, CodePurpose.SETUP, now=self._clock.now(), life_s=life_s)
            record(session, actor, "setup.create", now=self._clock.now())
            return code

    def create_invite(self, actor: Actor, *, role: Role, grants: Mapping[UUID, AccessLevel], email: str | None, life_s: float) -> NewCode:
        """Raises UnknownCamera, ConfigError, Conflict (somebody has this address, or too many invitations are open)."""
        address = normal_email(email or "")
        now = self._clock.now()
        with account_transaction(self._sessions, lock=True) as session:
            refuse_unknown_cameras(session, grants)
            refuse_taken(session, None, email=address)
            if len(open_codes(session, CodePurpose.INVITE, now=now, limit=_MOST_INVITES)) == _MOST_INVITES:
                raise Conflict(f"{_MOST_INVITES} invitations are open", hint="Revoke some first")
            code = create_code(
                session, CodePurpose.INVITE, now=now, life_s=life_s, role=role, grants=grants, email=address, created_by=actor.user_id
            )
            told = {"role": role.value, "grants": _words(grants)}
            record(session, actor, "invite.create", Target("invite", code.id), now=now, after=told)
            return code

    def invites(self) -> list[StoredCode]:
        """The open invitations, newest first."""
        with account_transaction(self._sessions, read_only=True) as session:
            return open_codes(session, CodePurpose.INVITE, now=self._clock.now(), limit=_MOST_INVITES)

    def revoke_invite(self, invite_id: UUID, actor: Actor) -> None:
        """Raises NotFound, also for one that was used."""
        with account_transaction(self._sessions, lock=True) as session:
            unused = (OneTimeCode.id == invite_id, OneTimeCode.purpose == CodePurpose.INVITE, OneTimeCode.used_at.is_(None))
            gone = session.execute(delete(OneTimeCode).where(*unused).returning(OneTimeCode.id)).first()
            if gone is None:
                raise NotFound(f"there is no open invitation {invite_id}", hint="See the list of invitations")
            record(session, actor, "invite.revoke", Target("invite", invite_id), now=self._clock.now())

    def create_reset_code(self, user_id: UUID, actor: Actor, *, life_s: float) -> NewCode:
        """Replaces any older one of this user. Raises NotFound, Conflict (inactive)."""
        with account_transaction(self._sessions, lock=True) as session:
            row = load_user(session, user_id)
            _refuse_inactive(row)
            drop_codes(session, CodePurpose.RESET, row.id)
            now = self._clock.now()
            code = create_code(session, CodePurpose.RESET, now=now, life_s=life_s, user_id=row.id, created_by=actor.user_id)
            record(session, actor, "user.reset_code", Target("user", user_id), now=now)
            return code

    def reset_password(self, code: str, password_hash: str, *, address: str) -> StoredUser:
        """Use up a reset code and set the password of its user, as `set_password` does. Raises Forbidden (code), Conflict (inactive)."""
        with account_transaction(self._sessions, lock=True) as session:
            user_id = take_code(session, code, CodePurpose.RESET, now=self._clock.now()).user_id
            assert user_id is not None
            actor = Actor(load_user(session, user_id).username, user_id, address)
            return self._set_password(session, user_id, password_hash, actor, "user.password_reset", None)

    def prune_codes(self) -> None:
        """Delete what has expired."""
        with account_transaction(self._sessions) as session:
            prune_codes(session, now=self._clock.now())

    # Audit

    def note(self, actor: Actor, action: str, user_id: UUID | None, after: Mapping[str, object]) -> None:
        """Write an audit entry of something that changed nothing, such as a failed log-in."""
        with account_transaction(self._sessions) as session:
            target = None if user_id is None else Target("user", user_id)
            record(session, actor, action, target, now=self._clock.now(), after=after)

    def _create(self, session: Session, new: NewUser, actor: Actor | None, address: str) -> StoredUser:
        refuse_taken(session, None, username=new.username, email=new.email)
        refuse_unknown_cameras(session, new.grants)
        now = self._clock.now()
        row = User(
            id=new_id(),
            username=new.username,
            email=new.email,
            password_hash=new.password_hash,
            role=new.role,
            language=new.language,
            created_at=now,
            updated_at=now,
            password_changed_at=now,
            active=True,
            generation=0,
        )
        session.add(row)
        session.flush()
        replace_grants(session, row.id, {}, new.grants, now=now)
        told = {"username": row.username, "role": row.role.value, "grants": _words(new.grants)}
        record(session, actor or Actor(row.username, row.id, address), "user.create", Target("user", row.id), now=now, after=told)
        return stored_user(row)

    def _set_password(
        self, session: Session, user_id: UUID, password_hash: str, actor: Actor, action: str, generation: int | None
    ) -> StoredUser:
        row = load_user(session, user_id)
        if generation not in (None, row.generation):
            raise Unauthenticated("the log-in has ended meanwhile", hint="Log in again")
        _refuse_inactive(row)
        now = self._clock.now()
        row.password_hash = password_hash
        row.password_changed_at = now
        take_back_all(session, row, now)
        record(session, actor, action, Target("user", user_id), now=now)
        return stored_user(row)

    def _change_grants(
        self, user_id: UUID, actor: Actor, *, put: Mapping[UUID, AccessLevel], keep_others: bool, drop: UUID | None = None
    ) -> None:
        with account_transaction(self._sessions, lock=True) as session:
            load_user(session, user_id)
            before = read_grants(session, user_id)
            kept = {camera_id: level for camera_id, level in before.items() if keep_others and camera_id != drop}
            after = {**kept, **put}
            if after == before:
                return
            refuse_unknown_cameras(session, put)
            now = self._clock.now()
            replace_grants(session, user_id, before, after, now=now)
            record(session, actor, "access.change", Target("user", user_id), now=now, before=_words(before), after=_words(after))


def _find(session: Session, username: str) -> User | None:
    try:
        name = normal_username(username)
    except ConfigError:
        return None
    return session.scalars(select(User).where(User.username == name)).one_or_none()


def _credentials(row: User) -> Credentials:
    return Credentials(row.id, row.username, row.email, row.password_hash, row.active, row.generation)


def _refuse_inactive(row: User) -> None:
    if not row.active:
        raise Conflict(f"the user {row.username!r} is inactive", hint="Make it active first")


def _refuse_after_setup(session: Session) -> None:
    if session.scalar(select(User.id).limit(1)) is not None:
        raise Conflict("this site is set up already", hint="Log in, or ask an admin of this site for an account")


def _words(grants: Mapping[UUID, AccessLevel]) -> dict[str, str]:
    return {str(camera_id): level.value for camera_id, level in grants.items()}


def _told(values: Mapping[str, object]) -> dict[str, object]:
    """For the audit log, which is kept for ever: that an address was changed, not which it is."""
    return {name: ("given" if value else None) if name == "email" else value for name, value in values.items()}
