import numpy as np
import pytest

from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.onnx_runtime import open_session


def test_a_graph_computes_what_it_says(tmp_path):
    graph = OnnxGraph()
    weight = np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)
    made = graph.op("Conv", "x", graph.weight(weight), graph.weight(np.array([1.0, -1.0])), pads=[1, 1, 1, 1], strides=[1, 1])
    made = graph.op("LeakyRelu", made, alpha=0.5)
    graph.save(
        tmp_path / "net.onnx",
        inputs={"x": ("n", 3, "h", "w")},
        outputs={"y": (made, ("n", 2, "h", "w"))},
        metadata={"haetae.text": "Grüße = \n"},
        version="1",
    )
    session = open_session(tmp_path / "net.onnx", device="cpu")
    assert session.metadata == {"haetae.text": "Grüße = \n"}
    x = np.random.default_rng(1).normal(size=(2, 3, 5, 6)).astype(np.float32)
    [y] = session.run({"x": x})
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    wanted = np.einsum("nchwij,ocij->nohw", windows, weight) + np.array([1.0, -1.0])[:, None, None]
    np.testing.assert_allclose(y, np.where(wanted > 0, wanted, 0.5 * wanted), atol=1e-4)


def test_equal_weights_are_written_once_and_different_shapes_are_kept_apart(tmp_path):
    graph = OnnxGraph()
    assert graph.weight(np.ones(1000)) == graph.weight(np.ones(1000))
    assert graph.weight(np.ones((10, 100))) != graph.weight(np.ones(1000))
    assert graph.weight(np.array([1])) != graph.weight(np.array([1.0]))


@pytest.mark.parametrize("axis", [-1, 1])
def test_negative_attributes_are_written(tmp_path, axis):
    graph = OnnxGraph()
    graph.save(
        tmp_path / "net.onnx",
        inputs={"x": ("n", 3)},
        outputs={"y": (graph.op("Softmax", "x", axis=axis), ("n", 3))},
        metadata={},
        version="1",
    )
    [y] = open_session(tmp_path / "net.onnx").run({"x": np.zeros((2, 3), np.float32)})
    assert y.tolist() == [[pytest.approx(1 / 3)] * 3] * 2
