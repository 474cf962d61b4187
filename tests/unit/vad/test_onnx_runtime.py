import os
import threading
from pathlib import Path

import numpy as np
import pytest
import structlog
from tests.support.onnx_file import node, value, write_graph, write_network

from haetae.errors import ConfigError, ModelError
from haetae.vad.onnx_file import fingerprint, size_mb, weight_files
from haetae.vad.onnx_runtime import available_providers, open_session, version


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, 3, 24, 32)).astype(np.float32)


def test_a_network_says_what_it_takes_and_gives(tmp_path):
    session = open_session(write_network(tmp_path / "net.onnx"))
    assert [(each.name, each.shape) for each in session.inputs] == [("picture", (None, 3, 24, 32))]
    assert [(each.name, each.shape) for each in session.outputs] == [("vector", (None, 48))]
    [found] = session.run({"picture": pictures(3)})
    assert found.shape == (3, 48)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    "feeds",
    [
        {"picture": np.zeros((1, 3, 32, 24), np.float32)},
        {"picture": np.zeros((3, 24, 32), np.float32)},
        {"picture": np.zeros((1, 3, 24, 32), np.float64)},
        {"image": np.zeros((1, 3, 24, 32), np.float32)},
        {},
    ],
    ids=["sides", "rank", "type", "name", "none"],
)
def test_inputs_that_do_not_fit_are_refused(tmp_path, feeds):
    session = open_session(write_network(tmp_path / "net.onnx"))
    with pytest.raises(ModelError, match="takes"):
        session.run(feeds)


def test_an_output_that_is_not_there_is_named(tmp_path):
    session = open_session(write_network(tmp_path / "net.onnx"))
    with pytest.raises(ModelError, match=r"no output \['score'\].*'vector'"):
        session.run({"picture": pictures(1)}, ["score"])


