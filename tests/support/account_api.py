"""The routes of log-in, users and access over real stores, asked over HTTP without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.support.accounts import BOSS, AuthSite, make_auth
from tests.support.api import make_app
from tests.support.sqlite import migrated

from haetae.api.auth.tickets import Tickets
from haetae.api.live_events import LiveEvents
from haetae.api.routers import access, api_keys, auth, invites, tickets, users
from haetae.database.account_rows import StoredUser
from haetae.database.engine import make_engine
from haetae.domain.viewer import AccessLevel, Role
from haetae.settings import AccessSettings, ApiSettings, SystemConfig

API = "/api/v1"
OWN_PAGE = {"X-Haetae-CSRF": "1"}


@dataclass
class AccountApi:
    """`site` is behind it; `client` asks as somebody or as nobody."""

    site: AuthSite
    app: FastAPI

    def client(self, user: StoredUser | None = None, *, key: str | None = None, https: bool = False) -> TestClient:
        token = key or (None if user is None else self.token(user))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        base_url = f"{'https' if https else 'http'}://haetae.test{API}"
        return TestClient(self.app, base_url=base_url, headers=headers, raise_server_exceptions=False)

    def token(self, user: StoredUser) -> str:
        found = self.site.store.viewer_of(user.id)
        assert found is not None
        return self.site.tokens.issue(user.id, found[1])[0]

    def admin(self) -> TestClient:
        """As a (new) admin called boss."""
        return self.client(self.site.admin())

    def key(self, owner: StoredUser, role: Role, cameras: list[UUID] | None = None) -> str:
        return self.site.api_keys.create(owner.id, BOSS, name="robot", role=role, camera_ids=cameras).key

    def user(self, name: str, role: Role = Role.VIEWER, grants: Mapping[UUID, AccessLevel] | None = None) -> StoredUser:
        return self.site.user(name, role, grants)


def make_account_api(folder: Path, *, public_url: str = "", **settings: object) -> AccountApi:
    """Over SQLite in `folder`; `settings` are those of `access`."""
    (folder / "haetae.db").write_bytes(migrated())
    site = make_auth(make_engine(f"sqlite:///{folder / 'haetae.db'}"), folder, **settings)
    config = SystemConfig(access=AccessSettings(**settings), api=ApiSettings(public_url=public_url))
    made = Tickets(site.keys, site.viewers, site.clock, life_s=config.access.access_token_s)
    routers = [module.router for module in (auth, users, invites, access, api_keys, tickets)]
    services = {"accounts": site.accounts, "account_store": site.store, "api_keys": site.api_keys, "clock": site.clock, "config": config}
    return AccountApi(site, make_app(*routers, authenticator=site.authenticator, tickets=made, live=LiveEvents(site.clock), **services))
