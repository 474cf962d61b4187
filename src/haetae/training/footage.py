"""Learning from and scoring whole sources: what `haetae vad fit` and `haetae vad score` do."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from haetae.clock import Clock
from haetae.domain.frame import Frame
from haetae.errors import ConfigError
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.vad.base import VADModel
from haetae.vad.normality import Normality

LEARNING_S = 600.0
"""Expected of a source without a known length, for the progress only."""

Told = Callable[[str, int, float], None]
"""Called now and then with the source, the frames so far and the seconds of footage so far."""


@dataclass(frozen=True, slots=True)
class ScoredFootage:
    """One value per analysed frame: `score` calibrated, `raw` the model's own, `threshold` the raw value that maps to 0.5."""

    score: NDArray[np.float64]
    raw: NDArray[np.float64]
    threshold: NDArray[np.float64]
    time: NDArray[np.float64]
    frame: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """As .npz with these names. Raises ConfigError where that cannot be written."""
        try:
            with path.open("wb") as file:
                np.savez_compressed(file, score=self.score, raw=self.raw, threshold=self.threshold, time=self.time, frame=self.frame)
        except OSError as error:
            raise ConfigError(f"cannot write {path} ({error.strerror})", hint="Give --out a path in a folder that you may write") from error


def learn_footage(
    model: VADModel,
    sources: Sequence[str],
    options: SourceOptions,
    clock: Clock,
    *,
    false_alarms_per_day: float,
    limit_s: float | None = None,
    told: Told | None = None,
    before_learning: Callable[[int, float], None] | None = None,
) -> Normality:
    """The normality of one camera from all `sources`, `limit_s` of each at most. Raises SourceUnavailable, ModelError.

    `before_learning` is told the number of the source, from 0, and the time in it of each frame.
    """
    expected_s = sum(lengths_s(sources, options, clock, limit_s))
    normality = Normality.new(model, false_alarms_per_day=false_alarms_per_day, learning_s=expected_s)
    for index, url in enumerate(sources):
        normality.discontinuity()
        with _opened(url, options, clock) as source:
            for number, frame in enumerate(_until(source.frames(), limit_s), start=1):
                if before_learning is not None:
                    before_learning(index, frame.t_s)
                normality.learn(frame)
                if told is not None:
                    told(url, number, frame.t_s)
    normality.finish()
    return normality


def score_footage(
    model: VADModel, normality: Normality, url: str, options: SourceOptions, clock: Clock, *, told: Told | None = None
) -> ScoredFootage:
    """Every analysed frame of a source, in order, without looking ahead. Raises SourceUnavailable."""
    rows: list[tuple[float, float, float, float, int]] = []
    normality.discontinuity()
    with _opened(url, options, clock) as source:
        for frame in source.frames():
            [raw] = model.score([normality.window(frame)])
            score = normality.judge(frame, raw)
            rows.append((score.value, score.raw, score.threshold, score.t_s, score.frame_number))
            if told is not None:
                told(url, len(rows), frame.t_s)
    columns = np.array(rows, np.float64).reshape(-1, 5).T
    return ScoredFootage(columns[0], columns[1], columns[2], columns[3], columns[4].astype(np.int64))


def lengths_s(sources: Sequence[str], options: SourceOptions, clock: Clock, limit_s: float | None = None) -> list[float]:
    """The length of each source, as far as it is known; finds out before any work that one cannot be opened (SourceUnavailable)."""
    return [_length_s(source, options, clock, limit_s) for source in sources]


def frames_of(url: str, options: SourceOptions, clock: Clock, limit_s: float | None = None) -> Generator[Frame, None, None]:
    """The analysed frames of a source, from its start. Raises SourceUnavailable."""
    with _opened(url, options, clock) as source:
        yield from _until(source.frames(), limit_s)


@contextmanager
def _opened(url: str, options: SourceOptions, clock: Clock) -> Iterator[Source]:
    source = open_source(url, options, clock=clock)
    try:
        source.open()
        yield source
    finally:
        source.close()


def _until(frames: Iterator[Frame], limit_s: float | None) -> Iterator[Frame]:
    for frame in frames:
        if limit_s is not None and frame.t_s >= limit_s:
            return
        yield frame


def _length_s(url: str, options: SourceOptions, clock: Clock, limit_s: float | None) -> float:
    """Also finds out before any work that a source cannot be opened."""
    with _opened(url, options, clock) as source:
        known = source.duration_s
    return min(length for length in (known, limit_s, None if known or limit_s else LEARNING_S) if length)
