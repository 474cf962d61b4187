from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.moving_scene import Mover, MovingScene, walkers
from tests.support.trained_network import write_mulde, write_predictor

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Box
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, LivingState, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.fused import FusedModel
from haetae.vad.fused.model import fuse, power_mean, together
from haetae.vad.fused.slowed import SLOW_S, slowed
from haetae.vad.fused.state import FusedState

SCENE = MovingScene(walkers(12, every_s=8.0, speed=16.0))
RUNNER = Mover(-24, 40, 90.0, start_s=81.0, end_s=85.0)


def score_of(value: float, *, name: str, heat: np.ndarray | None = None) -> RawScore:
    fact = Fact(name, FactKind.SPEED, value, "px/s", 0.0, 0.1, source=name)
    return RawScore(value, heat, Box(0.0, 0.0, value / 10, 1.0), (fact,))


def test_the_facts_and_the_box_of_the_more_surprised_one_come_first():
    calm, wild = score_of(0.6, name="calm"), score_of(1.4, name="wild")
    for both in (fuse(calm, wild, 1.0), fuse(wild, calm, 1.0)):
        assert [fact.source for fact in both.facts] == ["wild", "calm"]
        assert both.box == wild.box


def test_one_that_says_nothing_changes_nothing_but_the_scale():
    wild = score_of(1.5, name="wild", heat=np.ones((2, 3), np.float32))
    both = fuse(wild, RawScore(0.0), 1.25)
    assert both.value == pytest.approx(1.2)
    assert both.heat is not None
    assert both.heat.max() == pytest.approx(0.8)
    assert both.box == wild.box


def test_the_map_is_the_greater_of_both_on_the_grid_of_the_leader():
    coarse = np.array([[0.0, 2.0]], np.float32)
    fine = np.zeros((2, 4), np.float32)
    fine[0, 0] = 1.0
    both = fuse(score_of(2.0, name="fine", heat=fine), score_of(1.0, name="coarse", heat=coarse), 1.0)
    assert both.heat is not None
    assert both.heat.tolist() == [[1.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]]


def test_a_change_of_the_scene_stays_one():
    assert fuse(RawScore(0.0, scene_change=True), RawScore(0.0), 1.0).scene_change


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_the_power_mean_lies_between_the_greater_and_the_sum(first, second):
    both = float(power_mean(np.array(first), np.array(second)))
    assert max(first, second) - 1e-6 <= both <= first + second + 1e-6


def test_learned_footage_is_joined_frame_by_frame_or_by_second():
    t_s = np.arange(0.0, 20.0, 0.1)
    every = HeldOut(t_s, np.where(t_s == 5.0, 2.0, 0.5))
    some = HeldOut(t_s[50:], np.full(150, 0.1))
    joined = together(every, some)
    assert joined.t_s.tolist() == some.t_s.tolist()
    assert joined.raw.max() == pytest.approx(2.0025, abs=1e-3)
    thinned = HeldOut(np.arange(0.0, 20.0) + 0.55, np.full(20, 0.3))
    by_second = together(every, thinned)
    assert by_second.t_s.tolist() == list(range(20))
    assert by_second.raw[5] == pytest.approx((4.0 + 0.09) ** 0.5)
    assert by_second.raw[6] == pytest.approx((0.5**2 + 0.3**2) ** 0.5)


def test_what_the_trained_model_says_is_slowed_down_in_watching_as_in_learning():
    t_s = np.r_[np.arange(0.0, 3.0, 0.1), 10.0]
    raw = np.r_[np.zeros(10), np.ones(20), 0.5]
    slow = slowed(HeldOut(t_s, raw)).raw
    # An exponential approach; a gap starts anew.
    assert slow[9:30] == pytest.approx(1.0 - np.exp(-(t_s[9:30] - t_s[9]) / SLOW_S))
    assert slow[30] == 0.5
    state = FusedState(create_model("motion").new_state(), create_model("motion").new_state(), "predictor")
    assert [state.heard(RawScore(0.5), RawScore(value), t)[1] for value, t in zip(raw.tolist(), t_s.tolist())] == pytest.approx(slow)


def test_what_cannot_be_judged_counts_as_the_median_and_what_is_said_next_at_once():
    state = FusedState(create_model("motion").new_state(), create_model("motion").new_state(), "predictor")
    state.usual = (0.2, 0.3)
    unknown, changed = RawScore(0.0, unjudged=True), RawScore(0.0, scene_change=True)
    said = [
        (0.0, RawScore(0.0), unknown, (0.2, 0.3)),
        (0.1, RawScore(0.0), unknown, (0.0, 0.3)),
        (0.2, RawScore(0.6), RawScore(0.8), (0.6, 0.8)),
        (0.3, RawScore(0.6), changed, (0.6, 0.0)),
        (0.4, RawScore(0.6), RawScore(0.4), (0.6, 0.4)),
        # After a gap: what is known without movement counts where it is more; where nothing is, nothing is unknown.
        (9.0, RawScore(0.7), RawScore(0.1), (0.7, 0.1)),
        (19.0, RawScore(0.0), RawScore(0.0), (0.0, 0.0)),
        (29.0, RawScore(0.0), RawScore(0.1), (0.2, 0.1)),
    ]
    for t_s, motion, second, counts in said:
        assert state.heard(motion, second, t_s) == counts


