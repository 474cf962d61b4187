"""People as stick skeletons in metres: posture angles to joints. Every function works on a batch of people at once.

Angles are absolute, in the plane of walking: 0 hangs straight down, positive swings forward (radians).
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from haetae.simulate.geometry import Floats
from haetae.simulate.textures import Colour

Angles: TypeAlias = NDArray[np.float64]
"""One posture, shape (len(Joint angles),); see `A`."""


class A(IntEnum):
    """Columns of a posture. `TORSO` leans forward; knees and elbows bend by positive angles; `*_OUT` spreads a limb sideways;
    `LIFT` raises the whole body above its lowest point, metres."""

    TORSO = 0
    HIP_L = 1
    HIP_R = 2
    KNEE_L = 3
    KNEE_R = 4
    SHOULDER_L = 5
    SHOULDER_R = 6
    ELBOW_L = 7
    ELBOW_R = 8
    ARM_L_OUT = 9
    ARM_R_OUT = 10
    LEG_L_OUT = 11
    LEG_R_OUT = 12
    HEAD = 13
    LIFT = 14
    ROLL = 15


class J(IntEnum):
    """Joints of a skeleton."""

    PELVIS = 0
    NECK = 1
    HEAD = 2
    SHOULDER_L = 3
    ELBOW_L = 4
    HAND_L = 5
    SHOULDER_R = 6
    ELBOW_R = 7
    HAND_R = 8
    HIP_L = 9
    KNEE_L = 10
    ANKLE_L = 11
    TOE_L = 12
    HIP_R = 13
    KNEE_R = 14
    ANKLE_R = 15
    TOE_R = 16
    CHEST = 17
    BACK = 18


@dataclass(frozen=True, slots=True)
class Look:
    """What a person looks like. `height_m` is the full height, `build` scales the width of body and limbs."""

    height_m: float
    build: float
    top: Colour
    bottom: Colour
    skin: Colour
    hair: Colour
    shoes: Colour
    coat: bool = False
    bare_arms: bool = False
    backpack: Colour | None = None
    bag: Colour | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person at one moment: where (x, y in metres), which way (radians, 0 looks to +x), posture, and `incident`, the number of
    the incident that this person is part of now."""

    look: Look
    x: float
    y: float
    heading: float
    angles: Angles = field(repr=False)
    incident: int | None = None
    holds_bag: bool = True


_TOPS: tuple[Colour, ...] = (
    (0.16, 0.18, 0.24), (0.55, 0.14, 0.13), (0.78, 0.77, 0.74), (0.20, 0.31, 0.46), (0.33, 0.36, 0.30), (0.72, 0.58, 0.34),
    (0.12, 0.12, 0.13), (0.45, 0.45, 0.47), (0.30, 0.47, 0.42), (0.62, 0.42, 0.50), (0.85, 0.83, 0.80), (0.35, 0.24, 0.18),
)  # fmt: skip
_BOTTOMS: tuple[Colour, ...] = (
    (0.15, 0.18, 0.27),
    (0.11, 0.11, 0.12),
    (0.36, 0.33, 0.29),
    (0.24, 0.28, 0.36),
    (0.52, 0.48, 0.40),
    (0.29, 0.29, 0.31),
)
_SKINS: tuple[Colour, ...] = ((0.88, 0.70, 0.58), (0.80, 0.60, 0.46), (0.58, 0.40, 0.28), (0.92, 0.76, 0.65), (0.40, 0.27, 0.19))
_HAIRS: tuple[Colour, ...] = ((0.08, 0.07, 0.06), (0.20, 0.13, 0.08), (0.45, 0.33, 0.20), (0.55, 0.54, 0.52), (0.12, 0.09, 0.08))
_SHOES: tuple[Colour, ...] = ((0.10, 0.09, 0.09), (0.75, 0.74, 0.72), (0.30, 0.20, 0.13))


