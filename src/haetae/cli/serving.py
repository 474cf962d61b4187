"""The run behind `haetae serve`."""

import signal
import threading
from pathlib import Path
from types import FrameType

import structlog
import typer

from haetae.compose.site import Site
from haetae.errors import ConfigError
from haetae.settings import load_config
from haetae.telemetry import configure_logging

_log = structlog.get_logger()


def run_site(path: Path | None, *, headless: bool) -> None:
    """Run a site until SIGINT or SIGTERM; a second one ends the process at once. Raises HaetaeError where it cannot start."""
    if not headless:
        raise ConfigError("the web API is not part of this version", hint="Run `haetae serve --headless`; `haetae status` shows the site")
    config = load_config(path)
    configure_logging(config.log.level, config.log.style)
    stop = threading.Event()

    def end(_signum: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    site = Site(config)
    site.start()
    try:
        _welcome(site)
        while not stop.wait(3600.0):
            pass
    finally:
        _log.info("stopping")
        site.close()
        _log.info("stopped")


def _welcome(site: Site) -> None:
    """One line for a person at a terminal: what runs, and where to look."""
    cameras = site.status.cameras
    say = f"Haetae watches {len(cameras)} camera{'' if len(cameras) == 1 else 's'}. See `haetae status`; Ctrl-C stops."
    if not cameras:
        say += " Add one: haetae camera add NAME SOURCE"
    if site.metrics_port is not None:
        say += f" Metrics: http://{site.config.metrics.host}:{site.metrics_port}/metrics"
    typer.echo(say, err=True)
