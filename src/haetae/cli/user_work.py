"""What the commands of `haetae user` do. They work on the database itself; a running server sees it at the next request."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Literal
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from haetae.api.auth.links import code_link
from haetae.api.auth.passwords import Passwords
from haetae.clock import SystemClock
from haetae.database.account_rows import NewCode, NewUser, StoredUser, UserChange
from haetae.database.account_store import AccountStore
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions
from haetae.database.opening import reading, writing
from haetae.domain.viewer import AccessLevel, Actor, Role
from haetae.errors import ConfigError, NotFound
from haetae.settings import SystemConfig, load_config

_ACTOR = Actor("command line")
_PAGE = 200
_PLAIN_WIDTH = 200
"""Columns of the table where the output is no terminal: nothing is wrapped that need not be."""


def list_users(config_file: Path | None, *, json: bool) -> None:
    """Print all users; none where there is no database yet."""
    with reading(load_config(config_file).database_url()) as sessions:
        users = [] if sessions is None else _all_users(_store(sessions))
    if json:
        shown = [{name: value for name, value in asdict(user).items() if name != "generation"} for user in users]
        typer.echo(orjson.dumps(shown).decode())
    elif users:
        _print_table(users)
    else:
        typer.echo("no users yet; make the first admin: haetae user create NAME --role admin")


def create_user(username: str, role: str, email: str | None, language: str, config_file: Path | None, *, password_stdin: bool) -> None:
    """Make a user; raises HaetaeError and changes nothing where that cannot be."""
    config = load_config(config_file)
    new = NewUser.checked(username, email=email, language=language, role=Role(role))
    with writing(config.database_url()) as sessions:
        store = _store(sessions)
        if new.role is not Role.ADMIN and not store.has_users():
            raise ConfigError("the first user must be an admin", hint="Add --role admin")
        password = _read_password(new.username) if password_stdin else None
        user = store.create(new.with_hash(_hash(password, new, config)), _ACTOR)
        typer.echo(f"created {user.username!r} ({user.role.value})")
        if password is None:
            _print_reset_code(user, store, config)


def reset_password(name: str, config_file: Path | None, *, password_stdin: bool) -> None:
    """Set a password, or print a code for it. With a password all that was handed out to the user before is worth nothing after."""
    config = load_config(config_file)
    with _known(config) as sessions:
        store = _store(sessions)
        user = _find(store, name)
        if not password_stdin:
            _print_reset_code(user, store, config)
            return
        password_hash = _hash(_read_password(user.username), user, config)
        store.set_password(user.id, password_hash, _ACTOR, action="user.password_set")
    typer.echo(f"the password of {user.username!r} is set; its log-ins and API keys are worth nothing any more")


def change_user(name: str, config_file: Path | None, *, role: str | None = None, active: bool | None = None) -> None:
    """Change what is given. Raises Conflict for the last active admin."""
    with _known(load_config(config_file)) as sessions:
        store = _store(sessions)
        before = _find(store, name)
        after = store.change(before.id, UserChange(role=None if role is None else Role(role), active=active), _ACTOR)
    state = after.role.value if active is None else "active" if after.active else "inactive"
    typer.echo(f"{after.username!r} {'was' if after == before else 'is'} {state}{' already' if after == before else ''}")


def grant_camera(name: str, camera: str, level: str, config_file: Path | None) -> None:
    """Let a user do that with a camera, instead of what was granted before."""
    config = load_config(config_file)
    with _known(config) as sessions:
        store = _store(sessions)
        user, camera_id = _find(store, name), _camera_id(sessions, camera, config)
        store.set_grant(user.id, camera_id, AccessLevel(level), _ACTOR)
    typer.echo(f"{user.username!r} has {level} access to {camera!r}")
    if user.role is Role.ADMIN:
        typer.echo("note: an admin may do everything with every camera anyway", err=True)
    elif user.role is Role.VIEWER and level != AccessLevel.VIEW:
        typer.echo(f"note: with the role viewer that is no more than view; haetae user set-role {user.username} operator", err=True)


def revoke_camera(name: str, camera: str, config_file: Path | None) -> None:
    """Take what was granted on a camera away from a user."""
    config = load_config(config_file)
    with _known(config) as sessions:
        store = _store(sessions)
        user, camera_id = _find(store, name), _camera_id(sessions, camera, config)
        store.remove_grant(user.id, camera_id, _ACTOR)
    typer.echo(f"{user.username!r} has no access to {camera!r}")
    if user.role is Role.ADMIN:
        typer.echo("note: an admin may do everything with every camera anyway", err=True)


def new_setup_code(config_file: Path | None) -> None:
    """Print a code for the first admin. Raises Conflict once there is a user."""
    config = load_config(config_file)
    with writing(config.database_url()) as sessions:
        code = _store(sessions).create_setup_code(_ACTOR, life_s=config.access.setup_code_s)
    _print_code("set-up code", "setup", code, config)


@contextmanager
def _known(config: SystemConfig) -> Iterator[Sessions]:
    """For changes of a user that must be there already: no database is made for them."""
    with reading(config.database_url()) as sessions:
        if sessions is None:
            raise ConfigError("there are no users yet", hint="Make the first admin: haetae user create NAME --role admin")
        yield sessions


def _store(sessions: Sessions) -> AccountStore:
    return AccountStore(sessions, SystemClock())


def _all_users(store: AccountStore) -> list[StoredUser]:
    users, total = store.users(limit=_PAGE)
    while len(users) < total:
        page, total = store.users(offset=len(users), limit=_PAGE)
        if not page:
            break
        users += page
    return users


def _find(store: AccountStore, name: str) -> StoredUser:
    user = store.find(name)
    if user is None:
        try:
            user = store.get(UUID(name))
        except (ValueError, NotFound):
            raise NotFound(f"there is no user {name!r}", hint="See haetae user list") from None
    return user


def _camera_id(sessions: Sessions, camera: str, config: SystemConfig) -> UUID:
    return CameraStore(sessions, SystemClock(), max_cameras=config.site.max_cameras).find_id(camera)


def _hash(password: str | None, user: NewUser | StoredUser, config: SystemConfig) -> str:
    """What is kept of the password; without one, of one that nobody knows. Raises ConfigError for one that may not be set."""
    passwords = Passwords(min_length=config.access.min_password_length)
    if password is None:
        return passwords.hash(secrets.token_urlsafe(32))
    passwords.check(password, username=user.username, email=user.email)
    return passwords.hash(password)


def _read_password(username: str) -> str:
    """Typed twice without echo on a terminal, else the first line of stdin. Raises ConfigError."""
    if sys.stdin.isatty():
        typed = typer.prompt(f"Password of {username}", hide_input=True, confirmation_prompt=True, err=True)
    else:
        typed = sys.stdin.readline()
    password = str(typed).rstrip("\r\n")
    if not password:
        raise ConfigError("stdin holds no password", hint="Write it into one line: printf '%s' \"$PASSWORD\" | haetae user ...")
    return password


def _print_reset_code(user: StoredUser, store: AccountStore, config: SystemConfig) -> None:
    code = store.create_reset_code(user.id, _ACTOR, life_s=config.access.setup_code_s)
    _print_code(f"one-time code with which {user.username!r} sets a password", "reset", code, config)


def _print_code(what: str, page: Literal["setup", "reset"], code: NewCode, config: SystemConfig) -> None:
    typer.echo(f"{what}, good until {code.expires_at:%Y-%m-%d %H:%M} UTC: {code.code}")
    if config.api.public_url:
        typer.echo(code_link(config.api.public_url, page, code.code))


def _print_table(users: list[StoredUser]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    table = Table("name", "role", "state", "e-mail", "last log-in", "id", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for user in users:
        state = "active" if user.active else "inactive"
        last = f"{user.last_login_at:%Y-%m-%d %H:%M} UTC" if user.last_login_at else "never"
        # Text: what people choose is never markup.
        table.add_row(*(Text(word) for word in (user.username, user.role.value, state, user.email or "-", last, str(user.id))))
    console.print(table)
