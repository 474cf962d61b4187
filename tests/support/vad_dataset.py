"""A small labelled data set in the layout of `haetae vad eval`, encoded from moving scenes."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from tests.support.moving_scene import Mover, MovingScene, walkers

FPS = 10


def encode_scene(path: Path, scene: MovingScene, seconds: float, *, start_s: float = 0.0) -> Path:
    """`scene` from `start_s` on at 10 fps, as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"preset": "ultrafast", "crf": "18"}
        for index in range(round(seconds * FPS)):
            luma = scene.picture(start_s + index / FPS)
            planes = np.concatenate([luma, np.full((scene.height // 2, scene.width), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_dataset(folder: Path, *, masks: bool = False) -> Path:
    """Walkers to learn from; two test clips, one with a runner in its second half."""
    (folder / "training").mkdir(parents=True)
    (folder / "testing").mkdir()
    usual = walkers(14)
    for number in range(2):
        encode_scene(folder / "training" / f"{number + 1:02}.mp4", MovingScene(usual), 20.0, start_s=20.0 * number)
    encode_scene(folder / "testing" / "01.mp4", MovingScene(usual), 5.0, start_s=41.0)
    runner = Mover(-24, 100, 140.0, start_s=43.5, end_s=46.0)
    encode_scene(folder / "testing" / "02.mp4", MovingScene((*usual, runner)), 5.0, start_s=41.0)
    labels = {"01": np.zeros(50, np.uint8), "02": (np.arange(50) >= 27).astype(np.uint8)}
    np.savez(folder / "labels.npz", **labels)
    if masks:
        np.savez(folder / "masks_packbits.npz", **{name: _masks(truth, [runner]) for name, truth in labels.items()})
    return folder


def _masks(labels: np.ndarray, movers: Sequence[Mover]) -> np.ndarray:
    masks = np.zeros((labels.size, 240, 320), bool)
    for number in np.flatnonzero(labels):
        for mover in movers:
            at = replace(mover, x=mover.x + mover.speed * (41.0 + number / FPS - mover.start_s))
            left, right = max(0, round(at.x)), max(0, round(at.x) + at.width)
            masks[number, at.y : at.y + at.height, left:right] = True
    return np.packbits(masks, axis=2)
