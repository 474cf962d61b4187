"""The networks that `haetae vad fit` trains, one file each. Importing any of them needs torch, which the extra `train` brings."""

from collections.abc import Mapping
from typing import Any

from haetae.registry import Registry

RECIPES = Registry(
    group="haetae.training",
    noun="network to train",
    builtin={
        "memae": "haetae.training.networks.memae:Memae",
        "mnad": "haetae.training.networks.mnad:Mnad",
        "mulde": "haetae.training.networks.mulde:Mulde",
        "predictor": "haetae.training.networks.predictor:Predictor",
        "stae": "haetae.training.networks.stae:Stae",
    },
    extras={"torch": "train"},
)
"""Model name -> its recipe, see `recipe.Recipe`. A model that is not here has nothing to train."""


def trained_part(model: str, settings: Mapping[str, Any]) -> str | None:
    """The network that the model called `model` needs, None where it needs none: its own or, of `fused`, that of the model in `with`."""
    name = settings.get("with", "predictor") if model == "fused" else model
    return name if name in RECIPES.builtin else None
