"""The model `attributes`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.attributes.explain import facts, now, painted, relative, sightings
from haetae.vad.attributes.fusion import REFERENCE_PER_DAY, contributions, replayed, weight_of
from haetae.vad.attributes.learning import Learning
from haetae.vad.attributes.look import foreground, working_picture
from haetae.vad.attributes.objects import Objects
from haetae.vad.attributes.state import AttributesState, Last, Networks
from haetae.vad.attributes.tables import Tables
from haetae.vad.base import HeldOut, ModelState, RawScore, Window
from haetae.vad.calibrate import Tail
from haetae.vad.detector import Detections, Detector, open_detector
from haetae.vad.embedding.network import Network
from haetae.vad.motion import MotionModel
from haetae.vad.network_picture import IMAGENET_MEAN, IMAGENET_STD
from haetae.vad.onnx_file import size_mb
from haetae.vad.onnx_runtime import Device, open_session
from haetae.vad.pinning import check_sha256
from haetae.vad.preprocess import WORK_PIXELS, WorkSize

WATCHED_SHARE = 0.05
"""The share of normal frames that `motion` finds odd enough for a look of their own."""

WATCH_FPS = 5.0
"""Looks per second at most while `motion` finds something odd."""

EARLY_S = 0.02
"""So much early a look may be: time stamps are rounded, and the frame after this one would be late by a whole one."""

SETTLE_S = 3.0
"""After the start or a change of the scene the background is not to be trusted for so long."""

EXPLAIN_FROM = 0.5
"""Raw scores below, half of a usual alarm level, carry no box and no facts of objects."""

MARGIN = 0.1
"""Of a box, added on each side of the crop that the embedding network sees."""

RUNTIME_MB = 48.0
"""Memory beyond three times the weights: the graphs and the activations of two sessions."""


class AttributesModel:
    """Judges each object by its speed, its size, its class where it is, and how it looks, after AI-VAD (Reiss & Hoshen 2022), on top of
    `motion`, which runs on every frame.

    `detector` is an ONNX network of the user's, `embedding` another one that tells how crops look. Moving things that no box covers are
    objects of no class. The detector is run `detect_fps` times a second, and on more frames while `motion` says that something is unusual
    (p < 0.05); `detect_fps` = 0 runs it on every frame. `tiles` = n also runs it on n x n pieces, for objects too small for the network.

    The score is that of `motion` plus up to `fusion.WEIGHT` times the greatest contribution of an object, divided by what their sum passes
    about once a day on normal footage judged by its other parts.
    """

    name = "attributes"
    version = 1
    max_batch = 1
    learns_alongside = True

    def __init__(
        self,
        detector: str | PathLike[str],
        *,
        labels: str | PathLike[str] | None = None,
        card: str | PathLike[str] | None = None,
        sha256: str | None = None,
        embedding: str | PathLike[str] | None = None,
        embedding_sha256: str | None = None,
        detect_fps: float = 2.0,
        tiles: int = 1,
        least_confidence: float = 0.25,
        exemplars: int = 5000,
        pixels: int = WORK_PIXELS,
        device: Device = "auto",
        gpu: int = 0,
        threads: int = 1,
    ) -> None:
        """Raises ConfigError for a setting or a card, ModelError for a network that cannot be used or is another one than `sha256` says."""
        if not 0.0 <= detect_fps <= 100.0:
            raise ConfigError(f"attributes.detect_fps is {detect_fps}", hint="Use 0.1 to 100, or 0 for every frame; the default is 2")
        if not 1 <= tiles <= 4:
            raise ConfigError(f"attributes.tiles is {tiles}", hint="Use 1 to 4; the default is 1")
        if not 0.01 <= least_confidence < 1.0:
            raise ConfigError(f"attributes.least_confidence is {least_confidence}", hint="Use 0.01 to 0.99; the default is 0.25")
        if not 16 <= exemplars <= 5000:
            raise ConfigError(f"attributes.exemplars is {exemplars}", hint="Use 16 to 5000; the default is 5000")
        check_sha256(Path(detector), sha256, "sha256")
        self._detector: Detector = open_detector(
            Path(detector), labels=_path(labels), card=_path(card), device=device, gpu=gpu, threads=threads
        )
        self._embedding = _open_embedding(_path(embedding), embedding_sha256, device, gpu, threads)
        self._motion = MotionModel(pixels=pixels)
        self._tiles = tiles
        self._least_confidence = least_confidence
        self._every_s = 1.0 / detect_fps if detect_fps else 0.0
        self.device = self._detector.device
        settings = f"{tiles} {least_confidence}".encode()
        joined = self._detector.id + (b"" if self._embedding is None else self._embedding.id) + settings
        dimensions = 0 if self._embedding is None else self._embedding.dimensions
        classes = self._detector.head.classes or max(80, len(self._detector.labels))
        self._networks = Networks(hashlib.sha256(joined).digest(), classes, dimensions, exemplars)

    @staticmethod
    def estimate_mb(detector: str | PathLike[str], embedding: str | PathLike[str] | None = None, **_settings: Any) -> float:
        """Memory of one instance, from the size of the files. Raises ModelError as the constructor does."""
        return 3.0 * (size_mb(Path(detector)) + (0.0 if embedding is None else size_mb(Path(embedding)))) + RUNTIME_MB

    def new_state(self) -> AttributesState:
        return AttributesState(self._networks, self._motion.new_state(), self._every_s)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> AttributesState:
        inner = {name.removeprefix("motion."): array for name, array in arrays.items() if name.startswith("motion.")}
        return AttributesState.of_arrays(arrays, self._networks, self._motion.load_state(inner), self._every_s)

    def learn(self, batch: Sequence[Window]) -> None:
        for window in batch:
            state = self._own(window.state)
            self._motion.learn([replace(window, state=state.motion)])
            looked_s = state.looked_s
            objects = self._look(state, window, due=self._due(state, window.t_s))
            if objects is None:
                continue
            size = _size(state)
            if state.learning is None:
                networks = self._networks
                state.learning = Learning(size.width, size.height, networks.classes, networks.dimensions, networks.exemplars)
            state.learning.take(objects, window.t_s, min(window.t_s - looked_s, max(self._every_s, 1.0)))

    def finish_learning(self, state: ModelState) -> HeldOut:
        own = self._own(state)
        motion = self._motion.finish_learning(own.motion)
        if own.learning is None:
            size = _size(own)
            own.learning = Learning(size.width, size.height, self._networks.classes, self._networks.dimensions, self._networks.exemplars)
        tables, judged = own.learning.tables(own.tables)
        hold_s = max(self._every_s, own.learning.slot_s)
        shares = contributions(judged.each, tables.reference)
        values = np.zeros(len(judged.t_s), np.float32)
        np.maximum.at(values, judged.look, shares.max(axis=1, initial=0.0))
        raw = replayed(motion, judged.t_s, values, hold_s, weight_of(tables.footage_s))
        own.level = max(1.0, own.level, Tail.of(HeldOut(motion.t_s, raw)).level(REFERENCE_PER_DAY))
        own.watch_from = float(np.quantile(motion.raw, 1.0 - WATCHED_SHARE)) if motion.raw.size else 0.0
        own.tables, own.learning = tables, None
        return HeldOut(motion.t_s, raw / own.level)

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning."""
        return [self._score(self._own(window.state), window) for window in batch]

    def _score(self, state: AttributesState, window: Window) -> RawScore:
        if state.tables is None:
            raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
        [motion] = self._motion.score([replace(window, state=state.motion)])
        if motion.scene_change:
            state.reset()
            return motion
        odd = motion.value >= state.watch_from and window.t_s - state.looked_s >= 1.0 / WATCH_FPS
        objects = self._look(state, window, due=odd or self._due(state, window.t_s))
        if objects is not None:
            _judge(state, state.tables, objects, window)
        value = (motion.value + weight_of(state.tables.footage_s) * state.judgement.at(window.t_s)) / state.level
        score = self._explained(state, state.tables, motion, value, window.t_s)
        return score if objects is None else replace(score, sightings=sightings(state.seen, self._detector.labels, _size(state)))

    def _explained(self, state: AttributesState, tables: Tables, motion: RawScore, value: float, t_s: float) -> RawScore:
        last, level = state.last, np.float32(state.level)
        heat = None if motion.heat is None else motion.heat / level
        if last is None or not len(last.objects):
            return RawScore(value, heat, motion.box, motion.facts)
        size = _size(state)
        weighed = last.share.max(axis=1) * np.float32(weight_of(tables.footage_s) * state.judgement.share(t_s)) / level
        top = int(weighed.argmax())
        boxes = now(last, t_s)
        if heat is not None or float(weighed[top]) > 0.0:
            heat = painted(heat, boxes, weighed, size)
        if value < EXPLAIN_FROM or float(weighed[top]) <= 0.0:
            return RawScore(value, heat, motion.box, motion.facts)
        found = facts(last, top, tables, self._detector.labels, size)
        # What contributes more comes first.
        if float(weighed[top]) >= motion.value / state.level:
            return RawScore(value, heat, relative(boxes[top], size), found + motion.facts)
        return RawScore(value, heat, motion.box or relative(boxes[top], size), motion.facts + found)

    def _due(self, state: AttributesState, t_s: float) -> bool:
        return t_s - state.looked_s >= self._every_s - min(EARLY_S, 0.2 * self._every_s)

    def _look(self, state: AttributesState, window: Window, *, due: bool) -> Objects | None:
        """The objects of a frame that is looked at, None for others. Every frame is remembered, for the flow of the next one."""
        seen = working_picture(state.motion, window.luma)
        if seen is None:
            state.reset()
            return None
        work, size = seen
        if state.settled_s is None:
            state.settled_s = window.t_s + SETTLE_S
        if not due or window.t_s < state.settled_s:
            state.look.remember(work, window.t_s)
            return None
        mask = foreground(state.motion, work)
        if mask is None:
            state.reset()
            return None
        found = self._detector.detect_tiled(window.luma, least_confidence=self._least_confidence, tiles=self._tiles)
        rows, columns = window.luma.shape
        scale = np.array([size.width / columns, size.height / rows] * 2, np.float32)
        scaled = Detections(found.boxes * scale, found.confidence, found.kind)
        state.seen = scaled
        objects = state.look.objects(work, mask, scaled, window.t_s, self._networks.dimensions)
        state.look.remember(work, window.t_s)
        if self._embedding is not None and len(objects):
            objects = replace(
                objects, vector=self._embedding.embed([_crop(self._embedding, window.luma, box / scale) for box in objects.box])
            )
        state.looked_s = window.t_s
        return state.tracks.step(objects, window.t_s)

    def _own(self, state: ModelState) -> AttributesState:
        if not isinstance(state, AttributesState) or state.networks != self._networks:
            raise StateError(f"a state of {type(state).__name__} from elsewhere was given to the model 'attributes'")
        return state


