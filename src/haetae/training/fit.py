"""`haetae vad fit` for models with a network: train it on the camera's own footage, export it, describe it."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import numpy as np
import torch

from haetae import __version__
from haetae.clock import Clock
from haetae.errors import ModelError
from haetae.training.card import write_card
from haetae.training.export import Exported, export
from haetae.training.fit_settings import FitSettings, Footage, Told
from haetae.training.networks import RECIPES
from haetae.training.networks.recipe import Recipe
from haetae.training.split import Split
from haetae.training.train import Result, train
from haetae.vad.trained.pictures import STEP_S

SAMPLES_MB = 256
HELD_OUT_MB = 24
"""Memory for the samples, whatever the length of the footage."""

RATE_FRAMES = 50
"""Frames from which a source's rate is read."""

GAP_S = 60.0
"""Between two sources on the time line that the samples are made on."""


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """What came of a training."""

    exported: Exported
    result: Result
    card: Path

    def as_json(self) -> dict[str, object]:
        """Its figures, for `--json`."""
        return {
            "weights": str(self.exported.path),
            "card": str(self.card),
            "sha256": self.exported.sha256,
            "max_difference": self.exported.greatest_difference,
            "steps": self.result.steps,
            "loss": self.result.loss,
            "held_out_loss": self.result.held_out_loss,
            "training_s": self.result.seconds,
        }


def fit_network(
    model: str,
    sources: Sequence[tuple[str, Footage]],
    split: Split,
    weights: Path,
    clock: Clock,
    *,
    settings: FitSettings,
    told: Told | None = None,
) -> FittedNetwork:
    """Train the network of `model` on the part of `sources` that `split` leaves, and write it to `weights`, its card beside it.

    Raises ModelError for too little footage and for an export that differs from torch, ConfigError for a checkpoint of something else.
    """
    before, cpu_before = clock.monotonic(), process_time()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    recipe: Recipe = RECIPES.load(model)(width=settings.width)
    step_s = max(STEP_S, _interval_s(footage for _, footage in sources))
    samples = recipe.samples(step_s, SAMPLES_MB, settings.seed)
    held_out = recipe.samples(step_s, HELD_OUT_MB, settings.seed + 1)
    frames = trained = 0
    start_s = 0.0
    for number, (_, footage) in enumerate(sources):
        end_s = start_s
        for frame in footage():
            end_s = start_s + frame.t_s
            apart = split.held_out(number, frame.t_s)
            samples.look(frame.luma, end_s, keep=not apart)
            held_out.look(frame.luma, end_s, keep=apart)
            frames, trained = frames + 1, trained + (not apart)
            if told is not None:
                told("looking", None, frames)
        start_s = end_s + GAP_S
    train_on, judge_on = samples.array(), held_out.array()
    del samples, held_out
    checkpoint = weights.with_name(f"{weights.name}.checkpoint.npz")
    weights.parent.mkdir(parents=True, exist_ok=True)
    result = train(
        recipe,
        train_on,
        judge_on,
        clock=clock,
        seed=settings.seed,
        time_limit_s=settings.time_limit_s,
        checkpoint=checkpoint,
        resume=settings.resume,
        device=_device(settings.device),
        told=None if told is None else lambda stand: told("training", stand, frames),
    )
    exported = export(recipe, weights, {"frames": str(trained), "seed": str(settings.seed), "width": settings.width})
    spent = {"seconds": round(clock.monotonic() - before, 1), "cpu_seconds": round(process_time() - cpu_before, 1)}
    card = _describe(model, recipe, exported, result, settings, [name for name, _ in sources], frames, trained, spent)
    checkpoint.unlink(missing_ok=True)
    return FittedNetwork(exported, result, card)


def _interval_s(sources: Iterable[Footage]) -> float:
    """The usual distance in time of the frames of the first source that tells."""
    for footage in sources:
        with closing(footage()) as frames:
            times = [frame.t_s for _, frame in zip(range(RATE_FRAMES), frames)]
        if len(times) >= 3:
            return float(np.median(np.diff(times)))
    raise ModelError("there are too few frames to train on", hint="Give minutes of footage in which something moves")


def _device(name: str) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def _describe(
    model: str,
    recipe: Recipe,
    exported: Exported,
    result: Result,
    settings: FitSettings,
    sources: list[str],
    frames: int,
    trained: int,
    spent: dict[str, float],
) -> Path:
    parameters = sum(parameter.numel() for parameter in recipe.module.parameters())
    return write_card(
        exported.path,
        {
            "network": {
                "model": model,
                "version": recipe.version,
                "width": settings.width,
                "parameters": parameters,
                "sha256": exported.sha256,
                "max_difference": exported.greatest_difference,
                **recipe.about(),
            },
            "data": {
                "sources": [Path(source).name for source in sources],
                "frames": frames,
                "frames_trained_on": trained,
                "samples": result.samples,
                "held_out_samples": result.held_out_samples,
            },
            "training": {
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "haetae": __version__,
                "torch": torch.__version__,
                "seed": settings.seed,
                "steps": result.steps,
                "steps_planned": result.planned,
                "best_step": result.best_step,
                "loss": result.loss,
                "held_out_loss": result.held_out_loss,
                **spent,
            },
        },
    )
