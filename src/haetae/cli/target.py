"""`haetae target`: what responses can reach."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(no_args_is_help=True, help="Register what responses can reach: webhooks, tickets, sirens, doors, speakers, presets.")

_CONFIG = typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")
_ID = typer.Argument(metavar="ID", help="A short word that playbooks name: a-z, 0-9, - and _.")
_SET = typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as url=https://siren.example/on; JSON where it is no text.")
_SECRET = typer.Option("--secret", metavar="KEY", help="A setting that is asked for, and sealed, such as secret or password.")


@app.command("list")
def list_targets(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """What is registered."""
    from haetae.cli.target_work import opened
    from haetae.settings import load_config

    with opened(load_config(config)) as (store, _reach):
        for each in store.list():
            state = each.broken or ("" if each.enabled else "switched off")
            people = " (two people)" if each.people > 1 else ""
            typer.echo(f"{each.id:<24} {each.kind.value:<8} {each.name}{people}{f'  {state}' if state else ''}")


@app.command()
def add(
    target_id: Annotated[str, _ID],
    kind: Annotated[str, typer.Option("--kind", help="webhook, ticket, siren, door, speaker or preset.")],
    name: Annotated[str, typer.Option("--name", help="What people call it [the id].")] = "",
    settings: Annotated[list[str] | None, _SET] = None,
    secrets: Annotated[list[str] | None, _SECRET] = None,
    camera: Annotated[UUID | None, typer.Option("--camera", help="Id of the camera whose preset it is.")] = None,
    two_people: Annotated[bool, typer.Option("--two-people", help="Two different people must approve of its use.")] = False,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """Register something."""
    from haetae.cli.target_work import COMMAND_LINE, kind_of, opened, parsed
    from haetae.pipeline.acting.target_settings import checked_values
    from haetae.settings import load_config

    values = parsed(settings or []) | {key: typer.prompt(key, hide_input=True) for key in secrets or []}
    wanted = kind_of(kind)
    with opened(load_config(config)) as (store, reach):
        checked = checked_values(wanted, name or target_id, values, reach, camera_id=camera, people=2 if two_people else 1)
        store.add(target_id, wanted, checked, COMMAND_LINE)
    typer.echo(f"Registered: {target_id}")


@app.command()
def remove(target_id: Annotated[str, _ID], config: Annotated[Path | None, _CONFIG] = None) -> None:
    """Take it away: actions that name it fail from then on, and say so."""
    from haetae.cli.target_work import COMMAND_LINE, opened
    from haetae.settings import load_config

    with opened(load_config(config)) as (store, _reach):
        store.remove(target_id, COMMAND_LINE)
    typer.echo(f"Removed: {target_id}")
