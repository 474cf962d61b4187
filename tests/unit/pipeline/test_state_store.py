import threading

import numpy as np
import pytest
from tests.support.site_parts import make_camera

from haetae.media.blobs import StorageLayout
from haetae.pipeline.state_store import StateStore
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.testing.scripted_source import scripted_frame
from haetae.vad.normality import Normality

SCENE = np.random.default_rng(1).integers(0, 255, (60, 90), np.uint8)


def learned(frames=30):
    normality = Normality.new(ScriptedModel(), false_alarms_per_day=1.0, learning_s=1.0)
    for number in range(frames):
        normality.learn(scripted_frame(number, luma=SCENE))
    normality.finish()
    return normality


@pytest.fixture
def store(tmp_path):
    store = StateStore(StorageLayout(tmp_path), FakeClock())
    yield store
    store.close()


def test_what_a_camera_learned_comes_back_with_its_own_number_of_false_alarms(store):
    camera = make_camera(false_alarms_per_day=7.0)
    assert store.load(camera, ScriptedModel()) is None
    store.save(camera, learned())
    found = store.load(camera, ScriptedModel())
    assert found.done
    assert found.learned_s == pytest.approx(2.9, abs=0.01)
    assert store.load(make_camera(), ScriptedModel()) is None


def test_a_snapshot_holds_what_was_learned_then_whatever_happens_later(store, tmp_path):
    camera, normality = make_camera(), learned()
    store.save(camera, normality)
    normality.learn(scripted_frame(31, luma=SCENE))
    assert store.load(camera, ScriptedModel()).learned_s == pytest.approx(2.9, abs=0.01)


def test_a_state_that_cannot_be_read_is_kept_aside_and_the_camera_learns_anew(store, tmp_path):
    camera = make_camera()
    store.save(camera, learned())
    store.flush()
    [path] = (tmp_path / "states" / str(camera.id)).iterdir()
    path.write_bytes(b"nonsense")
    assert store.load(camera, ScriptedModel()) is None
    [aside] = path.parent.iterdir()
    assert aside.read_bytes() == b"nonsense"
    assert "unusable" in aside.name


def test_only_the_newest_snapshot_waits_for_a_slow_disk(tmp_path):
    store = StateStore(StorageLayout(tmp_path), FakeClock())
    go_on, written = threading.Event(), []

    class Slow:
        def __init__(self, number):
            self.number = number

        def snapshot(self):
            return self

        def write(self, path):
            assert go_on.wait(20)
            written.append(self.number)

    camera = make_camera()
    for number in range(50):
        store.save(camera, Slow(number))
    assert not store.flush(0.01)
    go_on.set()
    assert store.close()
    assert written[-1] == 49
    assert len(written) <= 2


def test_a_disk_that_refuses_is_said_and_nothing_else_happens(store, tmp_path):
    (tmp_path / "states").write_text("a file in the way")
    store.save(make_camera(), learned())
    assert store.flush()


def test_what_a_removed_camera_learned_is_deleted(store, tmp_path):
    camera, other = make_camera(), make_camera("yard")
    store.save(camera, learned())
    store.save(other, learned())
    store.forget(camera.id)
    assert store.load(camera, ScriptedModel()) is None
    assert store.load(other, ScriptedModel()) is not None


def test_what_is_set_aside_is_kept_and_not_found_again(store, tmp_path):
    camera, other = make_camera(), make_camera()
    for each in (camera, other):
        store.save(each, learned())
    store.flush()
    folder = tmp_path / "states" / str(camera.id)
    known = (folder / "motion.state").read_bytes()
    store.set_aside(camera.id)
    assert store.load(camera, ScriptedModel()) is None
    assert store.load(other, ScriptedModel()) is not None
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("motion.state.previous", known)]
    store.set_aside(camera.id)
    assert (folder / "motion.state.previous").read_bytes() == known


def test_what_waits_to_be_written_is_not_written_after_it_was_set_aside(store, tmp_path, monkeypatch):
    camera, go_on, begun = make_camera(), threading.Event(), threading.Event()
    monkeypatch.setattr("haetae.vad.normality.NormalitySnapshot.write", lambda _self, path: (begun.set(), go_on.wait(20), path.touch()))
    store.save(make_camera(), learned())
    assert begun.wait(20)
    store.save(camera, learned())
    asked = threading.Thread(target=store.set_aside, args=(camera.id,))
    asked.start()
    go_on.set()
    asked.join(20)
    store.flush()
    assert not (tmp_path / "states" / str(camera.id) / "motion.state").exists()
