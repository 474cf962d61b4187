"""A whole site with its API, asked over HTTP without a network: real database, real accounts, real log-ins."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from fastapi.testclient import TestClient
from tests.support.site import add_camera, site_config

from haetae.api.app import create_app
from haetae.compose.web import Web
from haetae.database.account_rows import NewUser
from haetae.database.engine import session_scope
from haetae.database.event_repository import upsert_events
from haetae.domain.event import SITE, AnomalyEvent, EventKind, EventStatus, Severity
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.ids import new_id
from haetae.settings import ApiSettings, NotificationSettings

PASSWORD = "correct horse battery staple"
TESTER = Actor("tester")


@dataclass
class Person:
    """Someone who can log in."""

    username: str
    role: Role
    grants: dict[UUID, AccessLevel] = field(default_factory=dict)


class WebSite:
    """`with WebSite(folder) as site:` starts it; `seen` and `hidden` are two disabled cameras, which the people below may see or not."""

    def __init__(self, folder, *, database_url=None, api=None, notifications=None, **site):
        config = site_config(folder, database_url=database_url, **site)
        sections = {"api": api or ApiSettings(port=0), "notifications": notifications or NotificationSettings()}
        self.config = config.model_copy(update=sections)
        self.seen = add_camera(config, "seen", "rtsp://root:secret-of-the-camera@192.168.7.7/stream", enabled=False)
        self.hidden = add_camera(config, "hidden", "rtsp://root:secret-of-the-camera@192.168.7.8/stream", enabled=False)
        self.web = Web(self.config)
        self._tokens = {}

    def __enter__(self):
        self.web.start()
        self.services = self.web.services
        self.app = create_app(self.services)
        self._client = TestClient(self.app, raise_server_exceptions=False)
        self._client.__enter__()
        self.people = {
            "admin": self._first_admin(),
            "owner": self.add(Person("owner", Role.OPERATOR, {self.seen.id: AccessLevel.ADMIN})),
            "operator": self.add(Person("operator", Role.OPERATOR, {self.seen.id: AccessLevel.CONTROL})),
            "looker": self.add(Person("looker", Role.OPERATOR, {self.seen.id: AccessLevel.VIEW})),
            "viewer": self.add(Person("viewer", Role.VIEWER, {self.seen.id: AccessLevel.CONTROL})),
            "stranger": self.add(Person("stranger", Role.VIEWER)),
        }
        self.events = {name: self.add_event(camera_id) for name, camera_id in self.places().items()}
        return self

    def __exit__(self, *_error):
        self._client.__exit__(None, None, None)
        self.web.close()

    def places(self):
        """Where something may be: the camera that people see, the one that they do not, the site itself."""
        return {"seen": self.seen.id, "hidden": self.hidden.id, "site": SITE}

    def _first_admin(self):
        code = self.services.accounts.new_setup_code().code
        self.services.accounts.setup(code, "admin", PASSWORD)
        return Person("admin", Role.ADMIN)

    def add(self, person):
        store = self.services.account_store
        new = NewUser.checked(person.username, email=None, language="en", role=person.role).with_hash(_hash())
        user = store.create(new, TESTER)
        store.set_grants(user.id, person.grants, TESTER)
        return person

    def spare(self):
        """The id of one more disabled camera, which only admins see: to be deleted."""
        return add_camera(self.config, f"spare-{new_id().hex[-8:]}", "rtsp://192.168.7.9/stream", enabled=False).id

    def user_id(self, name):
        return self.services.account_store.find(name).id

    def add_event(self, camera_id, **changes):
        now = self.services.clock.now()
        event = AnomalyEvent(
            new_id(), camera_id, now - timedelta(minutes=5), 7, 0.9, 3.0, severity=Severity.HIGH, status=EventStatus.CLOSED, ended_at=now
        )
        if camera_id == SITE:
            event = replace(event, kind=EventKind.SYSTEM, subtype="storage_full")
        event = replace(event, **changes)
        with session_scope(self.web.site.running.sessions) as session:
            upsert_events(session, [event], stored_at=now)
        return event

    def token(self, name):
        """A fresh log-in of this person; kept while it works."""
        if name not in self._tokens:
            self._tokens[name] = self.services.accounts.login(name, PASSWORD, address="192.0.2.7", user_agent="tests").access_token
        return self._tokens[name]

    def forget_tokens(self):
        self._tokens.clear()

    def credentials(self, name):
        """The headers of a request as this person; None is nobody. Logs in again where a request before has ended the log-in."""
        if name is None:
            return {}
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        if self._client.get("/api/v1/auth/me", headers=headers).status_code == 401:
            self.forget_tokens()
            headers = {"Authorization": f"Bearer {self.token(name)}"}
        return headers

    def ask(self, name, method, path, **arguments):
        """One request as this person; None is nobody."""
        headers = dict(arguments.pop("headers", {}))
        if name is not None:
            headers["Authorization"] = f"Bearer {self.token(name)}"
        self._client.cookies.clear()
        return self._client.request(method, path, headers=headers, **arguments)

    def connect(self, name, path):
        """A WebSocket as this person."""
        headers = {} if name is None else {"Authorization": f"Bearer {self.token(name)}"}
        return self._client.websocket_connect(path, headers=headers)


_HASHES = {}


def _hash():
    """Argon2 is slow on purpose; once is enough."""
    from haetae.api.auth.passwords import Passwords

    if not _HASHES:
        _HASHES["one"] = Passwords(min_length=8).hash(PASSWORD)
    return _HASHES["one"]
