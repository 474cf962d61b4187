"""`haetae serve`: a whole site, unattended."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    headless: Annotated[bool, typer.Option("--headless", help="Without the web API: cameras, events and metrics only.")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")] = None,
) -> None:
    """Run all enabled cameras of the database until stopped (Ctrl-C or SIGTERM)."""
    from haetae.heaps import limit_heaps

    limit_heaps()

    from haetae.cli.serving import run_site

    run_site(config, headless=headless)
