"""`haetae status`: how the running site is."""

from pathlib import Path
from typing import Annotated

import typer


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew every second until Ctrl-C.")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")] = None,
) -> None:
    """Show the running site: its cameras, storage, event log and models. Exit code 3 when nothing is running."""
    from haetae.cli.status_work import show_once, watch_status

    if watch:
        watch_status(config, json=json_lines)
    elif not show_once(config, json=json_lines):
        raise typer.Exit(3)
