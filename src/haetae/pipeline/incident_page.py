"""An incident as JSON and as one page of HTML that needs nothing else. Nothing that comes from outside becomes markup."""

from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from haetae.database.scoped.incidents import Incident


def incident_json(incident: Incident) -> bytes:
    """UTF-8, indented, keys sorted, so that two exports can be compared."""
    return orjson.dumps(asdict(incident), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)


def incident_html(incident: Incident) -> str:
    """A page without scripts and without anything from elsewhere."""
    source = files("haetae.pipeline").joinpath("incident.html.j2").read_text(encoding="utf-8")
    environment = ImmutableSandboxedEnvironment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["shown"] = shown
    return environment.from_string(source).render(incident=asdict(incident))


def shown(value: Any) -> str:
    """One cell of a table."""
    if value is None or value == "" or value == [] or value == {}:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (dict, list, tuple)):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
    return str(value) if isinstance(value, (str, int, UUID)) else repr(value)
