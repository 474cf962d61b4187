from pathlib import Path

import pytest
from tests.support.commands import run
from tests.support.detector_network import write_scene_detector
from tests.support.onnx_file import node, value, write_graph, write_network

from haetae.vad.pinning import sha256_of

CLIP = 'kind = "clip"\nlayout = "NCTHW"\nfps = 8\nmeaning = "score"\n'
DATA = Path("/work/shared/data/models")


def inspect(path: Path, *options: str):
    return run("model", "inspect", path, *options, cwd=path.parent)


def test_a_detector_is_described_with_the_command_that_uses_it(tmp_path):
    path = write_scene_detector(tmp_path / "net.onnx")
    found = inspect(path, "--json").summary
    assert (found["kind"], found["head"], found["classes"], found["labels"]) == ("detector", "yolo8", 2, ["walker", "cart"])
    assert (found["works"], found["opset"], found["provider"], found["threads"]) == (True, 13, "CPUExecutionProvider", 1)
    assert found["inputs"] == [{"name": "picture", "type": "tensor(float)", "shape": [1, 3, 240, 320]}]
    assert found["ms_per_frame"] > 0.0
    assert found["operators"] == {"Conv": 1, "Sigmoid": 1, "Reshape": 1, "Concat": 1}
    assert found["sha256"] == sha256_of(path)
    [command] = found["next"]
    assert (
        command == f"haetae camera set CAMERA --model attributes --model-setting detector={path} --model-setting sha256={sha256_of(path)}"
    )


def test_an_embedding_is_described(tmp_path):
    found = inspect(write_network(tmp_path / "net.onnx", external="net.onnx.data"), "--json").summary
    assert (found["kind"], found["dimensions"], found["input_size"]) == ("embedding", 48, [32, 24])
    assert found["files"] == ["net.onnx", "net.onnx.data"]
    assert "--model embedding --model-setting path=" in found["next"][0]
    assert "embedding_sha256=" in found["next"][1]


def write_clip(path: Path) -> Path:
    nodes = [node("Flatten", ["clip"], "flat", axis=1), node("ReduceMean", ["flat"], "score", axes=[1], keepdims=1)]
    return write_graph(path, [value("clip", [1, 3, 8, 24, 32])], value("score", [1, 1]), nodes)


def test_a_clip_scorer_is_described_by_its_card_and_without_one_told_to_need_it(tmp_path):
    path = write_clip(tmp_path / "net.onnx")
    without = inspect(path)
    assert without.code == 1
    assert 'kind = "clip"' in without.stdout
    (tmp_path / "other.toml").write_text(CLIP)
    found = inspect(path, "--json", "--card", str(tmp_path / "other.toml")).summary
    assert (found["kind"], found["frames"], found["works"]) == ("clip", 8, True)
    assert f"--model onnx --model-setting path={path} --model-setting card={tmp_path / 'other.toml'}" in found["next"][0]


def test_the_text_says_it_in_lines(tmp_path):
    shown = inspect(write_scene_detector(tmp_path / "net.onnx"))
    assert shown.code == 0
    assert shown.stderr == ""
    lines = {line[:14].strip(): line[14:] for line in shown.stdout.splitlines()}
    assert lines["what"] == "detector, head yolo8"
    assert lines["works here"] == "yes"
    assert lines["classes"] == "2: walker, cart"
    assert "ms per frame, one thread" in lines["speed"]
    assert lines["next"].startswith("haetae camera set CAMERA --model attributes")


def test_what_nobody_knows_ends_with_1_and_says_why(tmp_path):
    path = write_graph(
        tmp_path / "net.onnx", [value("picture", [1, 3, 24, 32])], value("map", [1, 3, 24, 32]), [node("Relu", ["picture"], "map")]
    )
    found = inspect(path, "--json")
    assert (found.code, found.summary["kind"], found.summary["works"]) == (1, "unknown", False)
    assert any("no detection head" in reason for reason in found.summary["reasons"])
    assert "net.toml" in found.summary["next"][0]


@pytest.mark.parametrize("content", [b"", b"no network at all", bytes(3000)])
def test_a_refused_file_ends_with_2_and_one_line(tmp_path, content):
    (tmp_path / "net.onnx").write_bytes(content)
    done = inspect(tmp_path / "net.onnx", "--json")
    assert (done.code, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("haetae: ")
    assert "net.onnx" in line


def test_a_wrong_card_ends_with_2_and_names_the_key(tmp_path):
    path = write_scene_detector(tmp_path / "net.onnx")
    path.with_suffix(".toml").write_text('labels = "labels.txt"\nfitt = "stretch"\n')
    done = inspect(path)
    assert done.code == 2
    assert "fitt" in done.stderr
    assert "Did you mean 'fit'" in done.stderr


@pytest.mark.skipif(not DATA.is_dir(), reason="the networks of ../shared/data/models are not here")
@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("yolox_nano", "detector", ("head", "yolox")),
        ("picodet_s_320_coco", "detector", ("head", "gfl")),
        ("osnet_x0_25_msmt17", "embedding", ("dimensions", 512)),
    ],
)
def test_real_networks_are_recognised(tmp_path, name, kind, detail):
    found = run("model", "inspect", DATA / f"{name}.onnx", "--json", cwd=tmp_path).summary
    assert (found["kind"], found["works"], found[detail[0]]) == (kind, True, detail[1])
