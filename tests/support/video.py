"""Small videos for tests: moving shapes on a textured ground, encoded with PyAV. The same arguments give the same pictures."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from haetae.domain.frame import RGB

_PIXEL_FORMATS = {"mjpeg": "yuvj420p", "png": "rgb24"}


def draw_picture(index: int, *, size: tuple[int, int] = (320, 240), fps: int = 25, seed: int = 0) -> RGB:
    """Picture `index` of the scene that `make_video` encodes: shape (height, width, 3). `size` is (width, height)."""
    width, height = size
    rng = np.random.default_rng(seed)
    ground = cv2.resize(rng.integers(60, 140, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8), (width, height))
    picture = np.ascontiguousarray(ground, dtype=np.uint8)
    t_s = index / fps
    for _ in range(3):
        start, speed = rng.uniform(0, 1, 2), rng.uniform(-0.3, 0.3, 2)
        color = tuple(int(value) for value in rng.integers(150, 255, 3))
        x, y = (start + speed * t_s) % 1.0
        corner = (int(x * width), int(y * height))
        cv2.rectangle(picture, corner, (corner[0] + width // 8, corner[1] + height // 6), color, -1)
    return picture


def make_video(
    path: Path,
    *,
    seconds: float = 4,
    fps: int = 25,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    gop: int = 25,
    bframes: int = 0,
    seed: int = 0,
) -> Path:
    """Encode round(seconds * fps) pictures into `path`, whose name chooses the container; `size` is (width, height); returns `path`.

    There is a keyframe every `gop` pictures and up to `bframes` B-frames between reference pictures.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = _PIXEL_FORMATS.get(codec, "yuv420p")
        context = stream.codec_context
        context.thread_count = 1
        if codec not in _PIXEL_FORMATS:
            context.gop_size = gop
            context.max_b_frames = bframes
        if codec == "libx264":
            context.options = {"preset": "ultrafast", "sc_threshold": "0", "bf": str(bframes), "b-pyramid": "none", "g": str(gop)}
        if codec == "libx265":
            context.options = {"x265-params": f"log-level=none:bframes={bframes}:keyint={gop}"}
        for index in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(draw_picture(index, size=size, fps=fps, seed=seed), format="rgb24")
            frame.pts = index
            frame.time_base = Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
