"""What a scene is: a camera, a stage, the ways that people and cars take, and where incidents can happen."""

from dataclasses import dataclass
from typing import TypeAlias

from haetae.simulate.raycast import Stage
from haetae.simulate.textures import Colour

Point: TypeAlias = tuple[float, float]
"""A place on the ground: x, y in metres."""


Light3: TypeAlias = tuple[float, float, float]
"""A street lamp: x, y, z in metres."""


@dataclass(frozen=True, slots=True)
class Mount:
    """How the camera hangs."""

    height_m: float
    pitch_deg: float
    fov_deg: float
    x_m: float = 0.0
    yaw_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """A polyline that people walk, from and to places out of sight. `spread_m` is how far to either side they keep; a way that is not
    `one_way` is walked in both directions."""

    points: tuple[Point, ...]
    spread_m: float = 0.6
    weight: float = 1.0
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A polyline that cars drive, one every `every_s` on average."""

    points: tuple[Point, ...]
    speed_m_s: float
    every_s: float


@dataclass(frozen=True, slots=True)
class Foliage:
    """Leaves that stir in the wind: an upright billboard round `centre` (x, y, z), `radius_m` half its width, `height_m`
    half its height."""

    centre: tuple[float, float, float]
    radius_m: float
    height_m: float
    colour: Colour = (0.27, 0.40, 0.18)


@dataclass(frozen=True, slots=True)
class Parked:
    """A standing car: place, heading in radians (0 looks to +x) and paint."""

    place: Point
    heading: float
    paint: Colour
    model: str = "sedan"


@dataclass(frozen=True, slots=True)
class Layout:
    """One scene. `spots` are free places of ground where somebody may fall, fight, wait or leave a bag; `runs`, `rides` and `drives` are
    the ways of runners, cyclists and cars that do not belong; `fires` are places that may burn; `wrong` is the way against the flow.
    People of incidents come from one of `entries` and leave by one of `exits` (none: of `entries`), all out of sight. `walkers` is the mean
    number of people under way; `barrier` is the hinge and the tip of a gate's arm; `lights` burn at night; a `flag` hangs at the top of its
    pole; the camera is turned by `turn_deg` (to a side, down)."""

    name: str
    mount: Mount
    stage: Stage
    ways: tuple[Way, ...]
    walkers: float
    spots: tuple[Point, ...]
    runs: tuple[tuple[Point, ...], ...]
    default_kinds: tuple[str, ...]
    entries: tuple[Point, ...]
    exits: tuple[Point, ...] = ()
    rides: tuple[tuple[Point, ...], ...] = ()
    drives: tuple[tuple[Point, ...], ...] = ()
    wrong: tuple[tuple[Point, ...], ...] = ()
    fires: tuple[Point, ...] = ()
    lanes: tuple[Lane, ...] = ()
    parked: tuple[Parked, ...] = ()
    foliage: tuple[Foliage, ...] = ()
    barrier: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    lights: tuple[Light3, ...] = ()
    flag: tuple[float, float, float] | None = None
    turn_deg: tuple[float, float] = (32.0, 9.0)
