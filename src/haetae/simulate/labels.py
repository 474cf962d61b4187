"""Ground truth: what happened when and where, as a JSON file beside the video."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from haetae.domain.frame import Box
from haetae.errors import ConfigError
from haetae.simulate.spec import ActiveLabel, HarmlessLabel, IncidentKind, SceneSpec

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
class LabelledOddity:
    """Something odd that harms nobody, as a LabelledIncident; `kind` is robot or flag."""

    kind: str
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    boxes: dict[int, Box] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SceneLabels:
    """The ground truth of `frames` rendered frames. `end_s` of an incident is when its last frame ends. `harmless` is no incident."""

    scene: str
    seed: int
    fps: float
    size: tuple[int, int]
    frames: int
    incidents: tuple[LabelledIncident, ...]
    harmless: tuple[LabelledOddity, ...] = ()

    def to_json(self) -> bytes:
        """The file's content; docs/reference/simulate.md describes it."""
        head = {"version": LABELS_VERSION, "scene": self.scene, "seed": self.seed, "fps": self.fps, "size": list(self.size)}
        content = {**head, "frames": self.frames, "incidents": [_as_json(each) for each in self.incidents]}
        return orjson.dumps({**content, "harmless": [_as_json(each) for each in self.harmless]} if self.harmless else content)


def _as_json(labelled: LabelledIncident | LabelledOddity) -> dict[str, Any]:
    return {
        "kind": str(labelled.kind),
        "start_s": labelled.start_s,
        "end_s": labelled.end_s,
        "start_frame": labelled.start_frame,
        "end_frame": labelled.end_frame,
        "boxes": [[n, *(round(v, 4) for v in (b.left, b.top, b.right, b.bottom))] for n, b in labelled.boxes.items()],
    }


class LabelRecorder:
    """Collects the labels of frames as they are rendered, in order. Only the newest `keep` incidents are kept, so that an endless
    scene does not fill the memory; None keeps all."""

    def __init__(self, spec: SceneSpec, keep: int | None = None) -> None:
        self._spec, self._keep = spec, keep
        self._frames = 0
        self._kinds: dict[int, IncidentKind] = {}
        self._boxes: dict[int, dict[int, Box]] = {}
        self._odd: dict[tuple[str, int], dict[int, Box]] = {}

    def add(self, number: int, labels: tuple[ActiveLabel, ...], harmless: tuple[HarmlessLabel, ...] = ()) -> None:
        """Take frame `number`."""
        self._frames = number + 1
        for odd in harmless:
            self._odd.setdefault((odd.kind, odd.occasion), {})[number] = odd.box
            if self._keep is not None and len(self._odd) > self._keep:
                del self._odd[next(iter(self._odd))]
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
            incidents.append(LabelledIncident(self._kinds[index], *self._span(boxes), boxes))
        harmless = [LabelledOddity(kind, *self._span(boxes), dict(boxes)) for (kind, _), boxes in self._odd.items()]
        return SceneLabels(spec.scene, spec.seed, spec.fps, spec.size, self._frames, tuple(incidents), tuple(harmless))

    def _span(self, boxes: dict[int, Box]) -> tuple[int, int, float, float]:
        """First and last frame, start and end in seconds."""
        first, last, fps = min(boxes), max(boxes), self._spec.fps
        return first, last, round(first / fps, 3), round((last + 1) / fps, 3)


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
        harmless = tuple(LabelledOddity(item["kind"], *_span_and_boxes(item)) for item in content.get("harmless", ()))
        width, height = content["size"]
        return SceneLabels(content["scene"], content["seed"], content["fps"], (width, height), content["frames"], incidents, harmless)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path} holds no labels: {error!r}", hint="Give the .json beside a simulated video.") from error


def _incident(item: dict[str, Any]) -> LabelledIncident:
    return LabelledIncident(IncidentKind(item["kind"]), *_span_and_boxes(item))


def _span_and_boxes(item: dict[str, Any]) -> tuple[int, int, float, float, dict[int, Box]]:
    boxes = {int(n): Box(left, top, right, bottom) for n, left, top, right, bottom in item["boxes"]}
    return item["start_frame"], item["end_frame"], item["start_s"], item["end_s"], boxes
