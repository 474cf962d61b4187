from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.support.moving_scene import MovingScene, walkers
from tests.support.onnx_file import node, tensor, value, write_graph

from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.card import OnnxModel
from haetae.vad.card.network import Clip
from haetae.vad.card.state import CardState, Frames
from haetae.vad.pinning import sha256_of

SCENE = MovingScene(walkers(12))
OTHER_SCENE = MovingScene(walkers(12, speed=70.0), seed=8)
CARD = 'kind = "clip"\nframes = 4\nfps = 5\nmeaning = "score"\nsize = [32, 24]\n'


def write_scorer(path: Path, text: str = CARD, *, layout: str = "NCTHW", factor: float = 1.0, sign: float = 1.0) -> Path:
    """The brightness of a clip, [1, 1]: the mean over everything but the batch."""
    sides = {"N": 1, "C": 3, "T": 4, "H": 24, "W": 32}
    shape = [sides[axis] for axis in layout]
    if "T" not in layout:
        shape[layout.index("C")] = 12
    nodes = [
        node("Flatten", ["clip"], "flat", axis=1),
        node("ReduceMean", ["flat"], "mean", axes=[1], keepdims=1),
        node("Mul", ["mean", "factor"], "score"),
    ]
    write_graph(path, [value("clip", shape)], value("score", [1, 1]), nodes, [tensor("factor", np.array(factor * sign, np.float32))])
    path.with_suffix(".toml").write_text(text + (f'layout = "{layout}"\n' if "layout" not in text else ""))
    return path


def flooded(luma: np.ndarray) -> np.ndarray:
    changed = luma.copy()
    changed[luma.shape[0] // 2 :] = 250
    return changed


def learn(model, scene=SCENE, seconds=30.0, state=None, start_s=0.0):
    state = state or model.new_state()
    for t_s in start_s + np.arange(0.0, seconds, 0.1):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    return state, model.finish_learning(state)


def watch(model, state, picture, seconds=2.0, start_s=100.0, ignored=None) -> list[RawScore]:
    return [model.score([Window(state, picture(float(t_s)), float(t_s), ignored)])[0] for t_s in start_s + np.arange(0.0, seconds, 0.1)]


@dataclass(frozen=True)
class Learned:
    path: Path
    model: OnnxModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]

    def state(self) -> CardState:
        return self.model.load_state(self.arrays)


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Learned:
    path = write_scorer(tmp_path_factory.mktemp("card") / "net.onnx")
    model = OnnxModel(path)
    state, held_out = learn(model)
    return Learned(path, model, held_out, dict(state.arrays()))


def test_the_model_is_made_by_its_name(learned):
    assert isinstance(create_model("onnx", path=str(learned.path)), OnnxModel)


def test_the_usual_stays_below_the_alarm_level_and_the_odd_goes_beyond_it(learned):
    theta = Calibration.fit(learned.held_out, 1.0).theta
    usual = watch(learned.model, learned.state(), SCENE.picture)
    odd = watch(learned.model, learned.state(), lambda t_s: flooded(SCENE.picture(t_s)))
    assert max(raw.value for raw in usual) < theta < max(raw.value for raw in odd)
    fact = odd[-1].facts[0]
    assert fact.source == "onnx"
    assert fact.usual is not None
    assert fact.value > fact.usual


def test_learned_scores_lie_between_0_and_the_level_of_a_day(learned):
    assert (learned.held_out.raw >= 0.0).all()
    assert learned.held_out.raw.max() <= 1.0
    assert (np.diff(learned.held_out.t_s) > 0).all()


def test_lower_may_be_more_abnormal(tmp_path):
    model = OnnxModel(write_scorer(tmp_path / "net.onnx", CARD + 'higher = "normal"\n', sign=-1.0))
    state, held_out = learn(model)
    odd = watch(model, state, lambda t_s: flooded(SCENE.picture(t_s)))
    assert odd[-1].value > Calibration.fit(held_out, 1.0).theta


