"""What an ONNX file is good for here: recognised, run, timed. Runs in the process that `guard` limits."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import Luma
from haetae.errors import ConfigError, ModelError
from haetae.vad.card.model import open_clip_network
from haetae.vad.detector import open_detector
from haetae.vad.detector.network import DEFAULT_SIDE
from haetae.vad.embedding.network import Network
from haetae.vad.inspect.facts import as_json, read_facts, text_of
from haetae.vad.network_card import CardReader, card_beside, open_card
from haetae.vad.network_picture import IMAGENET_MEAN, IMAGENET_STD
from haetae.vad.onnx_file import size_mb, weight_files
from haetae.vad.onnx_runtime import Session, Tensor, available_providers, open_session, version
from haetae.vad.pinning import check_sha256, sha256_of

RUNS = 9
LONGEST_S = 5.0
"""Timed runs end here, however few they were; there is always one."""

SHORTEST_EMBEDDING, LONGEST_EMBEDDING = 16, 16_384
MOST_TENSORS = 64
MOST_NUMBERS = 3 * 4096 * 4096
"""Of one input: a picture of 16 megapixels."""


def look(path: str, *, card: str | None, labels: str | None, most_s: float) -> dict[str, Any]:
    """All that `haetae model inspect` prints. Raises ModelError, ConfigError."""
    network = Path(path)
    facts = read_facts(network)
    files = weight_files(network)
    session = open_session(network, device="cpu", threads=1)
    run_once(session)
    reader = card_beside(network) if card is None else open_card(Path(card))
    check_sha256(network, reader.text("sha256"), f"sha256 of {reader.path}")
    found: dict[str, Any] = {
        "path": path,
        "files": [each.name for each in files],
        "size_mb": size_mb(network),
        "sha256": sha256_of(network),
        **as_json(facts),
        "inputs": [_tensor(each) for each in session.inputs[:MOST_TENSORS]],
        "outputs": [_tensor(each) for each in session.outputs[:MOST_TENSORS]],
        "card": None if reader.path is None else str(reader.path),
        "provider": "CPUExecutionProvider",
        "providers": available_providers(),
        "onnxruntime": version(),
        "threads": 1,
    }
    kind = reader.text("kind", choices=("detector", "embedding", "clip"))
    told = None if card is None else Path(card)
    tries: dict[str, Callable[[], dict[str, Any]]] = {
        "detector": lambda: _as_detector(network, told, None if labels is None else Path(labels), most_s),
        "embedding": lambda: _as_embedding(network, session, reader, most_s),
        "clip": lambda: _as_clip(network, told, most_s),
    }
    if kind is not None:
        return found | {"kind": kind, "works": True} | tries[kind]()
    reasons: list[str] = []
    for name in ("embedding", "detector"):
        if name == "embedding" and not _may_embed(session):
            continue
        try:
            return found | {"kind": name, "works": True} | tries[name]()
        except ModelError as error:
            reasons.append(f"as {name}: {error}")
        # A card or labels were written for something that this is not: that is a mistake to be told of.
        except ConfigError:
            if reader.path is not None or labels is not None:
                raise
            reasons.append(f"as {name}: it needs a card")
    return found | _unknown(network, session, reasons)


def run_once(session: Session) -> None:
    """Refuse a network that cannot be run, or gives no numbers. One that leaves axes of a clip or of rows open is run by who knows them."""
    feeds: dict[str, NDArray[Any]] = {}
    certain = True
    for tensor in session.inputs:
        if tensor.dtype is None:
            return
        open_axes = [axis for axis, side in enumerate(tensor.shape) if side is None]
        # The batch, and the sides of a picture.
        certain = certain and set(open_axes) <= ({0, 2, 3} if len(tensor.shape) == 4 and tensor.shape[1] in (1, 3) else {0})
        shape = [
            (1 if axis == 0 or len(tensor.shape) != 4 else DEFAULT_SIDE) if side is None else side for axis, side in enumerate(tensor.shape)
        ]
        if float(np.prod(shape, dtype=np.float64)) > MOST_NUMBERS:
            raise ModelError(f"{session.path} takes {tensor}", hint="Export it for pictures of a usual size")
        ramp = np.linspace(0.1, 0.9, int(np.prod(shape)), dtype=np.float64).reshape(shape)
        feeds[tensor.name] = (ramp * 255.0 if tensor.dtype == np.uint8 else np.ones(shape) if tensor.dtype.kind in "iub" else ramp).astype(
            tensor.dtype
        )
    try:
        results = session.run(feeds)
    except ModelError:
        if certain:
            raise
        return
    for tensor, result in zip(session.outputs, results, strict=True):
        if result.dtype.kind == "f" and np.isnan(result).any():
            hint = "Its weights are damaged, or it was exported wrongly"
            raise ModelError(f"{session.path} gives no numbers in its output {text_of(tensor.name.encode())!r}", hint=hint)


def _as_detector(path: Path, card: Path | None, labels: Path | None, most_s: float) -> dict[str, Any]:
    detector = open_detector(path, card=card, labels=labels, device="cpu")
    picture = _picture(detector.input.width, detector.input.height)
    ms, _ = _timed(lambda: detector.detect(picture, least_confidence=0.25), most_s)
    classes = detector.head.classes or len(detector.labels) or None
    options = {"detector": path, "labels": labels, "card": card}
    return {
        "what": f"detector, head {detector.head.name}",
        "head": detector.head.name,
        "classes": classes,
        "labels": [text_of(name.encode()) for name in detector.labels[:10]],
        "input_size": [detector.input.width, detector.input.height],
        "preprocessing": str(detector.input.levels),
        "ms_per_frame": ms,
        "next": [_camera_command("attributes", options, sha256_of(path))],
    }


def _as_embedding(path: Path, session: Session, reader: CardReader, most_s: float) -> dict[str, Any]:
    size = reader.wholes("size", count=2, least=8)
    network = Network(session, size=None if size is None else (size[0], size[1]), mean=IMAGENET_MEAN, std=IMAGENET_STD, output=None)
    picture = network.picture(_picture(network.width, network.height))
    ms, vector = _timed(lambda: network.embed([picture]), most_s)
    if not np.isfinite(vector).all():
        raise ModelError(f"{path} gives no finite numbers for a picture", hint="Use another export of it")
    sha256 = sha256_of(path)
    with_detector = (
        f"haetae camera set CAMERA --model attributes --model-setting detector=DETECTOR.onnx --model-setting embedding={_quoted(path)}"
    )
    return {
        "what": f"embedding (or classifier) of {network.dimensions} numbers",
        "dimensions": network.dimensions,
        "input_size": [network.width, network.height],
        "ms_per_frame": ms,
        "next": [
            _camera_command("embedding", {"path": path}, None),
            f"{with_detector} --model-setting embedding_sha256={sha256}",
        ],
    }


def _as_clip(path: Path, card: Path | None, most_s: float) -> dict[str, Any]:
    network = open_clip_network(path, card, device="cpu")
    clip = [network.picture(_picture(network.entry.width, network.entry.height))] * network.clip.frames

    def run() -> NDArray[np.float32]:
        return network.features(clip) if network.dimensions else np.array([network.score(clip)], np.float32)

    ms, value = _timed(run, most_s)
    if not np.isfinite(value).all():
        raise ModelError(f"{path} gives no finite numbers for a clip", hint="Check mean, std and scale in its card")
    what = f"features of {network.dimensions} numbers" if network.dimensions else network.output.meaning
    return {
        "what": f"clip scorer: {network.clip.frames} frames, {network.clip.stride_s:g} s apart; gives {what}",
        "dimensions": network.dimensions or None,
        "input_size": [network.entry.width, network.entry.height],
        "frames": network.clip.frames,
        "ms_per_clip": ms,
        "ms_per_frame": ms * _clips_per_frame(network.clip.every_s),
        "next": [_camera_command("onnx", {"path": path, "card": card}, sha256_of(path))],
    }


def _clips_per_frame(every_s: float) -> float:
    """At the 10 frames a second that are analysed."""
    return min(1.0, 0.1 / every_s)


def _unknown(path: Path, session: Session, reasons: list[str]) -> dict[str, Any]:
    if any(len(each.shape) == 5 for each in session.inputs):
        hint = f'It takes clips: write {path.with_suffix(".toml").name} with kind = "clip" (docs/reference/bring-your-network.md)'
    else:
        hint = f"Write {path.with_suffix('.toml').name} with kind and head, or layout (docs/reference/bring-your-network.md)"
    return {
        "kind": "unknown",
        "what": "unknown: it loads, but nothing here knows its outputs",
        "works": False,
        "reasons": reasons,
        "next": [hint],
    }


def _may_embed(session: Session) -> bool:
    """One picture in, one row of numbers out."""
    if len(session.inputs) != 1 or len(session.inputs[0].shape) != 4 or len(session.outputs) > 2:
        return False
    shape = session.outputs[0].shape
    sides = [side for side in shape[1:] if side != 1]
    length = sides[0] if len(sides) == 1 else None
    return len(shape) in (2, 4) and (len(sides) == 1) and (length is None or SHORTEST_EMBEDDING <= length <= LONGEST_EMBEDDING)


def _timed(run: Callable[[], Any], most_s: float) -> tuple[float, Any]:
    """Median time of several runs after one to warm up, ms, and what the last gave."""
    result: Any = run()
    spent: list[float] = []
    until = time.perf_counter() + min(LONGEST_S, most_s / 4)
    while len(spent) < RUNS and (not spent or time.perf_counter() < until):
        before = time.perf_counter()
        result = run()
        spent.append(time.perf_counter() - before)
    return 1000.0 * float(np.median(spent)), result


def _picture(width: int, height: int) -> Luma:
    """A ramp with a bright box on it: any picture takes a network the same time."""
    picture = np.linspace(40, 200, width * height).reshape(height, width).astype(np.uint8)
    picture[height // 4 : height // 2, width // 4 : width // 2] = 230
    return picture


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": text_of(tensor.name.encode()), "type": tensor.type_name, "shape": list(tensor.shape)}


def _camera_command(model: str, settings: dict[str, Path | None], sha256: str | None) -> str:
    given = " ".join(f"--model-setting {name}={_quoted(value)}" for name, value in settings.items() if value is not None)
    return f"haetae camera set CAMERA --model {model} {given}" + (f" --model-setting sha256={sha256}" if sha256 else "")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
