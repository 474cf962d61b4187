"""What `haetae status` does: ask the running site, or else the database which cameras there would be."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console, RenderableType
from rich.live import Live

from haetae.cli.status_display import not_running, overview
from haetae.clock import Clock, SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.opening import reading
from haetae.domain.camera import CameraConfig
from haetae.domain.site import SiteStatus
from haetae.errors import HaetaeError
from haetae.pipeline.control import CONTROL_SOCKET, read_status
from haetae.settings import SystemConfig, load_config
from haetae.telemetry import redact, redact_url
from haetae.vault import Vault

_EVERY_S = 1.0
_PLAIN_WIDTH = 200
"""Columns where the output is no terminal: nothing is wrapped that need not be."""


def show_once(config_file: Path | None, *, json: bool) -> bool:
    """Print the status; false when nothing is running. Raises HaetaeError when what is running does not answer."""
    site = load_config(config_file)
    found = _read(site)
    if json:
        typer.echo(_as_json(found))
    else:
        _console().print(_picture(found, site, SystemClock()))
    return isinstance(found, SiteStatus)


def watch_status(config_file: Path | None, *, json: bool) -> None:
    """Show the status every second until Ctrl-C; on a terminal in place, else one after the other."""
    site, clock, console = load_config(config_file), SystemClock(), _console()
    try:
        if json or not console.is_terminal:
            while True:
                found = _read(site)
                if json:
                    typer.echo(_as_json(found))
                else:
                    console.print(_picture(found, site, clock))
                clock.wait(_EVERY_S)
        with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
            while True:
                live.update(_attempt(site, clock), refresh=True)
                clock.wait(_EVERY_S)
    except KeyboardInterrupt:
        return


def _attempt(site: SystemConfig, clock: Clock) -> RenderableType:
    """A site that hangs for a moment must not end the watching."""
    try:
        return _picture(_read(site), site, clock)
    except HaetaeError as error:
        return redact_url(f"{time.strftime('%H:%M:%S')} {error}")


def _read(site: SystemConfig) -> SiteStatus | Sequence[CameraConfig]:
    """The status of the running site, else the cameras of its database; neither makes nor changes anything."""
    status = read_status(site.storage.directory / CONTROL_SOCKET)
    if status is not None:
        return status
    with reading(site.database_url()) as sessions:
        if sessions is None:
            return ()
        vault = Vault.open(site.storage.directory)
        store = CameraStore(sessions, SystemClock(), max_cameras=site.site.max_cameras, vault=vault)
        return tuple(stored.config for stored in store.list())


def _picture(found: SiteStatus | Sequence[CameraConfig], site: SystemConfig, clock: Clock) -> RenderableType:
    if isinstance(found, SiteStatus):
        return overview(found, clock.now())
    return not_running(found, str(site.storage.directory))


def _as_json(found: SiteStatus | Sequence[CameraConfig]) -> str:
    shown: dict[str, Any]
    if isinstance(found, SiteStatus):
        shown = {"running": True, **orjson.loads(orjson.dumps(found))}
    else:
        cameras = [{"camera_id": camera.id, "name": camera.name, "enabled": camera.enabled} for camera in found]
        shown = {"running": False, "cameras": cameras}
    return orjson.dumps(redact(shown)).decode()


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)
