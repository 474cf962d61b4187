"""The benchmark site: cameras that learn from some hours of normal time and are then judged on a day with labelled incidents.

Everything follows from the name of the seeds and the sizes asked for. Seeds named `dev` are for working on a detector; `test` gives other
scenes of the same kinds, for one last measurement.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from haetae.domain.frame import Luma
from haetae.errors import ConfigError
from haetae.simulate.conditions import Climate, Condition, ConditionKind
from haetae.simulate.oddities import HarmlessKind
from haetae.simulate.render import render
from haetae.simulate.scenes import ROOFED, load_scene
from haetae.simulate.schedule import suitable_kinds
from haetae.simulate.spec import TAMPERING, IncidentKind, RenderedFrame, SceneSpec
from haetae.simulate.streams import stream

SLOT_S = 75.0
"""Incidents begin in slots of this length, at most one in each: enough for the longest, and for its people to come and go."""

SLOT_LEAD_S = 15.0
"""Of a slot, before the incident: what the one before left behind is over."""


class Seeds(StrEnum):
    """Two sets of seeds without a common one."""

    DEV = "dev"
    TEST = "test"

    @property
    def first(self) -> int:
        return 10_000 if self is Seeds.DEV else 20_000


@dataclass(frozen=True, slots=True)
class SitePicture:
    """One analysed picture. `incident` and `harmless` are numbers of what is under way, -1 for nothing; a robot's round has an even number,
    a flapping flag an odd one. `weather` is day, night, rain or snow."""

    number: int
    t_s: float
    luma: Luma
    incident: int
    harmless: int
    weather: str


@dataclass(frozen=True, slots=True)
class SiteCamera:
    """One camera of a site: a scene whose first `learning_s` seconds are for learning. `kinds` are its incidents in their order."""

    name: str
    spec: SceneSpec
    learning_s: float

    @property
    def fps(self) -> float:
        return self.spec.fps

    @property
    def seconds(self) -> float:
        assert self.spec.seconds is not None
        return self.spec.seconds

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind.value for kind in self.spec.incidents or ())

    @property
    def tampering(self) -> frozenset[str]:
        """Kinds that are done to the camera itself."""
        return frozenset(kind.value for kind in TAMPERING)

    def hour(self, t_s: float) -> float:
        """The hour of the day at a moment."""
        return ((self.spec.starts_at or 0.0) + t_s / 3600.0 * 24.0 / self.spec.day_h) % 24.0

    def fingerprint(self) -> str:
        """Text that is equal only for equal pictures."""
        conditions = ",".join(str(condition) for condition in self.spec.conditions)
        return f"site 3: {replace(self.spec, conditions=())} {conditions} learning {self.learning_s:g} s"

    def pictures(self) -> Iterator[SitePicture]:
        """All of them in order, rendered as they are asked for."""
        for frame in render(self.spec, brisk=True):
            yield _picture(frame)


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """How large a site is: `cameras`, hours of learning and of testing for each, `incidents` over all of them, hours that a day lasts.

    Where days are shorter than 24 h, people, light and weather change faster, but nobody moves faster. `first` cameras of the same seeds
    are left to another site. Raises ConfigError for sizes that make no sense or leave no room.
    """

    seeds: Seeds = Seeds.DEV
    cameras: int = 4
    learn_h: float = 6.0
    test_h: float = 7.5
    incidents: int = 208
    day_h: float = 6.0
    fps: float = 5.0
    size: tuple[int, int] = (320, 180)
    oddities: bool = False
    first: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.cameras <= MOST_CAMERAS - self.first:
            raise ConfigError(f"cameras must be 1 to {MOST_CAMERAS - self.first}, not {self.cameras}")
        if not (self.learn_h * 3600.0 >= 60.0 and self.test_h * 3600.0 >= 60.0 and self.learn_h + self.test_h <= MOST_H):
            raise ConfigError(f"learning and testing take at least a minute each, and at most {MOST_H:g} h together")
        if not (self.day_h <= 24.0 and self.learn_h + self.test_h <= MOST_DAYS * self.day_h):
            raise ConfigError(f"a day must last at most 24 h, and at least a {MOST_DAYS:g}th of all hours, not {self.day_h:g} h")
        if self.incidents < 0 or -(-self.incidents // self.cameras) > int(self.test_h * 3600.0 / SLOT_S):
            raise ConfigError(
                f"{self.incidents} incidents do not fit into {self.cameras} x {self.test_h:g} h", hint=f"Allow {SLOT_S:g} s for each."
            )

    def build(self) -> tuple[SiteCamera, ...]:
        """The cameras."""
        share, rest = divmod(self.incidents, self.cameras)
        return tuple(self._camera(self.first + i, share + (i < rest)) for i in range(self.cameras))

    def _camera(self, number: int, incidents: int) -> SiteCamera:
        seed = self.seeds.first + number
        rng = stream(seed, "site")
        scene = _SCENES[number % len(_SCENES)]
        # What is too short to see both day and night sees by turns the one and the other; every eight cameras a scene sees another hour.
        hour = MORNING if self.learn_h >= self.day_h <= self.test_h else _SHORT_HOURS[(number + number // 8) % len(_SHORT_HOURS)]
        learning_s, test_s = self.learn_h * 3600.0, self.test_h * 3600.0
        pace = 24.0 / self.day_h
        conditions = _weather(scene, hour, self.learn_h * pace, self.test_h * pace, rng)
        if self.oddities:
            conditions += (Condition(ConditionKind.ROBOT),) + (() if scene in ROOFED else (Condition(ConditionKind.FLAG),))
        climate = Climate(conditions, hour, indoors=scene in ROOFED, day_h=self.day_h)
        kinds, begins = _incidents(scene, incidents, (learning_s, test_s), climate, rng)
        spec = SceneSpec(
            scene, seed, learning_s + test_s, self.fps, self.size, kinds, learning_s,
            begins_s=begins, conditions=conditions, starts_at=hour, day_h=self.day_h,
        )  # fmt: skip
        return SiteCamera(f"{self.seeds}-{number + 1:02d}-{scene}", spec, learning_s)


MOST_CAMERAS, MOST_H, MOST_DAYS = 1000, 48.0, 7.0
MORNING = 6.0
_SCENES = ("plaza", "gate", "car_park", "corridor")
_SHORT_HOURS = (10.0, 20.7, 16.0, 22.5)


def quick(seeds: Seeds) -> SiteSpec:
    """A site that is measured within minutes: two cameras, one by day and one by night and in rain."""
    return SiteSpec(seeds, cameras=2, learn_h=1.0 / 3.0, test_h=1.0, incidents=40, day_h=24.0)


def full(seeds: Seeds) -> SiteSpec:
    """A site whose days are real ones: a day to learn from, and another to be judged on."""
    return SiteSpec(seeds, learn_h=24.0, test_h=24.0, day_h=24.0)


def _weather(scene: str, hour: float, learn_h: float, test_h: float, rng: np.random.Generator) -> tuple[Condition, ...]:
    """A camera's weather: it rains once while it learns, and twice, at other hours, while it is tested."""
    draw = rng.uniform(0.0, 1.0, 12)
    night = (19.6, 6.2)
    insects = Condition(ConditionKind.INSECTS, 0.4 + 0.6 * float(draw[0]), night)
    if scene in ROOFED:
        return (Condition(ConditionKind.INSECTS, 0.3 + 0.3 * float(draw[0]), (23.7, 5.1)),)

    def rain(start_h: float, length_h: float, at: float, share: float, strength: float) -> Condition:
        begin = hour + start_h + at * length_h
        # Hours from 24 on are those of the following days.
        return Condition(ConditionKind.RAIN, 0.35 + 0.6 * strength, (begin + 24.0, begin + share * length_h + 24.0))

    return (
        insects,
        Condition(ConditionKind.HEADLIGHTS, 0.4 + 0.6 * float(draw[1]), night),
        Condition(ConditionKind.CLOUDS, 0.5 + 0.5 * float(draw[2])),
        Condition(ConditionKind.BIRDS, 0.3 + 0.7 * float(draw[3])),
        Condition(ConditionKind.GUSTS, 0.3 + 0.5 * float(draw[4])),
        rain(0.0, learn_h, 0.20 + 0.5 * float(draw[5]), 0.15, float(draw[6])),
        rain(learn_h, test_h, 0.10 + 0.2 * float(draw[7]), 0.10, float(draw[8])),
        rain(learn_h, test_h, 0.60 + 0.2 * float(draw[9]), 0.10, float(draw[10])),
    )


