import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.support.detector_network import write_scene_detector
from tests.support.moving_scene import Mover, MovingScene, texture, walkers
from tests.support.onnx_file import write_network

from haetae.domain.fact import FactKind
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.attributes import AttributesModel
from haetae.vad.attributes.state import AttributesState
from haetae.vad.base import HeldOut, RawScore, Window, create_model
from haetae.vad.calibrate import Calibration
from haetae.vad.detector import Detector
from haetae.vad.motion import MotionModel
from haetae.vad.pinning import sha256_of

SCENE = MovingScene(walkers(16))
OTHER_SCENE = MovingScene(walkers(16, speed=55.0, y=60), seed=8)
FPS = 10.0
HEIGHT = 40.0


def times(seconds: float, start_s: float = 0.0) -> np.ndarray:
    return start_s + np.arange(int(seconds * FPS)) / FPS


def learn(model, scene: MovingScene = SCENE, seconds: float = 60.0, state=None, start_s: float = 0.0):
    state = state or model.new_state()
    for t_s in times(seconds, start_s):
        model.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    return state, model.finish_learning(state)


@dataclasses.dataclass(frozen=True)
class Learned:
    path: Path
    model: AttributesModel
    held_out: HeldOut
    arrays: dict[str, np.ndarray]

    def state(self) -> AttributesState:
        """A fresh copy, as after a restart."""
        return self.model.load_state(self.arrays)

    def theta(self) -> float:
        return Calibration.fit(self.held_out, 1.0).theta


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Learned:
    path = write_scene_detector(tmp_path_factory.mktemp("detector") / "net.onnx")
    model = AttributesModel(path, detect_fps=5.0)
    state, held_out = learn(model)
    return Learned(path, model, held_out, dict(state.arrays()))


def dressed(mover: Mover, level: float) -> "Dressed":
    return Dressed(mover, level)


@dataclasses.dataclass(frozen=True)
class Dressed:
    """A scene with one thing of a grey level of its own."""

    mover: Mover
    level: float

    def picture(self, t_s: float) -> np.ndarray:
        picture = MovingScene().picture(t_s)
        left = round(self.mover.x + self.mover.speed * (t_s - self.mover.start_s))
        skin = texture(self.mover.height, self.mover.width, self.level, 12, 5)
        first, last = np.clip([left, left + self.mover.width], 0, 320)
        picture[self.mover.y : self.mover.y + self.mover.height, first:last] = skin[:, first - left : last - left]
        return picture


def watch(model, state, scene, seconds: float = 6.0, start_s: float = 100.0, ignored=None) -> list[RawScore]:
    return [model.score([Window(state, scene.picture(float(t_s)), float(t_s), ignored)])[0] for t_s in times(seconds, start_s)]


def walking(speed: float, **changes) -> MovingScene:
    return MovingScene((Mover(-24, 100, speed, start_s=101.0, **changes),))


def peak(scores: list[RawScore]) -> RawScore:
    return max(scores, key=lambda score: score.value)


def fact_of(raw: RawScore, name: str):
    return next(fact for fact in raw.facts if fact.id == name)


def test_the_model_is_made_by_its_name(learned):
    model = create_model("attributes", detector=str(learned.path))
    assert isinstance(model, AttributesModel)
    assert (model.name, model.max_batch, model.device) == ("attributes", 1, "cpu")


def test_usual_walkers_stay_below_the_alarm_level(learned):
    assert peak(watch(learned.model, learned.state(), walking(42.0))).value < learned.theta()


def test_the_held_out_scores_are_of_every_frame_that_motion_judged(learned):
    assert np.isfinite(learned.held_out.raw).all()
    assert (np.diff(learned.held_out.t_s) > 0).all()
    # About once a day lies around 1, whatever the camera.
    assert 0.2 < float(np.quantile(learned.held_out.raw, 0.99)) < 1.5


def test_a_runner_alarms_and_its_speed_is_told_in_body_heights(learned):
    scores = watch(learned.model, learned.state(), walking(150.0))
    assert peak(scores).value > learned.theta()
    # In the middle of the picture.
    fact = fact_of(scores[22], "object_speed")
    assert (fact.kind, fact.source) == (FactKind.SPEED, "attributes")
    assert "heights/s (walker)" in fact.unit
    assert fact.value == pytest.approx(150.0 / HEIGHT, rel=0.2)
    assert fact.usual == pytest.approx(45.0 / HEIGHT, rel=0.25)
    assert fact.rarity is not None
    assert fact.rarity < 1e-3


