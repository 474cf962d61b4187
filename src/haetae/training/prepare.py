"""Makes the model that is to learn: as it is named, or with a network trained on the same footage first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from haetae.clock import Clock
from haetae.errors import ConfigError
from haetae.training.fit_settings import FitSettings, Footage, Told
from haetae.training.networks import RECIPES, trained_part
from haetae.training.split import LearningOnTheRest, Split
from haetae.vad.base import VADModel, create_model

if TYPE_CHECKING:
    from haetae.training.fit import FittedNetwork


@dataclass(frozen=True, slots=True)
class Prepared:
    """`model` may learn now; whoever feeds it calls `before_learning` (number of the source from 0, time in it) before each frame, where it
    is there. `network` is what was trained, None where nothing was, and `seconds` what that took."""

    model: VADModel
    before_learning: Callable[[int, float], None] | None = None
    network: "FittedNetwork | None" = None
    seconds: float = 0.0

    @property
    def whole(self) -> VADModel:
        """The same, for footage that no network was trained on: it learns from all of it."""
        return self.model.model if isinstance(self.model, LearningOnTheRest) else self.model


def needs_training(model: str, settings: Mapping[str, Any]) -> bool:
    """Whether a network has to be trained before the model can be made."""
    return trained_part(model, settings) is not None and "weights" not in settings


def trained_model(
    model: str,
    settings: Mapping[str, Any],
    sources: Sequence[tuple[str, Footage]],
    lengths_s: Sequence[float],
    weights: Path,
    clock: Clock,
    *,
    fit: FitSettings,
    told: Told | None = None,
) -> Prepared:
    """Train the network of `model` on two thirds of `sources`, write it to `weights`, and make the model, which learns from the rest.

    Raises MissingExtra without torch.
    """
    part = trained_part(model, settings)
    if part is None:
        raise ConfigError(f"the model {model!r} has no network to train", hint=f"Use one of {', '.join(RECIPES.names())}")
    RECIPES.load(part)
    from haetae.training.fit import fit_network

    before = clock.monotonic()
    split = Split.of(lengths_s)
    network = fit_network(part, sources, split, weights, clock, settings=fit, told=told)
    made = create_model(model, **{**settings, "weights": weights})
    rest = LearningOnTheRest(made, split)
    return Prepared(rest, rest.at, network, clock.monotonic() - before)


def model_on_the_rest(model: str, settings: Mapping[str, Any], lengths_s: Sequence[float]) -> Prepared:
    """The model with weights that are there already, to learn from the third of this footage that a training on it would have left out: for
    measuring, where they may come from such a training."""
    made = create_model(model, **settings)
    if trained_part(model, settings) is None:
        return Prepared(made)
    rest = LearningOnTheRest(made, Split.of(lengths_s))
    return Prepared(rest, rest.at)
