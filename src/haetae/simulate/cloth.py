"""A banner in the wind: a strip of cloth whose waves run from the pole to its free end."""

import numpy as np

from haetae.simulate.canvas import Canvas, Sprite
from haetae.simulate.geometry import Floats
from haetae.simulate.props import Flag
from haetae.simulate.textures import Colour

LENGTH_M, HEIGHT_M = 2.6, 1.5
_PARTS = 12
_COLOURS: tuple[Colour, Colour] = ((0.78, 0.20, 0.16), (0.92, 0.90, 0.84))


def cloth(flag: Flag) -> Floats:
    """Corners of the strip in the world: (parts + 1, 2, 3), upper edge first."""
    along = np.linspace(0.0, 1.0, _PARTS + 1)
    flap = min(1.2, flag.flap)
    # Limp cloth hangs down; the stronger the wind, the further it stands off the pole.
    droop = np.radians(78.0) * (1.0 - min(1.0, flap)) ** 1.5
    wave = np.sin(9.0 * along - 11.0 * flag.phase) * 0.30 * flap * along + 0.10 * flap * np.sin(5.0 * flag.phase) * along
    x = flag.x + LENGTH_M * along * np.cos(droop)
    y = flag.y + wave * LENGTH_M * 0.5
    z = flag.z - LENGTH_M * along * np.sin(droop) * 0.6 + 0.35 * wave
    upper = np.stack([x, y, z], axis=-1)
    lean = 0.25 * wave
    lower = np.stack([x + lean, y + 0.3 * wave, z - HEIGHT_M * (1.0 - 0.08 * flap)], axis=-1)
    corners: Floats = np.stack([upper, lower], axis=1)
    return corners


def draw(flag: Flag, canvas: Canvas) -> None:
    """Paint the banner, each part lit by how it is turned."""
    corners = cloth(flag)
    pixels, depths = canvas.camera.project(corners)
    sprite = Sprite(pixels.reshape(-1, 2), 2.0, 4, canvas.camera.size)
    if not sprite.visible or float(depths.min()) < 0.8:
        return
    now = canvas.light_at(float(depths.mean()))
    turn = np.diff(corners[:, 0, 1]) / np.maximum(np.abs(np.diff(corners[:, 0, 0])), 0.05)
    middle = pixels.mean(axis=1, keepdims=True)
    for i in range(_PARTS):
        light = (0.50 * now.ambient + 0.45 * now.sun) * float(np.clip(0.85 + 0.55 * turn[i], 0.35, 1.25))
        for half, colour in enumerate(_COLOURS):
            edge = pixels[:, half : half + 1]
            quad: Floats = np.concatenate([edge[i], edge[i + 1], middle[i + 1], middle[i]])
            sprite.fill(sprite.corners(quad), (colour[0] * light, colour[1] * light, colour[2] * light))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, float(depths.min()) - 0.4)