@pytest.mark.parametrize("layout", ["NCTHW", "NTCHW", "NTHWC", "NCHW", "NHWC"])
def test_every_layout_gives_the_same_score(learned, tmp_path, layout):
    model = OnnxModel(write_scorer(tmp_path / "net.onnx", layout=layout))
    state, _ = learn(model)
    found, wanted = (watch(each, its, SCENE.picture) for each, its in ((model, state), (learned.model, learned.state())))
    assert [raw.value for raw in found] == pytest.approx([raw.value for raw in wanted], rel=1e-3, abs=1e-4)


def test_frames_lie_in_the_order_of_time(tmp_path):
    """The brightness of the last frame alone, by a kernel over the axis of time."""
    nodes = [
        node("Slice", ["clip", "from", "to", "axis"], "last"),
        node("Flatten", ["last"], "flat", axis=1),
        node("ReduceMean", ["flat"], "score", axes=[1], keepdims=1),
    ]
    weights = [tensor(name, np.array([number], np.int64)) for name, number in (("from", 3), ("to", 4), ("axis", 2))]
    path = write_graph(tmp_path / "net.onnx", [value("clip", [1, 3, 4, 24, 32])], value("score", [1, 1]), nodes, weights)
    path.with_suffix(".toml").write_text(CARD)
    network = OnnxModel(path)._network
    pictures = [np.full((24, 32), level, np.uint8) for level in (0, 50, 100, 255)]
    assert network.score(pictures) == pytest.approx(1.0)
    assert network.score(pictures[::-1]) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("meaning", "given", "wanted"),
    [
        ('meaning = "probability"', [0.9], np.log(9.0)),
        ('meaning = "logit"', [2.5], 2.5),
        ('meaning = "softmax"\nindex = [1]', [0.0, 3.0], 3.0),
        ('meaning = "softmax"\nindex = [0, 2]', [1.0, 0.0, 1.0], np.log(2 * np.e)),
        ('meaning = "score"\nindex = [2]', [1.0, 2.0, 7.0], 7.0),
        ('meaning = "score"\npooling = "mean"', [1.0, 2.0, 6.0], 3.0),
        ('meaning = "score"\npooling = "last"', [9.0, 2.0], 2.0),
        ('meaning = "score"\npooling = "max"\nhigher = "normal"', [4.0, 2.0], -2.0),
    ],
)
def test_what_the_output_means(tmp_path, meaning, given, wanted):
    nodes = [
        node("ReduceMean", ["clip"], "mean", keepdims=0),
        node("Mul", ["mean", "zero"], "nothing"),
        node("Add", ["given", "nothing"], "score"),
    ]
    weights = [tensor("given", np.array([given], np.float32)), tensor("zero", np.array(0.0, np.float32))]
    path = write_graph(tmp_path / "net.onnx", [value("clip", [1, 3, 4, 24, 32])], value("score", [1, len(given)]), nodes, weights)
    path.with_suffix(".toml").write_text(CARD.replace('meaning = "score"', meaning))
    assert OnnxModel(path)._network.score([np.zeros((24, 32), np.uint8)] * 4) == pytest.approx(wanted, rel=1e-4)


def test_features_are_judged_by_their_distance_to_what_was_learned(tmp_path):
    nodes = [node("ReduceMean", ["clip"], "still", axes=[2], keepdims=0), node("Flatten", ["still"], "features", axis=1)]
    path = write_graph(tmp_path / "net.onnx", [value("clip", [1, 3, 4, 24, 32])], value("features", [1, 2304]), nodes)
    path.with_suffix(".toml").write_text(CARD.replace('"score"', '"features"') + "every_s = 0.2\n")
    model = OnnxModel(path, exemplars=32)
    state, held_out = learn(model)
    theta = Calibration.fit(held_out, 1.0).theta
    assert len(state.bank) <= 32
    again = model.load_state(state.arrays())
    assert max(raw.value for raw in watch(model, again, SCENE.picture, start_s=20.0 + 100.0 - 100.0)) < theta
    assert watch(model, again, lambda t_s: flooded(SCENE.picture(t_s)))[-1].value > theta


