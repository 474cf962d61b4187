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

MOST_HOURS = 24.0 * 9

FADE_S = 90.0
"""A condition of certain hours comes and goes within this time, inside of them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `intensity` above 0 to 1; `hours` (from, to) of every day, wrapping round midnight, None for always.

    Hours from 24 on mean one time only: 24 is the midnight before the scene starts, so (37, 39.5) is 13:00 to 15:30 on its first day.
    Raises ConfigError for values out of range.
    """

    kind: ConditionKind
    intensity: float = 1.0
    hours: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.intensity <= 1.0:
            raise ConfigError(f"conditions: the intensity of {self.kind} is {self.intensity:g}", hint="Use a number above 0, at most 1.")
        if self.hours is None:
            return
        first, last = self.hours
        if not (0.0 <= first <= 24.0 and 0.0 <= last <= 24.0) and not 24.0 <= first < last <= MOST_HOURS:
            hint = f"Use 0 to 24 for every day, or two hours from 24 to {MOST_HOURS:g} for one time."
            raise ConfigError(f"conditions: the hours of {self.kind} are {first:g}-{last:g}", hint=hint)

    def at(self, clock_h: float | None) -> float:
        """Its intensity `clock_h` hours after the midnight before the scene started, None without a clock."""
        if self.hours is None:
            return self.intensity
        if clock_h is None:
            return 0.0
        first, last = self.hours
        if last > 24.0:
            length, since = last - first, clock_h + 24.0 - first
        else:
            length, since = (last - first) % 24.0 or 24.0, (clock_h - first) % 24.0
        if not 0.0 <= since < length:
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
    """Which weather a scene has when. A function of time alone. A day of its clock lasts `day_h` hours."""

    def __init__(self, conditions: tuple[Condition, ...], starts_at: float | None, *, indoors: bool, day_h: float = 24.0) -> None:
        self._conditions, self._starts_at, self._indoors = conditions, starts_at, indoors
        self._second_h = 24.0 / day_h / 3600.0

    @property
    def changes(self) -> bool:
        """False for a scene without conditions and clock, whose pictures owe nothing to this module."""
        return bool(self._conditions) or self._starts_at is not None

    def clock_h(self, t_s: float) -> float | None:
        """Hours since the midnight before the scene started, None without a clock."""
        return None if self._starts_at is None else self._starts_at + t_s * self._second_h

    def at(self, t_s: float) -> Weather:
        """The weather at a moment."""
        clock_h = self.clock_h(t_s)
        hour = None if clock_h is None else clock_h % 24.0
        of: dict[ConditionKind, float] = {}
        for condition in self._conditions:
            of[condition.kind] = max(of.get(condition.kind, 0.0), condition.at(clock_h))
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
