"""People who are small in the picture, painted at a third of the time: fewer parts, all worked out for everybody at once.

Postures, sizes, places and clothes are those of `figures`; what falls away is what a person of 40 pixels shows as less than one: feet, hair
apart from the face, lit sides, backpacks.
"""

from dataclasses import dataclass

import numpy as np

from haetae.simulate.body import A, Person
from haetae.simulate.canvas import Canvas, Sprite, capsules
from haetae.simulate.geometry import Floats, PinholeCamera

LARGEST_PX = 40.0
"""People taller than this in the picture are painted in full."""

_LENGTHS = np.array([0.30, 0.105, 0.172, 0.172, 0.165, 0.165, 0.245, 0.245, 0.235, 0.235])
"""Spine, head, upper arms, forearms, thighs, shins (left, right), in body heights as in `body.skeletons`."""

_PELVIS, _NECK, _HEAD, _SHOULDER, _ELBOW, _HAND, _HIP, _KNEE, _ANKLE = 0, 1, 2, 3, 5, 7, 9, 11, 13
_CROWN = 15
_POINTS = 16
_STARTS = np.array([_SHOULDER, _ELBOW, _HIP, _KNEE, _SHOULDER + 1, _ELBOW + 1, _HIP + 1, _KNEE + 1, _PELVIS, _HEAD])
_ENDS = np.array([_ELBOW, _HAND, _KNEE, _ANKLE, _ELBOW + 1, _HAND + 1, _KNEE + 1, _ANKLE + 1, _NECK, _CROWN])
_START_RADII = np.array([0.034, 0.027, 0.052, 0.036, 0.034, 0.027, 0.052, 0.036, 0.080, 0.060])
_END_RADII = np.array([0.028, 0.021, 0.036, 0.028, 0.028, 0.021, 0.036, 0.028, 0.080, 0.060])
_LEFT, _RIGHT, _TRUNK = (0, 1, 2, 3), (4, 5, 6, 7), (8, 9)
_SHADOW_STARTS, _SHADOW_ENDS = np.array([_HIP, _HIP + 1, _PELVIS, _HEAD]), np.array([_ANKLE, _ANKLE + 1, _NECK, _CROWN])
_SHADOW_RADII = np.array([0.040, 0.040, 0.10, 0.060])


@dataclass(frozen=True, slots=True)
class SmallFigure:
    """One small person: `parts` (10, 10, 2) and `shadow` (4, 10, 2) are outlines in pixels, `size` the height in pixels."""

    person: Person
    parts: Floats
    shadow: Floats
    depth: float
    size: float
    left_is_far: bool


def split(people: list[Person], camera: PinholeCamera) -> tuple[list[Person], list[Person]]:
    """Those to be painted in full, and those who are small, whatever they do: how people are painted must not tell who is abnormal."""
    if not people:
        return [], []
    depths = camera.project(np.array([(person.x, person.y, 0.9) for person in people]))[1]
    heights = np.array([person.look.height_m for person in people])
    small = ((depths > 2.0) & (camera.focal / depths * heights < LARGEST_PX)).tolist()
    full = [person for person, is_small in zip(people, small, strict=True) if not is_small]
    return full, [person for person, is_small in zip(people, small, strict=True) if is_small]


def see(people: list[Person], camera: PinholeCamera, sun: tuple[float, float, float]) -> list[SmallFigure]:
    """Project small people."""
    if not people:
        return []
    joints = _joints(people)
    pixels, depths = camera.project(joints)
    heights = np.array([person.look.height_m for person in people])
    sizes = camera.focal / depths.mean(axis=1) * heights
    build = np.ones((len(people), len(_STARTS)))
    build[:, 8] = [person.look.build for person in people]
    parts = capsules(pixels[:, _STARTS], pixels[:, _ENDS], sizes[:, None] * _START_RADII * build, sizes[:, None] * _END_RADII * build)
    ground = joints.copy()
    ground[..., 0] -= ground[..., 2] * (sun[0] / sun[2])
    ground[..., 1] -= ground[..., 2] * (sun[1] / sun[2])
    ground[..., 2] = 0.0
    fallen, far = camera.project(ground)
    scale = 0.8 * camera.focal * heights[:, None] / far
    shadows = capsules(
        fallen[:, _SHADOW_STARTS],
        fallen[:, _SHADOW_ENDS],
        scale[:, _SHADOW_STARTS] * _SHADOW_RADII,
        scale[:, _SHADOW_ENDS] * _SHADOW_RADII,
    )
    feet = camera.project(np.array([(person.x, person.y, 0.0) for person in people]))[1].tolist()
    left_far = (depths[:, _SHOULDER] > depths[:, _SHOULDER + 1]).tolist()
    return [
        SmallFigure(person, parts[i], shadows[i], feet[i], float(sizes[i]), left_far[i])
        for i, person in enumerate(people)
        if float(depths[i].min()) > 0.8
    ]


