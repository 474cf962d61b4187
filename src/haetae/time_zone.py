"""The site's local time: the configured zone, else the machine's own."""

import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from haetae.domain.schedule import find_time_zone
from haetae.errors import ConfigError

_log = structlog.get_logger()


def local_time_zone(configured: str = "") -> str:
    """The IANA name in force: `configured` where it is not empty, else the machine's. Raises ConfigError for one that is not known."""
    return find_time_zone(configured).key if configured else machine_time_zone()


def machine_time_zone(environment: Mapping[str, str] | None = None, etc: Path = Path("/etc")) -> str:
    """The IANA name of the machine's zone, UTC where it tells none.

    As the C library: `TZ` decides where it is set, else the link `localtime` in `etc`. A container often has a copy instead of the link,
    and the name in `timezone` beside it. A `TZ` that spells rules out (KST-9) has no name; it counts as UTC, with a warning.
    """
    env = os.environ if environment is None else environment
    if "TZ" in env:
        return _known(env["TZ"].lstrip(":")) or _unnamed(env["TZ"])
    link = etc / "localtime"
    return _known(os.path.realpath(link)) or _known(_first_line(etc / "timezone")) or _unnamed(str(link))


def _known(text: str) -> str | None:
    """The zone that a name, or the path of a zone's file, stands for."""
    name = text.rpartition("zoneinfo/")[2]
    try:
        return find_time_zone(name).key
    except ConfigError:
        return None


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _unnamed(given: str) -> str:
    if given.strip():
        _log.warning("the machine's time zone has no name that is known, so days are counted in UTC", given=given, fix="set site.time_zone")
    return "UTC"
