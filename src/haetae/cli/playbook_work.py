"""The work behind `haetae playbook`. It reads and writes the site's database beside a running `haetae serve`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from haetae.agents.defaults import NAMES, default_playbook
from haetae.agents.playbook_schema import LONGEST
from haetae.cli.display import print_json
from haetae.clock import SystemClock
from haetae.compose.responding import incident_context
from haetae.database.incident_store import IncidentStore
from haetae.database.opening import reading
from haetae.database.playbook_store import PlaybookStore
from haetae.database.target_reader import TargetReader
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError, StorageError
from haetae.pipeline.playbook_desk import PlaybookDesk, Rehearsal
from haetae.settings import load_config


def show_playbook(config: Path | None, version: int | None) -> None:
    """Raises NotFound for a version that there is none of."""
    with _desk(config) as desk:
        found = desk.in_force() if version is None else desk.version(version)
    typer.echo(found.content, nl=not found.content.endswith("\n"))


def list_versions(config: Path | None) -> None:
    with _desk(config) as desk:
        found = [*desk.versions(), desk.version(0)]
    for each in found:
        mark = "*" if each.active else " "
        at = f"{each.created_at:%Y-%m-%d %H:%M}Z" if each.version else "comes with Haetae "
        typer.echo(_printable(f"{mark}{each.version:>4}  {at}  {each.created_by}  {each.note}".rstrip()))


def check_file(file: Path, config: Path | None, *, json_output: bool) -> bool:
    """Whether it can be used."""
    content = _read(file)
    with _desk(config) as desk:
        findings = desk.check(content)
    usable = all(each.warning for each in findings)
    if json_output:
        print_json({"usable": usable, "findings": [asdict(each) for each in findings]})
        return usable
    for each in findings:
        typer.echo(_printable(f"{'warning' if each.warning else 'error'}: {each}"), err=not each.warning)
    typer.echo("It can be used" if usable else "It cannot be used", err=not usable)
    return usable


def put_file(file: Path, note: str, config: Path | None) -> None:
    """Raises PlaybookError for one with a fault."""
    content = _read(file)
    with _desk(config) as desk:
        warnings = [each for each in desk.check(content) if each.warning]
        stored = desk.put(content, Actor("command line"), note=note[:500])
    for each in warnings:
        typer.echo(_printable(f"warning: {each}"), err=True)
    typer.echo(f"Version {stored.version} is in force")


def show_diff(old: int, new: int, config: Path | None) -> None:
    """Raises NotFound."""
    with _desk(config) as desk:
        found = desk.diff(old, new)
    typer.echo(found, nl=False)


def rehearse_file(
    file: Path | None, span: tuple[datetime | None, datetime | None], limit: int, config: Path | None, *, json_output: bool
) -> None:
    """Raises PlaybookError for a playbook that is none, ConfigError for a time that ends before it begins."""
    since, until = (None if at is None else at.replace(tzinfo=UTC) for at in span)
    until = until or SystemClock().now()
    since = since or until - timedelta(days=7)
    if since >= until:
        raise ConfigError("--since is not before --until", hint="Give an earlier time for --since")
    content = None if file is None else _read(file)
    with _desk(config) as desk:
        found = desk.rehearse(content, since, until, limit=limit)
    if json_output:
        print_json(_plain(found))
        return
    for each in found.events:
        said = ", ".join(each.actions) or "nothing"
        typer.echo(_printable(f"{each.timestamp:%Y-%m-%d %H:%M}Z  {each.camera or each.camera_id}  {each.type} ({each.severity}): {said}"))
        for action, reason in each.refused:
            typer.echo(_printable(f"    not {action}: {reason}"))
    counted = ", ".join(f"{word} {count}" for word, count in found.totals.items()) or "nothing"
    typer.echo(_printable(f"{len(found.events)} events{' and more' if found.more else ''}: {counted}"))
    if file is not None:
        typer.echo(f"{found.changed} of them other than by the playbook in force")


def show_default(name: str | None, language: str) -> None:
    """Raises NotFound."""
    if name is None:
        typer.echo("\n".join(NAMES))
        return
    typer.echo(default_playbook(name, language).content, nl=False)


def _plain(found: Rehearsal) -> dict[str, Any]:
    return asdict(found)


def _read(file: Path) -> str:
    """Raises ConfigError for a file that cannot be read."""
    try:
        data = sys.stdin.buffer.read(4 * LONGEST + 1) if str(file) == "-" else file.read_bytes()
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read ({type(error).__name__})", hint="Give a TOML file in UTF-8") from None


def _printable(text: str) -> str:
    """Names and texts may come from elsewhere: nothing in them moves the terminal's cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@contextmanager
def _desk(path: Path | None) -> Iterator[PlaybookDesk]:
    config, clock = load_config(path), SystemClock()
    with reading(config.database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        context = incident_context(config, clock, sessions)
        yield PlaybookDesk(context, PlaybookStore(sessions, clock), IncidentStore(sessions, clock), TargetReader(sessions), clock)