def cast_shadows(figures: list[SmallFigure], canvas: Canvas) -> None:
    """Draw the shadows of people on the ground."""
    for figure in figures:
        canvas.shadow(figure.shadow)


def draw(figure: SmallFigure, canvas: Canvas) -> None:
    """Paint a small person."""
    sprite = Sprite(figure.parts.reshape(-1, 2), 1.0, 3, canvas.camera.size)
    if not sprite.visible:
        return
    look, now = figure.person.look, canvas.light_at(figure.depth)
    lit = canvas.brightness(figure.person.x, figure.person.y) * now.sun
    light = 255.0 * (0.51 * now.ambient + 0.34 * lit)
    forearm = look.skin if look.bare_arms else look.top
    side = (look.top, forearm, look.bottom, look.bottom)
    head = look.hair if np.sin(figure.person.heading) > 0.5 else look.skin
    colours = (*side, *side, look.top, head)
    outlines = sprite.corners(figure.parts)
    first, last = (_LEFT, _RIGHT) if figure.left_is_far else (_RIGHT, _LEFT)
    for part in (*first, *last[2:], *_TRUNK, *last[:2]):
        r, g, b = colours[part]
        sprite.fill_bytes(outlines[part], (r * light, g * light, b * light, 255.0))
    canvas.blend(sprite.shrunk(), sprite.left, sprite.top, figure.depth - 0.35)


def _joints(people: list[Person]) -> Floats:
    """World metres, shape (people, _POINTS, 3); the lowest point of each touches the ground."""
    angles = np.array([person.angles for person in people])
    height = np.array([person.look.height_m for person in people])
    build = np.array([person.look.build for person in people])
    heading = np.array([person.heading for person in people])
    place = np.array([(person.x, person.y) for person in people])
    spine, arm = np.pi - angles[:, A.TORSO], angles[:, A.SHOULDER_L : A.SHOULDER_R + 1] + angles[:, [A.TORSO]] * 0.25
    thigh = angles[:, A.HIP_L : A.HIP_R + 1]
    pitch = np.concatenate(
        [
            spine[:, None], (spine - angles[:, A.HEAD])[:, None], arm, arm + angles[:, A.ELBOW_L : A.ELBOW_R + 1],
            thigh, thigh - angles[:, A.KNEE_L : A.KNEE_R + 1],
        ],
        axis=1,
    )  # fmt: skip
    roll = angles[:, [A.ROLL]]
    arm_out = angles[:, A.ARM_L_OUT : A.ARM_R_OUT + 1] * (1.0, -1.0)
    leg_out = angles[:, A.LEG_L_OUT : A.LEG_R_OUT + 1] * (1.0, -1.0)
    out = np.concatenate([roll, roll, arm_out, arm_out * 0.6, leg_out, leg_out], axis=1)
    flat = np.cos(out)
    # Forward, left and up of every limb.
    limbs = np.stack([np.sin(pitch) * flat, np.sin(out), -np.cos(pitch) * flat], axis=-1) * (_LENGTHS * height[:, None])[..., None]
    points = np.zeros((len(people), _POINTS, 3))
    points[:, _NECK] = limbs[:, 0] * 0.80
    points[:, _HEAD], points[:, _CROWN] = limbs[:, 0] + 0.9 * limbs[:, 1], limbs[:, 0] + 1.2 * limbs[:, 1]
    points[:, _SHOULDER : _SHOULDER + 2] = limbs[:, :1] * 0.95
    points[:, _SHOULDER, 1] += 0.099 * height * build
    points[:, _SHOULDER + 1, 1] -= 0.099 * height * build
    points[:, _ELBOW : _ELBOW + 2] = points[:, _SHOULDER : _SHOULDER + 2] + limbs[:, 2:4]
    points[:, _HAND : _HAND + 2] = points[:, _ELBOW : _ELBOW + 2] + limbs[:, 4:6]
    points[:, _HIP, 1] += 0.055 * height * build
    points[:, _HIP + 1, 1] -= 0.055 * height * build
    points[:, _KNEE : _KNEE + 2] = points[:, _HIP : _HIP + 2] + limbs[:, 6:8]
    points[:, _ANKLE : _ANKLE + 2] = points[:, _KNEE : _KNEE + 2] + limbs[:, 8:10]
    cos, sin = np.cos(heading)[:, None], np.sin(heading)[:, None]
    joints = np.empty_like(points)
    joints[..., 0] = points[..., 0] * cos - points[..., 1] * sin + place[:, :1]
    joints[..., 1] = points[..., 0] * sin + points[..., 1] * cos + place[:, 1:]
    joints[..., 2] = points[..., 2] + (angles[:, A.LIFT] - (points[..., 2] - 0.045).min(axis=1))[:, None]
    return joints
