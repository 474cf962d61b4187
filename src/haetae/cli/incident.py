"""`haetae incident`: all that is known of an event, and whether it would be answered the same way again."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(no_args_is_help=True, help="Take all that is known of an event out, with the log of it.")

_CONFIG = typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")
_EVENT = typer.Argument(metavar="EVENT", help="Id of the event.")


@app.callback()
def _commands() -> None:
    """Take all that is known of an event out, with the log of it."""


@app.command()
def export(
    event: Annotated[UUID, _EVENT],
    html: Annotated[bool, typer.Option("--html/--json", help="One page of HTML, or JSON.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to this file, not to the terminal.")] = None,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """Event, facts, analyses, plans, actions, approvals, deliveries and the audit log of all that. It is written down who took it out."""
    from haetae.cli.incident_work import export_incident

    data = export_incident(event, config, html=html)
    if out is None:
        typer.echo(data.decode())
        return
    out.write_bytes(data)
    typer.echo(f"Written: {out}")


@app.command()
def replay(event: Annotated[UUID, _EVENT], config: Annotated[Path | None, _CONFIG] = None) -> None:
    """Plan again from what was kept (the answers of models included), and show what would be different. Nothing is done."""
    from haetae.cli.incident_work import replay_incident
    from haetae.pipeline.incident_replay import difference_lines

    for replayed in replay_incident(event, config):
        for line in difference_lines(replayed):
            typer.echo(line)
