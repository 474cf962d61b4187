import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene, texture, walkers

from haetae.domain.fact import FactKind
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.motion import MotionModel
from haetae.vad.motion.model import EXPLAIN_FROM, MAP_FROM
from haetae.vad.motion.state import MotionState
from haetae.vad.motion.tables import Attribute

LEARN_S = 60.0
FPS = 10.0


@dataclasses.dataclass(frozen=True)
class Learned:
    model: MotionModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]

    def state(self) -> MotionState:
        """A fresh copy, as after a restart."""
        return self.model.load_state(self.arrays)

    def theta(self) -> float:
        return Calibration.fit(self.held_out, 1.0).theta


def times(seconds: float, start_s: float = 0.0, fps: float = FPS) -> np.ndarray:
    return start_s + np.arange(int(seconds * fps)) / fps


@pytest.fixture(scope="module")
def learned() -> Learned:
    model = MotionModel()
    state = model.new_state()
    scene = MovingScene(walkers(16))
    for t_s in times(LEARN_S):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    held_out = model.finish_learning(state)
    return Learned(model, held_out, dict(state.arrays()))


def watch(
    learned: Learned, movers: Iterable[Mover], seconds: float = 6.0, start_s: float = 100.0, state: MotionState | None = None
) -> list[RawScore]:
    scene = MovingScene(tuple(dataclasses.replace(mover, start_s=mover.start_s + start_s) for mover in movers))
    state = state or learned.state()
    return [learned.model.score([Window(state, scene.picture(float(t_s)), float(t_s))])[0] for t_s in times(seconds, start_s)]


def peak(scores: list[RawScore]) -> RawScore:
    return max(scores, key=lambda score: score.value)


def test_ordinary_walkers_stay_below_the_alarm_level(learned: Learned) -> None:
    scores = watch(learned, [Mover(-24, 102, 38.0), Mover(-24, 97, 43.0, start_s=5.0)], seconds=14.0)
    assert 0.0 < peak(scores).value < learned.theta()


def test_a_runner_is_over_it_and_said_to_be_fast(learned: Learned) -> None:
    top = peak(watch(learned, [Mover(-24, 100, 150.0)], seconds=2.5))
    assert top.value > learned.theta()
    fact = next(fact for fact in top.facts if fact.id == "speed")
    assert fact.kind is FactKind.SPEED
    assert fact.unit == "px/s"
    assert fact.value == pytest.approx(120, rel=0.35)
    assert fact.usual is not None
    assert 30 < fact.usual < 60
    assert fact.rarity is not None
    assert fact.rarity < 1e-4


def test_the_box_and_the_map_lie_on_what_is_abnormal(learned: Learned) -> None:
    start_s = 100.0
    runner = Mover(-24, 100, 150.0)
    scores = watch(learned, [runner], seconds=1.6, start_s=start_s)
    last = scores[-1]
    assert last.box is not None
    assert last.heat is not None
    x = (runner.x + runner.speed * 1.5 + runner.width / 2) / 320
    assert last.box.left - 0.02 < x < last.box.right + 0.02
    assert last.box.top < 120 / 240 < last.box.bottom
    assert last.box.right - last.box.left < 0.35
    assert last.heat.shape == (30, 40)
    assert last.heat.dtype == np.float32
    row, column = np.unravel_index(last.heat.argmax(), last.heat.shape)
    assert abs((column + 0.5) / 40 - x) < 0.15
    assert 0.3 < row / 30 < 0.7


def test_a_map_that_is_asked_for_later_is_that_of_its_own_frame(learned: Learned) -> None:
    state, scene = learned.state(), MovingScene((Mover(-24, 100, 75.0, start_s=100.0),))
    scores, at_once = [], []
    for t_s in times(3.0, 100.0):
        [score] = learned.model.score([Window(state, scene.picture(float(t_s)), float(t_s))])
        scores.append(score)
        at_once.append(score.heat)
    assert sum(heat is not None and heat.any() for heat in at_once) > 10
    for score, heat in zip(scores, at_once, strict=True):
        assert (score.heat is None) == (heat is None)
        assert heat is None or np.array_equal(score.heat, heat)


def test_the_further_from_an_alarm_the_less_is_told(learned: Learned) -> None:
    scores = [score for speed in (40.0, 60.0, 75.0, 90.0) for score in watch(learned, [Mover(-24, 100, speed)], seconds=3.0)]
    calm = [score for score in scores if score.value < MAP_FROM]
    middle = [score for score in scores if MAP_FROM <= score.value < EXPLAIN_FROM]
    assert calm
    assert all(score == RawScore(score.value) for score in calm)
    assert any(score.heat is not None for score in middle)
    assert not any(score.facts or score.box for score in middle)


