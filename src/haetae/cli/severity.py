"""`haetae severity`: how severe events are, as a table in a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from haetae.database.severity_store import SeverityStore
    from haetae.domain.severity import SeverityPolicy

app = typer.Typer(no_args_is_help=True, help="Show, check and change how severe events are.")

_CONFIG = typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")
_FILE = typer.Argument(metavar="FILE", help="A policy as `haetae severity show` prints it.")
_REMARKS = 1


@app.command()
def show(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """The policy in force, as JSON that `set` takes."""
    import orjson

    from haetae.database.severity_store import policy_json

    with _opened(config) as store:
        typer.echo(orjson.dumps(policy_json(store.read().policy), option=orjson.OPT_INDENT_2).decode())


@app.command("set")
def set_policy(file: Annotated[Path, _FILE], config: Annotated[Path | None, _CONFIG] = None) -> None:
    """Put the policy of a file into force; a running site goes by it within seconds."""
    from haetae.domain.viewer import Actor

    policy = _policy(file)
    with _opened(config) as store:
        store.write(policy, Actor("command line"))
    _remark(policy)
    typer.echo(f"{len(policy.rows)} rows are in force for what happens from now on")


@app.command()
def check(file: Annotated[Path, _FILE]) -> None:
    """Say what is wrong with the policy of a file; exit code 1 where something is probably not meant."""
    policy = _policy(file)
    typer.echo(f"{len(policy.rows)} rows can be read")
    if _remark(policy):
        raise typer.Exit(_REMARKS)


def _remark(policy: "SeverityPolicy") -> bool:
    remarks = policy.remarks()
    for remark in remarks:
        typer.echo(remark, err=True)
    return bool(remarks)


def _policy(file: Path) -> "SeverityPolicy":
    import orjson

    from haetae.database.severity_store import policy_of
    from haetae.errors import ConfigError

    try:
        return policy_of(orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigError(f"cannot read a policy from {file}: {error}", hint="Write one with: haetae severity show > FILE") from error


@contextmanager
def _opened(config: Path | None) -> "Iterator[SeverityStore]":
    from haetae.clock import SystemClock
    from haetae.database.opening import writing
    from haetae.database.severity_store import SeverityStore
    from haetae.settings import load_config

    with writing(load_config(config).database_url()) as sessions:
        yield SeverityStore(sessions, SystemClock())
