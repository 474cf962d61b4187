"""What to render, and what comes out."""

from dataclasses import dataclass
from enum import StrEnum

from haetae.domain.frame import RGB, Box
from haetae.errors import ConfigError
from haetae.simulate.conditions import OUTDOORS, Condition
from haetae.simulate.scenes import ROOFED, scene_name


class IncidentKind(StrEnum):
    RUNNING = "running"
    WRONG_WAY = "wrong_way"
    VEHICLE = "vehicle"
    CYCLIST = "cyclist"
    FALL = "fall"
    FIGHT = "fight"
    ABANDONED = "abandoned"
    LOITERING = "loitering"
    CROWD_RUNNING = "crowd_running"
    FIRE = "fire"
    CAMERA_COVERED = "camera_covered"
    CAMERA_TURNED = "camera_turned"
    DEFOCUS = "defocus"


TAMPERING = frozenset({IncidentKind.CAMERA_COVERED, IncidentKind.CAMERA_TURNED, IncidentKind.DEFOCUS})
"""Incidents of the camera itself; their box is the whole picture."""

NORMAL_SHARE = 0.4
"""The share of a finite scene that has no incidents, at its start, unless `normal_s` says otherwise."""

ENDLESS_NORMAL_S = 600.0
"""The same for an endless scene: the usual learning time of a camera."""


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """One scene to render; equal specs give equal frames.

    `seconds` None never ends. `fps` from 1 to 60; `size` is (width, height), even, 64x64 to 3840x2160. `incidents` happen in this order,
    each once (over and over in an endless scene); None takes as many of the scene's usual mix as fit, an empty tuple none. The first
    `normal_s` seconds have no incident: None means 40 % of a finite scene, 10 min of an endless one. `begins_s`, where given, says when
    each of `incidents` begins. `conditions` are the weather and what else goes on; with `starts_at`, the hour of the day of the first
    frame, people, light and sun follow the clock, whose day lasts `day_h` hours. Raises ConfigError, with the key at fault, when made
    with values that make no sense.
    """

    scene: str
    seed: int = 1
    seconds: float | None = 120.0
    fps: float = 15.0
    size: tuple[int, int] = (640, 360)
    incidents: tuple[IncidentKind, ...] | None = None
    normal_s: float | None = None
    begins_s: tuple[float, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    starts_at: float | None = None
    day_h: float = 24.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scene", scene_name(self.scene))
        _check(0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 on")
        _check(1 <= self.fps <= 60, "fps", self.fps, "a number from 1 to 60")
        _check(self.seconds is None or 0 < self.seconds <= 7 * 86400, "seconds", self.seconds, "more than 0, at most a week")
        _check(self.normal_s is None or self.normal_s >= 0, "normal_s", self.normal_s, "0 or more")
        width, height = self.size
        fits = 64 <= width <= 3840 and 64 <= height <= 2160 and width % 2 == 0 and height % 2 == 0
        _check(fits, "size", f"{width}x{height}", "WIDTHxHEIGHT, both even, from 64x64 to 3840x2160")
        _check(self.starts_at is None or 0 <= self.starts_at < 24, "hour", self.starts_at, "from 0 to below 24")
        _check(0.1 <= self.day_h <= 24, "day_hours", self.day_h, "from 0.1 to 24")
        timed = self.begins_s is None or len(self.begins_s) == len(self.incidents or ())
        _check(timed, "begins_s", self.begins_s, "one time for each of the incidents")
        self._check_conditions()

    def _check_conditions(self) -> None:
        for condition in self.conditions:
            if condition.hours is not None and self.starts_at is None:
                raise ConfigError(f"conditions: {condition} names hours, but no clock runs", hint="Say at which hour the scene starts.")
            if condition.kind in OUTDOORS and self.scene in ROOFED:
                raise ConfigError(f"conditions: {self.scene} is under a roof and has no {condition.kind}", hint="Leave it out there.")

    @property
    def frames(self) -> int | None:
        """How many frames it has, None when it never ends."""
        return None if self.seconds is None else max(1, round(self.seconds * self.fps))

    @property
    def lead_in_s(self) -> float:
        """Seconds before the first incident may begin."""
        if self.normal_s is not None:
            return self.normal_s
        return ENDLESS_NORMAL_S if self.seconds is None else NORMAL_SHARE * self.seconds


@dataclass(frozen=True, slots=True)
class ActiveLabel:
    """An incident that is under way in a frame. `incident` is its place in the order of incidents."""

    incident: int
    kind: IncidentKind
    box: Box


@dataclass(frozen=True, slots=True)
class HarmlessLabel:
    """Something odd but harmless that is under way in a frame. `occasion` counts from 0 over each kind."""

    occasion: int
    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """One picture, shape (height, width, 3), with its ground truth. `weather` is day, night, rain or snow, empty without conditions."""

    number: int
    t_s: float
    rgb: RGB
    labels: tuple[ActiveLabel, ...]
    harmless: tuple[HarmlessLabel, ...] = ()
    weather: str = ""


def parse_kinds(text: str, key: str = "incidents") -> tuple[IncidentKind, ...]:
    """The kinds in "fall,fight"; "none" is the empty tuple. Raises ConfigError that names the allowed values."""
    names = [name.strip().lower().replace("-", "_") for name in text.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    known = [kind.value for kind in IncidentKind]
    for name in names:
        if name not in known:
            raise ConfigError(f"{key}: unknown incident {name!r}", hint=f"Known: {', '.join(known)}; or none.")
    if not names:
        raise ConfigError(f"{key} is empty", hint=f"Known: {', '.join(known)}; or none.")
    return tuple(IncidentKind(name) for name in names)


def parse_size(text: str, key: str = "size") -> tuple[int, int]:
    """(640, 360) of "640x360". Raises ConfigError."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and len(width) < 6 and len(height) < 6):
        raise ConfigError(f"{key} must be WIDTHxHEIGHT, not {text!r}", hint=f"Write {key}=640x360.")
    return int(width), int(height)


def _check(fine: bool, key: str, value: object, allowed: str) -> None:
    if not fine:
        raise ConfigError(f"{key} must be {allowed}, not {value}")