def test_who_goes_against_the_stream_is_said_to_go_the_wrong_way(learned: Learned) -> None:
    top = peak(watch(learned, [Mover(320, 100, -40.0)], seconds=8.0))
    assert FactKind.DIRECTION in {fact.kind for fact in top.facts}
    assert next(fact.value for fact in top.facts if fact.kind is FactKind.DIRECTION) == 180.0
    assert top.value > peak(watch(learned, [Mover(-24, 100, 40.0)], seconds=8.0)).value


def test_a_vehicle_among_walkers_is_said_to_be_large(learned: Learned) -> None:
    top = peak(watch(learned, [Mover(-150, 70, 45.0, width=150, height=80)], seconds=5.0))
    assert top.value > learned.theta()
    assert FactKind.SIZE in {fact.kind for fact in top.facts}


def test_what_stays_is_said_to_stay(learned: Learned) -> None:
    scores = watch(learned, [Mover(150, 110, 0.0, width=32, height=28)], seconds=40.0)
    assert peak(scores).value > learned.theta()
    assert FactKind.DWELL in {fact.kind for fact in scores[-1].facts}
    assert peak(scores[:20]).value < scores[-1].value


def test_a_saved_state_judges_like_the_one_that_was_saved(learned: Learned) -> None:
    movers = [Mover(-24, 100, 80.0)]
    first, second = watch(learned, movers), watch(learned, movers)
    assert [score.value for score in first] == [score.value for score in second]
    state = learned.state()
    watch(learned, movers, state=state)
    again = learned.model.load_state(state.arrays())
    assert np.array_equal(again.arrays()["rows"], learned.arrays["rows"])


def test_a_state_is_small_and_plain(learned: Learned) -> None:
    assert sum(array.nbytes for array in learned.arrays.values()) < 2_000_000
    assert all(array.dtype.kind in "iuf" for array in learned.arrays.values())


def test_scores_never_depend_on_the_future(learned: Learned) -> None:
    calm = watch(learned, [Mover(-24, 100, 40.0)], seconds=4.0)
    later = watch(learned, [Mover(-24, 100, 40.0), Mover(-24, 150, 200.0, start_s=2.0)], seconds=4.0)
    assert [score.value for score in calm[:20]] == [score.value for score in later[:20]]
    assert peak(later).value > peak(calm).value


def test_cameras_do_not_mix_in_a_batch(learned: Learned) -> None:
    calm, wild = MovingScene(), MovingScene((Mover(-24, 100, 150.0, start_s=100.0),))
    states = learned.state(), learned.state()
    together = [
        learned.model.score([Window(states[0], calm.picture(t_s), t_s), Window(states[1], wild.picture(t_s), t_s)])
        for t_s in times(2.0, 100.0).tolist()
    ]
    assert max(pair[0].value for pair in together) == 0.0
    alone = watch(learned, [Mover(-24, 100, 150.0)], seconds=2.0)
    assert [pair[1].value for pair in together] == [score.value for score in alone]


def test_a_change_of_the_whole_scene_has_no_score_and_is_over_after_seconds(learned: Learned) -> None:
    state = learned.state()
    watch(learned, [], seconds=1.0, state=state)
    other = texture(240, 320, 170, 40, 77)
    scores = [learned.model.score([Window(state, other, float(t_s))])[0] for t_s in times(5.0, 110.0)]
    assert scores[0].scene_change
    assert not scores[-1].scene_change
    assert max(score.value for score in scores) == 0.0


def test_a_gap_in_time_is_no_movement(learned: Learned) -> None:
    state = learned.state()
    watch(learned, [Mover(20, 100, 40.0)], seconds=1.0, state=state)
    jumped = watch(learned, [Mover(220, 100, 40.0)], seconds=1.0, start_s=200.0, state=state)
    assert "speed" not in {fact.id for fact in jumped[0].facts}
    assert peak(jumped).value < learned.theta()


def test_half_the_frame_rate_gives_similar_scores(learned: Learned) -> None:
    peaks = []
    for fps in (10.0, 5.0):
        state, scene = learned.state(), MovingScene((Mover(-24, 100, 90.0, start_s=100.0),))
        peaks.append(max(learned.model.score([Window(state, scene.picture(t_s), t_s)])[0].value for t_s in times(3.0, 100.0, fps)))
    assert peaks[1] == pytest.approx(peaks[0], rel=0.35)


