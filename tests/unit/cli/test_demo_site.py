"""The cameras that the demo shows."""

from dataclasses import replace

from haetae.cli.demo_learning import lessons
from haetae.cli.demo_site import _SCENES, demo_camera, demo_config, footage_of
from haetae.clock import SystemClock
from haetae.domain.camera_check import check_camera
from haetae.media.blobs import StorageLayout
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.vad.base import create_model
from haetae.vad.normality import Normality


def test_every_camera_of_the_demo_can_be_read_and_never_ends():
    for scene, names, incidents in _SCENES:
        camera = check_camera(demo_camera(scene, names["ko"], incidents, 3))
        source = open_source(camera.source, SourceOptions(), clock=SystemClock())
        assert source.live
        assert f"incidents={incidents}" in camera.source
        source.close()


def test_the_demo_keeps_to_its_own_folder_and_port(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haetae.toml").write_text('[api]\nhost = "0.0.0.0"\n')
    config = demo_config(tmp_path / "demo", 8123)
    assert (config.api.host, config.api.port) == ("127.0.0.1", 8123)
    assert config.storage.directory == tmp_path / "demo"


def test_a_camera_of_the_demo_knows_its_scene_before_it_is_watched(tmp_path):
    camera = replace(demo_camera("gate", "Gate", "vehicle", 3), learning_s=60.0)
    short = footage_of(camera).replace("minutes=1.0", "minutes=0.1") + "&size=160x90"
    [lesson] = lessons([(camera, short)], StorageLayout(tmp_path))
    told = []
    lesson.learn(lambda name, count: told.append((name, count)))
    assert told[0] == ("Gate", 5)
    learned = Normality.load(lesson.path, create_model(camera.vad_model))
    assert learned.done
    assert learned.learned_s > 5.0
    assert lessons([(camera, short)], StorageLayout(tmp_path)) == [], "what is known is not learned again"


def test_cameras_that_people_add_to_the_demo_learn_as_any_other():
    ours = demo_camera("plaza", "Plaza", "running", 1)
    assert "incidents=none" in footage_of(ours)
    assert footage_of(replace(ours, source="sim://plaza?live=1")) is None
    assert footage_of(replace(ours, source="rtsp://192.168.1.5/stream")) is None
    assert footage_of(replace(ours, learning_s=600.0)) is None
