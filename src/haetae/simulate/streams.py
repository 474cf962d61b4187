"""Random number streams: one per subsystem, so that a change in one never moves another."""

from zlib import crc32

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of the subsystem `names` for `seed`: the same on every machine and in every process."""
    keys = [crc32(str(name).encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def smooth_wander(t_s: float, phases: np.ndarray, periods_s: tuple[float, ...]) -> float:
    """A slow wandering value in about [-1, 1] at `t_s`: a sum of sines with the given periods and phases (radians)."""
    total = sum(np.sin(2.0 * np.pi * t_s / period + phase) for period, phase in zip(periods_s, phases, strict=True))
    return float(total) / len(periods_s)
