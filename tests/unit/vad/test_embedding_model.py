from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import structlog
from tests.support.moving_scene import MovingScene, walkers
from tests.support.onnx_file import node, value, write_graph, write_network

from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.embedding import EmbeddingModel
from haetae.vad.embedding.network import MOST_DIMENSIONS
from haetae.vad.embedding.state import EmbeddingState

SCENE = MovingScene(walkers(12))
OTHER_SCENE = MovingScene(walkers(12), seed=8)


def learn(model: EmbeddingModel, scene: MovingScene = SCENE, seconds: float = 40.0, start_s: float = 0.0) -> tuple[EmbeddingState, HeldOut]:
    state = model.new_state()
    for t_s in start_s + np.arange(0.0, seconds, 0.2):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    return state, model.finish_learning(state)


@dataclass(frozen=True)
class Learned:
    path: Path
    model: EmbeddingModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]

    def state(self) -> EmbeddingState:
        """A fresh copy, as after a restart."""
        return self.model.load_state(self.arrays)


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Learned:
    path = write_network(tmp_path_factory.mktemp("network") / "net.onnx", width=64, height=48)
    model = EmbeddingModel(path)
    state, held_out = learn(model)
    return Learned(path, model, held_out, dict(state.arrays()))


def flooded(luma: np.ndarray) -> np.ndarray:
    """Bright water over the lower half."""
    changed = luma.copy()
    changed[luma.shape[0] // 2 :] = 230
    return changed


def score(model: EmbeddingModel, *windows: Window) -> list[float]:
    return [raw.value for raw in model.score(windows)]


def test_the_model_is_made_by_its_name(learned):
    model = create_model("embedding", path=str(learned.path))
    assert isinstance(model, EmbeddingModel)
    assert (model.name, model.max_batch, model.device) == ("embedding", 8, "cpu")


def test_an_odd_picture_scores_above_everything_held_out_and_over_the_alarm_level(learned):
    luma = SCENE.picture(41.0)
    [odd] = learned.model.score([Window(learned.state(), flooded(luma), 41.0)])
    assert odd.value > float(learned.held_out.raw.max())
    assert odd.value > Calibration.fit(learned.held_out, 1.0).theta
    [fact] = odd.facts
    assert fact.usual is not None
    assert fact.value > fact.usual
    assert (fact.source, fact.t0_s) == ("embedding", 41.0)


def test_usual_pictures_stay_below_the_alarm_level(learned):
    state = learned.state()
    values = [score(learned.model, Window(state, SCENE.picture(float(t_s)), float(t_s)))[0] for t_s in np.arange(41.0, 47.0, 0.2)]
    assert max(values) < Calibration.fit(learned.held_out, 1.0).theta


def test_held_out_scores_are_finite_ordered_and_made_by_the_rest_of_the_footage(learned):
    assert np.isfinite(learned.held_out.raw).all()
    assert (np.diff(learned.held_out.t_s) > 0).all()
    assert learned.held_out.t_s.size == 200
    # A frame that its own part judged would find itself.
    assert learned.held_out.raw.min() > 0.0


def test_what_happened_in_one_part_only_is_far_in_the_held_out_scores(learned):
    state = learned.model.new_state()
    for t_s in np.arange(0.0, 20.0, 0.2):
        luma = SCENE.picture(float(t_s))
        learned.model.learn([Window(state, flooded(luma) if 9.0 < t_s < 9.5 else luma, float(t_s))])
    held_out = learned.model.finish_learning(state)
    at = (held_out.t_s > 9.0) & (held_out.t_s < 9.5)
    assert held_out.raw[at].min() > held_out.raw[~at].max()


def test_a_batch_scores_like_single_pictures(learned):
    lumas = [SCENE.picture(50.0 + number) for number in range(5)]
    lumas[3] = flooded(lumas[3])
    together = learned.model.score([Window(learned.state(), luma, 50.0) for luma in lumas])
    alone = [learned.model.score([Window(learned.state(), luma, 50.0)])[0] for luma in lumas]
    assert [raw.value for raw in together] == pytest.approx([raw.value for raw in alone], abs=1e-5)


def test_a_whole_batch_is_one_run_of_the_network(learned, monkeypatch):
    session = learned.model._network._session
    runs = []
    run = type(session).run
    monkeypatch.setattr(type(session), "run", lambda self, feeds, outputs=None: runs.append(1) or run(self, feeds, outputs))
    learned.model.score([Window(learned.state(), SCENE.picture(1.0), 50.0) for _ in range(8)])
    assert len(runs) == 1


@pytest.mark.parametrize(("batch", "max_batch"), [(1, 1), (4, 4), ("n", 8)])
def test_a_fixed_batch_axis_is_obeyed(learned, tmp_path, batch, max_batch):
    model = EmbeddingModel(write_network(tmp_path / "net.onnx", width=64, height=48, batch=batch))
    assert model.max_batch == max_batch
    free, _ = learn(learned.model, seconds=15.0)
    fixed, _ = learn(model, seconds=15.0)
    # One more than one run takes, and one less than two.
    lumas = [flooded(SCENE.picture(50.0 + number)) for number in range(max_batch + 1)]
    wanted = [learned.model.score([Window(learned.model.load_state(free.arrays()), luma, 50.0)])[0].value for luma in lumas]
    found = score(model, *[Window(model.load_state(fixed.arrays()), luma, 50.0) for luma in lumas])
    assert found == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("tail", "reason"), [("one", "48"), ("mixed", "mixes the pictures")])