def test_a_class_that_was_never_here_alarms_where_motion_sees_nothing_odd(learned):
    """As large, as fast and in the same place as walkers are."""
    scene = dressed(Mover(-24, 100, 40.0, start_s=101.0), 25.0)
    raw = peak(watch(learned.model, learned.state(), scene))
    motion = MotionModel()
    state, held_out = learn(motion)
    beside = peak(watch(motion, state, scene))
    assert raw.value > learned.theta()
    assert raw.value > 1.2 * beside.value / Calibration.fit(held_out, 1.0).theta
    fact = fact_of(raw, "object_class")
    assert (fact.value, fact.unit) == (0.0, "earlier visits here of: cart")


def test_the_box_and_the_map_show_the_object(learned):
    scene = dressed(Mover(-24, 100, 40.0, start_s=101.0), 25.0)
    scores = watch(learned.model, learned.state(), scene)
    raw = scores[45]
    left = -24 + 40.0 * (104.5 - 101.0)
    assert raw.box is not None
    assert raw.heat is not None
    assert (raw.box.left * 320, raw.box.right * 320) == pytest.approx((left, left + 24), abs=10)
    row, column = np.unravel_index(int(raw.heat.argmax()), raw.heat.shape)
    assert 100 <= (row + 0.5) * 240 / raw.heat.shape[0] <= 140
    assert left - 8 <= (column + 0.5) * 320 / raw.heat.shape[1] <= left + 32


def test_what_the_detector_has_no_name_for_is_not_invisible(learned):
    """Neither bright nor dark: no box covers it."""
    scene = dressed(Mover(-24, 100, 160.0, start_s=101.0), 125.0)
    scores = watch(learned.model, learned.state(), scene)
    assert peak(scores).value > learned.theta()
    assert "(unknown object)" in fact_of(scores[22], "object_speed").unit


def test_it_is_never_far_below_motion_alone(learned):
    motion = MotionModel()
    state, held_out = learn(motion)
    scene = walking(150.0)
    alone = peak(watch(motion, state, scene)).value / Calibration.fit(held_out, 1.0).theta
    assert peak(watch(learned.model, learned.state(), scene)).value / learned.theta() > 0.8 * alone


def test_the_detector_runs_as_often_as_asked_and_more_often_when_motion_finds_something(learned, monkeypatch):
    runs: list[int] = []
    detect = Detector.detect_tiled
    monkeypatch.setattr(Detector, "detect_tiled", lambda self, *given, **options: runs.append(1) or detect(self, *given, **options))
    model = AttributesModel(learned.path, detect_fps=1.0)
    state, _ = learn(model, seconds=30.0)
    # Not before the background is settled.
    assert 25 <= len(runs) <= 28
    runs.clear()
    watch(model, state, MovingScene(), seconds=8.0)
    assert 7 <= len(runs) <= 9
    runs.clear()
    watch(model, state, MovingScene((Mover(-24, 100, 170.0, start_s=111.0),)), seconds=4.0, start_s=110.0)
    assert len(runs) > 8


def test_states_of_two_cameras_never_mix(learned):
    first, second = learned.model.new_state(), learned.model.new_state()
    for t_s in times(20.0):
        learned.model.learn(
            [Window(first, SCENE.picture(float(t_s)), float(t_s)), Window(second, OTHER_SCENE.picture(float(t_s)), float(t_s))]
        )
    beside = [learned.model.finish_learning(each) for each in (first, second)]
    for held_out, scene, state in zip(beside, (SCENE, OTHER_SCENE), (first, second), strict=True):
        alone, expected = learn(learned.model, scene, 20.0)
        assert held_out.raw.tolist() == expected.raw.tolist()
        both = watch(learned.model, alone, scene, seconds=4.0), watch(learned.model, state, scene, seconds=4.0)
        assert [raw.value for raw in both[0]] == [raw.value for raw in both[1]]


def test_a_saved_state_scores_as_before(learned):
    state = learned.state()
    again = learned.model.load_state({name: array.copy() for name, array in state.arrays().items()})
    scene = walking(90.0)
    assert [raw.value for raw in watch(learned.model, state, scene)] == [raw.value for raw in watch(learned.model, again, scene)]
    assert sum(array.nbytes for array in learned.arrays.values()) < 2**21
    assert all(array.dtype != object for array in learned.arrays.values())


def test_learning_goes_on_from_what_was_learned(learned):
    scene = MovingScene(walkers(16, speed=120.0, start_s=1000.0))
    state = learned.state()
    assert peak(watch(learned.model, learned.state(), walking(120.0))).value > learned.theta()
    state, held_out = learn(learned.model, scene, 60.0, state, start_s=1000.0)
    theta = Calibration.fit(held_out, 1.0).theta
    moved = MovingScene((Mover(-24, 100, 120.0, start_s=2001.0),))
    assert peak(watch(learned.model, state, moved, start_s=2000.0)).value < theta
    old = MovingScene((Mover(-24, 100, 40.0, start_s=2101.0),))
    assert peak(watch(learned.model, state, old, start_s=2100.0)).value < theta


