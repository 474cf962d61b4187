"""`haetae report`: what happened, counted from the site's database."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What happened, counted from the site's database.")

_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.callback()
def _root() -> None:
    """What happened, counted from the site's database."""


@app.command()
def shift(
    since: Annotated[
        datetime | None, typer.Option("--from", metavar="TIME", formats=_FORMATS, help="Local time of the site [12 hours before --to]")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", metavar="TIME", formats=_FORMATS, help="Local time of the site [now]")] = None,
    language: Annotated[str, typer.Option("--lang", metavar="en|ko", help="Language of the report.")] = "en",
    json_output: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")] = None,
) -> None:
    """What happened in a shift, for whoever takes over: events by severity, type and camera, the most severe, cameras that were away."""
    from haetae.cli.report_work import print_shift

    print_shift(config, since, until, language=language, json_output=json_output)
