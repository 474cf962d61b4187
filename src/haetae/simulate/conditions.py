"""What weather and hour do to a scene: the conditions that can be asked for, and which of them hold at a moment."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from haetae.errors import ConfigError
from haetae.simulate.hours import NIGHTFALL, darkness


class ConditionKind(StrEnum):
    GUSTS = "gusts"
    CLOUDS = "clouds"
    NIGHT = "night"
    HEADLIGHTS = "headlights"
    RAIN = "rain"
    SNOW = "snow"
    INSECTS = "insects"
    BIRDS = "birds"
    ROBOT = "robot"
    FLAG = "flag"


OUTDOORS = frozenset(
    {
        ConditionKind.GUSTS,
        ConditionKind.CLOUDS,
        ConditionKind.HEADLIGHTS,
        ConditionKind.RAIN,
        ConditionKind.SNOW,
        ConditionKind.BIRDS,
        ConditionKind.FLAG,
    }
)
"""What a scene under a roof cannot show."""

FADE_S = 90.0
"""A condition of certain hours comes and goes within this time, inside of them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `intensity` above 0 to 1; `hours` (from, to) of the clock, wrapping round midnight, None for always.

    Raises ConfigError for values out of range.
    """

    kind: ConditionKind
    intensity: float = 1.0
    hours: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.intensity <= 1.0:
            raise ConfigError(f"conditions: the intensity of {self.kind} is {self.intensity:g}", hint="Use a number above 0, at most 1.")
        if self.hours is not None and not all(0.0 <= hour <= 24.0 for hour in self.hours):
            raise ConfigError(f"conditions: the hours of {self.kind} are {self.hours[0]:g}-{self.hours[1]:g}", hint="Hours are 0 to 24.")

    def at(self, hour: float | None) -> float:
        """Its intensity at an hour of the day, [0, 24)."""
        if self.hours is None:
            return self.intensity
        if hour is None:
            return 0.0
        length = (self.hours[1] - self.hours[0]) % 24.0 or 24.0
        since = (hour - self.hours[0]) % 24.0
        if since >= length:
            return 0.0
        return self.intensity * min(1.0, since * 3600.0 / FADE_S, (length - since) * 3600.0 / FADE_S)

    def __str__(self) -> str:
        strength = "" if self.intensity == 1.0 else f":{self.intensity:g}"
        hours = "" if self.hours is None else f"@{self.hours[0]:g}-{self.hours[1]:g}"
        return f"{self.kind}{strength}{hours}"


@dataclass(frozen=True, slots=True)
class Weather:
    """The conditions of one moment, each 0 (none) to 1. `dark` is 0 by day and 1 at night; `infrared` says that the camera has switched
    to its lamp; `hour` is None where no clock runs."""

    hour: float | None = None
    dark: float = 0.0
    gusts: float = 0.0
    clouds: float = 0.0
    headlights: float = 0.0
    rain: float = 0.0
    snow: float = 0.0
    insects: float = 0.0
    birds: float = 0.0

    @property
    def infrared(self) -> bool:
        return self.dark >= NIGHTFALL

    @property
    def name(self) -> str:
        """What a report calls it: day, night, rain or snow."""
        if self.rain > 0.2:
            return "rain"
        if self.snow > 0.2:
            return "snow"
        return "night" if self.infrared else "day"


class Climate:
    """Which weather a scene has when. A function of time alone."""

    def __init__(self, conditions: tuple[Condition, ...], starts_at: float | None, *, indoors: bool) -> None:
        self._conditions, self._starts_at, self._indoors = conditions, starts_at, indoors

    @property
    def changes(self) -> bool:
        """False for a scene without conditions and clock, whose pictures owe nothing to this module."""
        return bool(self._conditions) or self._starts_at is not None

    def hour(self, t_s: float) -> float | None:
        """The hour of the day in [0, 24), None without a clock."""
        return None if self._starts_at is None else (self._starts_at + t_s / 3600.0) % 24.0

    def at(self, t_s: float) -> Weather:
        """The weather at a moment."""
        hour = self.hour(t_s)
        of: dict[ConditionKind, float] = {}
        for condition in self._conditions:
            of[condition.kind] = max(of.get(condition.kind, 0.0), condition.at(hour))
        dark = 0.0 if hour is None else darkness(hour, indoors=self._indoors)
        return Weather(
            hour=hour,
            dark=max(dark, of.get(ConditionKind.NIGHT, 0.0)),
            gusts=of.get(ConditionKind.GUSTS, 0.0),
            clouds=of.get(ConditionKind.CLOUDS, 0.0),
            headlights=of.get(ConditionKind.HEADLIGHTS, 0.0),
            rain=of.get(ConditionKind.RAIN, 0.0),
            snow=of.get(ConditionKind.SNOW, 0.0),
            insects=of.get(ConditionKind.INSECTS, 0.0),
            birds=of.get(ConditionKind.BIRDS, 0.0),
        )


def parse_conditions(text: str, key: str = "conditions") -> tuple[Condition, ...]:
    """The conditions in "night,rain:0.6,gusts@13-17"; "none" is the empty tuple. Raises ConfigError that names the allowed values."""
    parts = [part.strip().lower() for part in text.split(",") if part.strip()]
    known = ", ".join(kind.value for kind in ConditionKind)
    hint = f"Write KIND, KIND:INTENSITY or KIND@HOUR-HOUR with commas between. Known: {known}; or none."
    if not parts:
        raise ConfigError(f"{key} is empty", hint=hint)
    return () if parts == ["none"] else tuple(_condition(part, key, hint) for part in parts)


def _condition(part: str, key: str, hint: str) -> Condition:
    rest, at, hours = part.partition("@")
    name, colon, strength = rest.partition(":")
    if name not in {kind.value for kind in ConditionKind}:
        raise ConfigError(f"{key}: unknown condition {name!r}", hint=hint)
    try:
        first, _, last = hours.partition("-")
        span = (float(first), float(last)) if at else None
        intensity = float(strength) if colon else 1.0
    except ValueError:
        raise ConfigError(f"{key}: {part!r} cannot be read", hint=hint) from None
    if not np.isfinite([intensity, *(span or ())]).all():
        raise ConfigError(f"{key}: {part!r} cannot be read", hint=hint)
    return Condition(ConditionKind(name), intensity, span)
