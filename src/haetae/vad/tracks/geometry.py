"""Between pieces of the working picture and relative coordinates, x to the right and y down, in [0, 1]."""

import cv2
import numpy as np

from haetae.domain.frame import Box
from haetae.domain.zone import Zone
from haetae.vad.preprocess import WorkSize
from haetae.vad.tracks.blobs import Blob

EDGE = 1
"""Working pixels: what comes so near to the picture's edge may go on behind it."""


def box_of(blob: Blob, size: WorkSize) -> Box:
    """The rectangle of a piece."""
    return Box(blob.left / size.width, blob.top / size.height, blob.right / size.width, blob.bottom / size.height)


def blob_of(box: Box, size: WorkSize) -> Blob:
    """A box as a piece of which only its place is known."""
    left, right = box.left * size.width, box.right * size.width
    top, bottom = box.top * size.height, box.bottom * size.height
    return Blob(left, top, right, bottom, (right - left) * (bottom - top), 0.0, 0.0)


def middle_of(blob: Blob, size: WorkSize) -> tuple[float, float]:
    """The middle of a piece."""
    return blob.x / size.width, 0.5 * (blob.top + blob.bottom) / size.height


def feet_of(blob: Blob, size: WorkSize) -> tuple[float, float]:
    """Where a piece stands."""
    return blob.x / size.width, blob.bottom / size.height


def is_whole(blob: Blob, size: WorkSize) -> bool:
    """Whether all of it is in the picture."""
    return blob.left > EDGE and blob.top > EDGE and blob.right < size.width - EDGE and blob.bottom < size.height - EDGE


def common_area(one: Box, two: Box) -> float:
    """Of two boxes, as a share of the picture; 0 where they do not meet."""
    across, down = min(one.right, two.right) - max(one.left, two.left), min(one.bottom, two.bottom) - max(one.top, two.top)
    return max(0.0, across) * max(0.0, down)


def inside(zone: Zone, x: float, y: float) -> bool:
    """Whether a point lies in a zone, its rim included."""
    return bool(cv2.pointPolygonTest(np.array(zone.polygon, np.float32), (x, y), False) >= 0)
