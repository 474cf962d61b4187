"""The network of the model `mulde`: the log density of feature vectors by multiscale denoising score matching (Micorek et al. 2024).

f(x, sigma) estimates the negative log density of the vectors blurred by sigma: its gradient is trained to be the noise that was added,
divided by sigma squared, |sigma grad f - n / sigma|^2 / 2, with 0.05 f^2 that ties down the constant which a gradient leaves open.
"""

from collections.abc import Mapping
from math import log
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from haetae.domain.frame import Luma
from haetae.training.fit_settings import Width
from haetae.training.networks.layers import Chain, Gelu, Linear
from haetae.training.networks.recipe import Batch, Plan, Signature
from haetae.training.onnx_graph import OnnxGraph
from haetae.vad.motion.foreground import Background
from haetae.vad.trained.movement import FEATURES, MovementEye
from haetae.vad.trained.mulde import SIGMAS, MuldeModel

CHANNELS = {"light": (256, 256), "paper": (4096, 4096)}
SIGMA_LOW, SIGMA_HIGH = 0.03, 1.0
TIES = 0.05
LEAST_SPREAD = 0.05
"""Least standard deviation of a feature: one that hardly ever differs must not decide everything."""

GREATEST = 6.0
"""Standardised features are cut there: what is far out of everything is no farther than that."""

BOTTOM = 0.01
"""The share of the training vectors that lie below 0 after the shift that makes values positive."""


class Density(nn.Module):
    """f(x, sigma) of standardised rows (n, FEATURES) and log sigma (n, 1), shape (n, 1)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        sides = (FEATURES + 1, *widths)
        layers = [layer for inputs, outputs in zip(sides, widths) for layer in (Linear(inputs, outputs), Gelu())]
        self.chain = Chain(*layers, Linear(sides[-1], 1))

    def forward(self, x: Tensor, log_sigma: Tensor) -> Tensor:
        return cast(Tensor, self.chain(torch.cat([x, log_sigma], dim=1)))


class RowReservoir:
    """Feature vectors (n, FEATURES) float32, a uniform choice of those offered (Vitter 1985, R)."""

    def __init__(self, *, most_mb: int, seed: int) -> None:
        self._capacity = most_mb * 2**20 // (4 * FEATURES)
        self._random = np.random.default_rng(seed)
        self._rows = np.empty((0, FEATURES), np.float32)
        self._pending: list[NDArray[np.float32]] = []
        self._offered = 0
        self._kept = 0
        self._eye: MovementEye | None = None

    def look(self, luma: Luma, t_s: float, *, keep: bool) -> None:
        if self._eye is None:
            self._eye = MovementEye(MovementEye.size_of(luma), Background())
        seen = self._eye.step(luma, t_s)
        if not keep or not len(seen.rows):
            return
        room = max(0, min(len(seen.rows), self._capacity - self._kept))
        if room:
            self._pending.append(seen.rows[:room])
            self._kept += room
            self._offered += room
        rest = seen.rows[room:]
        if len(rest):
            self._gather()
            numbers = self._offered + 1 + np.arange(len(rest))
            places = (self._random.random(len(rest)) * numbers).astype(np.intp)
            chosen = places < self._capacity
            self._rows[places[chosen]] = rest[chosen]
            self._offered += len(rest)

    def array(self) -> NDArray[np.float32]:
        self._gather()
        return self._rows

    def _gather(self) -> None:
        if self._pending:
            self._rows = np.concatenate([self._rows, *self._pending])
            self._pending = []


class Mulde:
    name = MuldeModel.name
    version = MuldeModel.version

    def __init__(self, width: Width = "light") -> None:
        """Weights come from torch's generator as it is now."""
        self.plan = Plan(steps=3000, batch=2048, rate=1e-3)
        self.module = Density(CHANNELS[width])
        self._mean = torch.zeros(FEATURES)
        self._spread = torch.ones(FEATURES)
        self._shift = torch.zeros(len(SIGMAS))
        self._scale = torch.ones(len(SIGMAS))

    def samples(self, _step_s: float, most: int, seed: int) -> RowReservoir:
        return RowReservoir(most_mb=most, seed=seed)

    def prepare(self, train: Batch) -> None:
        self._mean = torch.from_numpy(train.mean(axis=0, dtype=np.float64).astype(np.float32))
        self._spread = torch.from_numpy(np.maximum(train.std(axis=0, dtype=np.float64), LEAST_SPREAD).astype(np.float32))

    def loss(self, batch: Tensor, seed: int) -> Tensor:
        random = torch.Generator().manual_seed(seed)
        clean = self._standard(batch)
        log_sigma = torch.empty(len(batch), 1).uniform_(log(SIGMA_LOW), log(SIGMA_HIGH), generator=random).to(batch.device)
        noise = torch.randn(batch.shape, generator=random).to(batch.device)
        sigma = log_sigma.exp()
        noisy = (clean + sigma * noise).requires_grad_(True)
        energy = self.module(noisy, log_sigma)
        [gradient] = torch.autograd.grad(energy.sum(), noisy, create_graph=True)
        loss: Tensor = 0.5 * ((sigma * gradient - noise) ** 2).sum(dim=1).mean() + TIES * (energy**2).mean()
        return loss

    def finish(self, train: Batch) -> None:
        """Shift and scale each noise level, so that values are positive and a unit is the spread of normal ones."""
        random = np.random.default_rng(0)
        rows = torch.from_numpy(train[random.integers(len(train), size=min(len(train), 20_000))])
        with torch.no_grad():
            energy = self._energies(rows).numpy()
        low, middle, high = np.quantile(energy, (BOTTOM, 0.5, 0.99), axis=0)
        self._shift = torch.from_numpy(low.astype(np.float32))
        self._scale = torch.from_numpy(np.maximum(high - middle, 1e-3).astype(np.float32))

    @property
    def signature(self) -> Signature:
        return Signature({"rows": ("n", FEATURES)}, {"surprise": ("n", len(SIGMAS))})

    def write(self, graph: OnnxGraph) -> dict[str, str]:
        standard = graph.op("Div", graph.op("Sub", "rows", graph.weight(self._mean.numpy())), graph.weight(self._spread.numpy()))
        standard = graph.op("Clip", standard, graph.number(-GREATEST), graph.number(GREATEST))
        first = graph.op("Slice", standard, *(graph.weight(np.array([each])) for each in (0, 1, 1)))
        nothing = graph.op("Mul", first, graph.number(0.0))
        levels = []
        for sigma in SIGMAS:
            level = graph.op("Add", nothing, graph.number(log(sigma)))
            levels.append(self.module.chain.write(graph, graph.op("Concat", standard, level, axis=1)))
        energy = graph.op("Concat", *levels, axis=1)
        scaled = graph.op("Div", graph.op("Sub", energy, graph.weight(self._shift.numpy())), graph.weight(self._scale.numpy()))
        return {"surprise": graph.op("Relu", scaled)}

    def run(self, feeds: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"surprise": torch.relu((self._energies(feeds["rows"]) - self._shift) / self._scale)}

    def about(self) -> dict[str, str]:
        return {"features": str(FEATURES)}

    def _standard(self, rows: Tensor) -> Tensor:
        return ((rows - self._mean.to(rows.device)) / self._spread.to(rows.device)).clamp(-GREATEST, GREATEST)

    def _energies(self, rows: Tensor) -> Tensor:
        standard = self._standard(rows)
        return torch.cat([self.module(standard, torch.full((len(rows), 1), log(sigma))) for sigma in SIGMAS], dim=1)
