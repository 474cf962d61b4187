"""What a camera's configuration may say, in one place for the command line, the API and the site."""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from haetae.domain.camera import CameraConfig
from haetae.domain.schedule import WeeklySchedule
from haetae.errors import ConfigError

MAX_NAME = 128
MAX_SOURCE = 4096
MAX_ZONES = 64
MAX_SPANS = 64
_MAX_MODEL_NAME = 64
_MAX_WHOLE = 2**53
"""Greatest whole number that every reader of JSON takes as it is."""
_MONTH_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class _Range:
    """`low` to `high`, without `low` itself where `above` is set. None stands for a default and passes."""

    field: str
    low: float
    high: float
    unit: str
    above: bool = False

    def check(self, value: float | None) -> None:
        # NaN compares false, and is refused.
        if value is None or (self.low <= value <= self.high and not (self.above and value == self.low)):
            return
        allowed = f"above {self.low:g} and at most {self.high:g}" if self.above else f"from {self.low:g} to {self.high:g}"
        raise ConfigError(f"{self.field} is {value:g}", hint=f"Use a value {allowed}{self.unit}")


_RANGES = (
    _Range("analysed_fps", 0.2, 60.0, " frames per second"),
    _Range("false_alarms_per_day", 0.0, 10_000.0, "", above=True),
    _Range("learning_s", 0.0, _MONTH_S, " seconds", above=True),
    _Range("offline_alert_s", 1.0, _MONTH_S, " seconds"),
    _Range("pre_roll_s", 0.0, 60.0, " seconds"),
    _Range("post_roll_s", 0.0, 60.0, " seconds"),
)


def check_camera(config: CameraConfig) -> CameraConfig:
    """`config` as it may be stored: its name without white space round it and in Unicode's composed form, so that it is found again.

    Raises ConfigError that names the field and what is allowed. Whether the source's scheme and the names of model and flow are known, and
    whether the model takes these settings, is not asked here.
    """
    config = replace(config, name=unicodedata.normalize("NFC", config.name).strip())
    _check_name("name", config.name, MAX_NAME)
    _check_name("vad_model", config.vad_model, _MAX_MODEL_NAME)
    if config.flow is not None:
        _check_name("flow", config.flow, _MAX_MODEL_NAME)
    _check_source(config.source)
    for limits in _RANGES:
        limits.check(getattr(config, limits.field))
    _check_settings(config.vad_settings)
    if len(config.zones) > MAX_ZONES:
        raise ConfigError(f"there are {len(config.zones)} zones", hint=f"Use at most {MAX_ZONES}")
    for zone in config.zones:
        _check_name("a zone's name", zone.name, MAX_NAME)
    _check_unique("zone", [zone.name for zone in config.zones])
    if config.schedule is not None:
        _check_schedule(config.schedule)
    return config


def _check_name(field: str, text: str, longest: int) -> None:
    if not text.strip():
        raise ConfigError(f"{field} is empty", hint=f"Use 1 to {longest} characters")
    if len(text) > longest:
        raise ConfigError(f"{field} has {len(text)} characters", hint=f"Use 1 to {longest}")
    if not text.isprintable():
        raise ConfigError(f"{field} {text!r} holds characters that cannot be printed", hint="Leave out line breaks and control characters")


def _check_source(source: str) -> None:
    if not source.strip():
        raise ConfigError("source is empty", hint="Give a file, a folder of images, rtsp://, http://, /dev/video0 or sim://")
    if len(source) > MAX_SOURCE:
        raise ConfigError(f"source has {len(source)} characters", hint=f"Use at most {MAX_SOURCE}")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in source):
        raise ConfigError("source holds control characters or is no valid text", hint="Percent-encode them, or rename the file")


def _check_settings(settings: tuple[tuple[str, str | int | float | bool], ...]) -> None:
    for name, value in settings:
        if not name.isidentifier():
            raise ConfigError(f"vad_settings names {name!r}", hint="A setting's name has letters, digits and _")
        if isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) <= _MAX_WHOLE):
            raise ConfigError(f"vad_settings.{name} is {value}", hint=f"Use a number from {-_MAX_WHOLE} to {_MAX_WHOLE}")
        if isinstance(value, str):
            _check_name(f"vad_settings.{name}", value, MAX_SOURCE)
    _check_unique("model setting", [name for name, _ in settings])


def _check_schedule(schedule: WeeklySchedule) -> None:
    if not 1 <= len(schedule.spans) <= MAX_SPANS:
        raise ConfigError(f"schedule has {len(schedule.spans)} spans", hint=f"Use 1 to {MAX_SPANS}, or no schedule for always armed")
    for span in schedule.spans:
        if any(at.tzinfo is not None or at.microsecond for at in (span.start, span.end)):
            raise ConfigError("schedule holds a time that is no plain hh:mm:ss", hint="The schedule has one time zone for all its times")


def _check_unique(noun: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"two {noun}s are called {name!r}", hint="Give each a name of its own")
        seen.add(name)
