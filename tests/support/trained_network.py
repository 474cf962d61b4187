"""Stand-ins for trained networks, written without torch: what they say is known in closed form."""

from pathlib import Path

import numpy as np

from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.trained.movement import FEATURES
from haetae.vad.trained.mulde import SIGMAS
from haetae.vad.trained.weights import FORMAT, PREFIX


def about(network: str, version: int = 1, **more: str) -> dict[str, str]:
    """The description that a trained network carries."""
    described = {"format": str(FORMAT), "network": network, "version": str(version), **more}
    return {f"{PREFIX}{key}": value for key, value in described.items()}


def write_predictor(path: Path, *, gain: float = 1.0, step_s: float = 0.2, metadata: dict[str, str] | None = None) -> Path:
    """A network that foretells `gain` times the last picture: it errs by how much the picture changed."""
    graph = OnnxGraph()
    last = graph.op("Slice", "pictures", *(graph.weight(np.array([each])) for each in (3, 4, 1)))
    foretold = graph.op("Mul", last, graph.number(gain))
    graph.save(
        path,
        inputs={"pictures": ("n", 4, "height", "width")},
        outputs={"next": (foretold, ("n", 1, "height", "width"))},
        metadata=about("predictor", step_s=repr(step_s)) if metadata is None else metadata,
        version="test",
    )
    return path


def write_mulde(path: Path, *, gain: float = 1.0) -> Path:
    """A network that says `gain` times the first feature, the speed, at each noise level."""
    graph = OnnxGraph()
    weight = np.zeros((FEATURES, len(SIGMAS)), np.float32)
    weight[0] = gain
    graph.save(
        path,
        inputs={"rows": ("n", FEATURES)},
        outputs={"surprise": (graph.op("MatMul", "rows", graph.weight(weight)), ("n", len(SIGMAS)))},
        metadata=about("mulde"),
        version="test",
    )
    return path
