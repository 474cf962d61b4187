"""The training loop: seeded, stopped early by the loss on held-out footage, resumable, bounded in time."""

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, inf, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from haetae.clock import Clock
from haetae.errors import ConfigError, ModelError
from haetae.training.fit_settings import Stand
from haetae.training.networks.recipe import Batch, Recipe

LOOKS = 20
"""How often the held-out loss is measured on the way."""

PATIENCE = 6
"""So many looks without a better held-out loss end the training. The rate falls along a cosine: the last ones are often the best."""

FEWEST_SAMPLES = 64
LEAST_STEPS = 20
PROBE_STEPS = 10
"""Steps after which the time of the rest is estimated."""

OVERRUN = 1.1
"""How far a training may run over its time limit before it is broken off, which leaves the rate higher than it should end."""

CHECKPOINT_S = 30.0
HELD_OUT_BATCH = 64
MOST_HELD_OUT = 512
"""Samples that the held-out loss is measured on: twenty looks must cost less than the training."""

CLIP_NORM = 5.0
"""Greatest norm of a gradient: one odd batch must not undo the others."""

_FORMAT = 1


Told = Callable[[Stand], None]


@dataclass(slots=True)
class Result:
    """How a training went. `looks` are (step, held-out loss)."""

    steps: int
    planned: int
    best_step: int
    loss: float
    held_out_loss: float
    seconds: float
    samples: int
    held_out_samples: int
    looks: list[tuple[int, float]] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """All that a checkpoint holds besides tensors."""

    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    loss: float = float("nan")
    best_step: int = 0
    looks: list[tuple[int, float]] = field(default_factory=list)

    @property
    def best_loss(self) -> float:
        return min((loss for _, loss in self.looks), default=inf)


