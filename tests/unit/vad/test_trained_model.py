import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene, walkers
from tests.support.onnx_file import write_network
from tests.support.trained_network import about, write_mulde, write_predictor

from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.trained.model import TrainedModel
from haetae.vad.trained.predictor import PredictorModel
from haetae.vad.trained.state import TrainedState

SCENE = MovingScene(walkers(12, every_s=8.0, speed=16.0))
RUNNER = Mover(-24, 40, 90.0, start_s=81.0, end_s=85.0)
OTHER_SCENE = MovingScene(walkers(24), seed=8)
WRITERS = {"predictor": write_predictor, "mulde": write_mulde}


def learn(model: TrainedModel, scene: MovingScene = SCENE, seconds: float = 80.0) -> tuple[TrainedState, HeldOut]:
    state = model.new_state()
    for t_s in np.arange(0.0, seconds, 0.2):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    return state, model.finish_learning(state)


@dataclass(frozen=True)
class Learned:
    path: Path
    model: TrainedModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]

    def state(self) -> TrainedState:
        """A fresh copy, as after a restart."""
        return self.model.load_state(self.arrays)


@pytest.fixture(scope="module", params=sorted(WRITERS))
def learned(request, tmp_path_factory) -> Learned:
    path = WRITERS[request.param](tmp_path_factory.mktemp("network") / "net.onnx")
    model = create_model(request.param, weights=str(path))
    assert isinstance(model, TrainedModel)
    state, held_out = learn(model)
    return Learned(path, model, held_out, dict(state.arrays()))


def scored(learned: Learned, scene: MovingScene, start_s: float = 81.0, seconds: float = 4.0) -> list[RawScore]:
    state = learned.state()
    return [learned.model.score([Window(state, scene.picture(float(t)), float(t))])[0] for t in start_s + np.arange(0.0, seconds, 0.2)]


def test_something_fast_scores_above_the_alarm_level_and_says_where_and_why(learned):
    theta = Calibration.fit(learned.held_out, 1.0).theta
    scores = scored(learned, replace(SCENE, movers=(*SCENE.movers, RUNNER)))
    top = max(scores, key=lambda score: score.value)
    assert top.value > theta
    assert top.value > learned.held_out.raw.max()
    assert top.heat is not None
    assert top.box is not None
    assert 0.1 < (top.box.top + top.box.bottom) / 2 < 0.4
    fact = top.facts[0]
    assert fact.source == learned.model.name
    assert fact.usual is not None
    assert fact.value > fact.usual
    assert fact.rarity is not None
    assert fact.rarity < 1e-4


def test_usual_pictures_stay_near_the_alarm_level_at_most(learned):
    # From so little footage it is what happens once in eight times as much, and single frames raise no alarm.
    theta = Calibration.fit(learned.held_out, 1.0).theta
    assert max(score.value for score in scored(learned, SCENE)) < 1.5 * theta


def test_held_out_scores_are_finite_and_in_order(learned):
    assert np.isfinite(learned.held_out.raw).all()
    assert (np.diff(learned.held_out.t_s) > 0).all()
    assert learned.held_out.t_s.size > 300


def test_a_saved_state_scores_as_before_and_is_small(learned):
    scene = replace(SCENE, movers=(*SCENE.movers, RUNNER))
    again = learned.model.load_state(dict(learned.state().arrays()))
    first = [score.value for score in scored(learned, scene)]
    second = [learned.model.score([Window(again, scene.picture(float(t)), float(t))])[0].value for t in 81.0 + np.arange(0.0, 4.0, 0.2)]
    assert second == pytest.approx(first)
    assert sum(array.nbytes for array in learned.arrays.values()) < 2 * 2**20
    assert all(array.dtype != object for array in learned.arrays.values())


def test_a_camera_scores_the_same_beside_another_as_alone(learned):
    scene = replace(SCENE, movers=(*SCENE.movers, RUNNER))
    alone = [score.value for score in scored(learned, scene)]
    state, other = learned.state(), learned.state()
    together = []
    for t in 81.0 + np.arange(0.0, 4.0, 0.2):
        batch = [Window(other, OTHER_SCENE.picture(float(t)), float(t)), Window(state, scene.picture(float(t)), float(t))]
        together.append(learned.model.score(batch)[1].value)
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("most", [2, 8])
def test_a_batch_scores_like_single_frames(learned, most, monkeypatch):
    scene = replace(SCENE, movers=(*SCENE.movers, RUNNER))
    alone = [score.value for score in scored(learned, scene)]
    monkeypatch.setattr(learned.model, "max_batch", most)
    states, together = [learned.state() for _ in range(5)], []
    for t in 81.0 + np.arange(0.0, 4.0, 0.2):
        scores = learned.model.score([Window(state, scene.picture(float(t)), float(t)) for state in states])
        together.append([score.value for score in scores])
    assert np.array(together) == pytest.approx(np.tile(np.array(alone)[:, None], 5), abs=1e-5)


