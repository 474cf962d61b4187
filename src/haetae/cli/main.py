"""`haetae`: the list of commands. Each module imports only typer on top, so that `haetae --help` answers at once."""

import sys

import typer

from haetae import __version__
from haetae.cli import bench, demo, simulate, vad, watch
from haetae.errors import HaetaeError

app = typer.Typer(
    name="haetae",
    help="Haetae watches cameras, learns what is normal for each, and raises one event per incident.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(watch.watch)
app.command()(demo.demo)
app.command()(simulate.simulate)
app.add_typer(vad.app, name="vad")
app.add_typer(bench.app, name="bench")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"haetae {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit.")) -> None:
    """Haetae watches cameras, learns what is normal for each, and raises one event per incident."""


def main() -> None:
    """Run the command line: a HaetaeError becomes one line on stderr and exit code 2."""
    try:
        app()
    except HaetaeError as error:
        from haetae.telemetry import redact_url

        typer.echo(f"haetae: {redact_url(str(error))}", err=True)
        sys.exit(2)