def train(
    recipe: Recipe,
    samples: Batch,
    held_out: Batch,
    *,
    clock: Clock,
    seed: int = 0,
    time_limit_s: float | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    device: str = "cpu",
    told: Told | None = None,
) -> Result:
    """Train `recipe.module` in place; it ends with the weights of the best held-out loss.

    Step k draws its batch and its noise from (seed, k) alone, so a training that was broken off goes on from its `checkpoint` as if it had
    not been, to the last bit on one machine and thread count. Under a time limit the number of steps, and with it the fall of the rate, is
    set after PROBE_STEPS steps. Raises ModelError for too few samples and for a loss that is no number, ConfigError for a checkpoint that
    cannot be read or does not fit.
    """
    if len(samples) < FEWEST_SAMPLES or len(held_out) < 1:
        raise ModelError(
            f"only {len(samples)} samples to train {recipe.name!r} on", hint="Give more footage in which something moves, minutes at least"
        )
    held_out = held_out[:: -(-len(held_out) // MOST_HELD_OUT)]
    recipe.module.to(device)
    recipe.prepare(samples)
    optimiser = torch.optim.Adam(recipe.module.parameters(), lr=recipe.plan.rate)
    run, best = _Run(steps=recipe.plan.steps), _copy(recipe)
    some = zlib.crc32(np.ascontiguousarray(samples[:: -(-len(samples) // FEWEST_SAMPLES)]).tobytes())
    identity = f"{recipe.name} {recipe.version} {seed} {recipe.plan} {len(samples)} {len(held_out)} {some}"
    if resume and checkpoint is not None and checkpoint.is_file():
        run, best = _restore(checkpoint, identity, recipe, optimiser)
    before, saved_s = clock.monotonic() - run.seconds, run.seconds
    while run.step < run.steps and not _stuck(run) and not _late(run, time_limit_s):
        run.loss = _step(recipe, optimiser, samples, run, seed, device)
        run.step += 1
        run.seconds = clock.monotonic() - before
        if run.step == PROBE_STEPS and time_limit_s is not None:
            run.steps = int(np.clip(time_limit_s / max(run.seconds / PROBE_STEPS, 1e-9), LEAST_STEPS, run.steps))
        if run.step % max(1, run.steps // LOOKS) == 0 or run.step == run.steps:
            loss = _held_out_loss(recipe, held_out, seed, device)
            if loss < run.best_loss:
                best, run.best_step = _copy(recipe), run.step
            run.looks.append((run.step, loss))
        if checkpoint is not None and run.seconds - saved_s >= CHECKPOINT_S:
            _save(checkpoint, identity, recipe, optimiser, run, best)
            saved_s = run.seconds
        if told is not None:
            left_s = run.seconds / run.step * (run.steps - run.step)
            told(Stand(run.step, run.steps, run.loss, run.looks[-1][1] if run.looks else float("nan"), left_s))
    if not run.looks:
        best, run.best_step = _copy(recipe), run.step
        run.looks.append((run.step, _held_out_loss(recipe, held_out, seed, device)))
    recipe.module.load_state_dict(best)
    recipe.module.to("cpu").eval()
    recipe.finish(samples)
    return Result(run.step, run.steps, run.best_step, run.loss, run.best_loss, run.seconds, len(samples), len(held_out), list(run.looks))


def _step(recipe: Recipe, optimiser: torch.optim.Adam, samples: Batch, run: _Run, seed: int, device: str) -> float:
    for group in optimiser.param_groups:
        group["lr"] = recipe.plan.rate * (0.02 + 0.98 * 0.5 * (1.0 + cos(pi * run.step / run.steps)))
    chosen = np.random.default_rng([seed, run.step]).integers(len(samples), size=recipe.plan.batch)
    recipe.module.train()
    loss = recipe.loss(torch.from_numpy(samples[chosen]).to(device), seed * 1_000_003 + run.step)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(recipe.module.parameters(), CLIP_NORM)
    optimiser.step()
    value = float(loss.detach())
    if not np.isfinite(value):
        raise ModelError(f"the loss of {recipe.name!r} is {value} at step {run.step}", hint="Try another --seed, or more footage")
    return value


def _held_out_loss(recipe: Recipe, held_out: Batch, seed: int, device: str) -> float:
    recipe.module.eval()
    losses, weights = [], []
    for first in range(0, len(held_out), HELD_OUT_BATCH):
        batch = held_out[first : first + HELD_OUT_BATCH]
        # Some losses are made of a network's gradient.
        with torch.enable_grad():
            losses.append(float(recipe.loss(torch.from_numpy(batch).to(device), seed + first).detach()))
        weights.append(len(batch))
    recipe.module.zero_grad()
    return float(np.average(losses, weights=weights))


def _stuck(run: _Run) -> bool:
    since = [step for step, _ in run.looks if step > run.best_step]
    return len(since) >= PATIENCE


def _late(run: _Run, time_limit_s: float | None) -> bool:
    """Other work on the machine may slow the training down after its number of steps was set."""
    return time_limit_s is not None and run.step >= LEAST_STEPS and run.seconds > OVERRUN * time_limit_s


def _copy(recipe: Recipe) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in recipe.module.state_dict().items()}


def _save(path: Path, identity: str, recipe: Recipe, optimiser: torch.optim.Adam, run: _Run, best: dict[str, Tensor]) -> None:
    """As .npz, without pickle, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {
        "identity": np.array(identity),
        "run": np.array([_FORMAT, run.step, run.steps, run.seconds, run.loss, run.best_step], np.float64),
        "looks": np.array(run.looks, np.float64).reshape(-1, 2),
    }
    arrays |= {f"now.{name}": tensor.cpu().numpy() for name, tensor in recipe.module.state_dict().items()}
    arrays |= {f"best.{name}": tensor.cpu().numpy() for name, tensor in best.items()}
    for number, state in optimiser.state_dict()["state"].items():
        arrays |= {f"adam.{number}.{name}": torch.as_tensor(value).cpu().numpy() for name, value in state.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content.getvalue())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {path} ({error.strerror})", hint="Give --weights in a folder that you may write") from error


def _restore(path: Path, identity: str, recipe: Recipe, optimiser: torch.optim.Adam) -> tuple[_Run, dict[str, Tensor]]:
    hint = f"Remove {path}, or train without --resume"
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        found, values = str(arrays.pop("identity")), arrays.pop("run").tolist()
        looks = [(int(step), float(loss)) for step, loss in arrays.pop("looks").tolist()]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"the checkpoint {path} cannot be read ({error})", hint=hint) from error
    if found != identity or values[0] != _FORMAT:
        raise ConfigError(f"the checkpoint {path} is of another training (other footage, seed or settings)", hint=hint)
    try:
        best = {name: torch.from_numpy(arrays[f"best.{name}"]) for name in recipe.module.state_dict()}
        recipe.module.load_state_dict({name: torch.from_numpy(arrays[f"now.{name}"]) for name in recipe.module.state_dict()})
        state: dict[int, dict[str, Tensor]] = {}
        for name, array in arrays.items():
            if name.startswith("adam."):
                _, number, key = name.split(".")
                state.setdefault(int(number), {})[key] = torch.from_numpy(array)
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    except (KeyError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the checkpoint {path} does not fit this network ({error})", hint=hint) from error
    _, step, steps, seconds, loss, best_step = values
    return _Run(int(step), int(steps), float(seconds), float(loss), int(best_step), looks), best
