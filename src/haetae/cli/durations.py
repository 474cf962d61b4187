"""Durations as people write them on a command line."""

import re

from haetae.errors import ConfigError

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|)\s*", re.IGNORECASE)


def parse_duration(text: str, option: str) -> float:
    """Seconds in `90`, `90s`, `10m`, `10min` or `1.5h`. Raises ConfigError that names `option`."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ConfigError(f"{option} {text!r} is not a duration", hint="Write seconds, or for example 90s, 10m, 1.5h")
    return float(match[1]) * _UNITS_S[match[2].lower()]
