"""The accounting of a site: what counts as found, as a false alarm and as normal time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from haetae.domain.frame import Luma
from haetae.domain.score import Score
from haetae.errors import ConfigError, ModelError
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.training.incidents import EPOCH, after_s
from haetae.training.processes import in_processes
from haetae.training.site import BUDGETS, CameraRun, Site, run_camera, run_site
from haetae.training.site_figures import MARGIN_S, alarms_of, curve, judge, recall_at
from haetae.training.site_operator import Operator
from haetae.training.site_report import report_site
from haetae.vad.base import HeldOut, ModelState, Window

FPS, LEARN_S, TEST_S = 5.0, 120.0, 1080.0
FALL, COVER, FIGHT = (300.0, 310.0), (600.0, 612.0), (900.0, 908.0)


@dataclass(frozen=True)
class Seen:
    number: int
    t_s: float
    luma: Luma
    incident: int
    harmless: int
    weather: str


@dataclass(frozen=True)
class PlainCamera:
    """A camera whose pictures are noise; what happens when is written down."""

    name: str = "plain"
    fps: float = FPS
    learning_s: float = LEARN_S
    seconds: float = LEARN_S + TEST_S
    kinds: tuple[str, ...] = ("fall", "camera_covered", "fight")
    tampering: frozenset[str] = frozenset({"camera_covered"})
    spans: tuple[tuple[float, float], ...] = (FALL, COVER, FIGHT)
    odd: tuple[tuple[float, float], ...] = ()
    rain_from_s: float = 700.0
    looked: list[int] = field(default_factory=list, compare=False)

    def hour(self, t_s: float) -> float:
        return 12.0 + t_s / 3600.0

    def fingerprint(self) -> str:
        return f"{self.name} {self.spans}"

    def pictures(self) -> Iterator[Seen]:
        rng = np.random.default_rng(1)
        still = rng.integers(40, 200, (72, 128)).astype(np.uint8)
        for number in range(round(self.seconds * self.fps)):
            t_s = number / self.fps
            self.looked.append(number)
            incident = next((i for i, (start, end) in enumerate(self.spans) if start <= t_s < end), -1)
            harmless = next((i for i, (start, end) in enumerate(self.odd) if start <= t_s < end), -1)
            luma = still + rng.integers(0, 9, still.shape).astype(np.uint8)
            yield Seen(number, t_s, luma, incident, harmless, "rain" if t_s >= self.rain_from_s else "day")


def scripted(*alarms: tuple[float, float], height: float = 3.0) -> ScriptedModel:
    """A model that is surprised, by `height` times the alarm level, between some times of the footage."""

    def raw(window: Window) -> float:
        return height if any(start <= window.t_s < end for start, end in alarms) else 0.01

    return ScriptedModel(raw, held_out=0.5)


def run(model: ScriptedModel, camera: PlainCamera | None = None) -> tuple[PlainCamera, CameraRun]:
    camera = camera or PlainCamera()
    return camera, run_camera(camera, model, FakeClock())


def test_learning_ends_where_the_camera_says_and_every_later_frame_is_judged() -> None:
    learned: list[float] = []

    class Watching(ScriptedModel):
        def learn(self, batch: object) -> None:
            learned.extend(window.t_s for window in batch)  # type: ignore[attr-defined]
            super().learn(batch)  # type: ignore[arg-type]

    _, result = run(Watching())
    assert max(learned) < LEARN_S
    assert result.t_s[0] == LEARN_S
    assert result.t_s.size == TEST_S * FPS


def test_a_found_incident_a_missed_one_and_a_false_alarm_are_told_apart() -> None:
    camera, result = run(scripted((302.0, 305.0), (450.0, 453.0)))
    figures = judge([camera], [result], len(BUDGETS) - 1)
    assert (figures.total.events, figures.total.found, figures.total.false_alarms) == (3, 1, 1)
    assert {kind: (tally.found, tally.events) for kind, tally in figures.kinds.items()} == {
        "fall": (1, 1),
        "camera_covered": (0, 1),
        "fight": (0, 1),
    }
    assert [one.kind for one in figures.missed] == ["camera_covered", "fight"]
    # Three of five scores at 5 fps: the third of them opens.
    assert figures.total.delays_s == pytest.approx([2.4])
    (alarm,) = figures.alarms
    assert alarm.t_s == pytest.approx(450.0)
    assert alarm.hour == pytest.approx(12.0 + 450.0 / 3600.0)
    assert alarm.peak == pytest.approx(3.0 / float(result.threshold[0]), rel=0.01)


def test_normal_time_is_what_is_far_from_every_incident() -> None:
    camera, result = run(scripted())
    total = judge([camera], [result], 0).total
    near_s = sum(end - start + 2 * MARGIN_S for start, end in camera.spans)
    assert total.normal_s == pytest.approx(TEST_S - near_s, abs=1.0)
    weathers = judge([camera], [result], 0).weathers
    assert weathers["rain"].normal_s == pytest.approx(1200.0 - 700.0 - (FIGHT[1] - FIGHT[0] + 2 * MARGIN_S), abs=1.0)
    assert sum(tally.normal_s for tally in weathers.values()) == pytest.approx(total.normal_s)


def test_alarms_while_people_of_an_incident_come_and_go_count_for_nothing() -> None:
    camera, result = run(scripted((270.0, 273.0), (330.0, 333.0)))
    figures = judge([camera], [result], len(BUDGETS) - 1)
    assert figures.total.false_alarms == 0
    assert figures.kinds["fall"].found == 0


def test_an_alarm_that_reaches_into_an_incident_finds_it() -> None:
    camera, result = run(scripted((250.0, 301.0)))
    figures = judge([camera], [result], len(BUDGETS) - 1)
    assert figures.kinds["fall"].found == 1
    assert figures.total.false_alarms == 0
    assert figures.total.delays_s == [0.0]


def test_incidents_and_false_alarms_are_counted_under_their_weather() -> None:
    camera, result = run(scripted((901.0, 904.0), (1000.0, 1003.0), (500.0, 503.0)))
    weathers = judge([camera], [result], len(BUDGETS) - 1).weathers
    assert (weathers["rain"].found, weathers["rain"].events, weathers["rain"].false_alarms) == (1, 1, 1)
    assert (weathers["day"].found, weathers["day"].events, weathers["day"].false_alarms) == (0, 2, 1)


def tampered(result: CameraRun, start: float, end: float) -> CameraRun:
    tamper = np.where((result.t_s >= start) & (result.t_s < end), 1, 0).astype(np.int8)
    return CameraRun(**{name: getattr(result, name) for name in CameraRun.__slots__ if name != "tamper"}, tamper=tamper)


def test_tampering_finds_what_is_done_to_the_camera_and_nothing_else() -> None:
    camera, result = run(scripted())
    for span, found, false in ((COVER, {"camera_covered": 1}, 0), (FALL, {}, 0), ((450.0, 460.0), {}, 1)):
        figures = judge([camera], [tampered(result, *span)], len(BUDGETS) - 1)
        assert {kind: tally.found for kind, tally in figures.kinds.items() if tally.found} == found
        assert (figures.false_tampers, figures.total.false_alarms) == (false, false)


def test_one_long_alarm_is_one_though_the_gate_cuts_it() -> None:
    camera, result = run(scripted((340.0, 590.0)), PlainCamera(spans=(FALL, COVER, FIGHT)))
    (alarm,) = alarms_of(result, result.calibrated(1))
    assert alarm.span.end_s - alarm.span.start_s == pytest.approx(250.0, abs=1.0)
    assert judge([camera], [result], 1).total.false_alarms <= 1


def test_harmless_oddities_are_neither_normal_time_nor_false_alarms() -> None:
    camera, result = run(scripted((405.0, 408.0)), PlainCamera(odd=((400.0, 430.0), (480.0, 500.0))))
    plain = PlainCamera()
    figures = judge([camera], [result], len(BUDGETS) - 1)
    assert figures.oddities == {"plain/0": [True], "plain/1": [False]}
    assert figures.total.false_alarms == 0
    assert figures.total.normal_s < judge([plain], [run(scripted(), plain)[1]], 1).total.normal_s - 50.0


class Told:
    """Stands in for a camera's normality, and remembers what the operator said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []

    def raised(self) -> None:
        self.said.append(("raised", 0.0))

    def confirm(self, at: datetime) -> None:
        self.said.append(("confirmed", (at - EPOCH).total_seconds()))

    def accept(self, value: float, threshold: float, at: datetime) -> bool:
        assert value >= 0.5
        assert threshold == 2.0
        self.said.append(("accepted", (at - EPOCH).total_seconds()))
        return True


