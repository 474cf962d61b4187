"""What people do with their own accounts: set up, register, log in, stay logged in, leave, change and reset passwords.

Every method may be called from any thread and blocks (Argon2, database): routes that call one are plain `def`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from haetae.api.auth.failure_log import FailureLog
from haetae.api.auth.login_limits import LoginLimits
from haetae.api.auth.passwords import Passwords
from haetae.api.auth.tokens import AccessTokens
from haetae.clock import Clock
from haetae.database.account_models import CodePurpose
from haetae.database.account_rows import NewCode, NewUser, StoredUser
from haetae.database.account_store import AccountStore
from haetae.database.session_store import NewSession, SessionStore, StoredSession
from haetae.domain.account import normal_username
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.errors import ConfigError, Conflict, Forbidden, Unauthenticated
from haetae.settings import AccessSettings

SITE = Actor("haetae")
"""The machine itself, in the audit log."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client is given. The refresh token belongs into an HttpOnly cookie; both are secrets."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    family: UUID
    """Names the session (the chain of refresh tokens)."""
    user_id: UUID


class Accounts:
    """See the module. `address` is the client's, `user_agent` its own name for itself; both may be anything."""

    def __init__(
        self,
        store: AccountStore,
        sessions: SessionStore,
        passwords: Passwords,
        tokens: AccessTokens,
        limits: LoginLimits,
        settings: AccessSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._tokens = tokens
        self._limits = limits
        self._settings = settings
        self._clock = clock
        self._failures = FailureLog(store, clock)

    # The first admin

    def setup_needed(self) -> bool:
        """True as long as there is no user at all."""
        return not self._store.has_users()

    def new_setup_code(self) -> NewCode:
        """A code for `setup`, which replaces any older one. Raises Conflict once there is a user."""
        return self._store.create_setup_code(SITE, life_s=self._settings.setup_code_s)

    def setup(
        self,
        code: str,
        username: str,
        password: str,
        *,
        email: str | None = None,
        language: str = "en",
        address: str = "",
        user_agent: str = "",
    ) -> SignedIn:
        """Make the first admin and log in. Raises Forbidden (code), Conflict (there is a user), ConfigError, TooManyRequests."""
        self._limits.code(address)
        self._store.check_code(code, CodePurpose.SETUP)
        new = self._new_user(username, password, email, language)
        user = self._store.create_first_admin(new, code, address=address)
        return self._sign_in(user, address, user_agent)

    # Registration

    def register(
        self,
        username: str,
        password: str,
        *,
        code: str | None = None,
        email: str | None = None,
        language: str = "en",
        address: str = "",
        user_agent: str = "",
    ) -> SignedIn:
        """Make an account and log in: with an invitation's code its role and cameras, without one a viewer without cameras.

        Raises Forbidden where the site's policy (access.registration) or the code does not allow it, Conflict for a taken name,
        ConfigError, TooManyRequests.
        """
        policy = self._settings.registration
        if policy == "closed" or (policy == "invite" and not code):
            hint = "Ask an admin of this site for an account" if policy == "closed" else "Ask an admin of this site for an invitation"
            raise Forbidden("registration is closed" if policy == "closed" else "registration needs an invitation", hint=hint)
        if code:
            self._limits.code(address)
            self._store.check_code(code, CodePurpose.INVITE)
        else:
            self._limits.register(address)
            if self.setup_needed():
                raise Forbidden("this site has no admin yet", hint="Set it up first, with the code that `haetae serve` printed")
        new = self._new_user(username, password, email, language)
        if code:
            user = self._store.create_invited(new, code, address=address)
        else:
            user = self._store.create(new, None, address=address)
        return self._sign_in(user, address, user_agent)

    def create_user(
        self,
        actor: Actor,
        username: str,
        password: str,
        *,
        role: Role = Role.VIEWER,
        email: str | None = None,
        language: str = "en",
        grants: Mapping[UUID, AccessLevel] | None = None,
    ) -> StoredUser:
        """An account made by an admin (or at the command line: also the very first). Raises ConfigError, Conflict, UnknownCamera."""
        if role is not Role.ADMIN and self.setup_needed():
            raise Conflict("the first user must be an admin", hint="Make the admin first")
        return self._store.create(self._new_user(username, password, email, language, role, grants or {}), actor)

    def invite(
        self,
        actor: Actor,
        *,
        role: Role = Role.VIEWER,
        grants: Mapping[UUID, AccessLevel] | None = None,
        email: str | None = None,
        life_s: float | None = None,
    ) -> NewCode:
        """A code with which one person may register, good for `life_s` (None: access.invite_s).

        Raises Forbidden where registration is closed, UnknownCamera, ConfigError, Conflict.
        """
        if self._settings.registration == "closed":
            raise Forbidden("registration is closed", hint="Set access.registration to invite, or create the user yourself")
        life_s = self._settings.invite_s if life_s is None else life_s
        return self._store.create_invite(actor, role=role, grants=grants or {}, email=email, life_s=life_s)

    # Logging in and out

    def login(self, username: str, password: str, *, address: str = "", user_agent: str = "") -> SignedIn:
        """Raises Unauthenticated (whatever of name, password and account is wrong: they are not told apart), TooManyRequests."""
        try:
            name = normal_username(username)
        except ConfigError:
            name = username[:64]
        credentials = self._store.credentials(name)
        who = (credentials.user_id, credentials.username) if credentials else None
        with self._failures.lock_outs(name, who, address):
            self._limits.log_in(name, address)
        verdict = self._passwords.verify(password, credentials.password_hash if credentials else None)
        if credentials is None or not verdict.right or not credentials.active:
            self._failures.add("user.login_failed", name, who, address)
            raise Unauthenticated("the user name or the password is wrong", hint="Try again, or ask an admin of this site for a reset")
        self._limits.logged_in(name, address)
        if verdict.new_hash is not None:
            self._store.rehash(credentials.user_id, credentials.password_hash, verdict.new_hash)
        actor = Actor(credentials.username, credentials.user_id, address)
        session = self._sessions.start(
            credentials.user_id, generation=credentials.generation, address=address, user_agent=user_agent, actor=actor
        )
        return self._signed_in(session)

    def refresh(self, refresh_token: str, *, address: str = "") -> SignedIn:
        """New tokens for a refresh token, which is good once. Raises Unauthenticated, TooManyRequests."""
        self._limits.refresh(address)
        return self._signed_in(self._sessions.rotate(refresh_token, address=address))

    def logout(self, refresh_token: str, *, address: str = "") -> None:
        """End the session that this token belongs to, if there is one. Its access token dies by itself within access_token_s."""
        self._limits.refresh(address)
        self._sessions.end(refresh_token, address=address)

    def sessions(self, user_id: UUID) -> list[StoredSession]:
        """The sessions of a user that still live, the last used first; at most 100."""
        return self._sessions.sessions(user_id)

    def end_session(self, actor: Actor, user_id: UUID, family: UUID) -> None:
        """End one session of a user. Its access token dies by itself within access_token_s. Raises NotFound."""
        self._sessions.revoke(user_id, family, actor)

    def logout_all(self, actor: Actor, user_id: UUID) -> None:
        """End every session of a user, access tokens and tickets included; API keys stay. Raises NotFound."""
        self._store.revoke_sessions(user_id, actor)

    # Passwords

    def change_password(self, actor: Actor, current: str, new: str, *, user_agent: str = "") -> SignedIn:
        """Set one's own password. Everything handed out before, API keys included, is worth nothing after; new tokens for the caller.

        Raises Forbidden (wrong current password, or asked with an API key), ConfigError (the new one is refused), TooManyRequests.
        """
        if actor.user_id is None or actor.api_key_id is not None:
            raise Forbidden("an API key cannot change a password", hint="Log in with the password")
        self._limits.change_password(actor.user_id)
        credentials = self._store.credentials_of(actor.user_id)
        if not self._passwords.verify(current, credentials.password_hash).right:
            self._failures.add("user.password_wrong", credentials.username, (credentials.user_id, credentials.username), actor.address)
            raise Forbidden("the current password is wrong", hint="Try again, or ask an admin of this site for a reset")
        self._limits.password_right(actor.user_id)
        if new == current:
            raise ConfigError("the new password is the current one", hint="Choose another one")
        self._passwords.check(new, username=credentials.username, email=credentials.email)
        user = self._store.set_password(
            credentials.user_id, self._passwords.hash(new), actor, action="user.password_change", generation=credentials.generation
        )
        return self._sign_in(user, actor.address, user_agent, record=False)

    def set_password(self, actor: Actor, user_id: UUID, password: str) -> StoredUser:
        """Set somebody's password (command line). Everything handed out before is worth nothing after. Raises NotFound, ConfigError."""
        user = self._store.get(user_id)
        self._passwords.check(password, username=user.username, email=user.email)
        return self._store.set_password(user_id, self._passwords.hash(password), actor, action="user.password_set")

    def new_reset_code(self, actor: Actor, user_id: UUID) -> NewCode:
        """A code with which that person may set a new password; replaces any older one. Raises NotFound, Conflict (inactive)."""
        return self._store.create_reset_code(user_id, actor, life_s=self._settings.setup_code_s)

    def reset(self, code: str, password: str, *, address: str = "", user_agent: str = "") -> SignedIn:
        """Set a new password by a reset code, and log in. Raises Forbidden (code), ConfigError (password), TooManyRequests."""
        self._limits.code(address)
        user_id = self._store.check_code(code, CodePurpose.RESET).user_id
        if user_id is None:
            raise Forbidden("this code is not valid", hint="Ask an admin of this site for a new one")
        user = self._store.get(user_id)
        self._passwords.check(password, username=user.username, email=user.email)
        user = self._store.reset_password(code, self._passwords.hash(password), address=address)
        self._limits.logged_in(user.username, address)
        return self._sign_in(user, address, user_agent)

    # Upkeep

    def tidy(self) -> None:
        """Delete what has expired, and write what the audit log has not been told yet; to be called every minute or so."""
        self._failures.flush()
        self._sessions.prune()
        self._store.prune_codes()

    def _new_user(
        self,
        username: str,
        password: str,
        email: str | None,
        language: str,
        role: Role = Role.VIEWER,
        grants: Mapping[UUID, AccessLevel] | None = None,
    ) -> NewUser:
        new = NewUser.checked(username, email=email, language=language, role=role, grants=grants or {})
        self._passwords.check(password, username=new.username, email=new.email)
        # Hashing is what costs: a name that is taken is refused before.
        if self._store.find(new.username) is not None:
            raise Conflict(f"the user name {new.username!r} is taken", hint="Choose another one")
        return new.with_hash(self._passwords.hash(password))

    def _sign_in(self, user: StoredUser, address: str, user_agent: str, *, record: bool = True) -> SignedIn:
        actor = Actor(user.username, user.id, address) if record else None
        return self._signed_in(
            self._sessions.start(user.id, generation=user.generation, address=address, user_agent=user_agent, actor=actor)
        )

    def _signed_in(self, session: NewSession) -> SignedIn:
        token, expires_at = self._tokens.issue(session.user_id, session.generation)
        return SignedIn(token, expires_at, session.token, session.expires_at, session.family, session.user_id)
