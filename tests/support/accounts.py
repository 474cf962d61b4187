"""Everything of log-in over one database, with a clock that stands still and passwords that cost nothing."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.support.events import ONSET
from tests.support.sqlite import forget_power_cuts, sqlite_engine_in

from haetae.api.auth.accounts import Accounts
from haetae.api.auth.authenticator import Authenticator
from haetae.api.auth.keys import SigningKeys
from haetae.api.auth.login_limits import LoginLimits
from haetae.api.auth.passwords import Passwords
from haetae.api.auth.tickets import Tickets
from haetae.api.auth.tokens import AccessTokens
from haetae.api.auth.viewers import Viewers
from haetae.database.account_models import AuditEntry
from haetae.database.account_rows import NewUser, StoredUser
from haetae.database.account_store import AccountStore
from haetae.database.api_key_store import ApiKeyStore
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions, session_factory, session_scope
from haetae.database.session_store import SessionStore
from haetae.domain.camera import CameraConfig
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.ids import new_id
from haetae.settings import AccessSettings
from haetae.testing.clock import FakeClock

PASSWORD = "tulip anvil seven"
BOSS = Actor("boss", None, "10.0.0.1")


def cheap_passwords(*, min_length: int = 12, at_once: int = 2, waiting: int = 8) -> Passwords:
    hasher = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    return Passwords(min_length=min_length, hasher=hasher, at_once=at_once, waiting=waiting)


@dataclass(frozen=True)
class AuthSite:
    """All parts of log-in, wired as in the product."""

    sessions: Sessions
    clock: FakeClock
    keys: SigningKeys
    store: AccountStore
    session_store: SessionStore
    api_keys: ApiKeyStore
    passwords: Passwords
    tokens: AccessTokens
    viewers: Viewers
    authenticator: Authenticator
    tickets: Tickets
    accounts: Accounts

    def user(
        self, name: str = "kim", role: Role = Role.VIEWER, grants: Mapping[UUID, AccessLevel] | None = None, password: str = PASSWORD
    ) -> StoredUser:
        return self.store.create(NewUser(name, self.passwords.hash(password), None, role, "en", grants or {}), BOSS)

    def admin(self, name: str = "boss") -> StoredUser:
        return self.user(name, Role.ADMIN)

    def camera(self, name: str = "gate") -> UUID:
        camera = CameraConfig(new_id(), name, "rtsp://10.0.0.5/main")
        return CameraStore(self.sessions, self.clock, max_cameras=64).add(camera).config.id

    def audited(self) -> list[AuditEntry]:
        with session_scope(self.sessions, read_only=True) as session:
            return list(session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)))

    def actions(self) -> list[str]:
        return [entry.action for entry in self.audited()]

    def row(self, statement: sa.Select) -> sa.Row | None:
        with session_scope(self.sessions, read_only=True) as session:
            return session.execute(statement).first()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """For what is the same on every database; `engine` of `postgres` is for what may not be."""
    engine = sqlite_engine_in(tmp_path)
    yield engine
    engine.dispose()


def make_auth(engine: sa.Engine, folder: Path, **access: object) -> AuthSite:
    forget_power_cuts(engine)
    sessions, clock, settings = session_factory(engine), FakeClock(ONSET.replace(microsecond=0)), AccessSettings(**access)
    keys = SigningKeys(folder / "keys" / "jwt.json", clock, longest_life_s=settings.access_token_s)
    store, api_keys = AccountStore(sessions, clock), ApiKeyStore(sessions, clock)
    session_store = SessionStore(sessions, clock, life_s=settings.refresh_token_s)
    passwords = cheap_passwords()
    tokens = AccessTokens(keys, clock, life_s=settings.access_token_s)
    viewers = Viewers(store, api_keys)
    accounts = Accounts(store, session_store, passwords, tokens, LoginLimits(clock), settings, clock)
    return AuthSite(
        sessions,
        clock,
        keys,
        store,
        session_store,
        api_keys,
        passwords,
        tokens,
        viewers,
        Authenticator(tokens, viewers),
        Tickets(keys, viewers, clock, life_s=settings.ticket_s),
        accounts,
    )


def at_once(*tasks: Callable[[], object]) -> list[object]:
    """Run all tasks in threads of their own; what each gave or raised."""
    found: list[object] = [None] * len(tasks)
    barrier = threading.Barrier(len(tasks))

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            found[number] = tasks[number]()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return found
