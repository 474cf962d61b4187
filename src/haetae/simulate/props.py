"""Everything that moves in a scene besides people, and the whole of one moment."""

from dataclasses import dataclass, field

from haetae.simulate.body import Person
from haetae.simulate.conditions import Weather
from haetae.simulate.textures import Colour


@dataclass(frozen=True, slots=True)
class Car:
    """A car at one moment: middle of its base, heading (radians, 0 looks to +x), paint; `rolled_m` turns the wheels."""

    x: float
    y: float
    heading: float
    paint: Colour
    model: str = "sedan"
    rolled_m: float = 0.0
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Bicycle:
    """A bicycle under its rider."""

    x: float
    y: float
    heading: float
    paint: Colour
    rolled_m: float
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Bag:
    """A bag that stands on the ground."""

    x: float
    y: float
    heading: float
    colour: Colour
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """A gate's arm from its hinge to its tip (metres); `raised` in [0, 1]."""

    hinge: tuple[float, float, float]
    tip: tuple[float, float, float]
    raised: float


@dataclass(frozen=True, slots=True)
class Fire:
    """Flames and smoke; `strength` in [0, 1], `age_s` since it began."""

    x: float
    y: float
    strength: float
    age_s: float
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Robot:
    """A cleaning robot; `blink` says that its light is on."""

    x: float
    y: float
    heading: float
    blink: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A banner that hangs from the top of a pole at (x, y, z); `flap` 0 hangs limp, 1 flies in a storm; `phase` in seconds."""

    x: float
    y: float
    z: float
    flap: float
    phase: float


@dataclass(frozen=True, slots=True)
class Lens:
    """What is done to the camera: how far it is covered and how blurred (0 to 1), and how it is turned (radians)."""

    covered: float = 0.0
    blurred: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    incident: int | None = None


@dataclass(slots=True)
class Moment:
    """All that is to be seen at `t_s`. `hazards` are places that people keep clear of: x, y, radius in metres."""

    t_s: float
    people: list[Person] = field(default_factory=list)
    cars: list[Car] = field(default_factory=list)
    bicycles: list[Bicycle] = field(default_factory=list)
    bags: list[Bag] = field(default_factory=list)
    fires: list[Fire] = field(default_factory=list)
    barriers: list[Barrier] = field(default_factory=list)
    robots: list[Robot] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    hazards: list[tuple[float, float, float]] = field(default_factory=list)
    lens: Lens = field(default_factory=Lens)
    sun: float = 1.0
    ambient: float = 1.0
    wind: float = 0.0
    weather: Weather | None = None
    """None in a scene without conditions and clock."""
