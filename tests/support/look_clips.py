"""Stored clips whose pictures tell their time by their brightness."""

from dataclasses import replace
from datetime import timedelta

import av
import numpy as np
from tests.support.events import make_event

from haetae.domain.event import EventStatus
from haetae.domain.triage import Job
from haetae.media.score_curve import ScoreCurve, write_score_curve

FPS = 10
LEVEL = 8
"""Brightness for each second."""


def write_clip(path, length_s, *, hash_seed=0):
    """A clip of 160 x 96, in which the upper half says the time and the lower half moves about, so that no two pictures are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(hash_seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(round(length_s * FPS)):
            rgb = np.zeros((96, 160, 3), np.uint8)
            rgb[:48] = 16 + round(LEVEL * number / FPS)
            for _ in range(6):
                x, y = random.integers(0, 130), random.integers(50, 84)
                rgb[y : y + 12, x : x + 30] = random.integers(60, 255)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    return path.stat().st_size


def time_of(rgb):
    """The second of the clip that a picture of it shows."""
    return (float(rgb[4:40].mean()) - 16) / LEVEL


def recorded(layout, camera_id, *, lasted_s=6.0, pre_roll_s=5.0, post_roll_s=5.0, early_s=0.0, onset_s=100.0, **changes):
    """A job for an event that is over, with its clip, which begins `early_s` before the pre-roll, and its curve."""
    event = make_event(camera_id=camera_id, status=EventStatus.CLOSED, onset_s=onset_s, end_s=onset_s + lasted_s, peak_s=onset_s + 3.0)
    name = layout.clip(camera_id, event.id, event.timestamp)
    size = write_clip(layout.path(name), early_s + pre_roll_s + lasted_s + post_roll_s)
    times = tuple(index / 5 for index in range(-25, round(5 * (lasted_s + 5))))
    curve = ScoreCurve(times, tuple(0.9 if 2.5 <= t_s <= 3.5 else 0.51 for t_s in times))
    write_score_curve(layout.path(layout.score_curve(camera_id, event.id, event.timestamp)), curve)
    values = {"clip_path": name, "media_bytes": size, "ended_at": event.timestamp + timedelta(seconds=lasted_s), "revision": 4}
    event = replace(event, **(values | changes))
    return Job(event, "gate", event.timestamp, settled=True)
