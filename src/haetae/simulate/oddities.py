"""What looks odd, comes back again and again, and harms nobody: a cleaning robot on its round, a tarpaulin that flaps."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from haetae.errors import ConfigError
from haetae.simulate.acts import ease
from haetae.simulate.conditions import Condition, ConditionKind
from haetae.simulate.crowd import Track
from haetae.simulate.props import Flag, Moment, Robot
from haetae.simulate.scenes.base import Layout


class HarmlessKind(StrEnum):
    ROBOT = "robot"
    FLAG = "flag"


EVERY_S = 600.0
"""Time between two occasions at full intensity."""

ROBOT_M_S = 0.75
FLAP_S = 40.0


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that something odd goes on. `number` counts from 0 over each kind."""

    kind: HarmlessKind
    number: int
    begins_s: float
    ends_s: float


class Oddities:
    """The oddities of one scene: a robot first `EVERY_S` / 4 after the lead-in, a flag at three quarters; then again at even distances."""

    def __init__(self, conditions: tuple[Condition, ...], layout: Layout, lead_in_s: float) -> None:
        wanted = {condition.kind: condition for condition in conditions}
        self._robot, self._flag = wanted.get(ConditionKind.ROBOT), wanted.get(ConditionKind.FLAG)
        if self._flag is not None and layout.flag is None:
            raise ConfigError(f"conditions: {layout.name} has no flag", hint="Leave it out there.")
        self._pole, self._lead_in_s = layout.flag, lead_in_s
        self._round = Track(layout.runs[0][::-1])

    def play(self, moment: Moment, clock_h: float | None) -> list[Occasion]:
        """Add what is to be seen, and say what goes on."""
        occasions = []
        if self._robot is not None:
            lasts_s = self._round.length_m / ROBOT_M_S
            occasion = self._occasion(HarmlessKind.ROBOT, self._robot, moment.t_s, lasts_s, clock_h)
            if occasion is not None:
                distance = (moment.t_s - occasion.begins_s) * ROBOT_M_S
                x, y, heading = self._round.at(distance)
                moment.robots.append(Robot(x, y, heading, blink=moment.t_s % 1.2 < 0.4))
                moment.hazards.append((x, y, 1.0))
                occasions.append(occasion)
        if self._flag is not None and self._pole is not None:
            occasion = self._occasion(HarmlessKind.FLAG, self._flag, moment.t_s, FLAP_S, clock_h)
            flap = 0.0
            if occasion is not None:
                flap = ease(min(moment.t_s - occasion.begins_s, occasion.ends_s - moment.t_s) / 3.0)
                occasions.append(occasion)
            moment.flags.append(Flag(*self._pole, flap=0.08 * moment.wind + flap, phase=moment.t_s))
        return occasions

    def _occasion(self, kind: HarmlessKind, condition: Condition, t_s: float, lasts_s: float, clock_h: float | None) -> Occasion | None:
        strength = condition.at(clock_h)
        every_s = max(EVERY_S / condition.intensity, lasts_s + 10.0)
        # They take turns, so that each can be told from the other.
        since_s = t_s - self._lead_in_s - EVERY_S * (0.75 if kind is HarmlessKind.FLAG else 0.25)
        number = int(np.floor(since_s / every_s))
        if number < 0 or strength <= 0.0 or since_s - number * every_s >= lasts_s:
            return None
        begins_s = t_s - (since_s - number * every_s)
        return Occasion(kind, number, begins_s, begins_s + lasts_s)
