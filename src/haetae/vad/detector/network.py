"""A detector that the user brings: an ONNX network, how pictures go in, and which head they come out of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB, Luma
from haetae.errors import ConfigError, ModelError
from haetae.vad.detector.boxes import Detections, suppress
from haetae.vad.detector.heads import Head
from haetae.vad.detector.labels import COCO, name_of, read_labels
from haetae.vad.detector.recognise import HINT, NAMES, recognise
from haetae.vad.network_card import CardReader, card_beside, open_card
from haetae.vad.network_picture import IMAGENET_MEAN, IMAGENET_STD, Levels, PictureInput, picture_input
from haetae.vad.onnx_file import fingerprint
from haetae.vad.onnx_runtime import Device, Session, Tensor, open_session
from haetae.vad.pinning import check_sha256

MOST_IOU = 0.6
"""Boxes of one class that overlap more are one object. 0.45 is usual for still pictures; people who walk side by side overlap more."""

MOST_WITHIN = 0.85
"""Of boxes from overlapping pieces: one that lies so much within another of its class is a part of it."""

MOST_OBJECTS = 200
LEAST_SIDE = 2.0
"""px of the picture; smaller boxes are none."""

DEFAULT_SIDE = 640
"""Of a network that takes pictures of any size; what most of them were trained at."""

_UNNORMALISED = Levels("bgr", "corner", scale=1.0)
_IMAGENET_RGB = Levels("rgb", "stretch", mean=IMAGENET_MEAN, std=IMAGENET_STD)
_IMAGENET_BGR = Levels("bgr", "stretch", mean=IMAGENET_MEAN[::-1], std=IMAGENET_STD[::-1])
LEVELS = {
    "yolox": _UNNORMALISED,
    "yolo5": Levels(),
    "yolo8": Levels(),
    "end2end": Levels(),
    "labelled": Levels(fit="stretch"),
    "boxes": _IMAGENET_RGB,
    "detr": Levels(fit="stretch"),
}
"""What the published networks of each head were trained with; a card says otherwise. `gfl` depends on who exported it."""


@dataclass(frozen=True, slots=True)
class Extra:
    """An input beside the picture: its name and what it is fed."""

    name: str
    value: NDArray[Any]


class Detector:
    """Finds objects in pictures. Knows nothing of cameras; `detect` may be called from several threads.

    `id` (32 bytes) is the same where the network, its preprocessing and its head are: what one learned, the other may judge.
    """

    def __init__(self, session: Session, card: CardReader, labels: Sequence[str] | None) -> None:
        """Use `open_detector`."""
        self.path = session.path
        self._session = session
        picture, others = _split_inputs(session)
        size = card.wholes("size", count=2, least=8)
        plain = picture_input(picture, size=size, levels=Levels(), what=str(session.path), default_side=DEFAULT_SIDE)
        self._extras = tuple(_extra(each, plain.width, plain.height) for each in others)
        wanted = card.text("head", choices=NAMES)
        count = card.whole("classes", None if labels is None else len(labels), least=1, most=10_000)
        outputs = self._outputs(plain, _noise(plain))
        names = [each.name for each in session.outputs]
        try:
            head = recognise(outputs, names, plain.width, plain.height, head=wanted, classes=count, paddle=bool(self._extras))
        except ModelError as error:
            raise ModelError(f"{session.path}: {error.message}", hint=error.hint) from error
        self.head = _as_card_says(head, card)
        levels = _levels_of(self.head).of_card(card)
        self.input: PictureInput = replace(plain, levels=levels)
        self.labels = tuple(labels) if labels is not None else COCO if head.classes in (80, None) else ()
        preprocessing = f"{self.input.width}x{self.input.height} {levels} {self.head}"
        self.id = hashlib.sha256(fingerprint(session.path) + preprocessing.encode()).digest()

    @property
    def device(self) -> str:
        return self._session.device

    def name_of(self, kind: int) -> str:
        """The name of a class."""
        return name_of(self.labels, kind)

    def detect(self, picture: Luma | RGB, *, least_confidence: float) -> Detections:
        """The objects of a picture, in its px, most confident first. Raises ModelError when the network fails, or gives no numbers."""
        rows, columns = picture.shape[:2]
        placed, where = self.input.place(picture)
        outputs = self._outputs(self.input, placed)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                found = self.head.decode(outputs, self.input.width, self.input.height, least_confidence)
        except (IndexError, ValueError) as error:
            raise ModelError(f"{self.path} gave outputs of another shape than before: {error}", hint=HINT) from error
        if not np.isfinite(found.boxes).all():
            raise ModelError(f"{self.path} gave boxes that are no numbers", hint="Use another export of it")
        found = Detections(where.to_picture(found.boxes, columns, rows), np.clip(found.confidence, 0.0, 1.0), found.kind)
        sides = found.boxes[:, 2:] - found.boxes[:, :2]
        found = found.take(np.flatnonzero((sides >= LEAST_SIDE).all(axis=1)))
        return suppress(found, 1.0 if self.head.has_nms else MOST_IOU, MOST_OBJECTS)

    def detect_tiled(self, picture: Luma | RGB, *, least_confidence: float, tiles: int) -> Detections:
        """As `detect`, with the picture also cut into `tiles` x `tiles` overlapping pieces, for objects too small for the network."""
        parts = [self.detect(picture, least_confidence=least_confidence)]
        if tiles > 1:
            parts += [self._in_piece(picture, piece, least_confidence) for piece in pieces(picture.shape[1], picture.shape[0], tiles)]
        if len(parts) == 1:
            return parts[0]
        return suppress(Detections.joined(parts), MOST_IOU, MOST_OBJECTS, most_within=MOST_WITHIN)

    def _in_piece(self, picture: Luma | RGB, piece: tuple[int, int, int, int], least_confidence: float) -> Detections:
        """What a piece shows whole: a box at a cut edge is of something that its neighbour, or the whole picture, shows better."""
        left, top, right, bottom = piece
        found = self.detect(picture[top:bottom, left:right], least_confidence=least_confidence)
        boxes = found.boxes + np.array([left, top, left, top], np.float32)
        inner = np.array([left, top], np.float32) + 1.5, np.array([right, bottom], np.float32) - 1.5
        edge = np.array([picture.shape[1], picture.shape[0]], np.float32)
        whole = ((boxes[:, :2] > inner[0]) | (np.array([left, top]) == 0)).all(axis=1)
        whole &= ((boxes[:, 2:] < inner[1]) | (np.array([right, bottom]) == edge)).all(axis=1)
        return Detections(boxes, found.confidence, found.kind).take(np.flatnonzero(whole))

    def _outputs(self, entry: PictureInput, placed: Luma | RGB) -> list[NDArray[Any]]:
        feeds = {entry.name: entry.feed(placed), **{extra.name: extra.value for extra in self._extras}}
        return without_batch(self._session.run(feeds))


def open_detector(
    path: Path,
    *,
    labels: Path | None = None,
    card: Path | None = None,
    device: Device = "auto",
    gpu: int = 0,
    threads: int = 1,
) -> Detector:
    """The detector at `path` with its card (the file beside it that ends in .toml without `card`) and the names of its classes.

    Raises ModelError for a network that cannot be used, ConfigError for a card or labels that do not fit.
    """
    reader = card_beside(path) if card is None else open_card(card)
    kind = reader.text("kind", "detector", choices=("detector", "embedding", "clip"))
    if kind != "detector":
        raise ConfigError(
            f"{reader.path}: kind is {kind!r}, but a detector is wanted", hint='Write kind = "detector", or give another network'
        )
    check_sha256(path, reader.text("sha256"), f"sha256 of {reader.path}")
    listed = labels if labels is not None else reader.file("labels")
    names = None if listed is None else read_labels(listed)
    detector = Detector(open_session(path, device=device, gpu=gpu, threads=threads), reader, names)
    reader.done()
    return detector


def pieces(width: int, height: int, tiles: int) -> list[tuple[int, int, int, int]]:
    """`tiles` x `tiles` pieces (left, top, right, bottom) of a picture; neighbours overlap by a quarter of a piece."""

    def spans(side: int) -> list[tuple[int, int]]:
        length = min(side, round(side / (1 + 0.75 * (tiles - 1))))
        return [(round(at), round(at) + length) for at in np.linspace(0, side - length, tiles)]

    return [(left, top, right, bottom) for top, bottom in spans(height) for left, right in spans(width)]


def without_batch(outputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Of one picture. Networks with suppression built in have no batch axis; where any output has one, all do."""
    if any(each.ndim >= 3 and len(each) == 1 for each in outputs):
        return [each[0] if each.ndim >= 2 and len(each) == 1 else each for each in outputs]
    return list(outputs)


