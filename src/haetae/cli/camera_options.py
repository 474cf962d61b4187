"""The options of `haetae camera add` and `set`: what they ask to change of a configuration."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from haetae.cli.durations import parse_duration
from haetae.domain.camera import CameraConfig
from haetae.domain.notation import parse_schedule, parse_zone
from haetae.domain.zone import Zone
from haetae.errors import ConfigError

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """The options as given; None, empty and false leave what is there as it is."""

    name: str | None = None
    source: str | None = None
    model: str | None = None
    fps: str | None = None
    false_alarms_per_day: float | None = None
    learning_time: str | None = None
    offline_alert: str | None = None
    pre_roll: str | None = None
    post_roll: str | None = None
    flow: str | None = None
    zones: tuple[str, ...] = ()
    remove_zones: tuple[str, ...] = ()
    no_zones: bool = False
    schedule: str | None = None
    always_armed: bool = False
    model_settings: tuple[str, ...] = ()
    enabled: bool | None = None


def read_options(options: CameraOptions, *, time_zone: str) -> Callable[[CameraConfig], CameraConfig]:
    """What the options do to a configuration. `time_zone` is that of a schedule that names none.

    Raises ConfigError for an option that cannot be read; the function that it returns, for a zone to remove that is not there.
    """
    plain = _plain_fields(options)
    if options.schedule is not None and options.always_armed:
        raise ConfigError("--schedule and --always-armed contradict each other", hint="Give one of them")
    if options.schedule is not None:
        plain["schedule"] = parse_schedule(options.schedule, time_zone=time_zone)
    elif options.always_armed:
        plain["schedule"] = None
    zones = tuple(parse_zone(text) for text in options.zones)
    settings = [parse_setting(text) for text in options.model_settings]

    def change(config: CameraConfig) -> CameraConfig:
        # Another model knows nothing of the settings of the last one.
        same_model = options.model in (None, config.vad_model)
        changed = dict(config.vad_settings if same_model else ()) | dict(settings)
        kept = tuple(sorted((name, value) for name, value in changed.items() if value is not None))
        return replace(config, **plain, vad_settings=kept, zones=_change_zones(config.zones, options, zones))

    return change


def _plain_fields(options: CameraOptions) -> dict[str, Any]:
    """Fields of CameraConfig that an option sets to a value of its own."""
    fields: dict[str, Any] = {
        "name": options.name,
        "source": options.source,
        "vad_model": options.model,
        "false_alarms_per_day": options.false_alarms_per_day,
        "enabled": options.enabled,
    }
    times = {
        "offline_alert_s": ("--offline-alert", options.offline_alert),
        "pre_roll_s": ("--pre-roll", options.pre_roll),
        "post_roll_s": ("--post-roll", options.post_roll),
    }
    fields |= {field: None if text is None else parse_duration(text, option) for field, (option, text) in times.items()}
    fields = {field: value for field, value in fields.items() if value is not None}
    if options.fps is not None:
        fields["analysed_fps"] = None if options.fps == AUTO else _number(options.fps, "--fps")
    if options.flow is not None:
        fields["flow"] = None if options.flow == AUTO else options.flow
    if options.learning_time is not None:
        fields["learning_s"] = None if options.learning_time == AUTO else parse_duration(options.learning_time, "--learning-time")
    return fields


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is no number", hint=f"Write for example 5, or {AUTO}") from None


def parse_setting(text: str) -> tuple[str, str | int | float | bool | None]:
    """(name, value): what JSON takes for a number or a boolean is one, all else is text; None for an empty value."""
    name, sign, value = text.partition("=")
    name = name.strip()
    if not sign or not name:
        raise ConfigError(f"--model-setting {text!r} cannot be read", hint="Write NAME=VALUE, for example pixels=21600")
    try:
        found = json.loads(value)
    except ValueError:
        return name, value.strip() or None
    return name, found if isinstance(found, (bool, int, float)) else value.strip()


def _change_zones(zones: tuple[Zone, ...], options: CameraOptions, given: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """Without those to remove, with those given: in the place of the one of the same name, else at the end."""
    for name in options.remove_zones:
        if name not in {zone.name for zone in zones}:
            known = ", ".join(repr(zone.name) for zone in zones) or "it has none"
            raise ConfigError(f"the camera has no zone {name!r}", hint=f"Its zones: {known}")
    kept = () if options.no_zones else tuple(zone for zone in zones if zone.name not in options.remove_zones)
    names = {zone.name for zone in kept}
    replaced = {zone.name: zone for zone in given if zone.name in names}
    return tuple(replaced.get(zone.name, zone) for zone in kept) + tuple(zone for zone in given if zone.name not in names)