def _incidents(
    scene: str, count: int, learning_and_test_s: tuple[float, float], climate: Climate, rng: np.random.Generator
) -> tuple[tuple[IncidentKind, ...], tuple[float, ...]]:
    """Which incidents happen when: every kind equally often; by turns by day and at night or in rain, as far as the test has both."""
    learning_s, test_s = learning_and_test_s
    suitable = suitable_kinds(load_scene(scene))
    kinds = [suitable[i % len(suitable)] for i in range(count)]
    starts = learning_s + SLOT_S * np.arange(int(test_s / SLOT_S))
    by_day = np.array([climate.at(float(t)).name == "day" for t in starts], np.bool_)
    pools = [list(rng.permutation(np.flatnonzero(by_day == wanted))) for wanted in (True, False)]
    placed: list[tuple[float, IncidentKind]] = []
    for i, kind in enumerate(kinds):
        wanted = (i + i // len(suitable)) % 2
        slot = (pools[wanted] or pools[1 - wanted]).pop()
        placed.append((float(starts[slot]) + SLOT_LEAD_S + float(rng.uniform(0.0, 15.0)), kind))
    placed.sort()
    return tuple(kind for _, kind in placed), tuple(round(begin, 2) for begin, _ in placed)


def _picture(frame: RenderedFrame) -> SitePicture:
    luma = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    incident = frame.labels[0].incident if frame.labels else -1
    harmless = -1
    if frame.harmless:
        odd = frame.harmless[0]
        harmless = 2 * odd.occasion + (odd.kind == HarmlessKind.FLAG)
    return SitePicture(frame.number, frame.t_s, luma, incident, harmless, frame.weather)
