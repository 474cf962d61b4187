"""The cameras that the demo shows."""

from haetae.cli.demo_site import _SCENES, demo_camera, demo_config
from haetae.clock import SystemClock
from haetae.domain.camera_check import check_camera
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source


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