@dataclass(frozen=True)
class Learned:
    path: Path
    model: FusedModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Learned:
    path = write_predictor(tmp_path_factory.mktemp("network") / "net.onnx")
    model = create_model("fused", weights=str(path))
    assert isinstance(model, FusedModel)
    state = model.new_state()
    for t_s in np.arange(0.0, 80.0, 0.2):
        model.learn([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    held_out = model.finish_learning(state)
    return Learned(path, model, held_out, dict(state.arrays()))


def scored(learned: Learned, scene: MovingScene) -> list[RawScore]:
    state = learned.model.load_state(learned.arrays)
    return [learned.model.score([Window(state, scene.picture(float(t)), float(t))])[0] for t in 81.0 + np.arange(0.0, 4.0, 0.2)]


def test_something_fast_passes_the_alarm_level_with_facts_of_both(learned):
    theta = Calibration.fit(learned.held_out, 1.0).theta
    top = max(scored(learned, replace(SCENE, movers=(*SCENE.movers, RUNNER))), key=lambda score: score.value)
    assert top.value > theta
    assert {fact.source for fact in top.facts} == {"motion", "predictor"}
    assert max(score.value for score in scored(learned, SCENE)) < theta


def test_a_state_comes_back_whole_and_names_its_settings(learned, tmp_path):
    scene = replace(SCENE, movers=(*SCENE.movers, RUNNER))
    again = learned.model.load_state(dict(learned.model.load_state(learned.arrays).arrays()))
    values = [learned.model.score([Window(again, scene.picture(float(t)), float(t))])[0].value for t in 81.0 + np.arange(0.0, 4.0, 0.2)]
    assert values == pytest.approx([score.value for score in scored(learned, scene)])
    assert FusedModel.settings_of(learned.arrays, tmp_path) == {"with": "predictor", "weights": learned.path}
    assert again.usual == learned.model.load_state(learned.arrays).usual
    assert min(again.usual) > 0.0
    assert sum(array.nbytes for array in learned.arrays.values()) < 2 * 2**20


def test_a_state_of_another_partner_or_other_weights_is_refused(learned, tmp_path):
    other = create_model("fused", **{"with": "mulde", "weights": write_mulde(tmp_path / "mulde.onnx")})
    with pytest.raises(StateError, match="'predictor', not with 'mulde'"):
        other.load_state(learned.arrays)
    with pytest.raises(StateError, match="other weights"):
        create_model("fused", weights=write_predictor(tmp_path / "net.onnx", gain=0.9)).load_state(learned.arrays)


@pytest.mark.parametrize(
    ("name", "value"),
    [("format", np.array([3], np.int32)), ("scale", np.array([0.0])), ("usual", np.array([0.1, -1.0])), ("with", np.zeros(2))],
)
def test_a_damaged_state_is_refused(learned, name, value):
    with pytest.raises(StateError):
        learned.model.load_state(learned.arrays | {name: value})


def test_only_trained_models_may_stand_beside_motion():
    with pytest.raises(ConfigError, match=r"fused\.with is 'motion'.*predictor"):
        create_model("fused", **{"with": "motion"})
    with pytest.raises(ConfigError, match="needs the setting 'weights'"):
        create_model("fused")


def test_a_state_without_tails_does_not_score(learned):
    with pytest.raises(ModelError, match="has not learned"):
        learned.model.score([Window(learned.model.new_state(), SCENE.picture(0.0), 0.0)])


def test_the_alarm_level_goes_on_being_fitted_to_both_together(learned):
    state = learned.model.load_state(learned.arrays)
    assert isinstance(state, LivingState)
    before = state.peaks()
    for t in 81.0 + np.arange(0.0, 70.0, 0.2):
        learned.model.score([Window(state, SCENE.picture(float(t) - 40.0), float(t))])
        state.note(alarm=False, at_s=1.7e9 + float(t))
    assert state.renew(200.0) is None
    after = state.renew(10_000.0)
    assert after is not None
    assert after.values.size == before.values.size + 1
    assert after.seconds == pytest.approx(before.seconds + 60.0, abs=1.0)
    again = learned.model.load_state(dict(state.arrays()))
    assert again.peaks().values == pytest.approx(after.values)


def test_watching_teaches_motion_alone(learned):
    state = learned.model.new_state()
    for t_s in np.arange(0.0, 30.0, 0.2):
        learned.model.watch([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    learned.model.motion.finish_learning(state.motion)
    with pytest.raises(ModelError, match="too little footage"):
        learned.model.second.finish_learning(state.second)
