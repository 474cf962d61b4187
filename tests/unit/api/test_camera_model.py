import pytest
from tests.support.detector_network import write_scene_detector
from tests.support.onnx_file import write_network

from haetae.api.camera_model import check_model
from haetae.domain.camera import CameraConfig
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.settings import SourcePolicySettings


def camera(model: str, **settings: str) -> CameraConfig:
    return CameraConfig(new_id(), "hall", "rtsp://192.168.7.20/1", vad_model=model, vad_settings=tuple(settings.items()))


@pytest.mark.parametrize("setting", ["embedding", "labels", "card"])
def test_every_file_of_a_model_has_to_lie_where_files_are_allowed(tmp_path, monkeypatch, setting):
    allowed, elsewhere = tmp_path / "allowed", tmp_path / "elsewhere"
    allowed.mkdir()
    elsewhere.mkdir()
    detector = write_scene_detector(allowed / "net.onnx")
    write_network(elsewhere / "secret")
    # Without a slash, so that only the name of the setting tells that it is a file.
    monkeypatch.chdir(elsewhere)
    policy = SourcePolicySettings(folders=[allowed])
    check_model(camera("attributes", detector=str(detector)), policy)
    with pytest.raises(ConfigError, match=rf"vad_settings\.{setting} is refused"):
        check_model(camera("attributes", detector=str(detector), **{setting: "secret"}), policy)
    with pytest.raises(ConfigError, match=r"vad_settings\.detector is refused"):
        check_model(camera("attributes", detector="secret"), policy)
