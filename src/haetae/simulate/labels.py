"""Ground truth: what happened when and where, as a JSON file beside the video."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from haetae.domain.frame import Box
from haetae.errors import ConfigError
from haetae.simulate.spec import ActiveLabel, IncidentKind, SceneSpec

LABELS_VERSION = 1


@dataclass(frozen=True, slots=True)
class LabelledIncident:
    """One incident: frames `start_frame` to `end_frame`, both included; `boxes` maps frame numbers to where it is (a subset of the span
    when it is hidden for a moment)."""

    kind: IncidentKind
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    boxes: dict[int, Box] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SceneLabels:
    """The ground truth of `frames` rendered frames. `end_s` of an incident is when its last frame ends."""

    scene: str
    seed: int
    fps: float
    size: tuple[int, int]
    frames: int
    incidents: tuple[LabelledIncident, ...]

    def to_json(self) -> bytes:
        """The file's content; docs/reference/simulate.md describes it."""
        incidents = [
            {
                "kind": incident.kind.value,
                "start_s": incident.start_s,
                "end_s": incident.end_s,
                "start_frame": incident.start_frame,
                "end_frame": incident.end_frame,
                "boxes": [[n, *(round(v, 4) for v in (b.left, b.top, b.right, b.bottom))] for n, b in incident.boxes.items()],
            }
            for incident in self.incidents
        ]
        head = {"version": LABELS_VERSION, "scene": self.scene, "seed": self.seed, "fps": self.fps, "size": list(self.size)}
        return orjson.dumps({**head, "frames": self.frames, "incidents": incidents})


class LabelRecorder:
    """Collects the labels of frames as they are rendered, in order. Only the newest `keep` incidents are kept, so that an endless
    scene does not fill the memory; None keeps all."""

    def __init__(self, spec: SceneSpec, keep: int | None = None) -> None:
        self._spec, self._keep = spec, keep
        self._frames = 0
        self._kinds: dict[int, IncidentKind] = {}
        self._boxes: dict[int, dict[int, Box]] = {}

    def add(self, number: int, labels: tuple[ActiveLabel, ...]) -> None:
        """Take frame `number`."""
        self._frames = number + 1
        for label in labels:
            self._kinds[label.incident] = label.kind
            self._boxes.setdefault(label.incident, {})[number] = label.box
            if self._keep is not None and len(self._boxes) > self._keep:
                oldest = next(iter(self._boxes))
                del self._boxes[oldest], self._kinds[oldest]

    def labels(self) -> SceneLabels:
        """The ground truth so far."""
        spec = self._spec
        incidents = []
        for index in sorted(self._boxes, key=lambda i: min(self._boxes[i])):
            boxes = dict(self._boxes[index])
            first, last = min(boxes), max(boxes)
            start_s, end_s = round(first / spec.fps, 3), round((last + 1) / spec.fps, 3)
            incidents.append(LabelledIncident(self._kinds[index], first, last, start_s, end_s, boxes))
        return SceneLabels(spec.scene, spec.seed, spec.fps, spec.size, self._frames, tuple(incidents))


def labels_path(video: Path) -> Path:
    """Where the labels of a video lie: beside it, with the ending `.json`."""
    return video.with_suffix(".json")


def load_labels(path: Path) -> SceneLabels:
    """Read a file of labels. Raises ConfigError when it is none, or of a newer version."""
    try:
        content: Any = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigError(f"cannot read labels from {path}: {error}", hint="Give the .json beside a simulated video.") from error
    try:
        if content["version"] != LABELS_VERSION:
            raise ConfigError(f"{path} holds labels of version {content['version']}", hint=f"This Haetae reads version {LABELS_VERSION}.")
        incidents = tuple(_incident(item) for item in content["incidents"])
        width, height = content["size"]
        return SceneLabels(content["scene"], content["seed"], content["fps"], (width, height), content["frames"], incidents)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path} holds no labels: {error!r}", hint="Give the .json beside a simulated video.") from error


def _incident(item: dict[str, Any]) -> LabelledIncident:
    boxes = {int(n): Box(left, top, right, bottom) for n, left, top, right, bottom in item["boxes"]}
    return LabelledIncident(IncidentKind(item["kind"]), item["start_frame"], item["end_frame"], item["start_s"], item["end_s"], boxes)
