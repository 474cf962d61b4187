"""The still scene under a moving sun, at night and in the wet."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.simulate.conditions import Weather
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.hours import SUNRISE, SUNSET, sun_direction
from haetae.simulate.panning import Views
from haetae.simulate.raycast import Backdrop
from haetae.simulate.scenes.base import Layout, Light3
from haetae.simulate.streams import stream

Vector: TypeAlias = tuple[float, float, float]

SLOT_H = 0.25
"""Shadows are traced anew for every quarter of an hour; between, one set fades into the next."""

STEP_S = 10.0
"""The light of the still scene is put together anew at most this often."""

LAMP = 2.3
"""How bright the camera's own infrared lamp is close by, against the sky by day."""

_LAMP_FADES_M = 13.0
_POOL = 1.6
_SKY_AT_NIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Scene:
    """The still scene of one moment: `sun` is where light comes from, `sun_share` how much of the light comes from there, `sun_side` in
    [-1, 1] from which side of the picture; `lamp` says that the camera's lamp is on."""

    backdrop: Backdrop
    sun: Vector
    sun_share: float
    sun_side: float
    lamp: bool = False


def lamp_at(depth_m: float | Floats) -> Floats:
    """How much light of the camera's lamp arrives at a distance, 0 to LAMP."""
    far = np.maximum(np.asarray(depth_m, np.float32) - 5.0, 0.0) / _LAMP_FADES_M
    light: Floats = LAMP / (1.0 + far * far)
    return light


class Scenery:
    """One scene's backdrops. Without weather that of the layout, always the same."""

    def __init__(self, layout: Layout, home: PinholeCamera, seed: int) -> None:
        self.home = home
        self._layout, self._seed = layout, seed
        self._views = Views(layout, home, seed)
        self._slots: dict[int, Views] = {}
        self._night: Backdrop | None = None
        self._lit: tuple[tuple[int, ...], Backdrop] | None = None
        self._puddles: NDArray[np.uint8] | None = None
        stage = layout.stage
        self._indoors = stage.lamps is not None
        self._share = float(np.mean(stage.sun_colour) / (np.mean(stage.sun_colour) + np.mean(stage.ambient_colour)))
        self._plain = self._scene(self._views.backdrop(home), (0.0, 0.0, 1.0) if self._indoors else stage.sun)

    @property
    def albedo(self) -> NDArray[np.uint8]:
        """The scene in even light, as it is when something lights it up."""
        return self._views.backdrop(self.home).ambient

    def at(self, camera: PinholeCamera, t_s: float, weather: Weather | None) -> Scene:
        """What `camera`, which stands where home stands, sees of it."""
        turned = camera is not self.home
        if weather is None:
            return replace(self._plain, backdrop=self._views.backdrop(camera)) if turned else self._plain
        if weather.infrared:
            return self._scene(self._at_night(camera), (0.0, 0.0, 1.0), lamp=True)
        if weather.hour is None or self._indoors:
            backdrop, sun = self._views.backdrop(camera), self._plain.sun
        else:
            hour = float(np.clip(weather.hour, SUNRISE, SUNSET))
            backdrop, sun = self._by_day(camera, t_s, hour), sun_direction(hour, self._layout.stage.sun)
        return self._scene(backdrop if weather.rain == 0.0 or turned else self._wet(backdrop, weather.rain), sun)

    def _scene(self, backdrop: Backdrop, sun: Vector, *, lamp: bool = False) -> Scene:
        side = float(np.clip(np.dot(sun, self.home.axes[0]) * 1.4, -1.0, 1.0))
        return Scene(backdrop, sun, self._share, side, lamp)

    def _by_day(self, camera: PinholeCamera, t_s: float, hour: float) -> Backdrop:
        slot, share = int(hour / SLOT_H), hour / SLOT_H % 1.0
        if camera is not self.home:
            return self._slot(slot).backdrop(camera)
        key = (int(t_s / STEP_S), slot)
        if self._lit is None or self._lit[0] != key:
            self._lit = (key, _mixed(self._slot(slot).backdrop(camera), self._slot(slot + 1).backdrop(camera), share))
        return self._lit[1]

    def _slot(self, number: int) -> Views:
        if number not in self._slots:
            stage = self._layout.stage
            sun = sun_direction(float(np.clip(number * SLOT_H, SUNRISE, SUNSET)), stage.sun)
            self._slots = {key: views for key, views in self._slots.items() if abs(key - number) <= 1}
            self._slots[number] = Views(replace(self._layout, stage=replace(stage, sun=sun)), self.home, self._seed)
        return self._slots[number]

    def _at_night(self, camera: PinholeCamera) -> Backdrop:
        if camera is not self.home:
            return at_night(self._views.backdrop(camera), self._layout.lights)
        if self._night is None:
            self._night = at_night(self._views.backdrop(camera), self._layout.lights)
        return self._night

    def _wet(self, backdrop: Backdrop, rain: float) -> Backdrop:
        """Ground that is darker, and mirrors the sky in puddles."""
        wet = cv2.convertScaleAbs(backdrop.ground, alpha=0.30 * rain)
        keep = cv2.cvtColor(cv2.bitwise_not(np.asarray(wet, np.uint8)), cv2.COLOR_GRAY2RGB)
        if self._puddles is None:
            self._puddles = _puddles(backdrop, self._seed)
        mirror = cv2.convertScaleAbs(self._puddles, alpha=rain)
        ambient = cv2.add(cv2.multiply(backdrop.ambient, keep, scale=1.0 / 255.0), mirror)
        return replace(backdrop, ambient=np.asarray(ambient, np.uint8))