def test_the_operator_confirms_incidents_and_calls_each_oddity_normal_twice() -> None:
    told = Told()
    operator = Operator(told)  # type: ignore[arg-type]
    alarms = {10.0: (0, -1), 30.0: (-1, 0), 50.0: (-1, 2), 70.0: (-1, 4), 90.0: (-1, 1), 110.0: (-1, -1)}
    for number in range(650):
        t_s = number / FPS
        start = max((start for start in alarms if start <= t_s), default=-9.0)
        high = 0.0 <= t_s - start < 3.0
        operator.take(Score(0.9 if high else 0.1, 1.0, 2.0, number, t_s, after_s(t_s)), *(alarms[start] if high else (-1, -1)))
    said = [word for word in told.said if word[0] != "raised"]
    assert said == [("confirmed", 10.0), ("accepted", 30.0), ("accepted", 50.0), ("accepted", 90.0)]
    assert len(told.said) - len(said) == len(alarms)


def test_the_alarm_level_of_one_an_hour_is_below_that_of_one_a_day() -> None:
    rng = np.random.default_rng(3)

    class Wandering(ScriptedModel):
        def finish_learning(self, state: ModelState) -> HeldOut:
            return HeldOut(np.arange(100_000.0), rng.gumbel(0.7, 0.1, 100_000))

    _, result = run(Wandering())
    assert result.budget_thresholds[0] < result.budget_thresholds[1]
    ratio = result.budget_thresholds[0] / result.budget_thresholds[1]
    raw = float(result.threshold[0]) * ratio
    result.raw[:] = raw
    assert result.calibrated(0) == pytest.approx(0.5, abs=1e-6)
    assert (result.calibrated(1) < 0.5).all()


