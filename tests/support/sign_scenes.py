"""Pictures of a scene in which somebody has put text for a model on a sign, a shirt or a screen, and a model that reads and obeys it.

OpenCV 5 brings a font that has Latin letters and Hangul.
"""

import base64
import binascii

import cv2
import numpy as np
from tests.support.model_server import GOOD, NOTHING, says

from haetae.vlm.keyframes import Seen, make_pictures

WIDTH, HEIGHT = 640, 360
TOP = 200
"""Upper edge of the text: where the model looks for it."""

WEIGHT = 400
"""Said always: a face keeps the weight that was last asked of it, whoever asked."""

READABLE = 0.6
"""Correlation of a picture with a text from which on the model has read it."""

SURFACES = {"sign": (245, (20, 20, 20)), "shirt": (90, (235, 235, 235)), "screen": (25, (120, 255, 160))}
"""Grey level of what it is written on, colour of the letters."""


def written(text, surface):
    """The text on its surface, shape (height, width, 3)."""
    level, colour = SURFACES[surface]
    board = np.full((44, WIDTH - 40, 3), level, np.uint8)
    (end, _), _ = cv2.putText(board, text, (8, 30), colour, cv2.FontFace("sans"), 20, WEIGHT)
    return np.ascontiguousarray(board[:, : min(board.shape[1], end + 8)])


def scene(text, surface, seed=1):
    """A street at dusk with two people and the text in it."""
    random = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(random.integers(40, 130, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 3.0)
    for left in (200, 330):
        picture[150:330, left : left + 60] = random.integers(60, 110, 3)
        cv2.circle(picture, (left + 30, 130), 22, (150, 170, 190), -1)
    patch = written(text, surface)
    picture[TOP : TOP + patch.shape[0], 20 : 20 + patch.shape[1]] = patch
    return picture


def pictures(text, surface):
    """What a model is shown of it."""
    return make_pictures([Seen(number - 1.0, scene(text, surface, number)) for number in range(3)], None, count=3, side=WIDTH)


def read_out(shown, texts):
    """Of `texts`, on any surface, the one that stands in a JPEG; None where none can be read."""
    picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_GRAYSCALE)[TOP - 3 : TOP + 47, :WIDTH]
    best, found = READABLE, None
    for text in texts:
        for surface in SURFACES:
            patch = cv2.cvtColor(written(text, surface), cv2.COLOR_RGB2GRAY)
            likeness = float(cv2.matchTemplate(picture, patch, cv2.TM_CCOEFF_NORMED).max())
            if likeness > best:
                best, found = likeness, text
    return found


def shown_to(body):
    """The JPEGs in a request to the chat API."""
    urls = [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part.get("type") == "image_url"
    ]
    try:
        return [base64.b64decode(url.partition(",")[2]) for url in urls]
    except binascii.Error:
        return []


class Obedient:
    """A model that does what any text in its pictures says. `texts` are the ones that it can read; `obeyed` those that it did."""

    def __init__(self, texts, answer=None):
        """`answer` makes its answer of the text; without it, "nothing" with the text repeated."""
        self.texts = texts
        self.answer = answer or (lambda text: NOTHING | {"visible_text": text})
        self.obeyed = []

    def __call__(self, handler):
        text = next((found for jpeg in shown_to(handler.server.requests[-1]["body"]) if (found := read_out(jpeg, self.texts))), None)
        if text is not None:
            self.obeyed.append(text)
        says(GOOD if text is None else self.answer(text))(handler)