def test_what_is_ignored_raises_nothing(learned):
    state = learned.state()
    ignored = np.ones((240, 320), np.bool_)
    scene = replace(SCENE, movers=(*SCENE.movers, RUNNER))
    scores = [learned.model.score([Window(state, scene.picture(float(t)), float(t), ignored)])[0] for t in 81.0 + np.arange(0.0, 4.0, 0.2)]
    assert max(score.value for score in scores) == 0.0


def test_watching_teaches_nothing(learned):
    state = learned.model.new_state()
    for t_s in np.arange(0.0, 30.0, 0.2):
        learned.model.watch([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    with pytest.raises(ModelError, match="too little footage"):
        learned.model.finish_learning(state)


def test_learning_more_keeps_what_was_known(learned):
    state = learned.state()
    assert state.counts is not None
    before = state.counts.frames
    for t_s in np.arange(100.0, 130.0, 0.2):
        learned.model.learn([Window(state, SCENE.picture(float(t_s) - 60.0), float(t_s))])
    learned.model.finish_learning(state)
    assert state.counts.frames > before + 100


def test_a_state_without_tails_does_not_score(learned):
    with pytest.raises(ModelError, match="has not learned"):
        learned.model.score([Window(learned.model.new_state(), SCENE.picture(0.0), 0.0)])


def test_a_state_of_other_weights_is_refused(learned, tmp_path):
    other = create_model(learned.model.name, weights=WRITERS[learned.model.name](tmp_path / "net.onnx", gain=0.9))
    with pytest.raises(StateError, match="other weights"):
        other.load_state(learned.arrays)
    with pytest.raises(StateError, match="elsewhere"):
        other.score([Window(learned.state(), SCENE.picture(0.0), 0.0)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", np.array([9], np.int32)),
        ("weights", np.zeros(31, np.uint8)),
        ("size", np.array([320, 240, 100_000, 100_000], np.int32)),
        ("size", np.array([320, 240, 0, 8], np.int32)),
        ("background", np.zeros((3, 3), np.uint8)),
        ("noise", np.array([np.nan], np.float32)),
        ("cells", np.zeros((1, 2, 3), np.uint16)),
        ("reference", np.array([0.0], np.float32)),
        ("rows", None),
    ],
)
def test_a_damaged_state_is_refused(learned, name, value):
    arrays = dict(learned.arrays)
    if value is None:
        del arrays["cells"]
    else:
        arrays[name] = value
    with pytest.raises(StateError):
        learned.model.load_state(arrays)


def test_the_settings_are_found_through_the_state_wherever_its_weights_are(learned, tmp_path):
    kind = type(learned.model)
    assert kind.settings_of(learned.arrays, tmp_path) == {"weights": learned.path}
    moved = learned.arrays | {"weights_path": np.frombuffer(b"/gone/net.onnx", np.uint8)}
    assert kind.settings_of(moved, tmp_path) == {"weights": tmp_path / "net.onnx"}


def test_no_weights_no_model():
    with pytest.raises(ConfigError, match=r"'predictor' needs the setting 'weights'.*haetae vad fit --model predictor"):
        create_model("predictor")


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04\x95pickle", b"\x00" * 100])
def test_weights_that_are_missing_or_no_network_are_an_error(tmp_path, content):
    path = tmp_path / "net.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.onnx"):
        create_model("predictor", weights=path)


def test_a_truncated_network_is_an_error(tmp_path):
    path = write_predictor(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match=r"net\.onnx"):
        create_model("predictor", weights=path)


def test_a_network_of_something_else_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no network of a trained model"):
        create_model("predictor", weights=write_network(tmp_path / "classifier.onnx"))
    with pytest.raises(ModelError, match="a network of the model 'mulde', not of 'predictor'"):
        create_model("predictor", weights=write_mulde(tmp_path / "mulde.onnx"))
    with pytest.raises(ModelError, match="version 7"):
        create_model("predictor", weights=write_predictor(tmp_path / "new.onnx", metadata=about("predictor", 7, step_s="0.2")))


@pytest.mark.parametrize("step", ["0", "nan", "a while", "1e9"])
def test_a_description_that_makes_no_sense_is_refused(tmp_path, step):
    with pytest.raises(ModelError, match="step_s"):
        create_model("predictor", weights=write_predictor(tmp_path / "net.onnx", metadata=about("predictor", step_s=step)))


def test_a_network_that_gives_no_numbers_is_an_error(tmp_path):
    model = create_model("predictor", weights=write_predictor(tmp_path / "net.onnx", gain=float("nan")))
    assert isinstance(model, TrainedModel)
    with pytest.raises(ModelError, match="no finite numbers"):
        learn(model, seconds=20.0)


def test_the_id_of_weights_covers_every_byte(tmp_path):
    first = PredictorModel(weights=write_predictor(tmp_path / "a.onnx"))
    second = PredictorModel(weights=write_predictor(tmp_path / "b.onnx", gain=1.0001))
    assert first.weights.id != second.weights.id
    assert len(first.weights.id) == hashlib.sha256().digest_size