def _judge(state: AttributesState, tables: Tables, objects: Objects, window: Window) -> None:
    """Keep the judgement of a look, without what lies in ignored places."""
    size = _size(state)
    surprise = tables.surprise(tables.exemplars.nonconformity(objects, size.width, size.height))
    share = contributions(surprise, tables.reference)
    hidden = None if window.ignored is None else state.motion.hidden(window.ignored)
    if hidden is not None and len(objects):
        middle = 0.5 * (objects.box[:, :2] + objects.box[:, 2:])
        cells = hidden.reshape(size.rows, size.columns)
        row = np.clip(middle[:, 1] * size.rows / size.height, 0, size.rows - 1).astype(int)
        column = np.clip(middle[:, 0] * size.columns / size.width, 0, size.columns - 1).astype(int)
        share[cells[row, column]] = 0.0
    state.last = Last(window.t_s, objects, share, surprise)
    state.judgement.look(float(share.max(initial=0.0)), window.t_s)


def _size(state: AttributesState) -> WorkSize:
    observer = state.motion.observer
    if observer is None:
        raise ModelError("this camera has seen nothing yet", hint="Give it footage")
    return observer.size


def _crop(network: Network, luma: Luma, box: NDArray[np.float32]) -> Luma:
    """The object with a margin, at the size of the network."""
    rows, columns = luma.shape
    margin = MARGIN * (box[2:] - box[:2])
    left, top = np.clip(np.floor(box[:2] - margin), 0, [columns - 2, rows - 2]).astype(int)
    right, bottom = np.clip(np.ceil(box[2:] + margin), [left + 2, top + 2], [columns, rows]).astype(int)
    return network.picture(luma[top:bottom, left:right])


def _open_embedding(path: Path | None, sha256: str | None, device: Device, gpu: int, threads: int) -> Network | None:
    if path is None:
        return None
    check_sha256(path, sha256, "embedding_sha256")
    session = open_session(path, device=device, gpu=gpu, threads=threads)
    return Network(session, size=None, mean=IMAGENET_MEAN, std=IMAGENET_STD, output=None)


def _path(value: str | PathLike[str] | None) -> Path | None:
    return None if value is None else Path(value)