@pytest.mark.parametrize("fps", [5.0, 10.0, 12.5, 30.0])
def test_clips_have_their_stride_at_any_rate_of_frames(fps):
    """8 frames a second are asked for: no fewer, where the source has them, and never closer together than asked for on average."""
    frames = Frames(Clip(frames=8, stride_s=0.125, every_s=0.5))
    taken, clips = [], 0
    for t_s in np.arange(0.0, 20.0, 1.0 / fps):
        if frames.wants(float(t_s)):
            taken.append(float(t_s))
            clips += frames.add(np.zeros((2, 2), np.uint8), float(t_s)) is not None
    rate = len(taken) / 20.0
    assert rate == pytest.approx(min(fps, 8.0), rel=0.12)
    # At 5 frames a second every third one is the first after half a second.
    assert 30 <= clips <= 41


def test_a_gap_ends_a_clip(learned):
    state = learned.state()
    odd = watch(learned.model, state, lambda t_s: flooded(SCENE.picture(t_s)))
    assert odd[-1].value > 0.5
    after = watch(learned.model, state, SCENE.picture, start_s=200.0, seconds=0.5)
    assert [raw.value for raw in after] == [0.0] * 5


def test_the_score_holds_between_two_clips(learned):
    values = [raw.value for raw in watch(learned.model, learned.state(), lambda t_s: flooded(SCENE.picture(t_s)), seconds=4.0)]
    assert 0.0 not in values[10:]


def test_what_is_ignored_has_no_influence(learned):
    ignored = np.zeros((240, 320), bool)
    ignored[120:] = True
    found = watch(learned.model, learned.state(), lambda t_s: flooded(SCENE.picture(t_s)), ignored=ignored)
    wanted = watch(learned.model, learned.state(), SCENE.picture, ignored=ignored)
    assert [raw.value for raw in found] == [raw.value for raw in wanted]
    everything = np.ones((240, 320), bool)
    assert {raw.value for raw in watch(learned.model, learned.state(), SCENE.picture, ignored=everything)} == {0.0}


def test_states_of_two_cameras_never_mix(learned):
    first, second = learned.model.new_state(), learned.model.new_state()
    for t_s in np.arange(0.0, 30.0, 0.1):
        learned.model.learn(
            [Window(first, SCENE.picture(float(t_s)), float(t_s)), Window(second, OTHER_SCENE.picture(float(t_s)), float(t_s))]
        )
    for state, scene in ((first, SCENE), (second, OTHER_SCENE)):
        held_out = learned.model.finish_learning(state)
        alone, expected = learn(learned.model, scene)
        assert held_out.raw.tolist() == expected.raw.tolist()
        assert [raw.value for raw in watch(learned.model, state, scene.picture)] == [
            raw.value for raw in watch(learned.model, alone, scene.picture)
        ]


def test_a_saved_state_scores_as_before(learned):
    state, _ = learn(learned.model)
    again = learned.model.load_state(dict(state.arrays()))
    both = [[raw.value for raw in watch(learned.model, each, SCENE.picture)] for each in (state, again)]
    assert both[0] == both[1]


def test_more_footage_never_makes_the_normal_odd(learned):
    state = learned.state()
    bright = MovingScene(walkers(12), seed=30)
    _, held_out = learn(learned.model, bright, state=state, start_s=500.0)
    assert state.scale.alarm >= learned.state().scale.alarm
    theta = Calibration.fit(held_out, 1.0).theta
    assert max(raw.value for raw in watch(learned.model, state, SCENE.picture, start_s=700.0)) < max(theta, 1.0)


def test_too_little_footage_is_said(learned):
    with pytest.raises(ModelError, match="too little"):
        learn(learned.model, seconds=1.0)
    with pytest.raises(ModelError, match="has not learned"):
        learned.model.score([Window(learned.model.new_state(), SCENE.picture(0.0), 0.0)])


def test_states_of_another_card_or_network_are_refused(learned, tmp_path):
    for other in (write_scorer(tmp_path / "a.onnx", factor=2.0), write_scorer(tmp_path / "b.onnx", CARD.replace("fps = 5", "fps = 8"))):
        with pytest.raises(StateError, match="another network, or with another card"):
            OnnxModel(other).load_state(learned.arrays)
    for name in ("format", "network", "scale", "bank"):
        with pytest.raises(StateError):
            learned.model.load_state({**learned.arrays, name: np.zeros(5, np.float32)})


