"""A scene in time: everything that is to be seen at each moment, without painting it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from haetae.simulate.acts import Act, ease
from haetae.simulate.acts_things import paint_of
from haetae.simulate.conditions import Climate, Weather
from haetae.simulate.crowd import Crowd, Track, make_way
from haetae.simulate.foliage import wind_at
from haetae.simulate.hours import busy
from haetae.simulate.oddities import Occasion, Oddities
from haetae.simulate.props import Barrier, Car, Moment
from haetae.simulate.scenes.base import Lane, Layout
from haetae.simulate.schedule import plan
from haetae.simulate.spec import SceneSpec
from haetae.simulate.streams import smooth_wander, stream
from haetae.simulate.textures import Colour

_AFTERMATH_S = 60.0
_LOOK_AHEAD_S = 90.0
"""An act is called up this long before it begins, so that its people can walk in."""

_CLOUD_PERIODS_S = (47.0, 113.0, 19.0)
_COVER_PERIODS_S = (311.0, 127.0, 61.0, 29.0)
MOST_WIND = 2.4
"""A gale, where 1 is a strong gust on an ordinary day."""


@dataclass(frozen=True, slots=True)
class _Driver:
    track: Track
    start_s: float
    speed_m_s: float
    paint: Colour
    model: str


class Traffic:
    """Cars on one lane, one after the other."""

    def __init__(self, lane: Lane, number: int, seed: int, busy: Callable[[float], float] | None = None) -> None:
        """`busy`, where given, is the share of the usual cars that come, a function of time in seconds."""
        self._lane, self._track = lane, Track(lane.points)
        self._busy, self._out = busy, stream(seed, "traffic out", number)
        self._rng = stream(seed, "traffic", number)
        self._next_s = -self._track.length_m / lane.speed_m_s
        self._drivers: deque[_Driver] = deque()

    def at(self, t_s: float) -> list[Car]:
        """The cars under way; to be asked for moments that never go back."""
        while self._next_s <= t_s:
            speed = self._lane.speed_m_s * float(self._rng.uniform(0.95, 1.05))
            model = "van" if self._rng.random() < 0.25 else "sedan"
            driver = _Driver(self._track, self._next_s, speed, paint_of(self._rng), model)
            if self._busy is None or self._out.random() < self._busy(self._next_s):
                self._drivers.append(driver)
            self._next_s += 2.5 + float(self._rng.exponential(max(0.5, self._lane.every_s - 2.5)))
        while self._drivers and self._drivers[0].start_s + self._track.length_m / (self._lane.speed_m_s * 0.95) < t_s:
            self._drivers.popleft()
        cars = []
        for driver in self._drivers:
            distance = (t_s - driver.start_s) * driver.speed_m_s
            if distance < driver.track.length_m:
                cars.append(Car(*driver.track.at(distance), driver.paint, driver.model, distance))
        return cars


class World:
    """The scene of a spec. `moments` may be walked once. `acts_only` leaves ordinary walkers and cars out: what is left is the same."""

    def __init__(self, spec: SceneSpec, layout: Layout, *, acts_only: bool = False) -> None:
        self._spec, self._layout = spec, layout
        self._plan = plan(spec, layout)
        self._climate = Climate(spec.conditions, spec.starts_at, indoors=layout.stage.lamps is not None, day_h=spec.day_h)
        about = self._about if self._climate.changes else None
        self._crowd = None if acts_only else Crowd(layout, spec.seed, about)
        self._traffic = [] if acts_only else [Traffic(lane, i, spec.seed, about) for i, lane in enumerate(layout.lanes)]
        self._oddities = Oddities(spec.conditions, layout, spec.lead_in_s)
        self._under_way: list[Occasion] = []
        weather = stream(spec.seed, "weather")
        self._cloud_phases, self._wind_phases = weather.uniform(0.0, 6.283, 3), weather.uniform(0.0, 6.283, 3)
        self._cover_phases = weather.uniform(0.0, 6.283, 4)

    @property
    def oddities(self) -> list[Occasion]:
        """The harmless oddities of the moment that `moments` gave last."""
        return self._under_way

    def _about(self, t_s: float) -> float:
        """How much of the usual crowd is about."""
        weather = self._climate.at(t_s)
        hour = weather.hour
        share = (1.0 - 0.8 * weather.dark) if hour is None else busy(hour)
        return share * (1.0 - 0.4 * max(weather.rain, weather.snow))

    def moments(self) -> Iterator[tuple[int, Moment, list[Act]]]:
        """Frame number, what is to be seen, and the acts that are abnormal now."""
        acts: deque[Act] = deque()
        ahead = next(self._plan, None)
        number = 0
        while self._spec.frames is None or number < self._spec.frames:
            t_s = number / self._spec.fps
            while ahead is not None and ahead.begins_s - _LOOK_AHEAD_S <= t_s:
                acts.append(ahead)
                ahead = next(self._plan, None)
            while acts and acts[0].ends_s + _AFTERMATH_S < t_s:
                acts.popleft()
            yield number, self._moment(t_s, list(acts)), [act for act in acts if act.begins_s <= t_s < act.ends_s]
            number += 1

    def _moment(self, t_s: float, acts: list[Act]) -> Moment:
        cloud = smooth_wander(t_s, self._cloud_phases, _CLOUD_PERIODS_S)
        moment = Moment(t_s, sun=0.86 + 0.16 * cloud, ambient=1.0 + 0.03 * cloud, wind=wind_at(t_s, self._wind_phases))
        if self._climate.changes:
            self._light(moment, self._climate.at(t_s))
        for act in acts:
            act.play(moment)
        self._under_way = self._oddities.play(moment, self._climate.clock_h(t_s))
        for traffic in self._traffic:
            moment.cars.extend(traffic.at(t_s))
        if self._crowd is not None:
            moment.people.extend(make_way(self._crowd.at(t_s), moment.hazards))
        if self._layout.barrier is not None:
            moment.barriers.append(self._gate(moment, *self._layout.barrier))
        return moment

    def _light(self, moment: Moment, weather: Weather) -> None:
        """What the weather makes of light and wind."""
        moment.weather = weather
        moment.wind = min(MOST_WIND, moment.wind * (1.0 + 1.5 * weather.gusts) + 0.35 * weather.gusts)
        if weather.infrared:
            moment.sun = moment.ambient = 1.0
            return
        cover = smooth_wander(moment.t_s, self._cover_phases, _COVER_PERIODS_S)
        cover = weather.clouds * ease(0.5 + 1.2 * cover)
        overcast = max(weather.rain, weather.snow) ** 0.5
        moment.sun *= (1.0 - 0.88 * cover) * (1.0 - 0.94 * overcast) * max(0.0, 1.0 - 1.5 * weather.dark)
        moment.ambient *= (1.0 - 0.10 * cover) * (1.0 + 0.15 * overcast) * (1.0 - 0.88 * weather.dark)

    def _gate(self, moment: Moment, hinge: tuple[float, float, float], tip: tuple[float, float, float]) -> Barrier:
        """The arm is up while a car is near it."""
        middle = ((hinge[0] + tip[0]) / 2.0, (hinge[1] + tip[1]) / 2.0)
        half_m = abs(tip[0] - hinge[0]) / 2.0 + 1.0
        nearest = min((abs(car.y - middle[1]) for car in moment.cars if abs(car.x - middle[0]) < half_m), default=99.0)
        return Barrier(hinge, tip, ease((11.0 - nearest) / 5.0))
