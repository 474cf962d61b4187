"""From a spec to pictures with ground truth."""

from collections.abc import Iterator
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from haetae.simulate import figures, solids, tubes
from haetae.simulate.acts import Act
from haetae.simulate.blaze import Blaze
from haetae.simulate.canvas import Canvas, Light
from haetae.simulate.figures import Figure
from haetae.simulate.foliage import Leaves
from haetae.simulate.labelling import Labeller, camera_of
from haetae.simulate.panning import Views
from haetae.simulate.props import Bag, Barrier, Bicycle, Car, Fire, Moment
from haetae.simulate.scenes import load_scene
from haetae.simulate.scenes.base import Layout
from haetae.simulate.sensor import Sensor
from haetae.simulate.spec import RenderedFrame, SceneSpec
from haetae.simulate.world import World

Drawn: TypeAlias = Figure | Leaves | Car | Bag | Bicycle | Barrier | Fire


def render(scene: SceneSpec) -> Iterator[RenderedFrame]:
    """The frames of a scene in order, without end for an endless one; equal specs give equal pixels.

    Raises ConfigError at once when the scene cannot show what the spec asks for.
    """
    layout = load_scene(scene.scene)
    world = World(scene, layout)
    return _frames(Painter(layout, scene), world)


def _frames(painter: "Painter", world: World) -> Iterator[RenderedFrame]:
    for number, moment, acts in world.moments():
        yield painter.paint(number, moment, acts)


class Painter:
    """Paints the moments of one scene."""

    def __init__(self, layout: Layout, scene: SceneSpec) -> None:
        self._layout, self._scene = layout, scene
        self._views = Views(layout, camera_of(scene, layout), scene.seed)
        self._sensor = Sensor(scene.size, scene.seed)
        self._blaze = Blaze(scene.seed)
        self._labeller = Labeller(scene.size, self._blaze)
        self._leaves = [Leaves(item, self._views.home, i, scene.seed) for i, item in enumerate(layout.foliage)]
        stage = layout.stage
        self._sun = (0.0, 0.0, 1.0) if stage.lamps is not None else stage.sun
        self._sun_share = float(np.mean(stage.sun_colour) / (np.mean(stage.sun_colour) + np.mean(stage.ambient_colour)))
        right = self._views.home.axes[0]
        self._sun_side = float(np.clip(np.dot(self._sun, right) * 1.4, -1.0, 1.0))

    def paint(self, number: int, moment: Moment, acts: list[Act]) -> RenderedFrame:
        """One frame."""
        camera = self._views.home.turned(moment.lens.yaw, moment.lens.pitch)
        canvas = Canvas(self._views.backdrop(camera), Light(moment.sun, moment.ambient), self._sun_share)
        seen = figures.see(moment.people, camera, self._sun_side)
        self._shadows(canvas, moment, seen)
        self._sprites(canvas, moment, seen)
        rgb = self._sensor.expose(canvas.rgb, moment.lens)
        return RenderedFrame(number, moment.t_s, rgb, self._labeller.labels(moment, acts, seen, camera))

    def _shadows(self, canvas: Canvas, moment: Moment, seen: list[Figure]) -> None:
        figures.cast_shadows(seen, canvas, self._sun)
        things: tuple[Car | Bag, ...] = (*moment.cars, *moment.bags)
        for thing in things:
            solids.cast_shadow(solids.solid_of(thing), canvas, self._sun)
        for bike in moment.bicycles:
            tubes.bicycle_shadow(bike, canvas, self._sun)
        canvas.cast(3 if self._layout.stage.lamps is None else 7)

    def _sprites(self, canvas: Canvas, moment: Moment, seen: list[Figure]) -> None:
        """Everything that moves, from far to near."""
        camera = canvas.camera
        things: tuple[Car | Bag | Bicycle | Fire, ...] = (*moment.cars, *moment.bags, *moment.bicycles, *moment.fires)
        todo: list[tuple[float, Drawn]] = [(figure.depth, figure) for figure in seen]
        todo += [(camera.depth_of(thing.x, thing.y), thing) for thing in things]
        todo += [(camera.depth_of(*barrier.hinge), barrier) for barrier in moment.barriers]
        todo += [(leaves.depth_in(camera), leaves) for leaves in self._leaves]
        for depth, drawn in sorted(todo, key=itemgetter(0), reverse=True):
            if depth > 0.8:
                self._draw(drawn, canvas, moment)

    def _draw(self, thing: Drawn, canvas: Canvas, moment: Moment) -> None:
        match thing:
            case Figure():
                figures.draw(thing, canvas, self._sun_side)
            case Leaves():
                thing.draw(canvas, moment.t_s, moment.wind)
            case Car() | Bag():
                solids.draw(solids.solid_of(thing), canvas, self._sun)
            case Bicycle():
                tubes.draw_bicycle(thing, canvas)
            case Barrier():
                tubes.draw_barrier(thing, canvas)
            case Fire():
                self._blaze.draw(thing, canvas)