def random_look(rng: np.random.Generator, *, bag: bool | None = None) -> Look:
    """Somebody. `bag` forces or forbids a hand-bag."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        base = np.asarray(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.85, 1.12)
        return (float(base[0]), float(base[1]), float(base[2]))

    height = float(np.clip(rng.normal(1.71, 0.09), 1.50, 1.93))
    build = float(np.clip(rng.normal(1.06, 0.12), 0.85, 1.40))
    top, bottom, skin, hair, shoes = pick(_TOPS), pick(_BOTTOMS), pick(_SKINS), pick(_HAIRS), pick(_SHOES)
    coat, bare, pack, hand = rng.random(4)
    carries = bool(hand < 0.25) if bag is None else bag
    return Look(
        height, build, top, bottom, skin, hair, shoes,
        coat=bool(coat < 0.22),
        bare_arms=bool(bare < 0.25),
        backpack=pick(_TOPS) if pack < 0.25 else None,
        bag=pick(_TOPS) if carries else None,
    )  # fmt: skip


def standing(sway: float = 0.0) -> Angles:
    """A relaxed stand; `sway` in radians shifts the weight."""
    angles = np.zeros(len(A))
    angles[A.SHOULDER_L], angles[A.SHOULDER_R] = 0.05 + sway, 0.02 - sway
    angles[A.ELBOW_L] = angles[A.ELBOW_R] = 0.18
    angles[A.ARM_L_OUT] = angles[A.ARM_R_OUT] = 0.10
    angles[A.LEG_L_OUT] = angles[A.LEG_R_OUT] = 0.07
    angles[A.TORSO] = 0.03 + 0.3 * sway
    return angles


def walking(phase: float, vigour: float = 1.0) -> Angles:
    """A walk at `phase` radians of the stride (2 pi are two steps)."""
    swing = np.sin(phase)
    angles = standing()
    angles[A.TORSO] = 0.05
    angles[A.HIP_L], angles[A.HIP_R] = 0.42 * vigour * swing + 0.04, -0.42 * vigour * swing + 0.04
    angles[A.KNEE_L] = 0.10 + 0.80 * vigour * max(0.0, np.cos(phase - 0.35)) ** 1.5
    angles[A.KNEE_R] = 0.10 + 0.80 * vigour * max(0.0, -np.cos(phase - 0.35)) ** 1.5
    angles[A.SHOULDER_L], angles[A.SHOULDER_R] = -0.42 * vigour * swing, 0.42 * vigour * swing
    angles[A.ELBOW_L] = 0.25 + 0.25 * max(0.0, -swing)
    angles[A.ELBOW_R] = 0.25 + 0.25 * max(0.0, swing)
    angles[A.LEG_L_OUT] = angles[A.LEG_R_OUT] = 0.02
    angles[A.LIFT] = 0.004
    return angles


def running(phase: float) -> Angles:
    """A run at `phase` radians of the stride."""
    swing = np.sin(phase)
    angles = standing()
    angles[A.TORSO] = 0.22
    angles[A.HIP_L], angles[A.HIP_R] = 0.85 * swing + 0.22, -0.85 * swing + 0.22
    angles[A.KNEE_L] = 0.30 + 1.55 * max(0.0, np.cos(phase + 0.35))
    angles[A.KNEE_R] = 0.30 + 1.55 * max(0.0, -np.cos(phase + 0.35))
    angles[A.SHOULDER_L], angles[A.SHOULDER_R] = -0.85 * swing - 0.1, 0.85 * swing - 0.1
    angles[A.ELBOW_L] = angles[A.ELBOW_R] = 1.45
    angles[A.LIFT] = 0.09 * abs(float(np.cos(phase)))
    return angles


STRIDE_PER_HEIGHT = 0.80
"""Metres of one stride (two steps) of a walk per metre of height: about 1.37 m for a person of 1.71 m."""


def stride_m(look: Look, speed_m_s: float) -> float:
    """The length of a stride at a speed: longer steps when faster."""
    return STRIDE_PER_HEIGHT * look.height_m * (0.55 + 0.45 * speed_m_s / 1.35) if speed_m_s < 2.2 else 0.62 * speed_m_s + 0.35


def blend(one: Angles, other: Angles, share: float) -> Angles:
    """`one` at share 0, `other` at share 1."""
    return one + (other - one) * share


def fallen(tilt: float, flail: float = 0.0) -> Angles:
    """A body that tips forward by `tilt` radians round its feet (pi / 2 lies flat); `flail` throws the arms."""
    angles = standing()
    angles[A.TORSO] = tilt
    give = 0.9 * np.sin(min(tilt, 1.5) * 2.0) * 0.7
    angles[A.HIP_L], angles[A.HIP_R] = -tilt + give, -tilt + 0.6 * give
    angles[A.KNEE_L], angles[A.KNEE_R] = 1.1 * give + 0.12, 0.9 * give + 0.30
    reach = min(1.0, tilt / 0.7)
    angles[A.SHOULDER_L] = -tilt * 0.3 + reach * (2.0 + flail)
    angles[A.SHOULDER_R] = -tilt * 0.3 + reach * (1.5 - flail)
    angles[A.ELBOW_L], angles[A.ELBOW_R] = 0.5, 0.9
    angles[A.ARM_L_OUT], angles[A.ARM_R_OUT] = 0.5 * reach + 0.1, 0.8 * reach + 0.1
    angles[A.LEG_L_OUT], angles[A.LEG_R_OUT] = 0.10, 0.22
    angles[A.HEAD] = 0.2
    return angles


def crouching(depth: float) -> Angles:
    """Bent down with one hand at the ground: depth 0 stands, 1 is as low as it goes."""
    angles = standing()
    angles[A.TORSO] = 0.95 * depth
    angles[A.HIP_L], angles[A.HIP_R] = 1.15 * depth, 0.75 * depth
    angles[A.KNEE_L], angles[A.KNEE_R] = 1.75 * depth, 1.60 * depth
    angles[A.SHOULDER_R] = 0.55 * depth
    angles[A.ELBOW_R] = 0.12
    return angles


def punching(beat: float, reach: float) -> Angles:
    """A brawler at `beat` radians of a flurry of punches; `reach` in [0, 1] is how far the blows go."""
    left, right = max(0.0, np.sin(beat)) ** 2, max(0.0, np.sin(beat + np.pi)) ** 2
    angles = standing()
    angles[A.TORSO] = 0.20 + 0.22 * np.sin(beat * 0.5)
    angles[A.HIP_L], angles[A.HIP_R] = 0.45 + 0.15 * np.sin(beat), -0.35 - 0.15 * np.sin(beat)
    angles[A.KNEE_L], angles[A.KNEE_R] = 0.35, 0.30
    angles[A.SHOULDER_L], angles[A.SHOULDER_R] = 0.6 + 1.0 * left * reach, 0.6 + 1.0 * right * reach
    angles[A.ELBOW_L], angles[A.ELBOW_R] = 1.9 - 1.7 * left * reach, 1.9 - 1.7 * right * reach
    angles[A.ARM_L_OUT] = angles[A.ARM_R_OUT] = 0.25
    angles[A.ROLL] = 0.12 * np.sin(beat * 0.7)
    return angles


def pedalling(phase: float) -> Angles:
    """A rider on a bicycle, the pedals at `phase` radians."""
    angles = standing()
    angles[A.TORSO] = 0.62
    angles[A.HIP_L], angles[A.HIP_R] = 1.0 + 0.38 * np.sin(phase), 1.0 - 0.38 * np.sin(phase)
    angles[A.KNEE_L], angles[A.KNEE_R] = 1.15 + 0.50 * np.sin(phase + 0.5), 1.15 - 0.50 * np.sin(phase + 0.5)
    angles[A.SHOULDER_L] = angles[A.SHOULDER_R] = 0.95
    angles[A.ELBOW_L] = angles[A.ELBOW_R] = 0.22
    angles[A.HEAD] = -0.35
    angles[A.LIFT] = 0.16
    return angles


def skeletons(people: list[Person]) -> Floats:
    """The joints of people, world metres, shape (people, len(J), 3); the lowest point of each touches the ground."""
    count = len(people)
    angles = np.array([person.angles for person in people])
    height = np.array([person.look.height_m for person in people])
    build = np.array([person.look.build for person in people])
    heading = np.array([person.heading for person in people])
    forward = np.stack([np.cos(heading), np.sin(heading), np.zeros(count)], axis=-1)
    left = np.stack([-np.sin(heading), np.cos(heading), np.zeros(count)], axis=-1)
    up = np.array([0.0, 0.0, 1.0])

    def limb(pitch: Floats, out: Floats | float, length: float) -> Floats:
        """A vector of `length` body heights that hangs at `pitch`, spread to the left by `out`."""
        out = np.broadcast_to(np.asarray(out, np.float64), pitch.shape)
        cos_out = np.cos(out)[:, None]
        direction = forward * np.sin(pitch)[:, None] * cos_out + left * np.sin(out)[:, None] - up * (np.cos(pitch)[:, None] * cos_out)
        result: Floats = direction * (length * height)[:, None]
        return result

    joints = np.zeros((count, len(J), 3))
    torso, roll = angles[:, A.TORSO], angles[:, A.ROLL]
    upright = limb(np.pi - torso, roll, 1.0)
    joints[:, J.NECK] = upright * 0.30
    joints[:, J.CHEST] = upright * 0.20
    joints[:, J.HEAD] = joints[:, J.NECK] + limb(np.pi - torso - angles[:, A.HEAD], roll, 0.105)
    joints[:, J.BACK] = upright * 0.20 - limb(np.pi / 2.0 - torso, 0.0, 0.085)
    half_shoulder, half_hip = (0.099 * height * build)[:, None] * left, (0.055 * height * build)[:, None] * left
    for side, sign in (("L", 1.0), ("R", -1.0)):
        shoulder = upright * 0.285 + sign * half_shoulder
        pitch, flex, out = (
            angles[:, A[f"SHOULDER_{side}"]] + torso * 0.25,
            angles[:, A[f"ELBOW_{side}"]],
            sign * angles[:, A[f"ARM_{side}_OUT"]],
        )
        elbow = shoulder + limb(pitch, out, 0.172)
        joints[:, J[f"SHOULDER_{side}"]], joints[:, J[f"ELBOW_{side}"]] = shoulder, elbow
        joints[:, J[f"HAND_{side}"]] = elbow + limb(pitch + flex, out * 0.6, 0.165)
        thigh, bend, spread = angles[:, A[f"HIP_{side}"]], angles[:, A[f"KNEE_{side}"]], sign * angles[:, A[f"LEG_{side}_OUT"]]
        hip = sign * half_hip
        knee = hip + limb(thigh, spread, 0.245)
        ankle = knee + limb(thigh - bend, spread, 0.235)
        joints[:, J[f"HIP_{side}"]], joints[:, J[f"KNEE_{side}"]], joints[:, J[f"ANKLE_{side}"]] = hip, knee, ankle
        joints[:, J[f"TOE_{side}"]] = ankle + limb(thigh - bend + np.pi / 2.0 - 0.15, 0.0, 0.085)
    joints[:, :, 0] += np.array([person.x for person in people])[:, None]
    joints[:, :, 1] += np.array([person.y for person in people])[:, None]
    radius = np.full(len(J), 0.045)
    radius[[J.PELVIS, J.NECK, J.CHEST, J.BACK]] = 0.09
    joints[:, :, 2] += (angles[:, A.LIFT] - (joints[:, :, 2] - radius).min(axis=1))[:, None]
    return joints
