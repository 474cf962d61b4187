"""`haetae user`: who may log in, and what they may see, from the command line of the machine."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Add, change and list the people who may log in.", no_args_is_help=True)


class RoleName(StrEnum):
    """As haetae.domain.viewer.Role."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class LevelName(StrEnum):
    """As haetae.domain.viewer.AccessLevel."""

    VIEW = "view"
    CONTROL = "control"
    ADMIN = "admin"


Who = Annotated[str, typer.Argument(metavar="USER", help="The user's name or id.")]
Which = Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's name or id.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin (a terminal is asked); without it a one-time code is printed."),
]


@app.command(name="list")
def list_(json: Json = False, config: Config = None) -> None:
    """List all users."""
    from haetae.cli.user_work import list_users

    list_users(config, json=json)


@app.command()
def create(
    username: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[RoleName, typer.Option("--role", help="What this person may do at most.")] = RoleName.VIEWER,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="E-mail address.")] = None,
    language: Annotated[str, typer.Option("--language", metavar="TAG", help="Such as en or ko.")] = "en",
    password_stdin: PasswordStdin = False,
    config: Config = None,
) -> None:
    """Make a user. The first one must be an admin."""
    from haetae.cli.user_work import create_user

    create_user(username, role.value, email, language, config, password_stdin=password_stdin)


@app.command()
def reset_password(user: Who, password_stdin: PasswordStdin = False, config: Config = None) -> None:
    """Set a user's password, or print a one-time code with which that person sets it."""
    from haetae.cli.user_work import reset_password as work

    work(user, config, password_stdin=password_stdin)


@app.command()
def set_role(user: Who, role: Annotated[RoleName, typer.Argument(help="What this person may do at most.")], config: Config = None) -> None:
    """Give a user another role."""
    from haetae.cli.user_work import change_user

    change_user(user, config, role=role.value)


@app.command()
def activate(user: Who, config: Config = None) -> None:
    """Let somebody in again."""
    from haetae.cli.user_work import change_user

    change_user(user, config, active=True)


@app.command()
def deactivate(user: Who, config: Config = None) -> None:
    """Shut somebody out, at once. The account stays, so that the name stays on what that person did."""
    from haetae.cli.user_work import change_user

    change_user(user, config, active=False)


@app.command()
def grant(
    user: Who, camera: Which, level: Annotated[LevelName, typer.Argument(help="What for.")] = LevelName.VIEW, config: Config = None
) -> None:
    """Let a user see a camera (view), also answer its events, start and stop it (control), or also change it (admin)."""
    from haetae.cli.user_work import grant_camera

    grant_camera(user, camera, level.value, config)


@app.command()
def revoke(user: Who, camera: Which, config: Config = None) -> None:
    """Take a camera away from a user."""
    from haetae.cli.user_work import revoke_camera

    revoke_camera(user, camera, config)


@app.command()
def setup_code(config: Config = None) -> None:
    """Print a new code for making the first admin, as long as there is no user. An older one is worth nothing any more."""
    from haetae.cli.user_work import new_setup_code

    new_setup_code(config)