def test_what_is_ignored_raises_nothing(learned):
    scene = dressed(Mover(-24, 100, 160.0, start_s=101.0), 25.0)
    scores = watch(learned.model, learned.state(), scene, ignored=np.ones((240, 320), bool))
    assert max(raw.value for raw in scores) == 0.0
    assert not any(raw.facts for raw in scores)


def test_a_change_of_the_scene_is_no_object(learned):
    state = learned.state()
    watch(learned.model, state, walking(40.0), seconds=3.0)
    dark = np.full((240, 320), 10, np.uint8)
    [raw] = learned.model.score([Window(state, dark, 103.1)])
    assert raw.scene_change
    assert state.last is None


def test_a_state_that_learned_nothing_cannot_judge(learned):
    with pytest.raises(ModelError, match="has not learned"):
        learned.model.score([Window(learned.model.new_state(), SCENE.picture(0.0), 0.0)])
    with pytest.raises(ModelError, match="too little"):
        learned.model.finish_learning(learned.model.new_state())


def test_a_scene_without_objects_can_be_learned(learned):
    state, held_out = learn(learned.model, MovingScene(), 20.0)
    assert held_out.raw.max() == 0.0
    motion = MotionModel()
    alone, _ = learn(motion, MovingScene(), 20.0)
    scores, expected = watch(learned.model, state, walking(150.0)), watch(motion, alone, walking(150.0))
    assert all(raw.value >= other.value for raw, other in zip(scores, expected, strict=True))


def test_states_of_another_network_or_model_are_refused(learned, tmp_path):
    other = AttributesModel(write_scene_detector(tmp_path / "net.onnx", seed=1))
    with pytest.raises(StateError, match="other networks") as caught:
        other.load_state(learned.arrays)
    assert "Learn this camera again" in caught.value.hint
    stricter = AttributesModel(learned.path, least_confidence=0.6)
    with pytest.raises(StateError):
        stricter.load_state(learned.arrays)
    with pytest.raises(StateError):
        learned.model.learn([Window(MotionModel().new_state(), SCENE.picture(0.0), 0.0)])


@pytest.mark.parametrize("name", ["format", "networks", "knots", "tails", "reference", "levels", "sizes", "visits", "bodies", "vectors"])
def test_damaged_states_are_refused(learned, name):
    for broken in (np.zeros(3, np.float32), np.full_like(learned.arrays[name].astype(np.float64), np.nan)):
        with pytest.raises(StateError):
            learned.model.load_state({**learned.arrays, name: broken})
    without = {key: array for key, array in learned.arrays.items() if key != name}
    if name != "reference":
        with pytest.raises(StateError):
            learned.model.load_state(without)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"detect_fps": -1.0}, "detect_fps"),
        ({"tiles": 9}, "tiles"),
        ({"least_confidence": 0.0}, "least_confidence"),
        ({"exemplars": 6000}, "exemplars"),
        ({"sha256": "abc"}, "sha256"),
    ],
)
def test_settings_are_checked_and_named(learned, settings, key):
    with pytest.raises(ConfigError, match=key):
        AttributesModel(learned.path, **settings)


def test_a_pinned_network_is_the_only_one_that_is_used(learned, tmp_path):
    right = sha256_of(learned.path)
    AttributesModel(learned.path, sha256=right.upper())
    other = write_scene_detector(tmp_path / "net.onnx", seed=1)
    with pytest.raises(ModelError, match=right) as caught:
        AttributesModel(other, sha256=right)
    assert sha256_of(other) in str(caught.value)


def test_how_crops_look_counts_where_a_network_tells(learned, tmp_path):
    embedding = write_network(tmp_path / "look.onnx", width=64, height=96)
    model = AttributesModel(learned.path, detect_fps=5.0, embedding=embedding, exemplars=64)
    state, held_out = learn(model, seconds=40.0)
    assert len(state.tables.exemplars.vectors) <= 64
    theta = Calibration.fit(held_out, 1.0).theta
    scene = walking(40.0)
    assert peak(watch(model, state, scene)).value < theta

    class Striped:
        def picture(self, t_s: float) -> np.ndarray:
            picture = scene.picture(t_s)
            left = round(-24 + 40.0 * (t_s - 101.0))
            if 0 <= left < 290:
                picture[100:140, left : left + 24] = np.where(np.arange(24) % 8 < 4, 250, 140)
            return picture

    again = model.load_state(state.arrays())
    raw = peak(watch(model, again, Striped(), start_s=200.0 - 100.0))
    assert raw.value > theta
    assert "cosine distance" in fact_of(raw, "object_appearance").unit
