"""The networks that `haetae vad fit` trains, one file each. Importing any of them needs torch, which the extra `train` brings."""

from haetae.registry import Registry

RECIPES = Registry(
    group="haetae.training",
    noun="network to train",
    builtin={
        "predictor": "haetae.training.networks.predictor:Predictor",
        "mulde": "haetae.training.networks.mulde:Mulde",
    },
    extras={"torch": "train"},
)
"""Model name -> its recipe, see `recipe.Recipe`. A model that is not here has nothing to train."""
