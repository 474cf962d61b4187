"""What a trained model keeps for one camera: background, last frames, and the tails of what its network says there."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ModelError, StateError
from haetae.vad.base import HeldOut
from haetae.vad.looks import read_array
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize
from haetae.vad.trained.counts import Counts
from haetae.vad.trained.learning import GREATEST_REFERENCE, Learning, Smoothing, Values, held_out, references
from haetae.vad.trained.look import Grid, Scene, hidden_cells
from haetae.vad.trained.tails import Tails

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""

MOST_PIXELS = 2**22
MOST_PATH = 4096

_HINT = "Learn this camera again"


class Seen(Protocol):
    """What a model's eye makes of a frame: at least this. `share` (rows, columns) is the foreground of each block, `cell` (k,) the active
    cells; `unjudged` says that there is something and too little before it to judge it by."""

    @property
    def scene(self) -> Scene: ...

    @property
    def share(self) -> NDArray[np.float32]: ...

    @property
    def cell(self) -> NDArray[np.intp]: ...

    @property
    def unjudged(self) -> bool: ...


class Eye(Protocol):
    """Turns the frames of one camera, in time order, into what the network needs of them."""

    @property
    def grid(self) -> Grid: ...

    @property
    def background(self) -> Background: ...

    def step(self, luma: Luma, t_s: float) -> Any:
        """What is `Seen` in a source picture taken at `t_s`."""
        ...


MakeEye = Callable[[WorkSize, Background], Eye]


class TrainedState:
    """One camera's state under one network. `tails` and `reference` are None until learning was finished.

    `least` (attributes,) is the least value of each attribute that is told apart.
    """

    def __init__(
        self, weights: tuple[bytes, Path], make_eye: MakeEye, size_of: Callable[[Luma], WorkSize], least: NDArray[np.float32]
    ) -> None:
        self.weights = weights
        self.least = least
        self.eye: Eye | None = None
        self.learning: Learning | None = None
        self.counts: Counts | None = None
        self.tails: Tails | None = None
        self.reference: NDArray[np.float32] | None = None
        self.smoothing = Smoothing()
        self._make_eye = make_eye
        self._size_of = size_of
        self._ignored: NDArray[np.bool_] | None = None
        self._hidden: NDArray[np.bool_] | None = None

    def observe(self, luma: Luma, t_s: float) -> Any:
        """Look at the next frame. The first one ever fixes the working size."""
        if self.eye is None:
            self.eye = self._make_eye(self._size_of(luma), Background())
        return self.eye.step(luma, t_s)

    def hidden(self, ignored: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """The cells (rows * columns,) of which more than half lies in `ignored`, a mask of the picture; None where there are none.

        Kept for as long as the very same mask is given.
        """
        assert self.eye is not None
        if ignored is not self._ignored:
            cells = hidden_cells(ignored, self.eye.grid)
            self._ignored, self._hidden = ignored, cells if cells.any() else None
        return self._hidden

    def learn(self, seen: Values) -> None:
        """Take what the network said about one frame as normal."""
        assert self.eye is not None
        if self.learning is None:
            self.learning = Learning(self.least, self.eye.grid.rows, self.eye.grid.columns)
        self.learning.take(seen)

    def finish(self) -> HeldOut:
        """Make the tails from all that was learned. Raises ModelError when it was too little."""
        if self.learning is None or not self.learning.enough():
            raise ModelError("too little footage to learn what is normal", hint="Learn from at least 10 s with a steady camera")
        judged = self.learning.judge(self.counts)
        total = self.learning.total()
        self.counts = total if self.counts is None else self.counts + total
        self.learning = None
        self.tails = Tails.of(self.counts, self.least)
        self.reference = references(judged)
        return held_out(judged, self.reference)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, some 100 KB. Footage whose learning was not finished is saved as counts, without its judgement."""
        digest, path = self.weights
        saved: dict[str, NDArray[Any]] = {
            "format": np.array([FORMAT], np.int32),
            "weights": np.frombuffer(digest, np.uint8),
            "weights_path": np.frombuffer(str(path.absolute()).encode()[:MOST_PATH], np.uint8),
        }
        if self.eye is None:
            return saved
        size, background = self.eye.grid.size, self.eye.background
        saved["size"] = np.array([size.source_width, size.source_height, size.width, size.height], np.int32)
        if background.mean is not None:
            saved["background"] = np.clip(np.rint(background.mean), 0, 255).astype(np.uint8)
            saved["noise"] = np.array([background.noise], np.float32)
        learned = [each for each in (self.counts, None if self.learning is None else self.learning.total()) if each is not None]
        if learned:
            saved |= sum(learned[1:], learned[0]).arrays()
        if self.reference is not None:
            saved["reference"] = self.reference
        return saved

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become the state whose `arrays()` these were. Raises StateError when they are not of this format, or of another network."""
        found = read_array(arrays, "format", np.int32, (1,)).tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint=_HINT)
        if read_array(arrays, "weights", np.uint8, (32,)).tobytes() != self.weights[0]:
            raise StateError(
                f"the saved state was learned with other weights than {self.weights[1]}", hint=f"Use the weights of then, or: {_HINT}"
            )
        if "size" not in arrays:
            return
        size = WorkSize(*(int(side) for side in read_array(arrays, "size", np.int32, (4,))))
        if min(size.width, size.height) < 32 or size.width % 8 or size.height % 8 or size.width * size.height > MOST_PIXELS:
            raise StateError(f"the saved state has a working size of {size.width}x{size.height}", hint=_HINT)
        background = Background()
        if "background" in arrays:
            mean = read_array(arrays, "background", np.uint8, (size.height, size.width))
            [noise] = read_array(arrays, "noise", np.float32, (1,)).tolist()
            if not 0.0 <= noise < 255.0:
                raise StateError(f"the saved noise is {noise}", hint=_HINT)
            background = Background(mean.astype(np.float32), noise)
        self.eye = self._make_eye(size, background)
        if "rows" in arrays:
            self._restore_counts(arrays, self.eye.grid)

    def _restore_counts(self, arrays: Mapping[str, NDArray[Any]], grid: Grid) -> None:
        try:
            self.counts = Counts.of_arrays(arrays, len(self.least), grid.rows, grid.columns)
        except (KeyError, ValueError, TypeError) as error:
            raise StateError(f"the saved counts cannot be read ({error!r})", hint=_HINT) from error
        if "reference" in arrays:
            reference = read_array(arrays, "reference", np.float32, (len(self.least),))
            if not ((reference > 0) & (reference <= GREATEST_REFERENCE)).all():
                raise StateError("the saved references cannot be read", hint=_HINT)
            self.reference, self.tails = reference, Tails.of(self.counts, self.least)
