"""From a spec to pictures with ground truth."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from haetae.domain.frame import RGB
from haetae.simulate import cloth, figures, small_figures, solids, tubes
from haetae.simulate.acts import Act
from haetae.simulate.air import Air
from haetae.simulate.blaze import Blaze
from haetae.simulate.body import Person
from haetae.simulate.canvas import Canvas, Light
from haetae.simulate.figures import Figure
from haetae.simulate.foliage import Leaves
from haetae.simulate.labelling import Labeller, camera_of
from haetae.simulate.lamps import CarLamps
from haetae.simulate.oddities import Occasion
from haetae.simulate.props import Bag, Barrier, Bicycle, Car, Fire, Flag, Moment, Robot
from haetae.simulate.scenery import Scene, Scenery, lamp_at
from haetae.simulate.scenes import load_scene
from haetae.simulate.scenes.base import Layout
from haetae.simulate.sensor import Sensor
from haetae.simulate.small_figures import SmallFigure
from haetae.simulate.spec import RenderedFrame, SceneSpec
from haetae.simulate.visitors import Visitors
from haetae.simulate.world import World

Drawn: TypeAlias = Figure | SmallFigure | Leaves | Car | Bag | Robot | Bicycle | Barrier | Flag | Fire


def render(scene: SceneSpec, *, brisk: bool = False) -> Iterator[RenderedFrame]:
    """The frames of a scene in order, without end for an endless one; equal specs give equal pixels.

    `brisk` paints people who are small in the picture with less detail, in a third of the time. Raises ConfigError at once when the
    scene cannot show what the spec asks for.
    """
    layout = load_scene(scene.scene)
    world = World(scene, layout)
    return _frames(Painter(layout, scene, brisk=brisk), world)


def _frames(painter: "Painter", world: World) -> Iterator[RenderedFrame]:
    for number, moment, acts in world.moments():
        yield painter.paint(number, moment, acts, world.oddities)


class Painter:
    """Paints the moments of one scene."""

    def __init__(self, layout: Layout, scene: SceneSpec, *, brisk: bool = False) -> None:
        self._brisk = brisk
        self._scenery = Scenery(layout, camera_of(scene, layout), scene.seed)
        home = self._scenery.home
        self._sensor = Sensor(scene.size, scene.seed)
        self._air, self._visitors, self._car_lamps = Air(scene.size, scene.seed), Visitors(scene.size, scene.seed), CarLamps()
        self._blaze = Blaze(scene.seed)
        self._labeller = Labeller(scene.size, self._blaze)
        self._leaves = [Leaves(item, home, i, scene.seed) for i, item in enumerate(layout.foliage)]
        self._indoors = layout.stage.lamps is not None

    def paint(self, number: int, moment: Moment, acts: list[Act], oddities: Sequence[Occasion] = ()) -> RenderedFrame:
        """One frame."""
        camera = self._scenery.home.turned(moment.lens.yaw, moment.lens.pitch)
        scene = self._scenery.at(camera, moment.t_s, moment.weather)
        canvas = Canvas(scene.backdrop, Light(moment.sun, moment.ambient), scene.sun_share, _lamp if scene.lamp else None)
        people, few = figures.in_reach(moment.people, camera, scene.sun), list[Person]()
        if self._brisk:
            people, few = small_figures.split(people, camera)
        seen, small = figures.see(people, camera, scene.sun_side), small_figures.see(few, camera, scene.sun)
        small_figures.cast_shadows(small, canvas)
        self._shadows(canvas, moment, seen, scene)
        self._sprites(canvas, moment, (*seen, *small), scene)
        rgb = canvas.rgb if moment.weather is None else self._through_the_air(canvas, moment)
        rgb = self._sensor.expose(rgb, moment.lens, moment)
        if small and acts:
            seen = figures.see([person for person in moment.people if person.incident is not None], camera)
        labels, harmless = self._labeller.labels(moment, acts, seen, camera), self._labeller.harmless(moment, oddities, camera)
        return RenderedFrame(number, moment.t_s, rgb, labels, harmless, "" if moment.weather is None else moment.weather.name)

    def _through_the_air(self, canvas: Canvas, moment: Moment) -> RGB:
        """What comes between the scene and the lens."""
        weather, t_s = moment.weather, moment.t_s
        assert weather is not None
        self._car_lamps.draw(canvas, moment.cars, weather.dark)
        self._visitors.fly(canvas, t_s, weather)
        rgb = self._air.veil(self._air.sweep(canvas.rgb, self._scenery.albedo, t_s, weather), weather)
        return self._visitors.glow(self._air.fall(rgb, t_s, weather), t_s, weather)

    def _shadows(self, canvas: Canvas, moment: Moment, seen: list[Figure], scene: Scene) -> None:
        figures.cast_shadows(seen, canvas, scene.sun)
        things: tuple[Car | Bag | Robot, ...] = (*moment.cars, *moment.bags, *moment.robots)
        for thing in things:
            solids.cast_shadow(solids.solid_of(thing), canvas, scene.sun)
        for bike in moment.bicycles:
            tubes.bicycle_shadow(bike, canvas, scene.sun)
        canvas.cast(7 if self._indoors else 3)

    def _sprites(self, canvas: Canvas, moment: Moment, seen: Sequence[Figure | SmallFigure], scene: Scene) -> None:
        """Everything that moves, from far to near."""
        camera = canvas.camera
        things: tuple[Car | Bag | Robot | Bicycle | Flag | Fire, ...] = (
            *moment.cars, *moment.bags, *moment.robots, *moment.bicycles, *moment.flags, *moment.fires
        )  # fmt: skip
        todo: list[tuple[float, Drawn]] = [(figure.depth, figure) for figure in seen]
        todo += [(camera.depth_of(thing.x, thing.y), thing) for thing in things]
        todo += [(camera.depth_of(*barrier.hinge), barrier) for barrier in moment.barriers]
        todo += [(leaves.depth_in(camera), leaves) for leaves in self._leaves]
        for depth, drawn in sorted(todo, key=itemgetter(0), reverse=True):
            if depth > 0.8:
                self._draw(drawn, canvas, moment, scene)

    def _draw(self, thing: Drawn, canvas: Canvas, moment: Moment, scene: Scene) -> None:
        match thing:
            case Figure():
                figures.draw(thing, canvas, scene.sun_side)
            case SmallFigure():
                small_figures.draw(thing, canvas)
            case Leaves():
                thing.draw(canvas, moment.t_s, moment.wind)
            case Car() | Bag() | Robot():
                solids.draw(solids.solid_of(thing), canvas, scene.sun)
            case Bicycle():
                tubes.draw_bicycle(thing, canvas)
            case Barrier():
                tubes.draw_barrier(thing, canvas)
            case Flag():
                cloth.draw(thing, canvas)
            case Fire():
                self._blaze.draw(thing, canvas)


def _lamp(depth_m: float) -> float:
    return float(lamp_at(depth_m))
