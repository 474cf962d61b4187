"""A drawn street, what can be done to a camera that watches it, and a tamper monitor with its clock."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice

import cv2
import numpy as np

from haetae.domain.frame import Luma
from haetae.domain.score import TamperKind
from haetae.vad.tamper import TamperMonitor

SIZE = (320, 180)
STEP_S = 0.5


def draw_scene(seed: int = 0) -> np.ndarray:
    """A street: sky, ground, houses with windows, a road with markings; float grey levels."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    scene = np.full((height, width), 120.0)
    scene[: height // 3] = 170
    for left in range(0, width, 40):
        top, tone = int(rng.integers(15, 50)), float(rng.uniform(60, 150))
        scene[top:95, left : left + 36] = tone
        for row in range(top + 6, 85, 14):
            for column in range(left + 4, left + 32, 10):
                scene[row : row + 7, column : column + 5] = float(rng.uniform(30, 220))
    for left in range(0, width, 30):
        cv2.line(scene, (left, 100), (2 * left - 160, height), 200, 2)
    scene += cv2.resize(rng.normal(0, 12, (height // 3, width // 3)), SIZE)
    return cv2.GaussianBlur(scene, (0, 0), 0.7)


def film(scene: np.ndarray, *, seed: int = 0, noise: float = 2.0, gain: Callable[[int], float] = lambda _: 1.0) -> Iterator[Luma]:
    """Endless pictures of `scene` with a passer-by, sensor noise, and brightness by picture number."""
    rng = np.random.default_rng(seed)
    for number in count():
        picture = scene.copy()
        x = 20 + 11 * number % 280
        picture[90:140, x : x + 16] = 40
        yield np.clip(picture * gain(number) + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def draw_elsewhere(seed: int = 5) -> np.ndarray:
    """What the camera sees after it was turned: nothing is where it was."""
    return draw_scene(seed)[::-1, ::-1].copy()


class Watch:
    """A monitor with its clock: two pictures a second."""

    def __init__(self, monitor: TamperMonitor | None = None) -> None:
        self.monitor = monitor or TamperMonitor()
        self.t_s = 0.0

    def learn(self, pictures: Iterable[Luma], number: int = 80) -> "Watch":
        assert self.see(pictures, number, learning=True) == []
        return self

    def see(self, pictures: Iterable[Luma], number: int, *, learning: bool = False) -> list[tuple[float, TamperKind]]:
        """What was newly reported, and how many seconds after the first of these pictures."""
        start_s, last, told = self.t_s, None, []
        for picture in islice(pictures, number):
            kind = self.monitor.observe(picture, self.t_s, learning)
            if kind is not None and kind is not last:
                told.append((self.t_s - start_s, kind))
            last = kind
            self.t_s += STEP_S
        return told


def noisy(picture: np.ndarray, seed: int, level: float = 2.0) -> Luma:
    return np.clip(picture + np.random.default_rng(seed).normal(0, level, picture.shape), 0, 255).astype(np.uint8)


def black(picture: Luma, seed: int) -> Luma:
    return noisy(np.full(picture.shape, 8.0), seed, 3.0)


def hand(picture: Luma, seed: int) -> Luma:
    """Out of focus in front of the lens, with some light round it."""
    glow = cv2.resize(cv2.resize(picture, (10, 7), interpolation=cv2.INTER_AREA), picture.shape[::-1]) * 0.2
    return noisy(glow + 60 + 20 * np.sin(np.arange(picture.shape[1]) / 60), seed)


def shifted(picture: Luma, _seed: int) -> Luma:
    return np.roll(picture, picture.shape[1] // 2, axis=1)


def blurred(picture: Luma, seed: int) -> Luma:
    return noisy(cv2.GaussianBlur(picture, (0, 0), picture.shape[1] / 100), seed, 1.0)


TAMPERINGS = {
    "black": (black, TamperKind.COVERED),
    "hand": (hand, TamperKind.COVERED),
    "shifted": (shifted, TamperKind.TURNED),
    "blurred": (blurred, TamperKind.DEFOCUSED),
}


def tampered(pictures: Iterable[Luma], how: Callable[[Luma, int], Luma]) -> Iterator[Luma]:
    return (how(picture, seed) for seed, picture in enumerate(pictures))
