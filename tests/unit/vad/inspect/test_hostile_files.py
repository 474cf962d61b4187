"""Files that are broken or hostile: each is refused with a reason, within its limits, and nothing of this process suffers."""

import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from tests.support.onnx_file import field, model, node, tensor, value, varint, write_graph, write_network

from haetae.errors import HaetaeError, ModelError
from haetae.vad.inspect import Limits, inspect_file
from haetae.vad.inspect.facts import read_facts

PICTURE = value("picture", [1, 3, 24, 32])
ROW = value("row", [1, 85])
TIMEOUT_S = 40.0


def refused(path: Path, match: str = "..", **limits) -> HaetaeError:
    before_s = time.monotonic()
    with pytest.raises(HaetaeError, match=match) as caught:
        inspect_file(path, limits=Limits(**({"timeout_s": TIMEOUT_S} | limits)))
    assert time.monotonic() - before_s < TIMEOUT_S + 20.0
    assert caught.value.hint
    assert "Traceback" not in str(caught.value)
    return caught.value


def test_random_bytes_are_no_network(tmp_path):
    path = tmp_path / "random.onnx"
    path.write_bytes(np.random.default_rng(1).bytes(20_000))
    refused(path, "no ONNX network")


@pytest.mark.parametrize("content", [b"", b"\x08", b"GIF89a", b"\x0a" * 5000])
def test_other_files_are_no_networks(tmp_path, content):
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_a_truncated_network_is_refused(tmp_path, share):
    whole = write_network(tmp_path / "whole.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no network" in refused(tmp_path / "missing.onnx").message
    assert "no file" in refused(tmp_path).message


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "no file" in refused(tmp_path / "pipe.onnx").message


@pytest.mark.parametrize("name", ["../outside.data", "/etc/passwd"])
def test_weights_outside_of_the_folder_are_not_read(tmp_path, name):
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "outside.data").write_bytes(bytes(4 * 3 * 8 * 8 * 4))
    weights = [tensor("kernel", np.zeros((4, 3, 8, 8), np.float32), location=name)]
    path = write_graph(folder / "net.onnx", [PICTURE], value("maps", [1, 4, 3, 4]), [node("Conv", ["picture", "kernel"], "maps")], weights)
    refused(path, "outside")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(4 * 3 * 8 * 8 * 4))
    (folder / "net.data").symlink_to(tmp_path / "secret")
    weights = [tensor("kernel", np.zeros((4, 3, 8, 8), np.float32), location="net.data")]
    path = write_graph(folder / "net.onnx", [PICTURE], value("maps", [1, 4, 3, 4]), [node("Conv", ["picture", "kernel"], "maps")], weights)
    refused(path, "outside")


def test_missing_weights_are_named(tmp_path):
    path = write_network(tmp_path / "net.onnx", external="net.onnx.data")
    (tmp_path / "net.onnx.data").unlink()
    refused(path, r"net\.onnx\.data")


def test_a_weight_that_claims_to_be_huge_takes_no_memory(tmp_path):
    huge = field(1, 1 << 40) + field(1, 1 << 20) + field(2, 1) + field(8, "kernel") + field(9, b"\0" * 16)
    path = write_graph(tmp_path / "net.onnx", [PICTURE], value("row", [1, 4]), [node("Conv", ["picture", "kernel"], "row")], [huge])
    refused(path)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * 2**20


def tiled(path: Path, times: int) -> Path:
    """The row of a picture, repeated `times` x `times` times."""
    nodes = [node("Flatten", ["picture"], "flat", axis=1), node("Tile", ["flat", "times"], "row")]
    return write_graph(path, [PICTURE], value("row", ["a", "b"]), nodes, [tensor("times", np.array([times, times], np.int64))])


def test_an_output_that_is_larger_than_the_memory_is_refused(tmp_path):
    refused(tiled(tmp_path / "net.onnx", 50_000), "memory|allocate|run")


