"""What happens in each cell of the picture: the values whose rarity is judged.

A cell is CELL x CELL blocks and there is one at every block, so that neighbours overlap and an incident is not cut in two.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from math import exp

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.vad.motion.flow import CHANNELS, Flow, Grid
from haetae.vad.motion.foreground import Background, Seen
from haetae.vad.motion.glance import Glance
from haetae.vad.preprocess import BLOCK, WorkSize, to_work

CELL = 4
ACTIVE_SHARE = 0.12
"""Least share of foreground in a cell that is judged."""

LEAST_PIXELS = int(ACTIVE_SHARE * CELL * CELL * BLOCK * BLOCK) - CELL * CELL
"""With fewer pixels of foreground in the whole picture no cell can be active; shares are rounded, by a pixel each at most."""

SPECKS = 16
"""Fewer pixels of foreground than this are noise of the sensor or of the coder: their movement is not measured."""

MEAN_S = 0.45
MEAN_FRAMES = 8
"""Values are means over the frames of the last MEAN_S, 5 of them at 10 fps, and never over more than MEAN_FRAMES."""

PRIOR_POINTS = 3.0
"""Added to the number of points in a cell, so that a single wrong match is not a speed."""

CONNECTED_SHARE = 0.25
FORGET_S = 20.0
"""Time constant with which absence takes a stay away: where somebody is half of the time, no stay grows beyond this."""

LONGEST_STAY_S = 900.0
LEAST_STEP_S = 1 / 60
"""Frames closer than this are taken for this far apart: sources repeat time stamps, and none is analysed faster."""

GAP_S = 1.0
"""After a longer silence nothing moved `since the last frame`."""

GONE_S = 5.0
"""After a silence of this length it may be another clip or another day: nothing stays."""

STILL_LEVELS = 0.5
STILL_NOISE = 1.3
"""A cell rests where its mean change is below STILL_LEVELS and STILL_NOISE times the noise of the background: two pictures of the same
differ by 1.1 times that on the average."""

FLICKER_SPEED = 20.0
"""Working px/s at which half of the change is put down to movement."""

DIRECTIONS = 8
COHERENT = 0.6
LEAST_SPEED = 6.0
LEAST_POINTS = 3.0
"""A direction is told from at least LEAST_POINTS, LEAST_SPEED working px/s and |mean velocity| / mean speed of COHERENT."""

_CELL = np.ones((CELL, CELL), np.uint8)


class Value(IntEnum):
    """The measured values of a cell, in the order of `Observation.values`."""

    SPEED = 0
    """Coherent speed, working px/s: limbs that swing cancel out."""
    AGITATION = 1
    """What of the mean speed is not coherent, working px/s: limbs, a struggle."""
    SIZE = 2
    """Area of the connected foreground that the cell belongs to, in blocks."""
    FLATNESS = 3
    """Width over height of that foreground."""
    STAY = 4
    """How long something has been there, s; what leaves and comes back is counted on."""
    STILL = 5
    """How long something has been there without the least change, s: what was put down, not who stands and waits."""
    FLICKER = 6
    """Mean change from frame to frame, grey levels, so far as followed movement does not account for it: flames, a lamp that fails, and the
    rim of what is too fast to be followed."""


@dataclass(slots=True)
class Observation:
    """The active cells of one frame. `cell` (k,) is row * columns + column; `values` is (len(Value), k); `direction` (k,) is -1 where none
    can be told, else 0 = right, counting clockwise on the screen. `foreground` (rows, columns) is the share of each block, None
    in what was kept for later."""

    t_s: float
    elapsed_s: float
    cell: NDArray[np.intp]
    values: NDArray[np.float32]
    direction: NDArray[np.intp]
    foreground: NDArray[np.float32] | None = None
    valid: bool = True
    changed: bool = False


@dataclass(slots=True)
class _Frame:
    """What is kept of a recent frame: when, its number of pixels of foreground and, where it has any worth measuring, by block the
    channels of the flow, the share of foreground and the change, (rows, columns, CHANNELS + 2). `moved`: whether any point was followed."""

    t_s: float
    count: int
    blocks: NDArray[np.float32] | None = None
    moved: bool = False


class Observer:
    """The eyes of one camera: turns its frames into observations. Not shared between cameras."""

    def __init__(self, size: WorkSize, background: Background) -> None:
        self.size = size
        self.background = background
        self._flow = Flow(Grid.of(size))
        self._recent: deque[_Frame] = deque(maxlen=MEAN_FRAMES)
        self._stay = np.zeros((size.rows, size.columns), np.float32)
        self._still = np.zeros((size.rows, size.columns), np.float32)
        self._last_s: float | None = None
        self.glance: Glance | None = None
        """How the last picture was seen."""

    def step(self, luma: Luma, t_s: float) -> Observation:
        """Observe a source picture taken at `t_s`."""
        work = to_work(luma, self.size)
        elapsed = 0.0 if self._last_s is None else t_s - self._last_s
        follows = 0.0 < elapsed <= GAP_S
        if follows:
            # Two pictures under one time stamp would otherwise move at any speed.
            elapsed = max(elapsed, LEAST_STEP_S)
        self._last_s = t_s
        if not follows:
            self._flow.reset()
            self._recent.clear()
            self._leave(elapsed)
            if elapsed > GONE_S:
                self._stay[:] = self._still[:] = 0.0
        seen = self.background.step(work, t_s, min(elapsed, GAP_S))
        self.glance = Glance(self.size, work)
        elapsed = elapsed if follows else 0.0
        if not seen.settled or seen.changed:
            self._recent.clear()
            self._flow.skip(work)
            self._stay[:] = self._still[:] = 0.0
            return self._nothing(t_s, elapsed, valid=False, changed=seen.changed)
        self._remember(work, seen, t_s, elapsed)
        if sum(frame.count for frame in self._recent) < LEAST_PIXELS * len(self._recent):
            self._leave(elapsed)
            return self._nothing(t_s, elapsed)
        return self._observe(self._mean(), t_s, elapsed)

    def _nothing(self, t_s: float, elapsed_s: float, *, valid: bool = True, changed: bool = False) -> Observation:
        none = np.empty(0, np.intp)
        return Observation(t_s, elapsed_s, none, np.empty((len(Value), 0), np.float32), none, valid=valid, changed=changed)

    def _leave(self, elapsed_s: float) -> None:
        """Nothing is anywhere."""
        self._stay *= np.float32(exp(-max(elapsed_s, 0.0) / FORGET_S))
        self._still[:] = 0.0

    def _remember(self, work: Luma, seen: Seen, t_s: float, elapsed_s: float) -> None:
        """Measure the flow of the foreground and keep it with the recent frames."""
        while self._recent and self._recent[0].t_s < t_s - MEAN_S:
            self._recent.popleft()
        if seen.count < SPECKS:
            self._flow.skip(work)
            self._recent.append(_Frame(t_s, seen.count))
            return
        blocks = np.empty((self.size.rows, self.size.columns, CHANNELS + 2), np.float32)
        former = self._flow.former
        blocks[..., :CHANNELS] = flow = self._flow.step(work, seen.mask, elapsed_s)
        blocks[..., CHANNELS + 1] = 0.0 if former is None else self._by_block(np.asarray(cv2.absdiff(work, former), np.uint8))
        np.multiply(self._by_block(seen.mask), np.float32(1 / 255), out=blocks[..., CHANNELS])
        self._recent.append(_Frame(t_s, seen.count, blocks, bool(flow[..., 0].any())))

    def _by_block(self, picture: Luma) -> Luma:
        return np.asarray(cv2.resize(picture, (self.size.columns, self.size.rows), interpolation=cv2.INTER_AREA), np.uint8)

    def _mean(self) -> NDArray[np.float32]:
        """Mean over the recent frames, shape (rows, columns, CHANNELS + 2); the last ones are the share of foreground and the change."""
        measured = [frame.blocks for frame in self._recent if frame.blocks is not None]
        mean = np.zeros((self.size.rows, self.size.columns, CHANNELS + 2), np.float32) if not measured else measured[0].copy()
        for blocks in measured[1:]:
            mean += blocks
        mean *= np.float32(1 / len(self._recent))
        # The first frame after a gap has foreground but no flow.
        if len(self._recent) > 1 and not self._recent[0].moved:
            mean[..., :CHANNELS] *= len(self._recent) / (len(self._recent) - 1)
        return mean

    def _observe(self, mean: NDArray[np.float32], t_s: float, elapsed_s: float) -> Observation:
        total = np.asarray(cv2.boxFilter(mean, -1, (CELL, CELL), normalize=False, borderType=cv2.BORDER_CONSTANT), np.float32)
        active = total[..., CHANNELS] > ACTIVE_SHARE * CELL * CELL
        cell = active.ravel().nonzero()[0]
        at_cells = total.reshape(-1, CHANNELS + 2).take(cell, axis=0)
        self._stay_at(cell, at_cells[:, CHANNELS + 1], elapsed_s)
        if not cell.size:
            return self._nothing(t_s, elapsed_s)
        points, speed_sum, u_sum, v_sum, _, change = at_cells.T
        coherent = np.hypot(u_sum, v_sum)
        values = np.empty((len(Value), cell.size), np.float32)
        values[Value.SPEED] = coherent
        values[Value.AGITATION] = speed_sum - coherent
        values[: Value.SIZE] /= points + PRIOR_POINTS
        foreground = np.ascontiguousarray(mean[..., CHANNELS])
        values[Value.SIZE : Value.STAY] = _shapes(foreground).reshape(-1, 2).take(cell, axis=0).T
        values[Value.STAY] = self._stay.take(cell)
        values[Value.STILL] = self._still.take(cell)
        followed = 1.0 + values[Value.SPEED] * np.float32(1 / FLICKER_SPEED)
        values[Value.FLICKER] = change * np.float32(1 / CELL**2) / followed
        turn = np.rint(np.arctan2(v_sum, u_sum) * np.float32(DIRECTIONS / (2 * np.pi))).astype(np.intp) % DIRECTIONS
        turn[(points < LEAST_POINTS) | (coherent <= COHERENT * speed_sum) | (coherent <= LEAST_SPEED * points)] = -1
        return Observation(t_s, elapsed_s, cell, values, turn, foreground)

    def _stay_at(self, cell: NDArray[np.intp], change: NDArray[np.float32], elapsed_s: float) -> None:
        """Something was in each `cell` (k,) for so much longer, with that sum of `change` (k,) over its blocks; nowhere else."""
        stay, still = self._stay.take(cell), self._still.take(cell)
        self._leave(elapsed_s)
        stay += np.float32(elapsed_s)
        self._stay.ravel()[cell] = np.minimum(stay, np.float32(LONGEST_STAY_S))
        still += np.float32(elapsed_s)
        still[change >= CELL**2 * (STILL_LEVELS + STILL_NOISE * self.background.noise)] = 0.0
        self._still.ravel()[cell] = still


def _shapes(share: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each cell the area in blocks, and the width over the height, of the largest connected foreground that reaches into it:
    shape (rows, columns, 2)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((share > CONNECTED_SHARE).view(np.uint8), connectivity=8)
    shapes = np.empty((len(stats), 2), np.float32)
    shapes[:, 0] = np.bincount(labels.ravel(), share.ravel(), minlength=len(stats))
    np.divide(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], out=shapes[:, 1], casting="unsafe")
    shapes[0] = 0.0
    return np.asarray(cv2.dilate(shapes.take(np.asarray(labels, np.int32), axis=0), _CELL), np.float32)


def hidden_cells(ignored: NDArray[np.bool_], size: WorkSize) -> NDArray[np.bool_]:
    """The cells (rows * columns,) of which more than half lies in `ignored`, which has the shape of any picture of the camera."""
    mask = to_work(ignored.astype(np.uint8) * 255, size)
    share = cv2.resize(mask, (size.columns, size.rows), interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
    # What of a cell lies outside of the picture counts neither way.
    part, whole = (
        cv2.boxFilter(each, -1, (CELL, CELL), normalize=False, borderType=cv2.BORDER_CONSTANT) for each in (share, share * 0 + 1)
    )
    return np.asarray(part > 0.5 * whole).ravel()