def test_a_network_that_fails_while_running_is_a_model_error(tmp_path):
    inputs = [value("a", ["n"]), value("b", ["m"])]
    session = open_session(write_graph(tmp_path / "net.onnx", inputs, value("c", ["k"]), [node("Add", ["a", "b"], "c")]))
    with pytest.raises(ModelError, match="cannot be run on cpu"):
        session.run({"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"no network .*absent\.onnx\. Give"):
        open_session(tmp_path / "absent.onnx")


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_an_error(tmp_path, kept):
    path = write_network(tmp_path / "net.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(ModelError, match=r"net\.onnx"):
        open_session(path)


@pytest.mark.parametrize(
    "content", [b"version https://git-lfs.github.com/spec/v1\n", b"\x00" * 64, b"\xff" * 64], ids=["text", "zeros", "ones"]
)
def test_a_file_that_is_no_network_is_an_error(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"net\.onnx"):
        open_session(path)


def test_an_operator_that_nobody_knows_is_an_error(tmp_path):
    path = write_graph(tmp_path / "net.onnx", [value("a", [1])], value("b", [1]), [node("Clairvoyance", ["a"], "b")])
    with pytest.raises(ModelError, match="cannot be loaded by ONNX Runtime"):
        open_session(path)


def test_a_folder_is_no_network(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        open_session(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path):
    path = write_network(tmp_path / "net.onnx")
    path.chmod(0)
    with pytest.raises(ModelError, match="permissions"):
        open_session(path)


def test_external_weights_are_used(tmp_path):
    inside = open_session(write_network(tmp_path / "inside.onnx", seed=3))
    beside = open_session(write_network(tmp_path / "beside.onnx", seed=3, external="net.onnx.data"))
    assert beside.run({"picture": pictures(2)})[0] == pytest.approx(inside.run({"picture": pictures(2)})[0])


def test_missing_external_weights_are_an_error_that_says_what_to_copy(tmp_path):
    path = write_network(tmp_path / "net.onnx", external="net.onnx.data")
    path.with_name("net.onnx.data").unlink()
    with pytest.raises(
        ModelError, match=r"weights of .*net\.onnx are missing: no file .*net\.onnx\.data\. Copy net\.onnx\.data beside net\.onnx"
    ):
        open_session(path)


def test_weights_outside_the_folder_are_refused(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    path = write_network(folder / "net.onnx", external="../elsewhere.data")
    assert (tmp_path / "elsewhere.data").is_file()
    with pytest.raises(ModelError, match="outside its folder"):
        open_session(path)


def test_the_fingerprint_covers_external_weights(tmp_path):
    path = write_network(tmp_path / "net.onnx", external="net.onnx.data")
    before = fingerprint(path)
    assert fingerprint(path) == before
    weights = path.with_name("net.onnx.data")
    weights.write_bytes(bytes(reversed(weights.read_bytes())))
    assert fingerprint(path) != before


def test_size_and_files_count_external_weights(tmp_path):
    path = write_network(tmp_path / "net.onnx", external="net.onnx.data")
    weights = path.with_name("net.onnx.data")
    assert weight_files(path) == [path, weights]
    assert size_mb(path) == pytest.approx((path.stat().st_size + weights.stat().st_size) / 2**20)


@pytest.mark.parametrize("device", ["cuda", "openvino", "tensorrt"])
def test_a_device_that_this_build_lacks_falls_back_with_a_warning(tmp_path, device):
    if any(name.startswith(("CUDA", "OpenVINO", "Tensorrt")) for name in available_providers()):
        pytest.skip("this build has other providers")
    with structlog.testing.capture_logs() as logs:
        session = open_session(write_network(tmp_path / "net.onnx"), device=device)
    assert session.device == "cpu"
    assert session.run({"picture": pictures(1)})[0].shape == (1, 48)
    [warning] = [line for line in logs if line["log_level"] == "warning"]
    assert (warning["event"], warning["device"], warning["instead"]) == ("device_unavailable", device, "cpu")


@pytest.mark.parametrize("failure", ["raises", "keeps quiet"])
def test_a_provider_that_fails_to_start_falls_back_with_a_warning(tmp_path, monkeypatch, capfd, failure):
    """Stands in for a build with CUDA on a machine without a driver: ONNX Runtime either raises or silently leaves the provider out."""
    import onnxruntime

    real = onnxruntime.InferenceSession

    def start(path, options, providers, provider_options, **settings):
        if "CUDAExecutionProvider" in providers and failure == "raises":
            raise RuntimeError("CUDA failure 35: CUDA driver version is insufficient")
        return real(path, options, providers=["CPUExecutionProvider"], **settings)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", start)
    with structlog.testing.capture_logs() as logs:
        session = open_session(write_network(tmp_path / "net.onnx"))
    assert session.device == "cpu"
    assert [line["event"] for line in logs] == ["device_unavailable"]
    assert "driver" in logs[0]["reason"]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("built", "tried"),
    [
        (["OpenVINOExecutionProvider", "CPUExecutionProvider"], ["openvino"]),
        (["CUDAExecutionProvider", "OpenVINOExecutionProvider", "CPUExecutionProvider"], ["cuda", "openvino"]),
        (["CPUExecutionProvider"], []),
    ],
)
def test_auto_tries_what_the_build_has_best_first_with_the_threads_set(tmp_path, monkeypatch, built, tried):
    """Stands in for builds with other providers: what is asked of them is seen, then they are left out as on a machine without them."""
    import onnxruntime

    asked: list[dict[str, dict[str, str]]] = []
    real = onnxruntime.InferenceSession

    def start(path, options, providers, provider_options, **settings):
        asked.append(dict(zip(providers, provider_options)))
        return real(path, options, providers=["CPUExecutionProvider"], **settings)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: built)
    monkeypatch.setattr(onnxruntime, "InferenceSession", start)
    with structlog.testing.capture_logs() as logs:
        session = open_session(write_network(tmp_path / "net.onnx"), threads=3)
    assert session.device == "cpu"
    assert [line["device"] for line in logs] == tried
    assert len(asked) == len(tried) + 1
    for each in asked:
        if "OpenVINOExecutionProvider" in each:
            assert each["OpenVINOExecutionProvider"] == {"device_type": "CPU", "num_of_threads": "3"}


def test_openvino_is_used_where_it_starts(tmp_path, monkeypatch):
    import onnxruntime

    class Started:
        def __init__(self, raw):
            self._raw = raw

        def get_providers(self):
            return ["OpenVINOExecutionProvider", "CPUExecutionProvider"]

        def __getattr__(self, name):
            return getattr(self._raw, name)

    real = onnxruntime.InferenceSession

    def start(path, options, providers, provider_options, **settings):
        return Started(real(path, options, providers=["CPUExecutionProvider"], **settings))

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["OpenVINOExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", start)
    session = open_session(write_network(tmp_path / "net.onnx"))
    assert session.device == "openvino"
    assert session.run({"picture": pictures(1)})[0].shape == (1, 48)


def test_an_unknown_device_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="unknown device 'npu'"):
        open_session(write_network(tmp_path / "net.onnx"), device="npu")  # type: ignore[arg-type]


def test_nothing_is_written_to_the_terminal(tmp_path, capfd):
    unused = [*(value(f"x{number}", [1]) for number in range(2))]
    session = open_session(write_graph(tmp_path / "net.onnx", unused, value("y", [2]), [node("Identity", ["x0"], "y")]))
    session.run({"x0": np.zeros(1, np.float32), "x1": np.zeros(1, np.float32)})
    with pytest.raises(ModelError):
        open_session(tmp_path / "absent.onnx")
    assert capfd.readouterr() == ("", "")


def test_one_session_serves_several_threads(tmp_path):
    session = open_session(write_network(tmp_path / "net.onnx"))
    inputs = [pictures(count) for count in range(1, 9)]
    expected = [session.run({"picture": each})[0] for each in inputs]
    found: dict[int, bool] = {}

    def work(number: int) -> None:
        found[number] = all(np.allclose(session.run({"picture": inputs[number]})[0], expected[number]) for _ in range(50))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(len(inputs)), True)


def test_a_session_starts_no_threads_of_its_own(tmp_path):
    """Threads that the library starts do not show in `threading`; the kernel counts them."""
    path = write_network(tmp_path / "net.onnx")
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("needs /proc")
    before = len(list(tasks.iterdir()))
    sessions = [open_session(path) for _ in range(4)]
    for session in sessions:
        session.run({"picture": pictures(2)})
    assert len(list(tasks.iterdir())) <= before


def test_the_version_and_providers_are_told():
    assert version().count(".") == 2
    assert "CPUExecutionProvider" in available_providers()
