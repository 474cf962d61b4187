"""The run behind `haetae serve`."""

import signal
import threading
from pathlib import Path
from types import FrameType

import structlog
import typer

from haetae.compose.site import Site
from haetae.settings import SystemConfig, load_config
from haetae.telemetry import configure_logging

_log = structlog.get_logger()


def run_site(path: Path | None, *, headless: bool) -> None:
    """Run the site that a configuration file describes, as `serve_site` does."""
    serve_site(load_config(path), headless=headless)


def serve_site(config: SystemConfig, *, headless: bool) -> None:
    """Run a site until SIGINT or SIGTERM; a second one ends the process at once. Raises HaetaeError where it cannot start."""
    configure_logging(config.log.level, config.log.style)
    stop = threading.Event()

    def end(_signum: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if headless:
        _run_headless(config, stop)
    else:
        _run_web(config, stop)
    _log.info("stopped")


def _run_headless(config: SystemConfig, stop: threading.Event) -> None:
    site = Site(config)
    site.start()
    try:
        _welcome(site)
        while not stop.wait(3600.0):
            pass
    finally:
        _log.info("stopping")
        site.close()


def _run_web(config: SystemConfig, stop: threading.Event) -> None:
    # Only here: without the API the web framework need not be loaded.
    from haetae.api.app import create_app
    from haetae.compose.web import Web
    from haetae.compose.web_server import WebServer

    server = WebServer(config.api)
    try:
        web = Web(config)
        web.start()
        try:
            _welcome(web.site)
            _invite(web.new_setup_code(), server.url)
            if not stop.is_set():
                server.run(create_app(web.services))
        finally:
            _log.info("stopping")
            web.close()
    finally:
        server.close()


def _invite(code: str | None, url: str) -> None:
    """Say where the site is, and how its first admin comes in. The code goes to the terminal alone, never into the log."""
    from haetae.api.auth.links import code_link

    typer.echo(f"The site is at {url}", err=True)
    if code is not None:
        typer.echo(f"It has no admin yet. Set-up code, good once and for a day: {code}", err=True)
        typer.echo(f"Make the first admin at {code_link(url, 'setup', code)}", err=True)


def _welcome(site: Site) -> None:
    """One line for a person at a terminal: what runs, and where to look."""
    cameras = site.status.cameras
    say = f"Haetae watches {len(cameras)} camera{'' if len(cameras) == 1 else 's'}. See `haetae status`; Ctrl-C stops."
    if not cameras:
        say += " Add one: haetae camera add NAME SOURCE"
    if site.metrics_port is not None:
        say += f" Metrics: http://{site.config.metrics.host}:{site.metrics_port}/metrics"
    typer.echo(say, err=True)
