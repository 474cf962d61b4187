"""A camera's zones as masks of its pictures: what nobody may see, and what may not alarm."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB, Frame, Luma
from haetae.domain.zone import Zone, ZoneKind

_SHIFT = 4
"""Corners are drawn to a sixteenth of a pixel."""


class ZoneMasks:
    """Immutable but for what it remembers of the last picture size, so any thread may use it; another set of zones is another object."""

    def __init__(self, zones: tuple[Zone, ...] = ()) -> None:
        self._privacy = [zone for zone in zones if zone.kind is ZoneKind.PRIVACY]
        self._include = [zone for zone in zones if zone.kind is ZoneKind.INCLUDE]
        self._exclude = [zone for zone in zones if zone.kind is ZoneKind.EXCLUDE]
        self._shown: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self._ignored: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)

    @property
    def hides(self) -> bool:
        """True when something has to be blackened."""
        return bool(self._privacy)

    def conceal(self, frame: Frame) -> Frame:
        """`frame` with the privacy zones black, in its luma and in what `rgb()` makes; the frame itself where there are none."""
        if not self._privacy:
            return frame
        rgb = frame.rgb
        return replace(frame, luma=self.conceal_luma(frame.luma), rgb=lambda: self.conceal_rgb(rgb()))

    def conceal_luma(self, luma: Luma) -> Luma:
        """A copy of shape (height, width) with the privacy zones 0."""
        return np.asarray(cv2.bitwise_and(luma, self._shown_of(*luma.shape)), np.uint8)

    def conceal_rgb(self, rgb: RGB) -> RGB:
        """A copy of shape (height, width, 3) with the privacy zones black."""
        if not self._privacy:
            return rgb
        return rgb & self._shown_of(*rgb.shape[:2])[:, :, None]

    def ignored(self, luma: Luma) -> NDArray[np.bool_] | None:
        """True where nothing may alarm, of the luma's shape: outside every include zone, in an exclude or a privacy zone.

        None where everything counts; the same object as long as pictures keep their size.
        """
        if not (self._include or self._exclude or self._privacy):
            return None
        mask = self._ignored
        if mask.shape != luma.shape:
            outside = ~_fill(self._include, *luma.shape) if self._include else np.zeros(luma.shape, np.bool_)
            mask = self._ignored = outside | _fill([*self._exclude, *self._privacy], *luma.shape)
        return mask

    def _shown_of(self, height: int, width: int) -> NDArray[np.uint8]:
        """255 where a picture may be seen, 0 in the privacy zones."""
        mask = self._shown
        if mask.shape != (height, width):
            mask = self._shown = np.where(_fill(self._privacy, height, width), 0, 255).astype(np.uint8)
        return mask


def _fill(zones: list[Zone], height: int, width: int) -> NDArray[np.bool_]:
    """True inside any of the polygons, their outlines included, so that no pixel that a zone touches is left out."""
    mask = np.zeros((height, width), np.uint8)
    scale = np.array([width, height], np.float64)
    for zone in zones:
        # A pixel's centre has whole coordinates in OpenCV, its left edge is half a pixel before.
        corners = np.rint((np.array(zone.polygon) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, shift=_SHIFT)
    return mask > 0
