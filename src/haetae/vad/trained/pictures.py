"""What networks on pictures see: small pictures minus the background, at fixed distances in time, newest last."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.errors import ErrorMemory
from haetae.vad.trained.look import SPECKS, Grid, Scene, Stage, active_cells

PIXELS = 180 * 120
"""Area of the pictures: a figure of 10 px is still one, and a network of this kind takes some milliseconds on one core."""

BLOCK = 4
"""Side of a block in these pixels: the grid is as fine as that of `motion`."""

STEP_S = 0.2
"""Distance in time of the pictures of a window. A camera that is analysed at 10 or at 5 frames per second gives the same windows, so a
machine that is short of time may shed every other frame."""

SLACK = 0.45
"""How far a picture may be from its place in the window, as a share of the step."""

UNIT = 64.0
"""Grey levels that are 1 for a network."""

MOST_DIFFERENCE = 127.0
"""Greater differences are cut: training keeps pictures as int8."""

STARVED_S = 30.0

Window = NDArray[np.float32]
"""Shape (frames, height, width), differences to the background in UNIT, newest last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame as a network on pictures needs it. `window` is None where no pictures of the right times are there, or nothing is in the
    newest; `share` (rows, columns) is the foreground of each block and `cell` (k,) the active cells. `errors` is the camera's memory of
    errors. `unjudged`: something is there, and no window."""

    scene: Scene
    window: Window | None
    share: NDArray[np.float32]
    cell: NDArray[np.intp]
    errors: ErrorMemory
    unjudged: bool = False


class PictureEye:
    """Makes the windows of one camera. Not shared between cameras."""

    def __init__(
        self,
        size: WorkSize,
        background: Background,
        *,
        frames: int,
        step_s: float,
        from_start: bool = False,
        starved: Callable[[], None] | None = None,
    ) -> None:
        """With `from_start` there are windows from the first picture on: what was before it is taken to have looked like it. `starved` is
        called once when for STARVED_S something was there but frames came too rarely for a window: silence would look like calm."""
        self.grid = Grid(size, BLOCK)
        self._stage = Stage(size, background)
        self._frames = frames
        self._step_s = step_s
        self._from_start = from_start
        self._recent: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._since_s = 0.0
        self._nothing = np.zeros((self.grid.rows, self.grid.columns), np.float32)
        self._errors = ErrorMemory(self.grid, UNIT)
        self._starved = starved
        self._starved_s = 0.0

    @staticmethod
    def size_of(luma: Luma) -> WorkSize:
        """The size of the pictures for a source."""
        return WorkSize.of(luma, PIXELS)

    @property
    def background(self) -> Background:
        return self._stage.background

    def step(self, luma: Luma, t_s: float) -> Seen:
        """Look at a source picture taken at `t_s`."""
        scene = self._stage.step(luma, t_s)
        if scene.elapsed_s <= 0.0:
            self._errors.clear()
        if not scene.valid:
            self._recent.clear()
            return self._empty(scene)
        self._remember(scene)
        if scene.count < SPECKS:
            return self._empty(scene)
        share = self.grid.mean(scene.mask) * np.float32(1 / 255)
        cell = active_cells(share)
        window = self._window(t_s) if cell.size else None
        if window is None:
            self._starve(scene.elapsed_s if cell.size else 0.0)
            return self._empty(scene, unjudged=cell.size > 0)
        self._starved_s = 0.0
        return Seen(scene, window, share, cell, self._errors)

    def _starve(self, elapsed_s: float) -> None:
        self._starved_s += elapsed_s
        if self._starved is not None and self._starved_s > STARVED_S:
            self._starved()
            self._starved = None

    def _empty(self, scene: Scene, *, unjudged: bool = False) -> Seen:
        return Seen(scene, None, self._nothing, np.empty(0, np.intp), self._errors, unjudged)

    def _remember(self, scene: Scene) -> None:
        assert self.background.mean is not None
        difference = cv2.subtract(scene.work, self.background.mean, dtype=cv2.CV_32F)
        picture = np.clip(np.rint(difference), -MOST_DIFFERENCE, MOST_DIFFERENCE) * np.float32(1 / UNIT)
        oldest = scene.t_s - self._step_s * (self._frames - 1 + SLACK)
        while self._recent and (self._recent[0][0] < oldest or self._recent[0][0] >= scene.t_s):
            self._recent.popleft()
        if not self._recent:
            self._since_s = scene.t_s
        self._recent.append((scene.t_s, np.asarray(picture, np.float32)))

    def _window(self, t_s: float) -> Window | None:
        times = np.array([each for each, _ in self._recent])
        wanted = t_s - self._step_s * np.arange(self._frames - 1, -1, -1)
        # Rounding must not make the first picture one that came before it.
        before = int(np.count_nonzero(wanted < self._since_s - SLACK * self._step_s)) if self._from_start else 0
        nearest = np.abs(times[None, :] - wanted[:, None]).argmin(axis=1)
        near = np.abs(times[nearest] - wanted)[before:]
        if near.max() > SLACK * self._step_s or np.unique(nearest[before:]).size < self._frames - before:
            return None
        nearest[:before] = nearest[before]
        return np.stack([self._recent[index][1] for index in nearest])
