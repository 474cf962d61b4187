import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import ALARM_LEVEL
from haetae.errors import ModelError, StateError
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.base import RawScore
from haetae.vad.motion import MotionModel
from haetae.vad.normality import BREAK_S, Normality


def textured(number, rng):
    return scripted_frame(number, luma=rng.integers(0, 255, (64, 96), np.uint8))


def learned(model=None, *, frames=50, learning_s=4.0):
    normality = Normality.new(model or ScriptedModel(), false_alarms_per_day=1.0, learning_s=learning_s)
    rng = np.random.default_rng(1)
    for number in range(frames):
        normality.learn(textured(number, rng))
    normality.finish()
    return normality


def score_of(normality, model, frame):
    [raw] = model.score([normality.window(frame)])
    return normality.judge(frame, raw)


def test_progress_is_the_share_of_the_footage_wanted():
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=10.0)
    rng = np.random.default_rng(1)
    for number in range(51):
        normality.learn(textured(number, rng))
    assert normality.progress == pytest.approx(0.5, abs=0.01)
    assert not normality.done


def test_nothing_is_judged_while_learning():
    model = ScriptedModel()
    normality = Normality.new(model, false_alarms_per_day=1.0, learning_s=10.0)
    with pytest.raises(ModelError, match="still learning"):
        score_of(normality, model, scripted_frame(0))


def test_too_little_footage_can_be_continued():
    normality = Normality.new(ScriptedModel(least=3), false_alarms_per_day=1.0, learning_s=1.0)
    rng = np.random.default_rng(1)
    normality.learn(textured(0, rng))
    with pytest.raises(ModelError):
        normality.finish()
    for number in range(1, 5):
        normality.learn(textured(number, rng))
    normality.finish()
    assert normality.done
    assert normality.progress == 1.0


def test_half_is_the_alarm_level_whatever_the_model():
    model = ScriptedModel()
    normality = learned(model)
    model._raw = lambda _window: normality.threshold
    assert score_of(normality, model, scripted_frame(60)).value == pytest.approx(ALARM_LEVEL)
    model._raw = lambda _window: 2 * normality.threshold
    assert score_of(normality, model, scripted_frame(61)).value > ALARM_LEVEL


def test_model_time_goes_on_over_a_new_connection_with_a_gap():
    model = ScriptedModel()
    normality = learned(model, frames=50)
    state = normality.window(scripted_frame(50)).state
    normality.discontinuity()
    score_of(normality, model, scripted_frame(0))
    score_of(normality, model, scripted_frame(1))
    first, second = state.scored
    assert first >= 4.9 + BREAK_S
    assert second - first == pytest.approx(0.1)


def test_time_that_stands_still_still_grows_for_the_model():
    model = ScriptedModel()
    normality = learned(model)
    state = normality.window(scripted_frame(50)).state
    for _ in range(3):
        score_of(normality, model, scripted_frame(50))
    assert (np.diff(state.scored) > 0).all()


def test_a_covered_camera_is_not_learned():
    model = ScriptedModel()
    normality = Normality.new(model, false_alarms_per_day=1.0, learning_s=60.0)
    scene = np.random.default_rng(1).integers(0, 255, (120, 180), np.uint8)
    for number in range(200):
        normality.learn(scripted_frame(number, luma=scene))
    state = normality._state
    before = len(state.learned)
    for number in range(200, 400):
        normality.learn(scripted_frame(number, luma=np.zeros((120, 180), np.uint8)))
    assert before == 200
    assert len(state.learned) - before < 100


def test_another_budget_moves_the_threshold_without_learning():
    normality = learned(MotionStandIn())
    strict = normality.threshold
    normality.set_budget(100.0)
    assert normality.threshold < strict


class MotionStandIn(ScriptedModel):
    """Held-out scores with a real tail, so that the budget matters."""

    def finish_learning(self, state):
        held_out = super().finish_learning(state)
        t_s = np.arange(6000) / 10.0
        return replace(held_out, t_s=t_s, raw=np.random.default_rng(1).exponential(1.0, t_s.size))


def test_what_was_learned_survives_saving(tmp_path):
    model = ScriptedModel(lambda _window: 0.4)
    normality = learned(model)
    normality.save(tmp_path / "camera.state")
    loaded = Normality.load(tmp_path / "camera.state", model)
    frame = scripted_frame(70)
    assert score_of(loaded, model, frame) == score_of(normality, model, frame)
    assert loaded.learned_s == normality.learned_s
    assert [path.name for path in tmp_path.iterdir()] == ["camera.state"]


