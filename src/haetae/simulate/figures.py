"""People: skeletons to sprites and shadows."""

from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from haetae.simulate.body import J, Look, Person, skeletons
from haetae.simulate.canvas import Canvas, Sprite, capsules, discs, hull
from haetae.simulate.geometry import Floats, PinholeCamera
from haetae.simulate.textures import Colour

_BONES: tuple[tuple[J, J, float, float], ...] = (
    (J.HIP_L, J.KNEE_L, 0.050, 0.036),
    (J.KNEE_L, J.ANKLE_L, 0.036, 0.026),
    (J.ANKLE_L, J.TOE_L, 0.028, 0.020),
    (J.HIP_R, J.KNEE_R, 0.050, 0.036),
    (J.KNEE_R, J.ANKLE_R, 0.036, 0.026),
    (J.ANKLE_R, J.TOE_R, 0.028, 0.020),
    (J.SHOULDER_L, J.ELBOW_L, 0.034, 0.028),
    (J.ELBOW_L, J.HAND_L, 0.027, 0.021),
    (J.SHOULDER_R, J.ELBOW_R, 0.034, 0.028),
    (J.ELBOW_R, J.HAND_R, 0.027, 0.021),
    (J.NECK, J.HEAD, 0.030, 0.030),
    (J.HIP_L, J.HIP_R, 0.062, 0.062),
    (J.BACK, J.CHEST, 0.075, 0.060),
)
"""Round-ended parts with their radii at both ends, in body heights."""

_HIPS, _PACK, _HAIR, _FACE = 11, 12, 13, 14
"""Parts that are not limbs; hair and face follow the bones."""

_LIMBS = 11
_PARTS = 15
_TRUNK_PART = -1
_HEAD_RADIUS = 0.062
_STARTS = np.array([bone[0] for bone in _BONES])
_ENDS = np.array([bone[1] for bone in _BONES])
_START_RADII = np.array([bone[2] for bone in _BONES])
_END_RADII = np.array([bone[3] for bone in _BONES])
_TRUNK = [J.SHOULDER_L, J.SHOULDER_R, J.HIP_L, J.HIP_R]
_TRUNK_RADII = np.array([0.042, 0.042, 0.050, 0.050])
_FINE_PIXELS = 34.0
"""People who are smaller than this get no lit sides."""

