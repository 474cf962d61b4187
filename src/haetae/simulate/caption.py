"""Words in a corner of a picture, as cameras write where they look."""

import cv2
import numpy as np

from haetae.domain.frame import RGB

_MOST = 24
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def captioned(rgb: RGB, text: str) -> RGB:
    """A copy of the picture, shape (height, width, 3), with the text in its lower left corner; the picture itself where there is none.

    Signs that the font lacks are left out.
    """
    words = "".join(sign for sign in text if " " <= sign <= "~")[:_MOST]
    if not words:
        return rgb
    height = rgb.shape[0]
    scale = height / 600
    copy: RGB = np.ascontiguousarray(rgb).copy()
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(copy, words, (round(8 * scale) + 2, height - round(12 * scale) - 2), _FONT, scale, colour, thickness, cv2.LINE_AA)
    return copy
