"""Cameras as a table in CSV or YAML: what people keep in a spreadsheet or a repository.

Zones and schedules are written as on the command line (`haetae.domain.notation`). In a cell of CSV each zone has a line of its own, and
model settings are a JSON object. The same text read back gives the same cameras, but for passwords, which never leave the site.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from haetae.api.routers.camera_schemas import Name, Seconds, Settings, SourceText
from haetae.api.routers.schedule_schema import Input
from haetae.domain.camera import CameraConfig
from haetae.domain.camera_check import MAX_ZONES, check_camera
from haetae.domain.notation import format_schedule, format_zone, parse_schedule, parse_zone
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.settings import SystemConfig
from haetae.telemetry import redact, redact_url
from haetae.time_zone import local_time_zone

MOST_BYTES = 256 * 1024
MOST_ROWS = 256

_DEEPEST = 8
_MOST_NODES = 50_000
_LONG_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fA-FxXob_:.]{40,}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection)."""

_Line = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00]*$")]


class TableFormat(StrEnum):
    CSV = "csv"
    YAML = "yaml"


class CameraRow(Input):
    """One camera of a table; what is left out is as by default."""

    name: Name
    source: SourceText
    enabled: bool = True
    vad_model: Annotated[str, Field(min_length=1, max_length=64)] = "motion"
    vad_settings: Settings = Field(default_factory=dict)
    analysed_fps: Seconds | None = None
    false_alarms_per_day: Seconds = 1.0
    learning_s: Seconds | None = None
    offline_alert_s: Seconds = 30.0
    pre_roll_s: Seconds | None = None
    post_roll_s: Seconds | None = None
    flow: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    zones: Annotated[list[_Line], Field(max_length=MAX_ZONES)] = Field(default_factory=list)
    schedule: _Line | None = None


_COLUMNS = tuple(CameraRow.model_fields)


def read_table(data: bytes, form: TableFormat) -> list[dict[str, Any]]:
    """The rows, not looked into yet. Raises ConfigError for what is no table, or one of more than MOST_ROWS."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("the table is no UTF-8 text", hint="Save it as UTF-8") from None
    rows = _read_csv(text) if form is TableFormat.CSV else _read_yaml(text)
    if not 1 <= len(rows) <= MOST_ROWS:
        raise ConfigError(f"the table has {len(rows)} cameras", hint=f"Give 1 to {MOST_ROWS} at a time")
    return rows


def read_row(row: dict[str, Any], site: SystemConfig) -> CameraConfig:
    """The camera of a row. Raises ConfigError that names the field; values are not repeated, for a password may be among them."""
    try:
        found = CameraRow.model_validate(row)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'row'}: {fault['msg']}" for fault in error.errors(include_input=False)[:3])
        text = "; ".join(faults).encode("utf-8", "replace").decode()
        raise ConfigError(text, hint=f"Columns are {', '.join(_COLUMNS)}") from None
    given = found.model_dump(exclude={"vad_settings", "zones", "schedule", "pre_roll_s", "post_roll_s"})
    clips = site.clips
    return check_camera(
        CameraConfig(
            id=new_id(),
            vad_settings=tuple(sorted(found.vad_settings.items())),
            zones=tuple(parse_zone(zone) for zone in found.zones),
            schedule=parse_schedule(found.schedule, time_zone=local_time_zone(site.site.time_zone)) if found.schedule else None,
            pre_roll_s=clips.pre_roll_s if found.pre_roll_s is None else found.pre_roll_s,
            post_roll_s=clips.post_roll_s if found.post_roll_s is None else found.post_roll_s,
            **given,
        )
    )


def write_table(cameras: Iterable[CameraConfig], form: TableFormat) -> str:
    """The table of these cameras, passwords shown as ***."""
    rows = [_row(camera) for camera in cameras]
    if form is TableFormat.YAML:
        return yaml.safe_dump({"cameras": rows}, allow_unicode=True, sort_keys=False, width=140)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow([_to_cell(name, row.get(name)) for name in _COLUMNS])
    return text.getvalue()


def _row(camera: CameraConfig) -> dict[str, Any]:
    """Without what is as by default."""
    row = {name: getattr(camera, name) for name in _COLUMNS} | {
        "source": redact_url(camera.source),
        "vad_settings": redact(dict(camera.vad_settings)),
        "zones": [format_zone(zone) for zone in camera.zones],
        "schedule": None if camera.schedule is None else format_schedule(camera.schedule),
    }
    return {name: value for name, value in row.items() if value not in (None, [], {})}


def _read_csv(text: str) -> list[dict[str, Any]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ConfigError(f"the table is no CSV: {error}", hint="Separate by commas, and quote cells that hold one") from None
    return [_of_cells(row) for row in rows]


def _of_cells(row: dict[str | None, Any]) -> dict[str, Any]:
    beyond = row.pop(None, None)
    cells = {str(name).strip(): _plain(cell) for name, cell in row.items() if cell is not None and cell.strip()}
    found: dict[str, Any] = dict(cells)
    if "zones" in cells:
        found["zones"] = [line.strip() for line in cells["zones"].splitlines() if line.strip()]
    if "vad_settings" in cells:
        # Text that is no JSON stays, and is refused with its row.
        with suppress(ValueError, RecursionError):
            found["vad_settings"] = json.loads(cells["vad_settings"])
    return found if beyond is None else found | {"more cells than columns": beyond}


def _to_cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "zones":
        return _guarded("\n".join(value))
    if name == "vad_settings":
        return json.dumps(value, ensure_ascii=False)
    return _guarded(str(value).lower() if isinstance(value, bool) else str(value))


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _read_yaml(text: str) -> list[dict[str, Any]]:
    try:
        _refuse_unbounded(text)
        found = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark else ""
        raise ConfigError(f"the table is no plain YAML{where}", hint="Write a list of cameras, each with name and source") from None
    except (ValueError, OverflowError, RecursionError, TypeError):
        raise ConfigError("the table holds a value that is none, such as a date that does not exist", hint="Put texts in quotes") from None
    rows = found.get("cameras") if isinstance(found, dict) and list(found) == ["cameras"] else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError("the table is no list of cameras", hint="Write `- name: ...` and `  source: ...` for each")
    return rows


def _refuse_unbounded(text: str) -> None:
    """Anchors make a short text expand to anything, deep nesting exhausts the stack, and long numbers cost more time the longer they are
    (59:59:... is one to base 60) and cannot be written down. Raises ConfigError, YAMLError."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise ConfigError("the table holds anchors (&) or aliases (*)", hint="Write everything out")
        if getattr(event, "tag", None) is not None:
            raise ConfigError("the table is no plain YAML: it holds tags (!)", hint="Write texts, numbers and lists as they are")
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _LONG_NUMBER.fullmatch(event.value):
            raise ConfigError("the table holds a number that is too long", hint="Put texts in quotes")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or number > _MOST_NODES:
            raise ConfigError("the table is nested too deeply, or too long", hint="Write a list of cameras")
