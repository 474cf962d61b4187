"""Which object made a frame surprising, where it is, and why, in natural units."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.vad.attributes.objects import UNKNOWN, Attribute
from haetae.vad.attributes.state import Last
from haetae.vad.attributes.tables import Tables
from haetae.vad.attributes.tracks import MEAN_S, moved
from haetae.vad.base import Sighting
from haetae.vad.detector.boxes import Boxes, Detections
from haetae.vad.detector.labels import name_of
from haetae.vad.preprocess import BLOCK, WorkSize

LEAST_PAINTED = 0.1
"""Contributions below are not shown in the map."""

KINDS = {
    Attribute.SPEED: FactKind.SPEED,
    Attribute.SIZE: FactKind.SIZE,
    Attribute.CLASS: FactKind.APPEARANCE,
    Attribute.APPEARANCE: FactKind.APPEARANCE,
}


def painted(heat: NDArray[np.float32] | None, boxes: Boxes, values: NDArray[np.float32], size: WorkSize) -> NDArray[np.float32]:
    """`heat` with the value of each object added in its box; of boxes that overlap the greatest counts."""
    shape = (size.rows, size.columns)
    over = np.zeros(shape, np.float32)
    for box, value in zip(boxes, values, strict=True):
        if value < LEAST_PAINTED:
            continue
        left, top, right, bottom = np.clip(np.rint(box / BLOCK).astype(int), 0, [size.columns, size.rows, size.columns, size.rows])
        part = over[top : max(bottom, top + 1), left : max(right, left + 1)]
        np.maximum(part, value, out=part)
    if heat is None:
        return over
    if heat.shape != shape:
        heat = np.asarray(cv2.resize(heat, (size.columns, size.rows), interpolation=cv2.INTER_NEAREST), np.float32)
    return np.asarray(heat + over, np.float32)


def now(last: Last, t_s: float) -> Boxes:
    """Where the objects of the last look are at `t_s`, as far as their velocity tells."""
    return moved(last.objects, t_s - last.t_s) if t_s > last.t_s else last.objects.box


def relative(box: NDArray[np.float32], size: WorkSize) -> Box:
    """A box of the working picture as a share of it."""
    left, top, right, bottom = (float(each) for each in np.clip(box / [size.width, size.height, size.width, size.height], 0.0, 1.0))
    return Box(left, top, right, bottom)


def sightings(seen: Detections, labels: tuple[str, ...], size: WorkSize) -> tuple[Sighting, ...]:
    """All that the detector saw, in working px: also what stands still, and is no object for that reason."""
    return tuple(
        Sighting(name_of(labels, kind), min(1.0, max(0.0, confidence)), relative(box, size))
        for box, confidence, kind in zip(seen.boxes, seen.confidence.tolist(), seen.kind.tolist(), strict=True)
    )


def facts(last: Last, top: int, tables: Tables, labels: tuple[str, ...], size: WorkSize) -> tuple[Fact, ...]:
    """What stands out in object number `top`, most surprising first."""
    share = last.share[top]
    ranked = sorted((attribute for attribute in Attribute if share[attribute] > 0.0), key=lambda attribute: -float(share[attribute]))
    return tuple(_fact(attribute, last, top, tables, labels, size) for attribute in ranked)


def _fact(attribute: Attribute, last: Last, top: int, tables: Tables, labels: tuple[str, ...], size: WorkSize) -> Fact:
    value, unit, usual = _measured(attribute, last, top, tables, labels, size)
    return Fact(
        id=f"object_{attribute.name.lower()}",
        kind=KINDS[attribute],
        value=value,
        unit=unit,
        t0_s=max(0.0, last.t_s - MEAN_S),
        t1_s=last.t_s,
        usual=usual,
        rarity=10.0 ** -float(last.surprise[top, attribute]),
        quality=float(np.clip(last.objects.confidence[top], 0.3, 1.0)),
        source="attributes",
    )


def _measured(
    attribute: Attribute, last: Last, top: int, tables: Tables, labels: tuple[str, ...], size: WorkSize
) -> tuple[float, str, float | None]:
    """Value, unit and what is usual."""
    objects, bodies = last.objects, tables.exemplars.bodies
    kind = int(objects.kind[top])
    what = "unknown object" if kind == UNKNOWN else name_of(labels, kind)
    body = float(bodies.at(objects.box[top : top + 1, 3])[0])
    whose = "body" if bodies.kind >= 0 and name_of(labels, bodies.kind) == "person" else "usual"
    if attribute is Attribute.SPEED:
        return float(objects.speed[top]) / body, f"{whose} heights/s ({what})", tables.tails[attribute].usual
    if attribute is Attribute.SIZE:
        height, width = np.exp(objects.sides[top])
        # The side that departs further from what is usual here.
        middle = np.exp(np.median(tables.exemplars.sizes, axis=0)) if len(tables.exemplars.sizes) else np.ones(2)
        higher = abs(np.log(height / body / middle[0])) >= abs(np.log(width / body / middle[1]))
        side, other = (height, middle[0]) if higher else (width, middle[1])
        return float(side) / body, f"{whose} heights {'tall' if higher else 'wide'} ({what})", float(other)
    if attribute is Attribute.CLASS:
        return round(tables.visits.near(kind, objects.foot[top], size.width, size.height), 1), f"earlier visits here of: {what}", None
    nearest = float(np.clip(1.0 - (tables.exemplars.vectors @ objects.vector[top]).max(initial=-1.0), 0.0, 2.0))
    return nearest, f"cosine distance to anything seen here ({what})", tables.tails[attribute].usual
