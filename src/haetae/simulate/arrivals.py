"""Things that come by at random, stay a while and are gone."""

from dataclasses import dataclass

import numpy as np

from haetae.simulate.geometry import Floats


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay. `random` are eight numbers in [0, 1) that make it different from others."""

    number: int
    starts_s: float
    lasts_s: float
    random: Floats

    def share(self, t_s: float) -> float:
        """How much of it is over, 0 to 1."""
        return (t_s - self.starts_s) / self.lasts_s


class Arrivals:
    """Visits of a Poisson process, one every `every_s` where the intensity is 1; each lasts between `lasts_s`, evenly spread.

    To be asked for moments that never go back.
    """

    def __init__(self, rng: np.random.Generator, every_s: float, lasts_s: tuple[float, float]) -> None:
        self._rng, self._every_s, self._lasts_s = rng, every_s, lasts_s
        self._next_s = float(rng.exponential(every_s))
        self._number = 0
        self._present: list[Visit] = []

    def at(self, t_s: float, intensity: float) -> list[Visit]:
        """Who is there. Arrivals are thinned to `intensity`, so that one intensity never moves the visits of another."""
        while self._next_s <= t_s:
            lasts, chance, *random = self._rng.random(10)
            if chance < intensity:
                low, high = self._lasts_s
                self._present.append(Visit(self._number, self._next_s, low + (high - low) * lasts, np.array(random)))
            self._number += 1
            self._next_s += float(self._rng.exponential(self._every_s))
        self._present = [visit for visit in self._present if visit.starts_s + visit.lasts_s > t_s]
        return self._present