def _split_inputs(session: Session) -> tuple[Tensor, list[Tensor]]:
    pictures = [each for each in session.inputs if len(each.shape) == 4]
    if len(pictures) != 1:
        shown = ", ".join(str(each) for each in session.inputs)
        raise ModelError(f"{session.path} takes {shown}", hint="A detector takes one picture, [1, 3, height, width]")
    return pictures[0], [each for each in session.inputs if each is not pictures[0]]


def _extra(tensor: Tensor, width: int, height: int) -> Extra:
    """Paddle's and RT-DETR's inputs beside the picture: with these values boxes come out in px of the input."""
    values = {"scale_factor": [1.0, 1.0], "im_shape": [height, width], "orig_target_sizes": [width, height]}
    value = values.get(tensor.name)
    if value is None or tensor.dtype is None or len(tensor.shape) != 2:
        raise ModelError(f"a detector with the input {tensor} is not known", hint=f"Inputs beside the picture can be: {', '.join(values)}")
    return Extra(tensor.name, np.array([value], tensor.dtype))


def _as_card_says(head: Head, card: CardReader) -> Head:
    """Details of the head that a card may set."""
    known = {each.name for each in fields(head)}  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    strides, offset = card.wholes("strides", most=256), card.number("offset", least=0.0, most=1.0)
    activation = card.text("activation", choices=("none", "sigmoid", "softmax"))
    boxes = card.text("boxes", choices=("pixels", "relative"))
    for name, value in (("strides", strides), ("offset", offset), ("activation", activation), ("relative", boxes and boxes == "relative")):
        if value is None:
            continue
        if name not in known:
            raise ConfigError(
                f"{card.path}: {name if name != 'relative' else 'boxes'} means nothing for the head {head.name!r}", hint="Leave it out"
            )
        given[name] = value
    return replace(head, **given)  # type: ignore[type-var]


def _levels_of(head: Head) -> Levels:
    if head.name == "gfl":
        return _IMAGENET_RGB if getattr(head, "split", False) else _IMAGENET_BGR
    return LEVELS[head.name]


def _noise(entry: PictureInput) -> Luma:
    """A picture with something in it that is nothing: the same every time, so that the same network is always recognised alike."""
    y, x = np.mgrid[: entry.height, : entry.width]
    return np.asarray((x * 7 + y * 13 + (x // 32) * (y // 32) * 31) % 256, np.uint8)
