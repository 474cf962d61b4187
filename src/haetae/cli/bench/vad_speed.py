"""What a model costs per frame, beside what nobody can do without (decoding) and what others do (dense optical flow)."""

import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from haetae.domain.frame import Luma
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.training.datasets import every_frame
from haetae.vad.base import VADModel, Window
from haetae.vad.state_file import write_state

SIZE = (360, 240)
FPS = 10.0
LEARNED_SHARE = 0.4


class SpeedClip:
    """A rendered clip of 360x240 at 10 fps, decoded once, on which every model of a run is measured."""

    def __init__(self, seconds: float, repeats: int) -> None:
        self._repeats = repeats
        with tempfile.TemporaryDirectory(prefix="haetae-bench-") as folder:
            path = Path(folder) / "plaza.mp4"
            write_video(SceneSpec(scene="plaza", seed=1, seconds=seconds, fps=FPS, size=SIZE), path)
            self._frames = [(np.ascontiguousarray(frame.luma), frame.t_s) for frame in every_frame(str(path))]
            self._learned = int(LEARNED_SHARE * len(self._frames))
            self.decode_ms = self._least(lambda: sum(1 for _ in every_frame(str(path))))
        self.flow_ms = self._least(lambda: _dense_flow([luma for luma, _ in self._frames]))

    @property
    def frames(self) -> list[tuple[Luma, float]]:
        """Luma and presentation time of all its frames."""
        return self._frames

    def cost_of(self, model: VADModel) -> dict[str, Any]:
        """CPU time per frame of scoring on one thread, time to learn 40 % of the clip, and the size of what was learned, as it is saved."""
        state = model.new_state()
        before = time.process_time()
        for luma, t_s in self._frames[: self._learned]:
            model.learn([Window(state, luma, t_s)])
        model.finish_learning(state)
        fit_s = time.process_time() - before
        saved = {name: np.array(array) for name, array in state.arrays().items()}
        times: list[float] = []
        for _ in range(self._repeats):
            again = model.load_state(saved)
            before = time.process_time()
            for luma, t_s in self._frames[self._learned :]:
                model.score([Window(again, luma, t_s)])
            times.append(1000.0 * (time.process_time() - before) / (len(self._frames) - self._learned))
        cost = min(times)
        return {
            "cpu_ms_per_frame": round(cost, 4),
            "ratio_to_dis_flow": round(cost / self.flow_ms, 3),
            "ratio_to_decoding": round(cost / self.decode_ms, 3),
            "learn_s": round(fit_s, 2),
            "state_kb": round(_saved_size(saved) / 1024, 1),
        }

    def _least(self, run: Callable[[], int]) -> float:
        """CPU milliseconds per frame, the least of the repeats."""
        least = float("inf")
        for _ in range(self._repeats):
            before = time.process_time()
            frames = run()
            least = min(least, 1000.0 * (time.process_time() - before) / max(1, frames))
        return least


def _saved_size(arrays: dict[str, Any]) -> int:
    with tempfile.TemporaryDirectory(prefix="haetae-bench-") as folder:
        path = Path(folder) / "camera.state"
        write_state(path, {}, arrays)
        return path.stat().st_size


def _dense_flow(lumas: list[Luma]) -> int:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    for former, luma in pairwise(lumas):
        dis.calc(former, luma, np.zeros((*luma.shape, 2), np.float32))
    return len(lumas)