_LIT = 0.62
"""How much of a part's width is lit."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One person as the camera sees them: joints in metres and pixels, their `depths` and the `depth` of the feet in metres, `scale` in
    pixels per metre; `parts` are the outlines of all parts, first their shaded, then their lit
    sides; `faces` says whether the face is seen."""

    person: Person
    joints: Floats
    pixels: Floats
    depths: Floats
    depth: float
    scale: float
    parts: Floats
    faces: bool

    def outline(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels, round the body."""
        margin = 0.065 * self.person.look.height_m * self.scale
        low, high = self.pixels.min(axis=0) - margin, self.pixels.max(axis=0) + margin * 0.6
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def see(people: list[Person], camera: PinholeCamera, sun_side: float = 0.0) -> list[Figure]:
    """Project people; those behind the camera are left out. `sun_side` in [-1, 1]: which side of the picture the light comes from."""
    if not people:
        return []
    joints = skeletons(people)
    pixels, depths = camera.project(joints)
    scales = camera.focal / depths.mean(axis=1)
    sizes = scales * np.array([person.look.height_m for person in people])
    head_starts, head_ends, head_near, head_far, away = _heads(joints, pixels, sizes)
    starts, ends = np.concatenate([pixels[:, _STARTS], head_starts], axis=1), np.concatenate([pixels[:, _ENDS], head_ends], axis=1)
    near = np.concatenate([sizes[:, None] * _START_RADII, head_near], axis=1)
    far = np.concatenate([sizes[:, None] * _END_RADII, head_far], axis=1)
    towards = _towards(sun_side)
    lit = capsules(starts + near[..., None] * towards, ends + far[..., None] * towards, near * _LIT, far * _LIT)
    parts = np.concatenate([capsules(starts, ends, near, far), lit], axis=1)
    feet = camera.project(np.array([(person.x, person.y, 0.0) for person in people]))[1]
    return [
        Figure(person, joints[i], pixels[i], depths[i], float(feet[i]), float(scales[i]), parts[i], bool(away[i] < 0.6))
        for i, person in enumerate(people)
        if feet[i] > 0.8 and depths[i].min() > 0.5
    ]


def in_reach(people: list[Person], camera: PinholeCamera, sun: tuple[float, float, float]) -> list[Person]:
    """Those of whom anything, or anything of their shadow, may be in the picture, and all that are part of an incident."""
    if not people:
        return people
    places = np.array([(person.x, person.y, 0.0) for person in people])
    pixels, depths = camera.project(places)
    # Limbs reach 1.5 m to the sides; shadows as far as the sun is low.
    reach = camera.focal / depths * (1.5 + 2.2 * np.hypot(sun[0], sun[1]) / sun[2])
    inside = (pixels[:, 0] > -reach) & (pixels[:, 0] < camera.size[0] + reach) & (depths > 0.5)
    return [person for person, near in zip(people, inside.tolist(), strict=True) if near or person.incident is not None]


def _heads(joints: Floats, pixels: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Hair and face as parts: starts and ends (people, 2, 2), radii (people, 2), and how far each looks away from the camera (people,)."""
    head, neck = pixels[:, J.HEAD], pixels[:, J.NECK]
    up = (head - neck) / np.maximum(np.linalg.norm(head - neck, axis=1, keepdims=True), 1e-3)
    radius = (_HEAD_RADIUS * sizes)[:, None]
    ahead = joints[:, J.TOE_L] + joints[:, J.TOE_R] - joints[:, J.ANKLE_L] - joints[:, J.ANKLE_R]
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-3)
    # The face is on the side that the person looks to.
    aside = np.stack([-up[:, 1], up[:, 0]], axis=-1)
    aside *= (np.where(aside[:, 0] < 0.0, -1.0, 1.0) * ahead[:, 0])[:, None]
    face = head - up * radius * 0.12 + aside * radius * 0.36
    shown = radius * (0.80 - 0.35 * np.maximum(0.0, ahead[:, 1:2]))
    return (
        np.stack([head, face], axis=1),
        np.stack([head + up * radius * 0.35, face - up * radius * 0.30], axis=1),
        np.concatenate([0.92 * radius, shown], axis=1),
        np.concatenate([0.86 * radius, 0.88 * shown], axis=1),
        ahead[:, 1],
    )


def cast_shadows(figures: list[Figure], canvas: Canvas, sun: tuple[float, float, float]) -> None:
    """Draw the shadows of people on the ground."""
    if not figures:
        return
    ground = np.array([figure.joints for figure in figures])
    ground[..., 0] -= ground[..., 2] * (sun[0] / sun[2])
    ground[..., 1] -= ground[..., 2] * (sun[1] / sun[2])
    ground[..., 2] = 0.0
    pixels, depths = canvas.camera.project(ground)
    heights = np.array([figure.person.look.height_m for figure in figures])
    scale = canvas.camera.focal / depths * heights[:, None] * 0.8
    limbs = slice(0, _LIMBS)
    outlines = capsules(
        pixels[:, _STARTS[limbs]],
        pixels[:, _ENDS[limbs]],
        _START_RADII[limbs] * scale[:, _STARTS[limbs]],
        _END_RADII[limbs] * scale[:, _ENDS[limbs]],
    )
    heads = discs(pixels[:, J.HEAD], _HEAD_RADIUS * scale[:, J.HEAD])
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    width, height = canvas.camera.size
    for i in range(len(figures)):
        inside = high[i, 0] > -20 and low[i, 0] < width + 20 and high[i, 1] > -20 and low[i, 1] < height + 20
        if inside and depths[i].min() > 0.8:
            canvas.shadow(outlines[i])
            canvas.shadow(heads[i : i + 1])
            canvas.shadow(hull(pixels[i, _TRUNK], 0.045 * scale[i, _TRUNK])[None])


