"""Where incidents are to be seen: the boxes of the ground truth."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from haetae.domain.frame import Box
from haetae.errors import ConfigError
from haetae.simulate import cloth, figures, solids, tubes
from haetae.simulate.acts import Act
from haetae.simulate.blaze import Blaze
from haetae.simulate.figures import Figure
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.labels import LabelRecorder, SceneLabels
from haetae.simulate.oddities import HarmlessKind, Occasion
from haetae.simulate.props import Bag, Car, Moment
from haetae.simulate.scenes import load_scene
from haetae.simulate.scenes.base import Layout
from haetae.simulate.spec import TAMPERING, ActiveLabel, HarmlessLabel, SceneSpec
from haetae.simulate.world import World

Outline: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_LEAST_PIXELS = 3.0


def ground_truth(scene: SceneSpec) -> SceneLabels:
    """The labels of a finite scene, the same as those of its rendered frames, without painting them.

    Raises ConfigError for an endless scene, and when the scene cannot show what the spec asks for.
    """
    if scene.seconds is None:
        raise ConfigError("seconds: an endless scene has no complete ground truth", hint="Give the scene a length.")
    layout = load_scene(scene.scene)
    camera, labeller, recorder = camera_of(scene, layout), Labeller(scene.size, Blaze(scene.seed)), LabelRecorder(scene)
    world = World(scene, layout, acts_only=True)
    for number, moment, acts in world.moments():
        view = camera.turned(moment.lens.yaw, moment.lens.pitch)
        labels = labeller.labels(moment, acts, figures.see(moment.people, view), view) if acts else ()
        recorder.add(number, labels, labeller.harmless(moment, world.oddities, view))
    return recorder.labels()


def camera_of(scene: SceneSpec, layout: Layout) -> PinholeCamera:
    """The mounted camera of a scene. Pictures of other shapes than 16:9 see more or less to the sides."""
    mount = layout.mount
    half = np.tan(np.radians(mount.fov_deg) / 2.0) * (9.0 / 16.0) * scene.size[0] / scene.size[1]
    return PinholeCamera.mounted(
        height_m=mount.height_m,
        pitch_deg=mount.pitch_deg,
        fov_deg=float(np.degrees(2.0 * np.arctan(half))),
        size=scene.size,
        x_m=mount.x_m,
        yaw_deg=mount.yaw_deg,
    )


class Labeller:
    """Finds the incidents of one scene in its pictures."""

    def __init__(self, size: tuple[int, int], blaze: Blaze) -> None:
        self._size, self._blaze = size, blaze

    def labels(self, moment: Moment, acts: list[Act], seen: list[Figure], camera: PinholeCamera) -> tuple[ActiveLabel, ...]:
        """The labels of one frame; `acts` are those that are abnormal now."""
        return tuple(label for act in acts for label in self._label(act, moment, seen, camera))

    def harmless(self, moment: Moment, occasions: Sequence[Occasion], camera: PinholeCamera) -> tuple[HarmlessLabel, ...]:
        """The labels of what looks odd and is not."""
        labels = []
        for occasion in occasions:
            if occasion.kind is HarmlessKind.ROBOT:
                points = [solids.solid_of(robot).corners() for robot in moment.robots]
            else:
                points = [cloth.cloth(flag).reshape(-1, 3) for flag in moment.flags]
            box = _box([outline for each in points for outline in _around(each, camera)], self._size)
            if box is not None:
                labels.append(HarmlessLabel(occasion.number, occasion.kind.value, box))
        return tuple(labels)

    def _label(self, act: Act, moment: Moment, seen: list[Figure], camera: PinholeCamera) -> list[ActiveLabel]:
        """Where an act is to be seen now, if it is."""
        number = act.number
        if act.kind in TAMPERING:
            return [ActiveLabel(number, act.kind, _WHOLE)]
        outlines: list[Outline] = [figure.outline() for figure in seen if figure.person.incident == number]
        things: tuple[Car | Bag, ...] = (*moment.cars, *moment.bags)
        for thing in things:
            if thing.incident == number:
                outlines.extend(_around(solids.solid_of(thing).corners(), camera))
        for bike in moment.bicycles:
            if bike.incident == number:
                outlines.extend(_around(tubes.bicycle_points(bike).reshape(-1, 3), camera))
        outlines.extend(self._blaze.outline(fire, camera) for fire in moment.fires if fire.incident == number)
        box = _box(outlines, self._size)
        return [] if box is None else [ActiveLabel(number, act.kind, box)]


def _around(points: Floats, camera: PinholeCamera) -> list[Outline]:
    if camera.depth_of(*points.mean(axis=0)) < 0.8:
        return []
    pixels, _ = camera.project(points)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    return [(float(low[0]), float(low[1]), float(high[0]), float(high[1]))]


def _box(outlines: list[Outline], size: tuple[int, int]) -> Box | None:
    """The box round all outlines, cut to the picture; None when hardly anything of it is inside."""
    width, height = size
    inside = [(max(a, 0.0), max(b, 0.0), min(c, width), min(d, height)) for a, b, c, d in outlines]
    inside = [o for o in inside if o[2] - o[0] >= _LEAST_PIXELS and o[3] - o[1] >= _LEAST_PIXELS]
    if not inside:
        return None
    left, top = min(o[0] for o in inside), min(o[1] for o in inside)
    right, bottom = max(o[2] for o in inside), max(o[3] for o in inside)
    return Box(left / width, top / height, right / width, bottom / height)