def test_a_camera_that_changes_its_resolution_goes_on(learned: Learned) -> None:
    state = learned.state()
    scene = MovingScene((Mover(-24, 100, 150.0, start_s=100.0),))
    scores = []
    for t_s in times(2.5, 100.0):
        double = np.repeat(np.repeat(scene.picture(t_s), 2, axis=0), 2, axis=1)
        scores.append(learned.model.score([Window(state, double, t_s)])[0])
    top = peak(scores)
    assert top.value > learned.theta()
    assert next(fact.value for fact in top.facts if fact.id == "speed") == pytest.approx(240, rel=0.35)


def test_an_empty_scene_can_be_learned_and_whoever_comes_is_in_a_new_place() -> None:
    model, scene = MotionModel(), MovingScene()
    state = model.new_state()
    # One picture a second is enough for an empty scene: 12 minutes of it.
    for t_s in np.arange(720.0):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    held_out = model.finish_learning(state)
    assert not held_out.raw.any()
    theta = Calibration.fit(held_out, 1.0).theta
    visitor = MovingScene((Mover(-24, 100, 40.0, start_s=800.0),))
    scores = [model.score([Window(state, visitor.picture(float(t_s)), float(t_s))])[0] for t_s in times(5.0, 800.0)]
    assert peak(scores).value > theta
    assert peak(scores).facts[0].kind is FactKind.PLACE


def test_learning_goes_on_after_a_restart(learned: Learned) -> None:
    state = learned.state()
    scene = MovingScene(walkers(5, speed=120.0, start_s=200.0))
    for t_s in times(20.0, 200.0):
        learned.model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    learned.model.finish_learning(state)
    before = peak(watch(learned, [Mover(-24, 100, 120.0)], seconds=3.0)).value
    after = peak(watch(learned, [Mover(-24, 100, 120.0)], seconds=3.0, start_s=300.0, state=state)).value
    assert after < before


def test_a_state_that_has_not_learned_cannot_judge() -> None:
    model = create_model("motion")
    with pytest.raises(ModelError, match="not learned"):
        model.score([Window(model.new_state(), np.zeros((240, 320), np.uint8), 0.0)])
    with pytest.raises(ModelError, match="too little"):
        model.finish_learning(model.new_state())


def test_a_state_is_saved_at_every_stage() -> None:
    model = MotionModel()
    state = model.new_state()
    assert model.load_state(state.arrays()).observer is None
    scene = MovingScene(walkers(2))
    for t_s in times(4.0):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    half = model.load_state(state.arrays())
    assert half.counts is not None
    assert half.counts.frames == state.learning.total().frames  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["format", "size", "background", "noise", "rows", "cells", "occupied", "turned", "watched", "reference"])
def test_a_damaged_state_is_refused(learned: Learned, name: str) -> None:
    with pytest.raises(StateError):
        learned.model.load_state({**learned.arrays, name: np.zeros(3, np.float32)})


def test_a_state_of_another_model_is_refused() -> None:
    class Foreign:
        def arrays(self) -> dict[str, np.ndarray]:
            return {}

    with pytest.raises(StateError):
        MotionModel().learn([Window(Foreign(), np.zeros((240, 320), np.uint8), 0.0)])
    with pytest.raises(StateError):
        MotionModel().load_state({})


def test_a_senseless_picture_area_is_refused() -> None:
    with pytest.raises(ConfigError, match="pixels"):
        MotionModel(pixels=10)


def test_an_attribute_that_is_left_out_raises_nothing(learned: Learned) -> None:
    runner = [Mover(-24, 100, 150.0)]
    model = MotionModel(without=",".join(name.lower() for name in Attribute.__members__))
    silent = Learned(model, learned.held_out, learned.arrays)
    assert peak(watch(learned, runner, seconds=2.5)).value > 0.5
    assert peak(watch(silent, runner, seconds=2.5)).value == 0.0
    with pytest.raises(ConfigError, match="sped"):
        MotionModel(without="sped")


def test_what_was_learned_before_learning_went_on_is_still_used(learned: Learned) -> None:
    new = learned.arrays
    old = {name: new[name] for name in ("size", "background", "noise", "occupied", "turned", "watched")}
    old |= {"format": np.array([1], np.int32), "rows": new["rows"][:5], "cells": new["cells"][:5]}
    old["reference"] = new["reference"][[0, 1, 2, 3, 4, 7, 8]]
    runner = [Mover(-24, 100, 150.0)]
    now = peak(watch(learned, runner, seconds=2.5))
    before = peak(watch(learned, runner, seconds=2.5, state=learned.model.load_state(old)))
    assert before.value == pytest.approx(now.value, rel=0.05)