def test_the_default_model_judges_the_same_after_saving(tmp_path):
    rng = np.random.default_rng(3)
    model = MotionModel()
    background = rng.integers(60, 190, (120, 180), np.uint8)

    def scene(number, step):
        luma = background.copy()
        left = int(number * step) % 150
        luma[40:80, left : left + 20] = 230
        return scripted_frame(number, luma=luma)

    normality = Normality.new(model, false_alarms_per_day=1.0, learning_s=20.0)
    for number in range(240):
        normality.learn(scene(number, 2))
    normality.finish()
    normality.save(tmp_path / "camera.state")
    loaded = Normality.load(tmp_path / "camera.state", model)
    normality.discontinuity()
    loaded.discontinuity()
    scores = [[score_of(each, model, scene(number, 11)).value for number in range(30)] for each in (normality, loaded)]
    assert scores[0][-1] > 0
    assert scores[1] == pytest.approx(scores[0], abs=0.05)
    assert (tmp_path / "camera.state").stat().st_size < 2 * 1024 * 1024


def test_a_snapshot_is_not_touched_by_what_comes_later(tmp_path):
    model = ScriptedModel(lambda _window: 0.4)
    normality = learned(model)
    snapshot = normality.snapshot()
    rng = np.random.default_rng(2)
    normality.set_budget(1000.0)
    for number in range(50, 90):
        normality.learn(textured(number, rng))
    snapshot.write(tmp_path / "then.state")
    normality.save(tmp_path / "now.state")
    then, now = (Normality.load(tmp_path / name, model) for name in ("then.state", "now.state"))
    assert now.learned_s == normality.learned_s > then.learned_s
    assert now._budget != then._budget
    assert len(now._state.learned) > len(then._state.learned)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["now.state", "then.state"]


def test_unfinished_learning_is_not_saved():
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=60.0)
    normality.learn(scripted_frame(0))
    with pytest.raises(ModelError, match="still learning"):
        normality.snapshot()


def damaged(tmp_path, kind):
    path = tmp_path / "camera.state"
    learned().save(path)
    data = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "missing":
        path.unlink()
    elif kind == "other zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "hello")
    elif kind == "pickle":
        with path.open("wb") as file:
            np.savez(file, meta=np.array([{"a": 1}], dtype=object))
    elif kind == "huge claim":
        with zipfile.ZipFile(path, "w") as archive:
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
            archive.writestr("meta.npy", header.getvalue())
    else:
        rewrite_meta(path, kind)
    return path


def rewrite_meta(path, kind):
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(arrays.pop("meta").tobytes())
    if kind == "newer":
        meta["format_version"] = 99
    elif kind == "lacks calibration":
        del arrays["calibration"]
    elif kind == "lacks seconds":
        del meta["learned_s"]
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize(
    "kind",
    ["truncated", "text", "empty", "missing", "other zip", "pickle", "huge claim", "newer", "lacks calibration", "lacks seconds"],
)
def test_a_file_that_cannot_be_used_says_so(tmp_path, kind):
    path = damaged(tmp_path, kind)
    with pytest.raises(StateError, match="camera.state") as caught:
        Normality.load(path, ScriptedModel())
    assert caught.value.hint


def test_a_state_of_another_model_is_refused(tmp_path):
    learned().save(tmp_path / "camera.state")
    with pytest.raises(StateError, match="learned by 'scripted' version 1, not by 'motion'"):
        Normality.load(tmp_path / "camera.state", MotionModel())


def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "camera.state"
    path.mkdir()
    with pytest.raises(StateError, match="cannot write"):
        learned().save(path)
    assert [child.name for child in tmp_path.iterdir()] == ["camera.state"]


def test_facts_are_told_in_the_time_of_the_stream():
    model = ScriptedModel()
    normality = learned(model, frames=50)
    normality.discontinuity()
    frame = scripted_frame(7)
    window = normality.window(frame)
    fact = Fact("dwell", FactKind.DWELL, 20.0, "s", window.t_s - 20.0, window.t_s)
    [told] = [each for each in normality.judge(frame, RawScore(1.0, facts=(fact,))).facts if each.id == fact.id]
    assert told.t1_s == pytest.approx(frame.t_s)
    assert told.t0_s == pytest.approx(frame.t_s - 20.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_an_error_and_not_silence(value):
    normality = learned()
    frame = scripted_frame(60)
    normality.window(frame)
    with pytest.raises(ModelError, match="'scripted' gave"):
        normality.judge(frame, RawScore(value))


def test_tampered_footage_is_no_progress():
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=60.0)
    scene = np.random.default_rng(1).integers(0, 255, (120, 180), np.uint8)
    for number in range(200):
        normality.learn(scripted_frame(number, luma=scene))
    assert normality.learned_s == pytest.approx(19.9, abs=0.01)
    for number in range(200, 400):
        normality.learn(scripted_frame(number, luma=np.zeros((120, 180), np.uint8)))
    assert normality.learned_s < 21.0


def test_a_gap_in_the_stream_is_no_footage():
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=60.0)
    normality.learn(scripted_frame(0))
    normality.learn(scripted_frame(36_000))
    assert normality.learned_s == pytest.approx(BREAK_S)


def test_a_camera_says_how_careful_it_is_while_it_is_young():
    normality = learned()
    assert normality.caution > 1.0
    normality.set_budget(10_000.0)
    assert normality.caution == 1.0
