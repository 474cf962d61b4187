"""A detector that works on `MovingScene`, as an ONNX network of a YOLOv8's shape: upright things of 24x40 px that are bright or dark."""

from pathlib import Path

import numpy as np
from tests.support.onnx_file import model, node, tensor, value

LABELS = ("walker", "cart")
"""Bright ones, as `MovingScene` draws them, and dark ones."""


def write_scene_detector(path: Path, *, width: int = 320, height: int = 240, seed: int = 0) -> Path:
    """With its labels and its card beside it. Another `seed` makes another file that finds the same."""
    rows, columns = height // 8, width // 8
    mean = 255.0 / (3 * 40 * 24)
    kernel = np.stack([np.full((3, 40, 24), mean / 4.0), np.full((3, 40, 24), -mean / 4.0)]).astype(np.float32)
    bias = np.array([-145.0 / 4.0, 55.0 / 4.0], np.float32) + np.float32(seed * 1e-4)
    y, x = np.mgrid[:rows, :columns] * 8.0 + 4.0
    boxes = np.stack([x.ravel(), y.ravel(), np.full(x.size, 24.0), np.full(x.size, 40.0)])[None].astype(np.float32)
    nodes = [
        node("Conv", ["picture", "kernel", "bias"], "mean", kernel_shape=[40, 24], strides=[8, 8], pads=[16, 8, 16, 8]),
        node("Sigmoid", ["mean"], "sure"),
        node("Reshape", ["sure", "shape"], "classes"),
        node("Concat", ["boxes", "classes"], "found", axis=1),
    ]
    weights = [
        tensor("kernel", kernel),
        tensor("bias", bias),
        tensor("boxes", boxes),
        tensor("shape", np.array([1, 2, rows * columns], np.int64)),
    ]
    inputs, outputs = [value("picture", [1, 3, height, width])], [value("found", [1, 6, rows * columns])]
    path.write_bytes(model(nodes, inputs, outputs, weights))
    path.with_name("labels.txt").write_text("\n".join(LABELS) + "\n")
    path.with_suffix(".toml").write_text('kind = "detector"\nlabels = "labels.txt"\n')
    return path
