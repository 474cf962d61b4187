"""What made a frame surprising, in natural units, and where."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.vad.motion.cells import CELL, DIRECTIONS, MEAN_S, Observation, Value
from haetae.vad.motion.counts import Counts
from haetae.vad.motion.tables import VISIT_S, Attribute, Tables

REGION_SHARE = 0.6
"""The top region is what is connected to the top cell and reaches this share of its score."""

MAP_SHARE = 0.1
"""Blocks with less foreground, as all their neighbours, stay blank in the map, so that it shows the object and not its surroundings."""

PEAK_BLOCKS = 7
PEAK_SHARE = 0.6
"""So does what reaches less than PEAK_SHARE of the greatest value within PEAK_BLOCKS: who walks beside a runner is another object."""

_NEIGHBOURS = np.ones((3, 3), np.uint8)
_CELL = np.ones((CELL, CELL), np.uint8)
_PEAK = np.ones((PEAK_BLOCKS, PEAK_BLOCKS), np.uint8)

KINDS = {
    Attribute.SPEED: FactKind.SPEED,
    Attribute.AGITATION: FactKind.SPEED,
    Attribute.SIZE: FactKind.SIZE,
    Attribute.FLATNESS: FactKind.APPEARANCE,
    Attribute.STAY: FactKind.DWELL,
    Attribute.STILL: FactKind.DWELL,
    Attribute.FLICKER: FactKind.FLICKER,
    Attribute.DIRECTION: FactKind.DIRECTION,
    Attribute.PLACE: FactKind.PLACE,
    Attribute.HOUR: FactKind.PLACE,
}


def block_map(seen: Observation, by_cell: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """The anomaly map, shape (rows, columns): each block at the foreground has the greatest value of the cells that it belongs to, as far
    as it stands out of what is near."""
    values = np.zeros((rows, columns), np.float32)
    values.ravel()[seen.cell] = by_cell
    # A cell reaches from two blocks before its own to one after it.
    spread = cv2.dilate(values, _CELL, anchor=(CELL - 1 - CELL // 2, CELL - 1 - CELL // 2))
    if seen.foreground is not None:
        spread = spread * cv2.dilate((seen.foreground > MAP_SHARE).view(np.uint8), _NEIGHBOURS)
    return np.where(spread >= np.float32(PEAK_SHARE) * cv2.dilate(spread, _PEAK), spread, np.float32(0.0))


def top_region(heat: NDArray[np.float32]) -> Box:
    """The box of the top region of a map with a positive maximum."""
    rows, columns = heat.shape
    top = np.unravel_index(int(heat.argmax()), heat.shape)
    _, labels = cv2.connectedComponents((heat >= REGION_SHARE * heat[top]).astype(np.uint8), connectivity=8)
    row, column = np.nonzero(labels == labels[top])
    return Box(
        float(column.min()) / columns,
        float(row.min()) / rows,
        float(column.max() + 1) / columns,
        float(row.max() + 1) / rows,
    )


def facts(
    seen: Observation, top: int, surprise: NDArray[np.float32], share: NDArray[np.float32], tables: Tables, counts: Counts, scale: float
) -> tuple[Fact, ...]:
    """The attributes that stand out at the active cell number `top` or at one beside it, most surprising first.

    `surprise` and `share` (len(Attribute), k) are -log10 p and contributions of all active cells, `scale` source pixels per working pixel.
    """
    row, column = np.divmod(seen.cell, tables.columns)
    near = np.flatnonzero((abs(row - row[top]) <= CELL) & (abs(column - column[top]) <= CELL))
    leading = near[share[:, near].argmax(axis=1)]
    found = [attribute for attribute in Attribute if share[attribute, leading[attribute]] > 0.0]
    ranked = sorted(found, key=lambda attribute: -float(share[attribute, leading[attribute]]))
    return tuple(_fact(each, seen, int(leading[each]), float(surprise[each, leading[each]]), tables, counts, scale) for each in ranked)


def _fact(attribute: Attribute, seen: Observation, top: int, surprise: float, tables: Tables, counts: Counts, scale: float) -> Fact:
    value, unit, usual = _measured(attribute, seen, top, tables, counts, scale)
    spell = value if attribute in (Attribute.STAY, Attribute.STILL) else MEAN_S
    # A tail read off few visits is an estimate; ten minutes of activity in this place make it a good one.
    visits_s = float(counts.occupied[seen.cell[top]]) * counts.seconds / max(1, counts.frames)
    return Fact(
        id=attribute.name.lower(),
        kind=KINDS[attribute],
        value=value,
        unit=unit,
        t0_s=max(0.0, seen.t_s - spell),
        t1_s=seen.t_s,
        usual=usual,
        rarity=10.0**-surprise,
        quality=min(1.0, 0.3 + 0.7 * visits_s / 600.0),
    )


def _measured(
    attribute: Attribute, seen: Observation, top: int, tables: Tables, counts: Counts, scale: float
) -> tuple[float, str, float | None]:
    """Value, unit and what is usual: px/s of the source, % of the picture, s, degrees clockwise from the right, or h between visits."""
    cell = int(seen.cell[top])
    if attribute is Attribute.DIRECTION:
        return float(seen.direction[top]) * 360.0 / DIRECTIONS, "°", None
    if attribute is Attribute.PLACE:
        return VISIT_S * 10.0 ** float(tables.place[cell]) / 3600.0, "h between visits", None
    if attribute is Attribute.HOUR:
        assert tables.hour is not None
        return VISIT_S * 10.0 ** float(tables.hour[cell]) / 3600.0, "h between visits at this hour", None
    factor, unit = {
        Attribute.SPEED: (scale, "px/s"),
        Attribute.AGITATION: (scale, "px/s"),
        Attribute.FLATNESS: (1.0, "width/height"),
        Attribute.SIZE: (100.0 / counts.occupied.size, "% of the picture"),
        Attribute.STAY: (1.0, "s"),
        Attribute.STILL: (1.0, "s"),
        Attribute.FLICKER: (1.0, "grey levels"),
    }[attribute]
    usual = float(tables.usual[attribute, cell // tables.columns])
    return float(seen.values[Value(attribute), top]) * factor, unit, usual * factor or None
