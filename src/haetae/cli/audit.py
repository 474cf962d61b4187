"""`haetae audit`: who did what, and whether the log of it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from haetae.database.audit_reader import AuditQuery, AuditReader, AuditRecord

app = typer.Typer(no_args_is_help=True, help="Look at the audit log and check that it is whole.")

_CONFIG = typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")
_ACTOR = typer.Option("--actor", metavar="NAME", help="Only what this person did; a name or an id.")
_ACTION = typer.Option("--action", metavar="ACTION", help="Only this action (event.acknowledge), or all of a noun (event).")
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_SINCE = typer.Option("--since", metavar="TIME", formats=_FORMATS, help="Only from then on, such as 2026-11-23 or 2026-11-23T08:00 (UTC).")
_UNTIL = typer.Option("--until", metavar="TIME", formats=_FORMATS, help="Only before then.")

_BROKEN = 1


@app.command()
def verify(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """Walk along the chain of hashes; exit code 1, and the number of the entry, where it is broken.

    Plans, actions and approvals are compared with what the log says of them.
    """
    with _opened(config) as reader:
        report = reader.verify()
        responses = reader.verify_responses()
    typer.echo(f"{report.entries} entries are whole, up to number {report.head_number} with the hash")
    typer.echo(report.head_hash)
    if report.fault is not None:
        typer.echo(f"Entry {report.fault_number} is {report.fault.value}: {report.detail}", err=True)
        raise typer.Exit(_BROKEN)
    if responses.faults:
        for fault in responses.faults:
            typer.echo(f"The {fault.noun} {fault.id} is not what the log says: {fault.fault}", err=True)
        raise typer.Exit(_BROKEN)
    typer.echo(f"{responses.plans} plans, {responses.actions} actions and {responses.approvals} approvals are what the log says")
    typer.echo("Keep number and hash where nobody who can write to the database can: a log that lost its end looks whole from inside")


@app.command()
def show(
    actor: Annotated[str | None, _ACTOR] = None,
    action: Annotated[str | None, _ACTION] = None,
    since: Annotated[datetime | None, _SINCE] = None,
    until: Annotated[datetime | None, _UNTIL] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many entries at most.")] = 30,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """The newest entries, the newest last."""
    with _opened(config) as reader:
        for record in reversed(reader.list(_query(actor, action, since, until), limit=limit)):
            typer.echo(_line(record))


@app.command()
def export(
    actor: Annotated[str | None, _ACTOR] = None,
    action: Annotated[str | None, _ACTION] = None,
    since: Annotated[datetime | None, _SINCE] = None,
    until: Annotated[datetime | None, _UNTIL] = None,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """All entries, oldest first, as one JSON object a line, hashes included."""
    import orjson

    with _opened(config) as reader:
        for record in reader.export(_query(actor, action, since, until)):
            typer.echo(orjson.dumps(record).decode())


@contextmanager
def _opened(config: Path | None) -> "Iterator[AuditReader]":
    from haetae.database.audit_reader import AuditReader
    from haetae.database.opening import reading
    from haetae.errors import StorageError
    from haetae.settings import load_config

    with reading(load_config(config).database_url()) as sessions:
        if sessions is None:
            raise StorageError("there is no database yet", hint="Start the site first: haetae serve")
        yield AuditReader(sessions)


def _query(actor: str | None, action: str | None, since: datetime | None, until: datetime | None) -> "AuditQuery":
    from haetae.database.audit_reader import AuditQuery

    start, end = (None if at is None else at.replace(tzinfo=UTC) for at in (since, until))
    return AuditQuery(actor=actor, action=action, since=start, until=end)


def _line(record: "AuditRecord") -> str:
    import orjson

    parts = [f"{record.number:>6}", f"{record.at:%Y-%m-%d %H:%M:%S}Z", record.actor_name, record.address or "-", record.action]
    if record.target_type is not None:
        parts.append(f"{record.target_type}:{record.target_id}")
    parts += [
        f"{name}={orjson.dumps(value).decode()}" for name in ("before", "after", "note") if (value := getattr(record, name)) is not None
    ]
    line = "  ".join(parts)
    # Names of people who could not log in are what strangers typed.
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
