"""The model `onnx`."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Luma
from haetae.errors import ConfigError, ModelError, StateError
from haetae.vad.base import HeldOut, ModelState, RawScore, Window
from haetae.vad.card.network import ClipNetwork
from haetae.vad.card.state import CardState, Scale
from haetae.vad.network_card import CardReader, card_beside, open_card
from haetae.vad.onnx_file import size_mb
from haetae.vad.onnx_runtime import Device, open_session
from haetae.vad.pinning import check_sha256

EXPLAIN_FROM = 0.5
"""Raw scores below, half of a usual alarm level, carry no facts."""

RUNTIME_MB = 64.0
"""Memory beyond three times the weights: the graph and the activations of a clip."""


class OnnxModel:
    """Scores clips with a network of the user's, as a card beside it says: STEAD and other weakly supervised scorers, reconstruction or
    prediction errors, action classifiers with abnormal classes, or features whose distance to what was learned counts.

    The network's numbers are calibrated per camera: the raw score is 0 up to the median of normal footage and 1 at what that passes about
    once a day. Between two clips the last score holds. The network sees grey pictures, in three equal channels unless the card says
    `colour = "grey"`. It cannot say where: no heat map, no box.
    """

    name = "onnx"
    version = 1
    max_batch = 1
    learns_alongside = True

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        card: str | PathLike[str] | None = None,
        sha256: str | None = None,
        exemplars: int = 1000,
        device: Device = "auto",
        gpu: int = 0,
        threads: int = 1,
    ) -> None:
        """`card` is the file beside the network that ends in .toml, unless given. Raises ConfigError for a setting or a key of the card,
        ModelError for a network that cannot be used or is another one than `sha256` says."""
        if not 16 <= exemplars <= 20_000:
            raise ConfigError(f"onnx.exemplars is {exemplars}", hint="Use 16 to 20000; the default is 1000")
        network = Path(path)
        check_sha256(network, sha256, "sha256")
        self._network = open_clip_network(network, None if card is None else Path(card), device=device, gpu=gpu, threads=threads)
        self._exemplars = exemplars
        self.device = self._network.device

    @staticmethod
    def estimate_mb(path: str | PathLike[str], **_settings: Any) -> float:
        """Memory of one instance, from the size of the file and of its external weights. Raises ModelError as the constructor does."""
        return 3.0 * size_mb(Path(path)) + RUNTIME_MB

    def new_state(self) -> CardState:
        return CardState(self._network, self._exemplars)

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> CardState:
        return CardState.of_arrays(arrays, self._network, self._exemplars)

    def learn(self, batch: Sequence[Window]) -> None:
        for window in batch:
            state = self._own(window.state)
            if not state.frames.wants(window.t_s):
                continue
            picture = self._network.picture(window.luma)
            state.usual.add(picture)
            clip = state.frames.add(picture, window.t_s)
            if clip is None:
                continue
            if self._network.dimensions:
                state.learn_features(self._network.features(clip), window.t_s)
            else:
                state.learn_score(self._network.score(clip), window.t_s)

    def finish_learning(self, state: ModelState) -> HeldOut:
        return self._own(state).finish()

    def score(self, batch: Sequence[Window]) -> list[RawScore]:
        """Raises ModelError for a state that has not finished learning."""
        return [self._score(self._own(window.state), window) for window in batch]

    def _score(self, state: CardState, window: Window) -> RawScore:
        if state.scale is None:
            raise ModelError("this camera has not learned what is normal", hint="Call finish_learning first")
        if not state.frames.wants(window.t_s):
            return state.last
        if not len(state.frames):
            # The first frame, or the first one after a gap.
            state.last = RawScore(0.0)
        picture = state.usual.fill(self._network.picture(window.luma), window.ignored)
        if picture is None:
            state.last = RawScore(0.0)
            return state.last
        clip = state.frames.add(picture, window.t_s)
        if clip is not None:
            state.last = self._judged(state, state.scale, clip, window.t_s)
        return state.last

    def _judged(self, state: CardState, scale: Scale, clip: list[Luma], t_s: float) -> RawScore:
        score = state.distance(self._network.features(clip)) if self._network.dimensions else self._network.score(clip)
        value = scale.raw(score)
        # Not `value < EXPLAIN_FROM`: a value that is no number explains nothing either.
        if not value >= EXPLAIN_FROM:
            return RawScore(value)
        length_s = self._network.clip.frames * self._network.clip.stride_s
        unit = "cosine distance" if self._network.dimensions else f"({self._network.output.name} of {self._network.path.stem})"
        fact = Fact("clip", FactKind.SCORE, score, unit, max(0.0, t_s - length_s), t_s, usual=scale.alarm, source="onnx")
        return RawScore(value, facts=(fact,))

    def _own(self, state: ModelState) -> CardState:
        if not isinstance(state, CardState) or not state.belongs_to(self._network):
            raise StateError(f"a state of {type(state).__name__} from elsewhere was given to the model 'onnx'")
        return state


def open_clip_network(path: Path, card: Path | None, *, device: Device = "auto", gpu: int = 0, threads: int = 1) -> ClipNetwork:
    """The clip scorer at `path` with its card. Raises ConfigError, ModelError."""
    reader: CardReader = card_beside(path) if card is None else open_card(card)
    if reader.path is None:
        hint = f"Write {path.with_suffix('.toml')}: see docs/reference/bring-your-network.md"
        raise ConfigError(f"{path} has no card, and a clip scorer needs one", hint=hint)
    kind = reader.text("kind", "clip", choices=("detector", "embedding", "clip"))
    if kind != "clip":
        raise ConfigError(f"{reader.path}: kind is {kind!r}, but the model 'onnx' scores clips", hint='Write kind = "clip"')
    check_sha256(path, reader.text("sha256"), f"sha256 of {reader.path}")
    network = ClipNetwork(open_session(path, device=device, gpu=gpu, threads=threads), reader)
    reader.done()
    return network
