"""`haetae vlm`: try the model that looks at events, and measure it on labelled footage."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Try the model that looks at events; measure it on labelled footage.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
_Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")]


@app.command("test")
def try_model(
    footage: Annotated[Path, typer.Argument(metavar="IMAGE|CLIP", help="A picture, or a video of which some pictures are taken.")],
    json_output: _Json = False,
    config: _Config = None,
) -> None:
    """Ask the configured model about a picture or a clip: what is sent, what it answers, what becomes of it. Exit code 1 when it fails."""
    from haetae.cli.vlm_work import show_look

    if not show_look(footage, config, json_output=json_output):
        raise typer.Exit(1)


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folders named after types (Falling, Normal, ...) with footage.")],
    json_output: _Json = False,
    config: _Config = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many files of each type.")] = 10_000,
) -> None:
    """Precision and recall of the configured analyzer over labelled footage, with what else there is to know of it."""
    from haetae.cli.vlm_work import evaluate_model

    evaluate_model(folder, config, json_output=json_output, limit=limit)


@app.command()
def probe(json_output: _Json = False, config: _Config = None) -> None:
    """Ask the configured server what it can do: models, pictures, schema. Exit code 1 when it cannot be used."""
    from haetae.cli.vlm_work import probe_model

    if not probe_model(config, json_output=json_output):
        raise typer.Exit(1)