def test_a_constant_that_is_larger_than_the_memory_is_refused(tmp_path):
    """Made while the graph is loaded, before anything is run."""
    nodes = [node("ConstantOfShape", ["sides"], "row"), node("Identity", ["picture"], "same")]
    weights = [tensor("sides", np.array([1 << 20, 1 << 20], np.int64))]
    refused(write_graph(tmp_path / "net.onnx", [PICTURE], value("row", ["a", "b"]), nodes, weights))


def test_a_picture_of_impossible_size_is_refused(tmp_path):
    huge = value("picture", [1, 3, 1 << 20, 1 << 20])
    path = write_graph(tmp_path / "net.onnx", [huge], value("row", [1, "n"]), [node("Flatten", ["picture"], "row", axis=1)])
    assert not _known(path)


def _known(path: Path) -> bool:
    try:
        return inspect_file(path, limits=Limits(timeout_s=TIMEOUT_S))["works"]
    except HaetaeError:
        return False


def test_an_operator_that_nobody_knows_is_refused(tmp_path):
    path = write_graph(tmp_path / "net.onnx", [PICTURE], ROW, [node("SummonDemon", ["picture"], "row")])
    refused(path, "SummonDemon|cannot be loaded")


def test_a_network_that_gives_no_numbers_is_refused(tmp_path):
    """0 / 0, as an export of broken weights gives it."""
    nodes = [node("Sub", ["picture", "picture"], "zero"), node("Div", ["zero", "zero"], "none"), node("Flatten", ["none"], "row", axis=1)]
    path = write_graph(tmp_path / "net.onnx", [PICTURE], value("row", [1, 3 * 24 * 32]), nodes)
    refused(path, "finite|number")


def test_a_graph_in_a_circle_is_refused(tmp_path):
    nodes = [node("Add", ["picture", "second"], "first"), node("Relu", ["first"], "second"), node("Flatten", ["second"], "row", axis=1)]
    refused(write_graph(tmp_path / "net.onnx", [PICTURE], ROW, nodes))


def endless(path: Path) -> Path:
    """A loop of 2^40 rounds."""
    body = field(2, "body")
    body += field(1, field(1, "held") + field(2, "held_out") + field(4, "Identity"))
    body += field(1, field(1, "carried") + field(2, "carried_out") + field(4, "Relu"))
    body += field(11, value("round", [], 7)) + field(11, value("held", [], 9)) + field(11, value("carried", [1, 3, 24, 32]))
    body += field(12, value("held_out", [], 9)) + field(12, value("carried_out", [1, 3, 24, 32]))
    attribute = field(1, "body") + field(6, body) + field(20, 5)
    loop = field(1, "rounds") + field(1, "") + field(1, "picture") + field(2, "out") + field(4, "Loop") + field(5, attribute)
    flatten = node("Flatten", ["out"], "row", axis=1)
    return write_graph(path, [PICTURE], value("row", [1, 2304]), [loop, flatten], [tensor("rounds", np.array(1 << 40, np.int64))])


def test_a_network_that_never_ends_is_ended(tmp_path):
    refused(endless(tmp_path / "net.onnx"), "within 3 s", timeout_s=3.0)


def test_what_a_network_calls_itself_does_no_harm_to_a_terminal(tmp_path):
    path = tmp_path / "net.onnx"
    whole = model([node("Flatten", ["picture"], "row", axis=1)], [PICTURE], [value("row", [1, 2304])])
    path.write_bytes(field(2, "\x1b]0;owned\x07" + "x" * 5000) + whole)
    facts = read_facts(path)
    assert "\x1b" not in facts.producer
    assert len(facts.producer) <= 130


def test_a_file_of_countless_empty_parts_is_given_up(tmp_path):
    path = tmp_path / "many.onnx"
    path.write_bytes(b"\x08\x01" * 6_000_000)
    with pytest.raises(ModelError, match="parts"):
        read_facts(path)


def test_a_nested_length_beyond_the_end_is_refused(tmp_path):
    path = tmp_path / "long.onnx"
    path.write_bytes(varint(7 << 3 | 2) + varint(1 << 62))
    with pytest.raises(ModelError, match="ends too early"):
        read_facts(path)