def test_the_curve_finds_the_level_that_an_oracle_would_choose() -> None:
    camera, result = run(scripted())
    level = float(result.threshold[0])
    for start, height in ((450.0, 1.2), (303.0, 1.8), (903.0, 1.1)):
        result.raw[(result.t_s >= start) & (result.t_s < start + 3.0)] = height * level
    points = curve([camera], [result])
    assert recall_at(points, 0.0) == pytest.approx(1.0 / 3.0)
    assert recall_at(points, 1000.0) == pytest.approx(2.0 / 3.0)
    rates = [point.false_alarms_per_day for point in points]
    assert rates == sorted(rates, reverse=True)


def test_scores_are_kept_and_not_made_again_unless_asked(tmp_path: Path) -> None:
    camera = PlainCamera()
    site = Site(tmp_path, "scripted 1", scripted)
    first = run_site([camera], site)
    seen = len(camera.looked)
    second = run_site([camera], site)
    assert len(camera.looked) == seen
    assert np.array_equal(first[0].raw, second[0].raw)
    run_site([camera], Site(tmp_path, "scripted 1", scripted, again=True))
    assert len(camera.looked) == 2 * seen
    run_site([camera], Site(tmp_path, "scripted 2", scripted))
    run_site([PlainCamera(spans=(FALL,), kinds=("fall",), looked=camera.looked)], site)
    assert len(camera.looked) == 4 * seen


def test_processes_give_what_one_would(tmp_path: Path) -> None:
    cameras = [PlainCamera(name=name, seconds=LEARN_S + 60.0) for name in ("one", "two")]
    told: list[str] = []
    runs = run_site(cameras, Site(tmp_path / "two", "scripted 1", scripted), jobs=2, told=lambda name, _frames: told.append(name))
    alone = run_site(cameras, Site(tmp_path / "one", "scripted 1", scripted))
    assert all(np.array_equal(one.raw, other.raw) for one, other in zip(runs, alone, strict=True))
    assert set(told) == {"one", "two"}


def fails(name: str, _told: object) -> None:
    raise ModelError(f"{name} cannot be learned")


def test_an_error_in_a_process_arrives_as_it_is() -> None:
    with pytest.raises(ModelError, match="cannot be learned"):
        in_processes(["one", "two"], fails, jobs=2)
    with pytest.raises(ConfigError, match="jobs"):
        in_processes([], fails, jobs=0)


def test_a_camera_without_test_time_is_an_error() -> None:
    with pytest.raises(ModelError, match="no test time"):
        run(scripted(), PlainCamera(seconds=LEARN_S))


def test_a_report_has_all_figures_at_every_budget() -> None:
    camera, result = run(scripted((302.0, 305.0), (450.0, 453.0)))
    report = report_site("scripted", "dev", [camera], [result]).as_json()
    assert (report["events"], report["cameras"]) == (3, 1)
    assert [figures["allowed_per_day"] for figures in report["budgets"]] == list(BUDGETS)
    for figures in report["budgets"]:
        assert figures["recall"] == pytest.approx(1.0 / 3.0)
        low, high = figures["false_alarms_per_day_ci"]
        assert low < figures["false_alarms_per_day"] < high
        assert figures["false_alarms_per_day"] == pytest.approx(86400.0 / (report["normal_h"] * 3600.0))
    lines = list(report_site("scripted", "dev", [camera], [result]).lines())
    assert sum("false" in line for line in lines) == 2
    assert sum("missed" in line for line in lines) == 4
