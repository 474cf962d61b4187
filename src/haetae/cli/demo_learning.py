"""What the cameras of the demo know when it begins: learned from footage that is rendered ahead, as fast as the machine can."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from haetae.clock import SystemClock
from haetae.domain.camera import CameraConfig
from haetae.media.blobs import StorageLayout
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.training.processes import in_processes
from haetae.vad.base import create_model
from haetae.vad.normality import Normality

LIVE_FPS = 5.0
"""So many frames a second live cameras look at, and learn from here."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One camera's footage and where what it learns of it goes."""

    name: str
    source: str
    model: str
    learning_s: float
    false_alarms_per_day: float
    path: Path

    @property
    def frames(self) -> int:
        return round(self.learning_s * LIVE_FPS)

    def learn(self, told: Callable[[str, int], None]) -> None:
        """Watch it all and save what was learned, whole or not at all. Raises HaetaeError."""
        normality = Normality.new(create_model(self.model), false_alarms_per_day=self.false_alarms_per_day, learning_s=self.learning_s)
        source = open_source(self.source, SourceOptions(analysed_fps=LIVE_FPS), clock=SystemClock())
        try:
            source.open()
            for count, frame in enumerate(source.frames(), 1):
                normality.learn(frame)
                if count % LIVE_FPS == 0:
                    told(self.name, count)
        finally:
            source.close()
        normality.finish()
        normality.save(self.path)


def lessons(cameras: Sequence[tuple[CameraConfig, str]], layout: StorageLayout) -> list[Lesson]:
    """For each camera, with the address of the footage to learn from, that knows nothing yet."""
    found = []
    for camera, footage in cameras:
        path = layout.path(layout.state(camera.id, camera.vad_model))
        if not path.exists():
            assert camera.learning_s is not None
            found.append(Lesson(camera.name, footage, camera.vad_model, camera.learning_s, camera.false_alarms_per_day, path))
    return found


def learn_all(wanted: Sequence[Lesson]) -> None:
    """A process for each, as far as there are cores; bars on stderr. Raises the first HaetaeError."""
    from haetae.cli.simulate_site import SiteProgress

    with SiteProgress("learning", {lesson.name: lesson.frames for lesson in wanted}) as told:
        in_processes(wanted, Lesson.learn, jobs=max(1, min(len(wanted), os.cpu_count() or 1)), told=told)
