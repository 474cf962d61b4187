"""Incidents by things: vehicles, fire, and what is done to the camera itself."""

from collections.abc import Sequence

import numpy as np

from haetae.simulate import body
from haetae.simulate.acts import ease
from haetae.simulate.body import Person
from haetae.simulate.crowd import Track
from haetae.simulate.props import Bicycle, Car, Fire, Lens, Moment
from haetae.simulate.scenes.base import Point
from haetae.simulate.spec import IncidentKind
from haetae.simulate.textures import Colour

PAINTS: tuple[Colour, ...] = (
    (0.80, 0.80, 0.79), (0.12, 0.12, 0.13), (0.45, 0.46, 0.48), (0.55, 0.10, 0.10),
    (0.13, 0.22, 0.42), (0.86, 0.85, 0.80), (0.30, 0.33, 0.31),
)  # fmt: skip
DRIVE_M_S = 4.6
RIDE_M_S = 5.2
COVER_S, TURN_S, BLUR_S = 0.7, 1.6, 1.2


def paint_of(rng: np.random.Generator) -> Colour:
    """A car's paint."""
    return PAINTS[int(rng.integers(len(PAINTS)))]


class Vehicle:
    """A car where only people should be."""

    kind = IncidentKind.VEHICLE

    def __init__(self, number: int, begins_s: float, points: Sequence[Point], rng: np.random.Generator) -> None:
        self.begins_s, self.number = begins_s, number
        self._track, self._paint = Track(points), paint_of(rng)
        self._model = "van" if rng.random() < 0.35 else "sedan"
        self._speed = DRIVE_M_S * float(rng.uniform(0.9, 1.15))
        self.ends_s = begins_s + self._track.length_m / self._speed

    def play(self, moment: Moment) -> None:
        distance = (moment.t_s - self.begins_s) * self._speed
        if 0.0 <= distance < self._track.length_m:
            x, y, heading = self._track.at(distance)
            moment.cars.append(Car(x, y, heading, self._paint, self._model, distance, self.number))
            ahead, back = np.array([np.cos(heading), np.sin(heading)]), np.array([x, y])
            moment.hazards.extend(
                (float(p[0]), float(p[1]), 1.7) for p in (back - ahead * 1.4, back, back + ahead * 1.4, back + ahead * 2.8)
            )


class Cyclist:
    """A cyclist among walkers."""

    kind = IncidentKind.CYCLIST

    def __init__(self, number: int, begins_s: float, points: Sequence[Point], rng: np.random.Generator) -> None:
        self.begins_s, self.number = begins_s, number
        self._look, self._track, self._paint = body.random_look(rng, bag=False), Track(points), paint_of(rng)
        self._speed = RIDE_M_S * float(rng.uniform(0.9, 1.15))
        self.ends_s = begins_s + self._track.length_m / self._speed

    def play(self, moment: Moment) -> None:
        distance = (moment.t_s - self.begins_s) * self._speed
        if 0.0 <= distance < self._track.length_m:
            x, y, heading = self._track.at(distance)
            moment.bicycles.append(Bicycle(x, y, heading, self._paint, distance, self.number))
            x, y = x - 0.18 * float(np.cos(heading)), y - 0.18 * float(np.sin(heading))
            moment.people.append(Person(self._look, x, y, heading, body.pedalling(distance * 2.0), self.number))
            moment.hazards.append((x, y, 1.1))


class Burning:
    """A fire that flares up, smokes and goes out."""

    kind = IncidentKind.FIRE

    def __init__(self, number: int, begins_s: float, lasts_s: float, place: Point) -> None:
        self.begins_s, self.ends_s, self.number, self._place = begins_s, begins_s + lasts_s, number, place

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        if self.begins_s <= t < self.ends_s:
            strength = ease((t - self.begins_s) / 2.0) * ease((self.ends_s - t) / 1.5)
            moment.fires.append(Fire(*self._place, max(0.12, strength), t - self.begins_s, self.number))
            moment.hazards.append((*self._place, 2.6))


class Tampering:
    """The camera is covered, turned away or thrown out of focus, and mended at the end."""

    def __init__(self, kind: IncidentKind, number: int, begins_s: float, lasts_s: float, turn_rad: tuple[float, float]) -> None:
        self.kind, self.number, self._turn = kind, number, turn_rad
        self.begins_s, self.ends_s = begins_s, begins_s + lasts_s

    def play(self, moment: Moment) -> None:
        t = moment.t_s
        if not self.begins_s <= t < self.ends_s:
            return
        if self.kind is IncidentKind.CAMERA_COVERED:
            moment.lens = Lens(covered=max(0.02, self._share(t, COVER_S)), incident=self.number)
        elif self.kind is IncidentKind.DEFOCUS:
            moment.lens = Lens(blurred=max(0.02, self._share(t, BLUR_S)), incident=self.number)
        else:
            share = self._share(t, TURN_S)
            moment.lens = Lens(yaw=self._turn[0] * share, pitch=self._turn[1] * share, incident=self.number)

    def _share(self, t: float, ramp_s: float) -> float:
        return min(ease((t - self.begins_s) / ramp_s), ease((self.ends_s - t) / ramp_s))
