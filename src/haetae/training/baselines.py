"""What needs no learning: if a model is not clearly better on a data set, its figure says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.training.metrics import Labels, micro_auc
from haetae.vad.motion.cells import Observer, Value
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import BLOCK, WorkSize, to_work

SMOOTH = 0.2
"""Weight of the newest frame difference in its causal mean."""


BACKGROUND_EVERY_S = 0.5


@dataclass(slots=True)
class MeasuredBaselines:
    """Collects the two baselines that look at the pictures, clip by clip, in the order of the footage."""

    difference: dict[str, list[float]] = field(default_factory=dict)
    speed: dict[str, list[float]] = field(default_factory=dict)
    _observer: Observer | None = None
    _former: tuple[str, Luma] | None = None
    _looked_s: float = -np.inf

    def look(self, luma: Luma, t_s: float, clip: str | None = None) -> None:
        """Take one frame; of footage without a `clip` only the background is learned."""
        if self._observer is None:
            self._observer = Observer(WorkSize.of(luma), Background())
        size = self._observer.size
        if clip is None:
            if t_s - self._looked_s >= BACKGROUND_EVERY_S or t_s < self._looked_s:
                self._looked_s = t_s
                self._observer.background.step(to_work(luma, size), t_s, BACKGROUND_EVERY_S)
            return
        seen = self._observer.step(luma, t_s)
        self.speed.setdefault(clip, []).append(float(seen.values[Value.SPEED].max(initial=0.0)))
        self.difference.setdefault(clip, []).append(self._differ(to_work(luma, size), clip))

    def _differ(self, work: Luma, clip: str) -> float:
        """The largest mean difference of a block to the last frame, smoothed over the past."""
        former, self._former = self._former, (clip, work)
        if former is None or former[0] != clip:
            return 0.0
        change = cv2.absdiff(work, former[1])
        blocks = cv2.resize(change, (work.shape[1] // BLOCK, work.shape[0] // BLOCK), interpolation=cv2.INTER_AREA)
        before = self.difference[clip][-1]
        return before + SMOOTH * (float(blocks.max()) - before)


def baseline_aucs(labels: Labels, measured: MeasuredBaselines, *, seed: int = 0) -> dict[str, float | None]:
    """Micro AUC of each baseline."""
    random = np.random.default_rng(seed)
    scores: dict[str, Mapping[str, NDArray[np.float64]]] = {
        "random": {name: random.random(truth.size) for name, truth in labels.items()},
        "frame_index": {name: np.arange(truth.size, dtype=np.float64) for name, truth in labels.items()},
        "frame_difference": {name: np.array(measured.difference[name]) for name in labels},
        "largest_speed": {name: np.array(measured.speed[name]) for name in labels},
    }
    return {name: micro_auc(labels, each) for name, each in scores.items()}
