"""`haetae playbook`: what must, may and must never be done about events."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Read, check, try and change the site's playbook.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
_Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="A playbook (TOML); - for stdin.")]
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def show(
    version: Annotated[int | None, typer.Option("--version", min=0, help="Another than the one in force; 0 is Haetae's own.")] = None,
    versions: Annotated[bool, typer.Option("--versions", help="List all versions instead.")] = False,
    config: _Config = None,
) -> None:
    """Print the playbook in force."""
    from haetae.cli.playbook_work import list_versions, show_playbook

    if versions:
        list_versions(config)
    else:
        show_playbook(config, version)


@app.command()
def check(file: _File, json_output: _Json = False, config: _Config = None) -> None:
    """Say everything against a playbook at this site. Exit code 1 when it cannot be used."""
    from haetae.cli.playbook_work import check_file

    if not check_file(file, config, json_output=json_output):
        raise typer.Exit(1)


@app.command("set")
def put(
    file: _File,
    note: Annotated[str, typer.Option("--note", help="Why it is changed.")] = "",
    config: _Config = None,
) -> None:
    """Put a playbook in force, as a new version. A running site plans by it from the next event on."""
    from haetae.cli.playbook_work import put_file

    put_file(file, note, config)


@app.command()
def diff(
    old: Annotated[int, typer.Argument(min=0, help="A version; 0 is Haetae's own.")],
    new: Annotated[int, typer.Argument(min=0, help="Another.")],
    config: _Config = None,
) -> None:
    """Show what changed between two versions."""
    from haetae.cli.playbook_work import show_diff

    show_diff(old, new, config)


@app.command("dry-run")
def dry_run(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A playbook; without, the one in force.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", metavar="TIME", formats=_FORMATS, help="Events from then on (UTC) [7 days ago]")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--until", metavar="TIME", formats=_FORMATS, help="Events before then [now]")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=2000, help="Events, the newest.")] = 200,
    json_output: _Json = False,
    config: _Config = None,
) -> None:
    """Say what a playbook would have planned for past events. Nothing is done."""
    from haetae.cli.playbook_work import rehearse_file

    rehearse_file(file, (since, until), limit, config, json_output=json_output)


@app.command()
def defaults(
    name: Annotated[str | None, typer.Argument(help="basic, office, shop or car_park; without, their names.")] = None,
    language: Annotated[str, typer.Option("--language", help="en or ko.")] = "en",
) -> None:
    """Print a playbook to begin with."""
    from haetae.cli.playbook_work import show_default

    show_default(name, language)