def test_a_network_whose_open_batch_axis_is_a_lie_gets_one_picture_at_a_time(tmp_path, tail, reason):
    path = write_network(tmp_path / "net.onnx", tail=tail)
    with structlog.testing.capture_logs() as logs:
        model = EmbeddingModel(path)
    assert [line["event"] for line in logs] == ["network_takes_no_batches"]
    assert tail == "one" or reason in logs[0]["reason"]
    assert model.max_batch == 1
    state, _ = learn(model, seconds=10.0)
    arrays = state.arrays()
    alone = score(model, Window(model.load_state(arrays), SCENE.picture(60.0), 60.0))
    beside = score(model, *(Window(model.load_state(arrays), luma, 60.0) for luma in (SCENE.picture(60.0), flooded(SCENE.picture(60.0)))))
    assert beside[0] == pytest.approx(alone[0], abs=1e-6)


def test_states_of_two_cameras_never_mix(learned):
    """Learned and scored side by side, in the same batches, each camera has what it has alone."""
    model = learned.model
    first, second = model.new_state(), model.new_state()
    for t_s in np.arange(0.0, 12.0, 0.2):
        model.learn([Window(first, SCENE.picture(float(t_s)), float(t_s)), Window(second, OTHER_SCENE.picture(float(t_s)), float(t_s))])
    beside = [model.finish_learning(first), model.finish_learning(second)]
    alone = [learn(model, SCENE, 12.0), learn(model, OTHER_SCENE, 12.0)]
    for held_out, (state, expected), mixed in zip(beside, alone, (first, second), strict=True):
        assert held_out.raw == pytest.approx(expected.raw, rel=1e-3, abs=1e-5)
        assert mixed.bank == pytest.approx(state.bank, abs=1e-3)
    swapped = model.score([Window(first, OTHER_SCENE.picture(20.0), 20.0), Window(second, OTHER_SCENE.picture(20.0), 20.0)])
    assert swapped[0].value > 2.0 * swapped[1].value


def test_the_score_is_the_mean_of_two_frames_and_a_gap_starts_anew(learned):
    usual, odd = SCENE.picture(50.0), flooded(SCENE.picture(50.0))
    low, high = score(learned.model, Window(learned.state(), usual, 50.0))[0], score(learned.model, Window(learned.state(), odd, 50.0))[0]
    state = learned.state()
    found = [score(learned.model, Window(state, luma, t_s))[0] for luma, t_s in ((usual, 50.0), (odd, 50.2), (odd, 50.4), (usual, 60.0))]
    assert found == pytest.approx([low, (low + high) / 2, high, low])