def at_night(backdrop: Backdrop, lights: tuple[Light3, ...]) -> Backdrop:
    """A scene by day as the camera's lamp and the street lamps show it, without colour. Its `sun` layer is the light of the street lamps,
    and `lit` how much of it arrives."""
    camera = backdrop.camera
    width, height = camera.size
    u, v = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    away = ((u / width - 0.5) ** 2 + (0.7 * (v / height - 0.55)) ** 2) * 4.0
    grey = cv2.cvtColor(backdrop.ambient, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lamp = lamp_at(backdrop.depth) * np.exp(-0.75 * away)
    sky = backdrop.depth >= 399.0
    ambient = grey * lamp
    ambient[sky] = grey[sky] * _SKY_AT_NIGHT
    points = np.asarray(camera.position, np.float32) + camera.rays(u, v) * backdrop.depth[..., None]
    pool = np.zeros((height, width), np.float32)
    for x, y, z in lights:
        gap = points - np.array((x, y, z), np.float32)
        squared = np.maximum((gap * gap).sum(axis=-1), 0.6)
        # Lamps shine downwards; light falls off with the square of the distance.
        pool += np.where(gap[..., 2] < 0.0, -gap[..., 2] / np.sqrt(squared), 0.15) * (z * z) / squared
    pool = np.where(sky, 0.0, np.clip(_POOL * pool, 0.0, 1.6))
    return replace(backdrop, ambient=_grey3(ambient), sun=_grey3(grey * pool), lit=np.clip(pool * 160.0, 0, 255).astype(np.uint8))


def _grey3(values: Floats) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.clip(values, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB), np.uint8)


def _mixed(one: Backdrop, other: Backdrop, share: float) -> Backdrop:
    def mix(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(cv2.addWeighted(first, 1.0 - share, second, share, 0.0), np.uint8)

    return replace(one, ambient=mix(one.ambient, other.ambient), sun=mix(one.sun, other.sun), lit=mix(one.lit, other.lit))


def _puddles(backdrop: Backdrop, seed: int) -> NDArray[np.uint8]:
    """What puddles add to the picture at full rain, uint8 (height, width, 3): patches on the ground, flat ones as perspective has it."""
    width, height = backdrop.camera.size
    rng = stream(seed, "puddles")
    coarse = rng.standard_normal((max(3, height // 6), max(3, width // 22))).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    patches = np.clip((smooth - 0.95) * 1.6, 0.0, 1.0) * (backdrop.ground / 255.0)
    return _grey3(patches * 60.0)