def draw(figure: Figure, canvas: Canvas, sun_side: float) -> None:
    """Paint a person."""
    look = figure.person.look
    size = look.height_m * figure.scale
    sprite = Sprite(figure.pixels, 0.14 * size + 1.0, 4 if size < 50 else 3 if size < 100 else 2, canvas.camera.size)
    if not sprite.visible:
        return
    now = canvas.light_at(figure.depth)
    lit = canvas.brightness(figure.person.x, figure.person.y) * now.sun
    light = (0.50 * now.ambient + 0.14 * lit, 0.52 * now.ambient + 0.54 * lit)
    towards = _towards(sun_side)
    outlines = sprite.corners(figure.parts)
    colours = np.full((2, _PARTS, 4), 255.0)
    colours[..., :3] = np.multiply.outer(np.multiply(light, 255.0), np.array(_colours(look)))
    shaded, bright = colours.tolist()
    if size < _FINE_PIXELS:
        shaded = ((colours[0] + colours[1]) * 0.5).tolist()
    depths = figure.depths
    order = [(depth, i) for i, depth in enumerate(((depths[_STARTS] + depths[_ENDS]) * 0.5).tolist()[:_LIMBS])]
    order += [(float(depths[J.CHEST] + depths[J.PELVIS]) / 2.0, _TRUNK_PART), (float(depths[J.HEAD]) - 0.06, _HAIR)]
    if look.backpack is not None:
        order.append((float(depths[J.BACK]), _PACK))
    for _, i in sorted(order, key=itemgetter(0), reverse=True):
        for part in (_HIPS,) if i == _TRUNK_PART else (_HAIR, _FACE) if i == _HAIR and figure.faces else (i,):
            sprite.fill_bytes(outlines[part], shaded[part])
            if size >= _FINE_PIXELS:
                sprite.fill_bytes(outlines[part + _PARTS], bright[part])
        if i == _TRUNK_PART:
            _trunk(figure, sprite, size, towards, light)
    if look.bag is not None and figure.person.holds_bag:
        hand = figure.pixels[J.HAND_R] + np.array([0.0, 0.07 * size])
        _round(sprite, hand + np.array([[-0.04, 0.0], [0.04, 0.0], [0.0, 0.05]]) * size, np.full(3, 0.035) * size, towards, light, look.bag)
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, figure.depth - 0.35)


def _towards(sun_side: float) -> Floats:
    """Where the light comes from, in limb radii of the picture."""
    return np.array([0.36 * sun_side, -0.25])


def _colours(look: Look) -> list[Colour]:
    """The colour of each part."""
    forearm = look.skin if look.bare_arms else look.top
    leg = [look.bottom, look.bottom, look.shoes]
    hips = look.top if look.coat else look.bottom
    return [*leg, *leg, look.top, forearm, look.top, forearm, look.skin, hips, look.backpack or look.top, look.hair, look.skin]


def _times(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _round(sprite: Sprite, circles: Floats, radii: Floats, towards: Floats, light: tuple[float, float], colour: Colour) -> None:
    """A soft volume: the shaded outline, and the lit part shifted to the light."""
    outline = hull(circles, radii)
    sprite.fill(sprite.corners(outline), _times(colour, light[0]))
    middle = circles.mean(axis=0)
    inner = middle + (outline - middle) * 0.72 + towards * (0.7 * float(radii[0]))
    sprite.fill(sprite.corners(inner), _times(colour, light[1]))


def _trunk(figure: Figure, sprite: Sprite, size: float, towards: Floats, light: tuple[float, float]) -> None:
    look, pixels = figure.person.look, figure.pixels
    if look.coat:
        hips = pixels[[J.HIP_L, J.HIP_R]]
        skirt = pixels[[J.KNEE_L, J.KNEE_R]] * 0.75 + hips * 0.25
        _round(sprite, np.concatenate([hips, skirt]), np.array([0.060, 0.060, 0.048, 0.048]) * size, towards, light, look.top)
    _round(sprite, pixels[_TRUNK], _TRUNK_RADII * size * look.build, towards, light, look.top)
