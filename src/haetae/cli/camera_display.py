"""Cameras as people and programs see them: never with a password."""

from collections.abc import Sequence
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from haetae.database.camera_store import BrokenCamera, StoredCamera
from haetae.domain.camera import CameraConfig
from haetae.domain.notation import format_schedule, format_zone
from haetae.telemetry import redact

_PLAIN_WIDTH = 200
"""Columns of the table where the output is no terminal: nothing is wrapped that need not be."""


def as_json(camera: StoredCamera | BrokenCamera) -> dict[str, Any]:
    """One camera for a program, secrets redacted; `error` says why a row could not be read. The schedule is text as --schedule takes it."""
    if isinstance(camera, BrokenCamera):
        shown = redact({"id": camera.id, "name": camera.name, "error": camera.error})
    else:
        config = camera.config
        shown = redact(
            {
                "id": config.id,
                "name": config.name,
                "source": config.source,
                "enabled": config.enabled,
                "vad_model": config.vad_model,
                "vad_settings": dict(config.vad_settings),
                "analysed_fps": config.analysed_fps,
                "false_alarms_per_day": config.false_alarms_per_day,
                "learning_s": config.learning_s,
                "offline_alert_s": config.offline_alert_s,
                "pre_roll_s": config.pre_roll_s,
                "post_roll_s": config.post_roll_s,
                "flow": config.flow,
                "zones": [{"name": zone.name, "kind": zone.kind, "polygon": zone.polygon} for zone in config.zones],
                "schedule": None if config.schedule is None else format_schedule(config.schedule),
                "version": camera.version,
                "created_at": camera.created_at,
                "updated_at": camera.updated_at,
            }
        )
    found: dict[str, Any] = shown
    return found


def print_json(value: object) -> None:
    """One line of JSON on stdout."""
    typer.echo(orjson.dumps(value).decode())


def print_table(cameras: Sequence[StoredCamera], broken: Sequence[BrokenCamera]) -> None:
    """All cameras, one line each where they fit."""
    if not cameras and not broken:
        typer.echo("no cameras yet; add one: haetae camera add NAME SOURCE")
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    table = Table("name", "state", "source", "model", "zones", "armed", "id", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for stored in cameras:
        config = stored.config
        armed = "always" if config.schedule is None else format_schedule(config.schedule)
        state = "enabled" if config.enabled else "disabled"
        _add_row(table, config.name, state, redact(config.source), config.vad_model, str(len(config.zones)), armed, str(config.id))
    for row in broken:
        _add_row(table, row.name, "unreadable", redact(row.error), "-", "-", "-", str(row.id))
    console.print(table)


def print_details(camera: StoredCamera) -> None:
    """One camera, a line for each thing that can be set."""
    config = camera.config
    lines = [
        ("name", config.name),
        ("id", str(config.id)),
        ("state", "enabled" if config.enabled else "disabled"),
        ("source", str(redact(config.source))),
        *_settings(config),
        ("armed", "always" if config.schedule is None else format_schedule(config.schedule)),
        *(("zone", format_zone(zone)) for zone in config.zones),
        ("added", f"{camera.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("changed", f"{camera.updated_at:%Y-%m-%d %H:%M:%S} UTC (version {camera.version})"),
    ]
    for name, value in lines:
        typer.echo(f"{name + ':':<22}{_printable(value)}")


def _settings(config: CameraConfig) -> list[tuple[str, str]]:
    settings = " ".join(f"{name}={value}" for name, value in redact(dict(config.vad_settings)).items())
    return [
        ("model", f"{config.vad_model} {settings}".rstrip()),
        ("frames analysed", "auto" if config.analysed_fps is None else f"{config.analysed_fps:g} per second"),
        ("false alarms", f"{config.false_alarms_per_day:g} per day are all right"),
        ("learning time", "auto" if config.learning_s is None else f"{config.learning_s:g} s"),
        ("offline alert", f"after {config.offline_alert_s:g} s"),
        ("clips", f"{config.pre_roll_s:g} s before, {config.post_roll_s:g} s after"),
        ("response planned by", config.flow or "auto"),
    ]


def _add_row(table: Table, *cells: str) -> None:
    # Text, for a name may hold what rich takes for markup.
    table.add_row(*(Text(_printable(cell), overflow="fold") for cell in cells))


def _printable(text: str) -> str:
    """Without what could move the terminal's cursor: an address may come from elsewhere."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
