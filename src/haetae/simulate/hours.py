"""The clock of a scene: when people come and go, where the sun stands, how dark it is."""

import numpy as np

SUNRISE, SUNSET = 6.3, 19.4
"""Hours of the day at which the sun is at the horizon."""

TWILIGHT_H = 0.7
"""Dusk and dawn last this long to either side of it."""

LIGHTS_OFF, LIGHTS_ON = 23.6, 5.2
"""When a passage under a roof is dark."""

NIGHTFALL = 0.85
"""The darkness at which a camera switches to infrared."""

_BUSY_HOURS = (0.0, 1.0, 4.5, 6.0, 8.0, 9.5, 11.0, 12.5, 14.5, 16.5, 18.0, 20.0, 22.0, 24.0)
_BUSY = (0.06, 0.0, 0.0, 0.22, 1.0, 0.5, 0.4, 0.75, 0.4, 0.6, 1.0, 0.42, 0.2, 0.06)

_NOON = (SUNRISE + SUNSET) / 2.0
_HIGHEST, _LOWEST = np.radians(56.0), np.radians(13.0)
_TURN_PER_H = np.radians(9.0)


def busy(hour: float) -> float:
    """How many people and cars are about, as a share of the rush hour: none at 3 h, most at 8 h and 18 h."""
    return float(np.interp(hour, _BUSY_HOURS, _BUSY))


def darkness(hour: float, *, indoors: bool) -> float:
    """0 by day to 1 at night. Under a roof the lamps are on but for the small hours."""
    if indoors:
        return 1.0 if hour >= LIGHTS_OFF or hour < LIGHTS_ON else 0.0
    up = min(hour - SUNRISE, SUNSET - hour)
    share = float(np.clip(0.5 - up / (2.0 * TWILIGHT_H), 0.0, 1.0))
    return share * share * (3.0 - 2.0 * share)


def sun_direction(hour: float, noon: tuple[float, float, float]) -> tuple[float, float, float]:
    """Towards the sun at an hour; `noon` is the direction that the scene was drawn for, whose bearing the sun has at noon."""
    share = float(np.clip((hour - SUNRISE) / (SUNSET - SUNRISE), 0.0, 1.0))
    height = float(max(_LOWEST, _HIGHEST * np.sin(np.pi * share)))
    bearing = float(np.arctan2(noon[1], noon[0]) - _TURN_PER_H * (np.clip(hour, SUNRISE, SUNSET) - _NOON))
    flat = float(np.cos(height))
    return flat * float(np.cos(bearing)), flat * float(np.sin(bearing)), float(np.sin(height))
