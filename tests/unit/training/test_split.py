import numpy as np
import pytest
from tests.support.moving_scene import MovingScene, walkers
from tests.support.trained_network import write_predictor

from haetae.errors import ModelError
from haetae.training.split import EVERY, LearningOnTheRest, Split
from haetae.vad.base import Window, create_model


def share(split: Split, lengths_s: list[float]) -> float:
    held = [split.held_out(source, float(t_s)) for source, length_s in enumerate(lengths_s) for t_s in np.arange(0.0, length_s, 0.1)]
    return float(np.mean(held))


@pytest.mark.parametrize("lengths_s", [[600.0], [86_400.0 / 24], [36.0], [20.0, 20.0], [15.0] * 16, [120.0] * 5])
def test_a_third_of_the_footage_is_held_out(lengths_s):
    assert share(Split.of(lengths_s), lengths_s) == pytest.approx(1 / EVERY, abs=0.1)


def test_many_sources_are_kept_whole():
    split = Split.of([15.0] * 16)
    for source in range(16):
        assert len({split.held_out(source, float(t_s)) for t_s in range(15)}) == 1


def test_footage_too_short_to_be_split_is_refused():
    with pytest.raises(ModelError, match="too little to train"):
        Split.of([20.0])


def test_tails_are_learned_from_held_out_frames_only(tmp_path):
    scene = MovingScene(walkers(24))
    split = Split.of([60.0])
    model = create_model("predictor", weights=write_predictor(tmp_path / "net.onnx"))
    rest = LearningOnTheRest(model, split)
    state = rest.new_state()
    for t_s in np.arange(0.0, 60.0, 0.2):
        rest.at(0, float(t_s))
        rest.learn([Window(state, scene.picture(float(t_s)), float(t_s))])
    held_out = rest.finish_learning(state)
    assert all(split.held_out(0, float(t_s)) for t_s in held_out.t_s)
    assert held_out.t_s.size == pytest.approx(100, abs=12)
