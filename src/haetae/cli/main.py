"""`haetae`: the list of commands. Each module imports only typer on top, so that `haetae --help` answers at once."""

import sys

import typer

from haetae import __version__
from haetae.cli import (
    audit,
    backup,
    camera,
    demo,
    doctor,
    incident,
    model,
    openapi,
    playbook,
    reports,
    serve,
    severity,
    simulate_app,
    status,
    target,
    user,
    vad,
    vlm,
    watch,
)
from haetae.cli.bench.app import app as bench_app
from haetae.errors import HaetaeError

app = typer.Typer(
    name="haetae",
    help="Haetae watches cameras, learns what is normal for each, and raises one event per incident.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: rich would double the time to the first line.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(short_help="Watch one source, from frames to stored events.")(watch.watch)
app.command(short_help="Run all cameras of a site until stopped.")(serve.serve)
app.command(short_help="Show how the running site is.")(status.status)
app.command(short_help="Check this machine and the site, with a fix for each fault.")(doctor.doctor)
app.command(short_help="Write a running site into one file.")(backup.backup)
app.command(short_help="Restore a site from a backup.")(backup.restore)
app.add_typer(audit.app, name="audit", short_help="Look at the audit log and check that it is whole.")
app.add_typer(incident.app, name="incident", short_help="Take all that is known of an event out, with the log of it.")
app.add_typer(target.app, name="target", short_help="Register what responses can reach.")
app.add_typer(severity.app, name="severity", short_help="Show and change how severe events are.")
app.add_typer(user.app, name="user", short_help="Add, change and list who may log in.")
app.add_typer(camera.app, name="camera", short_help="Add, change, list, start, stop and remove cameras.")
app.command(short_help="Print the schema of the API, from which clients are made.")(openapi.openapi)
app.command(short_help="Render a scene, watch it, write a report.")(demo.demo)
app.add_typer(simulate_app.app, name="simulate", short_help="Render a scene with labelled incidents, or warp a clip into some.")
app.add_typer(vad.app, name="vad")
app.add_typer(model.app, name="model", short_help="Look at networks before they are used.")
app.add_typer(vlm.app, name="vlm", short_help="Try the model that looks at events, and measure it.")
app.add_typer(playbook.app, name="playbook", short_help="Read, check, try and change what is done about events.")
app.add_typer(reports.app, name="report", short_help="Say what happened in a shift.")
app.add_typer(bench_app, name="bench", short_help="Measure what things cost.")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"haetae {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),  # noqa: ARG001
) -> None:
    """Haetae watches cameras, learns what is normal for each, and raises one event per incident."""
    from haetae.telemetry import configure_logging

    configure_logging("warning")


def main() -> None:
    """Run the command line: a HaetaeError becomes one line on stderr and exit code 2."""
    try:
        app()
    except HaetaeError as error:
        from haetae.telemetry import redact_url

        typer.echo(f"haetae: {redact_url(str(error))}", err=True)
        sys.exit(2)