def lower_half(luma: np.ndarray) -> np.ndarray:
    ignored = np.zeros(luma.shape, bool)
    ignored[luma.shape[0] // 2 :] = True
    return ignored


def test_what_is_ignored_has_no_influence(learned):
    luma = SCENE.picture(50.0)
    ignored = lower_half(luma)
    random = np.random.default_rng(0)
    contents = [
        luma,
        flooded(luma),
        np.where(ignored, random.integers(0, 255, luma.shape), luma).astype(np.uint8),
        np.where(ignored, 0, luma),
    ]
    values = [score(learned.model, Window(learned.state(), each.astype(np.uint8), 50.0, ignored))[0] for each in contents]
    assert values == [values[0]] * len(values)


def test_a_zone_drawn_after_the_learning_raises_no_alarm(learned):
    luma = SCENE.picture(50.0)
    theta = Calibration.fit(learned.held_out, 1.0).theta
    assert score(learned.model, Window(learned.state(), luma, 50.0, lower_half(luma)))[0] < theta
    # And what is outside the zone still does.
    upside_down = flooded(luma[::-1])[::-1]
    assert score(learned.model, Window(learned.state(), upside_down, 50.0, lower_half(luma)))[0] > theta


def test_another_zone_takes_effect_at_once(learned):
    luma = flooded(SCENE.picture(50.0))
    state = learned.state()
    [hidden] = learned.model.score([Window(state, luma, 50.0, lower_half(luma))])
    [seen] = learned.model.score([Window(state, luma, 60.0, np.zeros(luma.shape, bool))])
    assert seen.value > 2.0 * hidden.value


def test_a_picture_that_is_ignored_whole_scores_nothing(learned):
    luma = SCENE.picture(50.0)
    assert learned.model.score([Window(learned.state(), luma, 50.0, np.ones(luma.shape, bool))]) == [RawScore(0.0)]


def test_a_saved_state_scores_as_before(learned):
    state, _ = learn(learned.model, seconds=12.0)
    again = learned.model.load_state(dict(state.arrays()))
    for t_s in (50.0, 53.0, 56.0):
        luma = SCENE.picture(t_s)
        assert score(learned.model, Window(again, luma, t_s)) == score(learned.model, Window(state, luma, t_s))


def test_learning_goes_on_from_what_was_learned(learned):
    state = learned.state()
    for t_s in np.arange(100.0, 115.0, 0.2):
        learned.model.learn([Window(state, flooded(SCENE.picture(float(t_s))), float(t_s))])
    learned.model.finish_learning(state)
    theta = 1.0
    assert score(learned.model, Window(state, flooded(SCENE.picture(41.0)), 200.0))[0] < theta
    assert score(learned.model, Window(state, SCENE.picture(20.0), 300.0))[0] < theta


def test_unfinished_learning_is_saved_and_goes_on(learned):
    state = learned.model.new_state()
    for t_s in np.arange(0.0, 10.0, 0.2):
        learned.model.learn([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    again = learned.model.load_state(dict(state.arrays()))
    assert len(again.bank) == 50
    with pytest.raises(ModelError, match="has not learned"):
        learned.model.score([Window(again, SCENE.picture(10.0), 10.0)])


@pytest.mark.parametrize("change", ["weights", "size", "mean"])
def test_a_state_of_another_network_or_preprocessing_is_refused(learned, tmp_path, change):
    if change == "weights":
        other = EmbeddingModel(write_network(tmp_path / "net.onnx", width=64, height=48, seed=2))
    elif change == "mean":
        other = EmbeddingModel(learned.path, mean=(0.5, 0.5, 0.5))
    else:
        other = EmbeddingModel(write_network(tmp_path / "net.onnx", width=72, height=48))
    with pytest.raises(StateError, match="another network"):
        other.load_state(learned.arrays)
    with pytest.raises(StateError, match="from elsewhere"):
        other.score([Window(learned.state(), SCENE.picture(0.0), 0.0)])


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("format", np.array([99], np.int32)),
        ("bank", np.zeros((3, 7), np.float16)),
        ("bank", np.full((3, 192), np.nan, np.float16)),
        ("picture", np.zeros((4, 4), np.uint8)),
        ("scale", np.array([0.0, 0.0])),
        ("network", None),
        ("bank", None),
    ],
)
def test_a_damaged_state_is_refused(learned, name, array):
    arrays = {key: each for key, each in learned.arrays.items() if key != name} | ({} if array is None else {name: array})
    with pytest.raises(StateError):
        learned.model.load_state(arrays)


def test_too_little_footage_is_an_error_and_learning_may_go_on(learned):
    state = learned.model.new_state()
    for t_s in np.arange(0.0, 1.0, 0.2):
        learned.model.learn([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    with pytest.raises(ModelError, match="too little footage"):
        learned.model.finish_learning(state)
    for t_s in np.arange(1.0, 12.0, 0.2):
        learned.model.learn([Window(state, SCENE.picture(float(t_s)), float(t_s))])
    assert learned.model.finish_learning(state).raw.size == 60


def test_a_network_of_any_size_needs_one(tmp_path):
    path = write_network(tmp_path / "net.onnx", width="w", height="h")
    with pytest.raises(ConfigError, match=r"any size.*embedding\.size"):
        EmbeddingModel(path)
    assert EmbeddingModel(path, size=(40, 32)).new_state().bank.shape == (0, 5 * 4 * 4)


@pytest.mark.parametrize(
    "settings",
    [
        {"size": (32, 32)},
        {"size": (0, 48)},
        {"exemplars": 1},
        {"max_batch": 0},
        {"output": "score"},
        {"std": (1.0, 1.0, 0.0)},
        {"mean": (0.5,)},
    ],
)
def test_settings_that_cannot_be_are_refused(learned, settings):
    with pytest.raises(ConfigError):
        EmbeddingModel(learned.path, **settings)


@pytest.mark.parametrize(
    ("shape", "output"),
    [(["n", 3, 24], ["n", 24]), (["n", 1, 24, 32], ["n", 24]), ([24, 32], [24, 32])],
    ids=["rank 3", "one channel", "rank 2"],
)
def test_a_network_that_takes_no_pictures_is_refused(tmp_path, shape, output):
    path = write_graph(tmp_path / "net.onnx", [value("x", shape)], value("y", output), [node("Relu", ["x"], "y")])
    with pytest.raises(ModelError, match=r"takes 'x'.*\[batch, 3, height, width\]"):
        EmbeddingModel(path)


def test_a_long_output_is_hashed_down_and_keeps_its_distances(tmp_path):
    path = write_graph(tmp_path / "net.onnx", [value("x", ["n", 3, 48, 64])], value("y", ["n", 3, 48, 64]), [node("Identity", ["x"], "y")])
    model = EmbeddingModel(path, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    network = model._network
    assert model.new_state().bank.shape == (0, MOST_DIMENSIONS)
    pictures = [network.picture(SCENE.picture(20.0)), network.picture(flooded(SCENE.picture(20.0)))]
    flat = np.stack(pictures).reshape(2, -1).astype(np.float64)
    exact = 1.0 - float(flat[0] @ flat[1] / np.prod(np.linalg.norm(flat, axis=1)))
    first, second = network.embed(pictures)
    assert 1.0 - float(first @ second) == pytest.approx(exact, rel=0.25)


def test_a_network_that_gives_no_numbers_teaches_nothing(tmp_path):
    path = write_graph(tmp_path / "net.onnx", [value("x", ["n", 3, 48, 64])], value("y", ["n", 3, 48, 64]), [node("Log", ["x"], "y")])
    model = EmbeddingModel(path)
    state = model.new_state()
    with pytest.raises(ModelError, match="no finite numbers"):
        model.learn([Window(state, SCENE.picture(0.0), 0.0)])
    assert state.arrays()["bank"].shape[0] == 0


def test_memory_is_estimated_from_the_file_and_its_external_weights(tmp_path):
    path = write_network(tmp_path / "net.onnx")
    before = EmbeddingModel.estimate_mb(path)
    beside = write_network(tmp_path / "beside.onnx", external="beside.data")
    with (tmp_path / "beside.data").open("ab") as file:
        file.truncate(2**20 * 10)
    assert EmbeddingModel.estimate_mb(beside, exemplars=500) > before + 20.0
    with pytest.raises(ModelError, match="no network"):
        EmbeddingModel.estimate_mb(tmp_path / "absent.onnx")


def test_missing_weights_are_an_error_and_never_random(tmp_path):
    path = write_network(tmp_path / "net.onnx", external="net.onnx.data")
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(ModelError, match=r"Copy net\.onnx\.data"):
        EmbeddingModel(path)


def test_a_real_network_learns_and_finds_an_odd_picture(shared_data):
    model = EmbeddingModel(shared_data / "models" / "osnet_x0_25_msmt17.onnx")
    assert (model.max_batch, model.new_state().bank.shape[1]) == (1, 512)
    state, held_out = learn(model, seconds=12.0)
    [odd] = model.score([Window(state, flooded(SCENE.picture(20.0)), 20.0)])
    assert odd.value > float(held_out.raw.max())
    assert EmbeddingModel.estimate_mb(shared_data / "models" / "osnet_x0_25_msmt17.onnx") > 16.0
