"""`haetae bench facts`: what following, measuring and the rules cost a frame, beside the default VAD model in the same run."""

import time
from typing import Any

import cv2

from haetae import __version__
from haetae.cli.bench.vad import machine
from haetae.cli.bench.vad_speed import FPS, LEARNED_SHARE, SIZE, SpeedClip
from haetae.vad.base import create_model
from haetae.vad.rules.watch import SceneWatch


def bench_facts(*, seconds: float, repeats: int) -> dict[str, Any]:
    """CPU time on one thread, the least of the repeats; facts are asked for at every frame, as while an event is open."""
    cv2.setNumThreads(1)
    clip = SpeedClip(seconds, repeats)
    frames = clip.frames
    learned = int(LEARNED_SHARE * len(frames))
    watch = SceneWatch()
    for luma, t_s in frames[:learned]:
        watch.learn(luma, t_s)
    watch.trust_definitions()
    saved = watch.arrays()
    quiet: list[float] = []
    open_: list[float] = []
    for times, asked in ((quiet, False), (open_, True)):
        for _ in range(repeats):
            again = SceneWatch.of_arrays(saved)
            before = time.process_time()
            for luma, t_s in frames[learned:]:
                again.judge(luma, t_s)
                if asked:
                    again.facts(t_s, None)
            times.append(1000.0 * (time.process_time() - before) / (len(frames) - learned))
    model_ms = clip.cost_of(create_model("motion"))["cpu_ms_per_frame"]
    return {
        "haetae": __version__,
        "machine": machine(),
        "size": list(SIZE),
        "fps": FPS,
        "facts_ms_per_frame": round(min(quiet), 4),
        "facts_ms_per_frame_in_an_event": round(min(open_), 4),
        "motion_ms_per_frame": model_ms,
        "ratio_to_motion": round(min(quiet) / model_ms, 3),
        "ratio_to_motion_in_an_event": round(min(open_) / model_ms, 3),
        "state_kb": round(sum(array.nbytes for array in saved.values()) / 1024, 1),
        "goal": "below the cost of motion",
    }
