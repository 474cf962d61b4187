"""The scenes, by name."""

from haetae.errors import ConfigError
from haetae.registry import Registry
from haetae.simulate.scenes.base import Layout

SCENES = Registry(
    group="haetae.scenes",
    noun="scene",
    builtin={
        "plaza": "haetae.simulate.scenes.plaza:plaza",
        "corridor": "haetae.simulate.scenes.corridor:corridor",
        "car_park": "haetae.simulate.scenes.car_park:car_park",
        "gate": "haetae.simulate.scenes.gate:gate",
    },
    extras={},
)
ROOFED = frozenset({"corridor"})
"""Scenes that weather does not reach."""

ALIASES = {"carpark": "car_park", "car-park": "car_park"}


def scene_name(name: str) -> str:
    """The canonical name of a scene. Raises ConfigError with the known names for any other."""
    canonical = ALIASES.get(name.lower(), name.lower())
    if canonical not in SCENES.names():
        raise ConfigError(f"unknown scene {name!r}", hint=f"Known: {', '.join(SCENES.names())}")
    return canonical


def load_scene(name: str) -> Layout:
    """The layout called `name`. Raises ConfigError for an unknown name."""
    layout: Layout = SCENES.load(scene_name(name))()
    return layout
