"""Learning from and judging the cameras of a benchmark site, one after the other or in several processes."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from haetae.clock import Clock, SystemClock
from haetae.domain.frame import Frame, Luma
from haetae.domain.score import ALARM_LEVEL, TamperKind
from haetae.errors import ModelError
from haetae.training.incidents import after_s
from haetae.training.processes import Told, in_processes
from haetae.training.site_operator import Operator
from haetae.vad.base import RawScore, VADModel
from haetae.vad.normality import Normality

BUDGETS = (24.0, 1.0)
"""False alarms per camera-day that a site is judged at: one an hour, and one a day."""

WEATHERS = ("", "day", "night", "rain", "snow")
TAMPERS = (None, *TamperKind)
TOLD_EVERY = 250
"""Frames between two words about progress."""


class Picture(Protocol):
    """One analysed picture with its ground truth: numbers of the incident and of the harmless oddity under way, -1 for none; oddities with
    even numbers are of one kind, those with odd numbers of another."""

    @property
    def number(self) -> int: ...
    @property
    def t_s(self) -> float: ...
    @property
    def luma(self) -> Luma: ...
    @property
    def incident(self) -> int: ...
    @property
    def harmless(self) -> int: ...
    @property
    def weather(self) -> str: ...


class Camera(Protocol):
    """One camera of a site. It travels to another process, so it is small; its pictures are made when they are asked for.

    `fingerprint` is equal only for equal pictures; `hour` is that of the day; `kinds` are those of the incidents by their numbers,
    `tampering` the kinds that are done to the camera itself.
    """

    @property
    def name(self) -> str: ...
    @property
    def fps(self) -> float: ...
    @property
    def learning_s(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def tampering(self) -> frozenset[str]: ...
    def hour(self, t_s: float) -> float: ...
    def fingerprint(self) -> str: ...
    def pictures(self) -> Iterator[Picture]: ...


@dataclass(frozen=True, slots=True)
class CameraRun:
    """What a model said about one camera's test time; arrays have one value per frame, of shape (frames,).

    `raw` is the model's own score and `threshold` the raw alarm level at one false alarm a day; `budget_thresholds` are the levels at
    BUDGETS when learning ended. `weather` and `tamper` count in WEATHERS and TAMPERS; `fact` is the place of the leading fact's kind in
    `facts`, -1 for none; `box` (frames, 4) the most abnormal region, NaN for none.
    """

    t_s: NDArray[np.float64]
    raw: NDArray[np.float32]
    threshold: NDArray[np.float32]
    tamper: NDArray[np.int8]
    incident: NDArray[np.int16]
    harmless: NDArray[np.int16]
    weather: NDArray[np.int8]
    fact: NDArray[np.int8]
    box: NDArray[np.float16]
    budget_thresholds: NDArray[np.float64]
    facts: NDArray[np.str_]
    learn_ms: NDArray[np.float64]
    score_ms: NDArray[np.float64]

    def calibrated(self, budget: int, factor: float = 1.0) -> NDArray[np.float64]:
        """Scores in [0, 1] at BUDGETS[budget], 0.5 being the alarm level, which `factor` raises or lowers."""
        level = self.threshold.astype(np.float64) * (self.budget_thresholds[budget] / self.budget_thresholds[-1] * factor)
        raw = np.maximum(self.raw.astype(np.float64), 0.0)
        above = 1.0 - (1.0 - ALARM_LEVEL) * level / np.maximum(raw, level)
        return np.asarray(np.where(raw <= level, ALARM_LEVEL * raw / level, above), np.float64)

    def save(self, path: Path, fingerprint: str) -> None:
        """Write it, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        with beside.open("wb") as file:
            arrays: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
            np.savez_compressed(file, fingerprint=np.array(fingerprint), **arrays)
        beside.replace(path)

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> "CameraRun | None":
        """What `save` wrote under the same fingerprint; None where there is no such thing."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["fingerprint"]) != fingerprint:
                    return None
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None


def run_camera(camera: Camera, model: VADModel, clock: Clock, told: Told | None = None) -> CameraRun:
    """Learn from a camera's first `learning_s`, then judge the rest in order, with an operator who looks at every alarm at one a day.

    Raises ModelError where learning was not enough.
    """
    normality = Normality.new(model, false_alarms_per_day=BUDGETS[-1], learning_s=camera.learning_s)
    operator = Operator(normality)
    rows: list[tuple[float, float, float, int, int, int, int, int]] = []
    boxes: list[tuple[float, float, float, float]] = []
    facts: dict[str, int] = {}
    levels: list[float] = []
    learn_s = score_s = 0.0
    learned = 0
    for picture in camera.pictures():
        frame = Frame(picture.number, picture.t_s, after_s(picture.t_s), picture.luma)
        before = clock.monotonic()
        if picture.t_s < camera.learning_s:
            normality.learn(frame)
            learned += 1
            learn_s += clock.monotonic() - before
        else:
            if not levels:
                normality.finish()
                levels = _levels(normality)
                learn_s, before = learn_s + clock.monotonic() - before, clock.monotonic()
            [raw] = model.score([normality.window(frame)])
            score = normality.judge(frame, raw)
            score_s += clock.monotonic() - before
            operator.take(score, picture.incident, picture.harmless)
            seen = (picture.incident, picture.harmless, WEATHERS.index(picture.weather))
            rows.append((picture.t_s, score.raw, score.threshold, TAMPERS.index(score.tamper), *seen, _fact(raw, facts)))
            box = raw.box
            boxes.append((np.nan,) * 4 if box is None else (box.left, box.top, box.right, box.bottom))
        if told is not None and picture.number % TOLD_EVERY == 0:
            told(camera.name, picture.number)
    if not rows:
        raise ModelError(f"{camera.name} has no test time", hint="Give it more hours than it learns")
    t_s, raws, thresholds, tampers, incidents, harmless, weathers, fact = np.array(rows, np.float64).T
    return CameraRun(
        t_s=t_s,
        raw=raws.astype(np.float32),
        threshold=thresholds.astype(np.float32),
        tamper=tampers.astype(np.int8),
        incident=incidents.astype(np.int16),
        harmless=harmless.astype(np.int16),
        weather=weathers.astype(np.int8),
        fact=fact.astype(np.int8),
        box=np.array(boxes, np.float16),
        budget_thresholds=np.array(levels),
        facts=np.array(list(facts), np.str_),
        learn_ms=np.array(1000.0 * learn_s / max(1, learned)),
        score_ms=np.array(1000.0 * score_s / len(rows)),
    )


def _levels(normality: Normality) -> list[float]:
    levels = []
    for budget in BUDGETS:
        normality.set_budget(budget)
        levels.append(normality.threshold)
    return levels


def _fact(raw: RawScore, facts: dict[str, int]) -> int:
    return facts.setdefault(raw.facts[0].kind.value, len(facts)) if raw.facts else -1


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how a site is run: scores are kept in `folder`, and used again, unless `again`, for the same camera under the same `label`,
    the name of the model and its version. `make_model` travels to other processes."""

    folder: Path
    label: str
    make_model: Callable[[], VADModel]
    again: bool = False

    def kept(self, camera: Camera) -> CameraRun | None:
        """The scores of an earlier run, None where there are none."""
        return CameraRun.load(self._path(camera), self._fingerprint(camera))

    def _path(self, camera: Camera) -> Path:
        return self.folder / f"{camera.name}-{self.label.replace('/', '_').replace(' ', '-')}.npz"

    def _fingerprint(self, camera: Camera) -> str:
        return f"{self.label}; {camera.fingerprint()}"

    def run(self, camera: Camera, told: Told) -> None:
        """Judge a camera, and keep its scores."""
        run = run_camera(camera, self.make_model(), SystemClock(), told)
        run.save(self._path(camera), self._fingerprint(camera))


def run_site(cameras: Sequence[Camera], site: Site, *, jobs: int = 1, told: Told | None = None) -> list[CameraRun]:
    """The runs of all cameras, in their order; those of an earlier call that was interrupted are not done again.

    `jobs` cameras are judged at a time. Raises ModelError, ConfigError.
    """
    in_processes([camera for camera in cameras if site.kept(camera) is None or site.again], site.run, jobs=jobs, told=told)
    runs = [site.kept(camera) for camera in cameras]
    return [run for run in runs if run is not None]
