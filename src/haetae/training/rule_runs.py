"""What the rules say of labelled footage: their alarms on the cameras of a benchmark site, and on single clips."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from haetae.domain.score import ALARM_LEVEL
from haetae.training.datasets import every_frame
from haetae.training.incidents import Span
from haetae.training.processes import Told, in_processes
from haetae.training.site import TOLD_EVERY, Camera
from haetae.vad.rules.found import Watched
from haetae.vad.rules.table import RULES, TAMPER_RULE
from haetae.vad.rules.watch import SceneWatch
from haetae.vad.tamper import TamperMonitor

MERGE_S = 2.0
FEWEST_LOOKS = 3
"""An alarm of a rule is what the gate would see of it: at least so many looks, breaks of up to MERGE_S bridged."""

VERSION = 1


@dataclass(frozen=True, slots=True)
class RuleRun:
    """One camera's test time: its length, when which incident and oddity was (by number), and each rule's alarms."""

    seconds: float
    incidents: dict[int, Span]
    alarms: dict[str, list[Span]]


class _Alarms:
    """Collects looks into alarms."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[float, float, int]] = {}
        self.found: dict[str, list[Span]] = {}

    def take(self, names: set[str], t_s: float) -> None:
        for name in names:
            start, last, looks = self._open.get(name, (t_s, t_s, 0))
            if t_s - last > MERGE_S:
                self._close(name)
                start, looks = t_s, 0
            self._open[name] = (start, t_s, looks + 1)

    def close(self) -> dict[str, list[Span]]:
        for name in list(self._open):
            self._close(name)
        return self.found

    def _close(self, name: str) -> None:
        start, last, looks = self._open.pop(name)
        if looks >= FEWEST_LOOKS:
            self.found.setdefault(name, []).append(Span(start, last))


def run_rules(camera: Camera, told: Told | None = None) -> RuleRun:
    """Let the rules learn a camera's first `learning_s`, then hear them on the rest."""
    watch, monitor, alarms = SceneWatch(), TamperMonitor(), _Alarms()
    incidents: dict[int, Span] = {}
    last_s = camera.learning_s
    learning = True
    for picture in camera.pictures():
        tampered = monitor.observe(picture.luma, picture.t_s, learning=picture.t_s < camera.learning_s)
        if picture.t_s < camera.learning_s:
            watch.learn(picture.luma, picture.t_s)
        elif tampered is not None:
            watch.discontinuity()
            alarms.take({TAMPER_RULE}, picture.t_s)
        else:
            if learning:
                watch.finish()
                learning = False
            alarms.take(_alarming(watch.judge(picture.luma, picture.t_s)), picture.t_s)
        if picture.incident >= 0 and picture.t_s >= camera.learning_s:
            began = incidents.get(picture.incident)
            incidents[picture.incident] = Span(picture.t_s if began is None else began.start_s, picture.t_s)
        last_s = picture.t_s
        if told is not None and picture.number % TOLD_EVERY == 0:
            told(camera.name, picture.number)
    return RuleRun(last_s - camera.learning_s, incidents, alarms.close())


def run_clip(path: Path) -> set[str]:
    """The rules that alarm on a short clip, by their definitions alone: it is played twice, and judged the second time, for a camera knows
    its empty scene beforehand. Raises SourceUnavailable."""
    watch, alarms = SceneWatch(), _Alarms()
    frames = [(frame.luma, frame.t_s) for frame in every_frame(str(path))]
    length_s = frames[-1][1] + 0.1 if frames else 0.0
    watch.trust_definitions()
    for offset_s in (0.0, length_s):
        for luma, t_s in frames:
            found = _alarming(watch.judge(luma, t_s + offset_s))
            if offset_s:
                alarms.take(found, t_s)
    return set(alarms.close())


def _alarming(watched: Watched) -> set[str]:
    return {each.rule.name for each in watched.hypotheses if each.strength >= ALARM_LEVEL}


@dataclass(frozen=True, slots=True)
class RuleSite:
    """Where runs are kept, and used again for the same camera and the same rules."""

    folder: Path

    def run(self, camera: Camera, told: Told) -> None:
        run = run_rules(camera, told)
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"key": _key(camera), "seconds": run.seconds, "incidents": _pairs(run.incidents), "alarms": _pairs(run.alarms)}
        beside = self._path(camera).with_suffix(".part")
        beside.write_bytes(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
        beside.replace(self._path(camera))

    def kept(self, camera: Camera) -> RuleRun | None:
        """The run of before; None where there is none of the same camera and rules."""
        try:
            content: Any = orjson.loads(self._path(camera).read_bytes())
            if content["key"] != _key(camera):
                return None
            incidents = {int(number): Span(**span) for number, span in content["incidents"]}
            return RuleRun(content["seconds"], incidents, {name: [Span(**span) for span in spans] for name, spans in content["alarms"]})
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None

    def _path(self, camera: Camera) -> Path:
        return self.folder / f"{camera.name}-rules.json"


def _key(camera: Camera) -> str:
    return f"{VERSION} {', '.join(rule.name for rule in RULES)}; {camera.fingerprint()}"


def _pairs(found: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [(key, [asdict(span) for span in value] if isinstance(value, list) else asdict(value)) for key, value in found.items()]


def run_rule_site(cameras: Sequence[Camera], site: RuleSite, *, jobs: int = 1, told: Told | None = None) -> list[RuleRun]:
    """The runs of all cameras, in their order; those of an earlier call that was interrupted are not done again."""
    in_processes([camera for camera in cameras if site.kept(camera) is None], site.run, jobs=jobs, told=told)
    return [run for run in map(site.kept, cameras) if run is not None]


def clips_of(folder: Path) -> Iterator[Path]:
    """The clips in a folder, by name; none where there is no such folder."""
    return iter(sorted(path for path in folder.glob("*.mp4") if path.is_file()))
