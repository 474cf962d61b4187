"""From a trained network to the ONNX file that a camera uses: written, compared with torch, described."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from haetae import __version__
from haetae.errors import ModelError
from haetae.training.networks.recipe import Recipe, example
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.onnx_runtime import open_session
from haetae.vad.trained.weights import FORMAT, PREFIX

GREATEST_DIFFERENCE = 1e-3
"""Of any output, relative to its greatest value where that is over 1: more is an error in the writing, not rounding."""

SIZES = ({"n": 1, "height": 64, "width": 96}, {"n": 3, "height": 48, "width": 40})
"""Lengths of the open axes that the file is compared at: it must hold for any batch and any picture."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A written file: its SHA-256, and the greatest difference to torch on random inputs."""

    path: Path
    sha256: str
    greatest_difference: float


def export(recipe: Recipe, path: Path, about: Mapping[str, str]) -> Exported:
    """Write `recipe`'s network to `path`, with what the model has to know of it and `about` beside the weights.

    Raises ModelError, and leaves no file, where ONNX Runtime gives anything else than torch.
    """
    graph, signature = OnnxGraph(), recipe.signature
    recipe.module.eval()
    outputs = {name: (value, signature.outputs[name]) for name, value in recipe.write(graph).items()}
    described = {"format": str(FORMAT), "network": recipe.name, "version": str(recipe.version), **recipe.about(), **about}
    temporary = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {f"{PREFIX}{key}": value for key, value in described.items()}
    try:
        graph.save(temporary, inputs=signature.inputs, outputs=outputs, metadata=metadata, version=__version__)
        difference = max(_difference(recipe, temporary, sizes) for sizes in SIZES)
        if not difference <= GREATEST_DIFFERENCE:
            raise ModelError(
                f"the exported network of {recipe.name!r} differs from torch by {difference:.2g}",
                hint=f"More than {GREATEST_DIFFERENCE} is an error of Haetae or of this version of ONNX Runtime: report it",
            )
        digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(path, digest, difference)


def _difference(recipe: Recipe, path: Path, lengths: Mapping[str, int]) -> float:
    feeds = example(recipe.signature, lengths, seed=len(lengths))
    session = open_session(path, device="cpu")
    names = [output.name for output in session.outputs]
    with torch.no_grad():
        wanted = recipe.run({name: torch.from_numpy(array) for name, array in feeds.items()})
    greatest = 0.0
    for name, found in zip(names, session.run(feeds, names)):
        expected = wanted[name].numpy()
        if expected.shape != found.shape:
            raise ModelError(f"the exported {name!r} has the shape {found.shape}, torch's {expected.shape}", hint="Report it")
        greatest = max(greatest, float(np.abs(expected - found).max(initial=0.0) / max(1.0, float(np.abs(expected).max(initial=0.0)))))
    return greatest
