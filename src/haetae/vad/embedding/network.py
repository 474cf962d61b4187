"""From luma pictures to unit vectors, through a network that the user brings."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ConfigError, ModelError
from haetae.vad.onnx_file import fingerprint
from haetae.vad.onnx_runtime import Session
from haetae.vad.preprocess import WorkSize, to_work

MOST_DIMENSIONS = 1024
"""Longer outputs (a detector's have 300,000 numbers) are hashed down to this: distances keep to about sqrt(2 / 1024) = 4 %."""

Vectors = NDArray[np.float32]
"""Unit vectors, shape (pictures, dimensions)."""


class Network:
    """An embedding network with its preprocessing. It knows nothing of cameras; `embed` may be called from several threads.

    `batch` is the number of pictures that one run takes: None for any.
    """

    def __init__(
        self, session: Session, *, size: tuple[int, int] | None, mean: Sequence[float], std: Sequence[float], output: str | None
    ) -> None:
        """`size` is (width, height), for a network that leaves them open.

        Raises ConfigError for a setting, ModelError for a network that does not fit.
        """
        self._session = session
        self._input, self.batch, self.width, self.height = _checked_input(session, size)
        self._output = _checked_output(session, output)
        self._levels = _levels(mean, std)
        self.id = _identity(session.path, f"{self.width}x{self.height} {list(mean)} {list(std)} {self._output}")
        self._sketch: _Sketch | None = None
        self.dimensions = self._probe()

    def picture(self, luma: Luma) -> Luma:
        """`luma` at the network's size, shape (height, width)."""
        rows, columns = (int(side) for side in luma.shape)
        return to_work(luma, WorkSize(columns, rows, self.width, self.height))

    def embed(self, pictures: Sequence[Luma]) -> Vectors:
        """The unit vector of each picture of `picture()`; zeros where the network gives zeros. Raises ModelError when it fails."""
        inputs = np.stack([self._levels[:, picture] for picture in pictures])
        found = self._sketched(self._run(inputs))
        # What is no number stays none, and is noticed by whoever judges it: no other camera of the batch has to suffer.
        with np.errstate(invalid="ignore"):
            return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The flattened output of each picture: in one run, or in as many as the network's own batch asks for."""
        step = self.batch or len(inputs)
        rows = []
        for first in range(0, len(inputs), step):
            part = inputs[first : first + step]
            lacking = step - len(part)
            fed = np.concatenate([part, np.zeros((lacking, *part.shape[1:]), np.float32)]) if lacking else part
            [result] = self._session.run({self._input: fed}, [self._output])
            if not result.ndim or len(result) != step:
                raise ModelError(
                    f"{self._session.path} gives {list(result.shape)} for {step} pictures", hint="It needs one row of numbers per picture"
                )
            rows.append(result.reshape(step, -1)[: len(part)])
        return np.concatenate(rows)

    def _sketched(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return rows if self._sketch is None else self._sketch.apply(rows)

    def _probe(self) -> int:
        """Run it once: it must run, and treat each picture of a batch as if it were alone. Gives the length of a vector."""
        ramp = np.linspace(0, 255, self.width * self.height).astype(np.uint8).reshape(self.height, self.width)
        inputs = np.stack([self._levels[:, ramp], self._levels[:, ramp.T.reshape(ramp.shape)]])
        alone = self._run(inputs[:1])
        if alone.shape[1] == 0:
            raise ModelError(f"{self._session.path} gives an empty output {self._output!r}", hint="Name another output")
        if self.batch is None and not self._takes_batches(inputs, alone):
            self.batch = 1
        if alone.shape[1] > MOST_DIMENSIONS:
            self._sketch = _Sketch(alone.shape[1])
        return min(int(alone.shape[1]), MOST_DIMENSIONS)

    def _takes_batches(self, inputs: NDArray[np.float32], alone: NDArray[np.float32]) -> bool:
        """Exporters leave the batch axis open in networks that fail on it, or that mix its pictures (normalisation over the batch)."""
        log = structlog.get_logger()
        try:
            together = self._run(inputs)[:1]
        except ModelError as error:
            log.warning("network_takes_no_batches", network=str(self._session.path), reason=error.message)
            return False
        tolerance = 1e-3 * float(np.abs(alone[np.isfinite(alone)]).max(initial=0.0))
        if np.allclose(together, alone, rtol=1e-2, atol=tolerance, equal_nan=True):
            return True
        log.warning("network_takes_no_batches", network=str(self._session.path), reason="it mixes the pictures of a batch")
        return False


class _Sketch:
    """Count sketch: each number is added to one of MOST_DIMENSIONS sums with a fixed sign, which keeps inner products in expectation
    (Charikar et al. 2002; Weinberger et al. 2009)."""

    def __init__(self, length: int) -> None:
        # splitmix64 rather than NumPy's generators, whose streams may change between versions while states are kept for years.
        mixed = np.arange(1, length + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        self._place = (mixed % np.uint64(MOST_DIMENSIONS)).astype(np.intp)
        self._sign = np.where(mixed >> np.uint64(63), np.float32(1.0), np.float32(-1.0))

    def apply(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([np.bincount(self._place, row * self._sign, MOST_DIMENSIONS) for row in rows]).astype(np.float32)


def _checked_input(session: Session, size: tuple[int, int] | None) -> tuple[str, int | None, int, int]:
    """Name, batch, width and height of the picture input."""
    if len(session.inputs) != 1:
        raise ModelError(f"{session.path} takes {len(session.inputs)} inputs", hint="An embedding network takes one: the picture")
    [image] = session.inputs
    if image.dtype != np.float32 or len(image.shape) != 4 or image.shape[1] not in (3, None):
        raise ModelError(f"{session.path} takes {image}", hint="An embedding network takes float32 pictures, [batch, 3, height, width]")
    batch, _, height, width = image.shape
    if size is not None:
        for given, fixed, side in ((size[0], width, "width"), (size[1], height, "height")):
            if given < 8 or given > 4096:
                raise ConfigError(f"embedding.size has a {side} of {given}", hint="Use 8 to 4096")
            if fixed not in (None, given):
                raise ConfigError(f"embedding.size has a {side} of {given}, but {session.path} takes {fixed}", hint="Leave size out")
        width, height = size
    if width is None or height is None:
        raise ConfigError(f"{session.path} takes pictures of any size", hint="Say which with embedding.size = [width, height]")
    return image.name, batch, width, height


def _checked_output(session: Session, name: str | None) -> str:
    chosen = next((each for each in session.outputs if name in (None, each.name)), None)
    if chosen is None:
        raise ConfigError(f"{session.path} has no output {name!r}", hint=f"It has: {', '.join(str(each) for each in session.outputs)}")
    if chosen.dtype != np.float32:
        raise ModelError(f"{session.path} gives {chosen}", hint="An embedding network gives float32; name another output")
    return chosen.name


def _levels(mean: Sequence[float], std: Sequence[float]) -> NDArray[np.float32]:
    """What each grey level becomes in each channel, shape (3, 256)."""
    if len(mean) != 3 or len(std) != 3 or not np.isfinite([*mean, *std]).all() or min(std) <= 0.0:
        raise ConfigError(f"embedding.mean {list(mean)} and std {list(std)} are refused", hint="Give three numbers each, std above 0")
    grey = np.arange(256) / 255.0
    return np.asarray((grey - np.array(mean)[:, None]) / np.array(std)[:, None], np.float32)


def _identity(path: Path, preprocessing: str) -> bytes:
    """Vectors are comparable where this is the same: SHA-256 of the weights and of what is done before them."""
    return hashlib.sha256(fingerprint(path) + preprocessing.encode()).digest()
