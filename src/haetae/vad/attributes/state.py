"""What the model `attributes` keeps for one camera."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.errors import StateError
from haetae.vad.attributes.bodies import BodyHeights
from haetae.vad.attributes.classes import COLUMNS, ROWS, ClassVisits
from haetae.vad.attributes.fusion import LEAST_REFERENCE, Judgement
from haetae.vad.attributes.learning import Learning
from haetae.vad.attributes.look import Look
from haetae.vad.attributes.objects import Attribute, Objects
from haetae.vad.attributes.tables import Exemplars, Tables
from haetae.vad.attributes.tails import KNOTS, NonconformityTail
from haetae.vad.attributes.tracks import Tracks
from haetae.vad.detector.boxes import Detections
from haetae.vad.looks import read_array
from haetae.vad.motion.state import MotionState

FORMAT = 1
"""Of the saved arrays. A state of another format is refused."""

_HINT = "Learn this camera again"


@dataclass(frozen=True, slots=True)
class Networks:
    """What a state must know of the networks that it was learned with: `id` is the same for the same networks and settings, `classes` the
    number that the detector tells apart, `dimensions` the length of a vector, 0 without an embedding network."""

    id: bytes
    classes: int
    dimensions: int
    exemplars: int


@dataclass(slots=True)
class Last:
    """The last look: its objects, `share` (n, len(Attribute)) what each attribute adds, and the -log10 p that it comes from."""

    t_s: float
    objects: Objects
    share: NDArray[np.float32]
    surprise: NDArray[np.float32]


class AttributesState:
    """One camera's `motion` state, its objects and its tables. `tables` is None until learning was finished; `level` is the sum of
    scores that normal footage passes about once a day, and `watch_from` the raw score of `motion` from which every frame is looked at;
    `seen` is what the detector gave for the last look, in working px."""

    def __init__(self, networks: Networks, motion: MotionState, hold_s: float) -> None:
        self.networks = networks
        self.motion = motion
        self.look = Look()
        self.tracks = Tracks()
        self.judgement = Judgement(hold_s)
        self.learning: Learning | None = None
        self.tables: Tables | None = None
        self.level = 1.0
        self.watch_from = np.inf
        self.looked_s = -np.inf
        self.settled_s: float | None = None
        self.last: Last | None = None
        self.seen = Detections.none()
        self._hold_s = hold_s

    def reset(self) -> None:
        """The scene is another one: nothing of the last frames means anything."""
        self.look.reset()
        self.tracks.reset()
        self.judgement = Judgement(self._hold_s)
        self.last = None
        self.settled_s = None
        self.looked_s = -np.inf

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned: that of `motion`, and about 50 KB, with 1 KB per vector of 512 numbers. Footage whose learning was not finished
        is saved as that of `motion` only."""
        saved: dict[str, NDArray[Any]] = {f"motion.{name}": array for name, array in self.motion.arrays().items()}
        saved["format"] = np.array([FORMAT], np.int32)
        saved["networks"] = np.frombuffer(self.networks.id, np.uint8)
        if self.tables is None:
            return saved
        exemplars, bodies = self.tables.exemplars, self.tables.exemplars.bodies
        saved["bodies"] = np.array([bodies.slope, bodies.offset, bodies.least, bodies.kind], np.float64)
        saved["sizes"] = exemplars.sizes.astype(np.float16)
        saved["visits"] = self.tables.visits.visits.astype(np.float32)
        saved["vectors"] = exemplars.vectors.astype(np.float16)
        saved["knots"] = np.stack([tail.knots for tail in self.tables.tails])
        saved["tails"] = np.array([[tail.deepest, tail.spread] for tail in self.tables.tails], np.float64)
        saved["reference"] = self.tables.reference
        saved["levels"] = np.array([self.level, self.watch_from, self.tables.footage_s], np.float64)
        return saved

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], networks: Networks, motion: MotionState, hold_s: float) -> "AttributesState":
        """The state whose `arrays()` these were, its `motion` part read already. Raises StateError when they are not of this format, or of
        other networks."""
        found = read_array(arrays, "format", np.int32, (1,)).tolist()
        if found != [FORMAT]:
            raise StateError(f"the saved state has format {found}, this model reads {FORMAT}", hint=_HINT)
        if read_array(arrays, "networks", np.uint8, (32,)).tobytes() != networks.id:
            raise StateError(
                "the saved state was learned with other networks, or with other settings of them", hint=f"Use those again, or: {_HINT}"
            )
        state = cls(networks, motion, hold_s)
        if motion.observer is not None and motion.observer.background.mean is not None:
            # The background was settled when it was saved.
            state.settled_s = -np.inf
        if "reference" in arrays:
            level, watch_from, footage_s = read_array(arrays, "levels", np.float64, (3,)).tolist()
            if level <= 0.0 or watch_from < 0.0 or footage_s < 0.0:
                raise StateError("the saved levels cannot be read", hint=_HINT)
            state.tables = _tables(arrays, networks, footage_s)
            state.level, state.watch_from = level, watch_from
        return state


def _tables(arrays: Mapping[str, NDArray[Any]], networks: Networks, footage_s: float) -> Tables:
    slope, offset, least, kind = read_array(arrays, "bodies", np.float64, (4,)).tolist()
    knots = read_array(arrays, "knots", np.float64, (len(Attribute), KNOTS))
    tails = read_array(arrays, "tails", np.float64, (len(Attribute), 2))
    reference = read_array(arrays, "reference", np.float32, (len(Attribute),))
    if least <= 0.0 or (np.diff(knots, axis=1) < 0.0).any() or (tails[:, 1] <= 0.0).any() or (reference < LEAST_REFERENCE).any():
        raise StateError("the saved tables cannot be read", hint=_HINT)
    visits = ClassVisits(read_array(arrays, "visits", np.float32, (networks.classes, ROWS, COLUMNS)).copy())
    exemplars = Exemplars(
        BodyHeights(slope, offset, least, int(kind)),
        read_array(arrays, "sizes", np.float16, (None, 2)).astype(np.float32),
        visits.surprises(),
        read_array(arrays, "vectors", np.float16, (None, networks.dimensions)).astype(np.float32),
    )
    return Tables(
        exemplars,
        visits,
        tuple(NonconformityTail(each, float(deepest), float(spread)) for each, (deepest, spread) in zip(knots, tails, strict=True)),
        reference,
        footage_s,
    )