def test_a_network_that_gives_no_numbers_is_an_error_while_learning_and_no_score_later(tmp_path):
    """1 / (brightness of a black picture)."""
    nodes = [
        node("ReduceMean", ["clip"], "mean", keepdims=0),
        node("Sub", ["mean", "half"], "below"),
        node("Sqrt", ["below"], "score"),
    ]
    weights = [tensor("half", np.array(0.2, np.float32))]
    path = write_graph(tmp_path / "net.onnx", [value("clip", [1, 3, 4, 24, 32])], value("score", []), nodes, weights)
    path.with_suffix(".toml").write_text(CARD)
    model = OnnxModel(path)
    state, _ = learn(model)
    dark = watch(model, state, lambda t_s: np.full((240, 320), 5, np.uint8))
    assert np.isnan(dark[-1].value)
    black = np.full((240, 320), 5, np.uint8)
    with pytest.raises(ModelError, match="no finite number"):
        model.learn([Window(state, black, 900.0 + float(t_s)) for t_s in np.arange(0.0, 3.0, 0.1)])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("frames = 4", "frames = 9"), "frames"),
        (("frames = 4", 'frames = "many"'), "frames"),
        (("fps = 5", "fps = 0"), "fps"),
        (("fps = 5", "fps = 5\nstride_s = 0.1"), "fps or stride_s"),
        (("fps = 5", ""), "fps or stride_s"),
        (("fps = 5", "stride_s = 20"), "stride_s"),
        (('meaning = "score"', ""), "meaning"),
        (('meaning = "score"', 'meaning = "feeling"'), "meaning"),
        (('meaning = "score"', 'meaning = "softmax"'), "index"),
        (('meaning = "score"', 'meaning = "softmax"\nindex = [4]'), "index"),
        (('meaning = "score"', 'meaning = "score"\noutput = "nothing"'), "output"),
        (('meaning = "score"', 'meaning = "score"\ninput = "nothing"'), "input"),
        (('meaning = "score"', 'meaning = "score"\nhigher = "yes"'), "higher"),
        (('meaning = "score"', 'meaning = "score"\npooling = "sum"'), "pooling"),
        (('meaning = "score"', 'meaning = "score"\nevery_s = 0'), "every_s"),
        (('meaning = "score"', 'meaning = "score"\nlayout = "NCHW"'), "layout"),
        (('meaning = "score"', 'meaning = "score"\nlayout = "NTCHW"'), "colour"),
        (('meaning = "score"', 'meaning = "score"\nfit = "letterbox"'), "fit"),
        (('meaning = "score"', 'meaning = "score"\nmeening = 1'), "Did you mean 'meaning'"),
        (('kind = "clip"', 'kind = "detector"'), "kind"),
    ],
)
def test_a_card_that_is_wrong_is_refused_by_its_key_with_the_fix(tmp_path, change, key):
    path = write_scorer(tmp_path / "net.onnx")
    text = CARD.replace(*change)
    path.with_suffix(".toml").write_text(text if "layout" in text else text + 'layout = "NCTHW"\n')
    with pytest.raises((ConfigError, ModelError)) as caught:
        OnnxModel(path)
    assert key in str(caught.value)
    assert caught.value.hint


def test_a_probability_that_is_none_is_refused(tmp_path):
    path = write_scorer(tmp_path / "net.onnx", CARD.replace('"score"', '"probability"') + "mean = [-9.0, -9.0, -9.0]\n")
    with pytest.raises(ConfigError, match="no probability"):
        OnnxModel(path)


def test_without_a_card_it_says_which_to_write(tmp_path):
    path = write_scorer(tmp_path / "net.onnx")
    path.with_suffix(".toml").unlink()
    with pytest.raises(ConfigError, match="no card") as caught:
        OnnxModel(path)
    assert "net.toml" in caught.value.hint
    with pytest.raises(ConfigError, match="missing.toml"):
        OnnxModel(path, card=tmp_path / "missing.toml")


def test_a_pinned_network_is_the_only_one_that_is_used(learned):
    OnnxModel(learned.path, sha256=sha256_of(learned.path))
    with pytest.raises(ModelError, match="not the network that was pinned"):
        OnnxModel(learned.path, sha256="0" * 64)
