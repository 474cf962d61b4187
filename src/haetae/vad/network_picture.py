"""From a picture to the numbers that a network takes: size, colour order, levels, layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from haetae.domain.frame import RGB, Luma
from haetae.errors import ModelError
from haetae.vad.network_card import CardReader
from haetae.vad.onnx_runtime import Tensor

Colour = Literal["rgb", "bgr", "grey"]
Fit = Literal["stretch", "letterbox", "corner"]
"""How a picture of another aspect ratio fills the input: `letterbox` has the picture in the middle, `corner` at the left top."""

PAD = 114
"""Grey level beside a picture that does not fill the input, as YOLO-type networks were trained with it."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
FLOAT_TYPES = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.float64))


@dataclass(frozen=True, slots=True)
class Levels:
    """The network's numbers are (pixel * `scale` - `mean`) / `std`, pixels in [0, 255] and channels in the order that `colour` says."""

    colour: Colour = "rgb"
    fit: Fit = "letterbox"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def of_card(self, card: CardReader) -> "Levels":
        """With what `card` says instead. Raises ConfigError."""
        fitting: Any = card.text("fit", self.fit, choices=get_args(Fit))
        colour: Any = card.text("colour", self.colour, choices=get_args(Colour))
        channels = 1 if colour == "grey" else 3
        mean = card.numbers("mean", self.mean[:channels], counts=(channels,))
        std = card.numbers("std", self.std[:channels], counts=(channels,))
        scale = card.number("scale", self.scale, least=1e-9, most=1e9)
        assert mean is not None
        assert std is not None
        assert scale is not None
        if min(std) <= 0.0:
            raise card.refusal("std", list(std), "Give numbers above 0")
        return Levels(colour, fitting, scale, mean, std)

    def __str__(self) -> str:
        shown = ", ".join(
            f"{name} [{', '.join(f'{each:.6g}' for each in values)}]" for name, values in (("mean", self.mean), ("std", self.std))
        )
        return f"{self.colour}, {self.fit}, scale {self.scale:.6g}, {shown}"

    def table(self) -> NDArray[np.float32]:
        """What each pixel value becomes in each channel, shape (channels, 256)."""
        pixel = np.arange(256) * self.scale
        return np.asarray((pixel - np.array(self.mean)[:, None]) / np.array(self.std)[:, None], np.float32)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the picture lies in the input: a point of the picture times `scale` plus `shift`, both (x, y), is one of the input."""

    scale: tuple[float, float]
    shift: tuple[float, float]

    def to_picture(self, boxes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
        """Boxes (n, 4) of the input in px of the picture, cut at its edges."""
        moved = (boxes - np.array(self.shift * 2, np.float32)) / np.array(self.scale * 2, np.float32)
        most = np.array([width, height] * 2, np.float32)
        return np.asarray(np.clip(np.nan_to_num(moved), 0.0, most), np.float32)


@dataclass(frozen=True, slots=True)
class PictureInput:
    """One picture input of a network: `width` x `height`, channels first or last, and its type."""

    name: str
    width: int
    height: int
    channels_last: bool
    dtype: np.dtype[Any]
    levels: Levels

    def place(self, picture: Luma | RGB) -> tuple[Luma | RGB, Placed]:
        """`picture` at the input's size, and where it lies in it."""
        rows, columns = picture.shape[:2]
        if self.levels.fit == "stretch":
            return resized(picture, self.width, self.height), Placed((self.width / columns, self.height / rows), (0.0, 0.0))
        scale = min(self.width / columns, self.height / rows)
        width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
        left, top = (0, 0) if self.levels.fit == "corner" else ((self.width - width) // 2, (self.height - height) // 2)
        whole = np.full((self.height, self.width, *picture.shape[2:]), PAD, np.uint8)
        whole[top : top + height, left : left + width] = resized(picture, width, height)
        return whole, Placed((width / columns, height / rows), (float(left), float(top)))

    def feed(self, placed: Luma | RGB) -> NDArray[Any]:
        """The numbers of a picture of the input's size, with a batch axis of 1. Grey pictures fill three channels alike."""
        table = self.levels.table()
        if placed.ndim == 3 and len(table) == 1:
            placed = np.asarray(cv2.cvtColor(placed, cv2.COLOR_RGB2GRAY), np.uint8)
        if placed.ndim == 2:
            numbers = table[:, placed]
        else:
            ordered = placed[..., ::-1] if self.levels.colour == "bgr" else placed
            numbers = np.stack([table[channel][ordered[..., channel]] for channel in range(3)])
        if self.channels_last:
            numbers = numbers.transpose(1, 2, 0)
        if self.dtype == np.uint8:
            numbers = np.clip(np.rint(numbers), 0, 255)
        return np.ascontiguousarray(numbers[None].astype(self.dtype))


def picture_input(
    tensor: Tensor, *, size: Sequence[int] | None, levels: Levels, what: str, default_side: int | None = None
) -> PictureInput:
    """The picture input that `tensor` declares; `size` (width, height) is needed where it leaves the sides open.

    Raises ModelError for one that takes no single picture, or another size.
    """
    known = tensor.dtype is not None and (tensor.dtype in FLOAT_TYPES or tensor.dtype == np.uint8)
    if not known or tensor.dtype is None or len(tensor.shape) != 4:
        raise ModelError(f"{what} takes {tensor}", hint="It needs one picture: float32, float16 or uint8, [1, 3, height, width]")
    batch, *rest = tensor.shape
    if batch not in (None, 1):
        raise ModelError(f"{what} takes {batch} pictures at a time", hint="Export it for a batch of 1")
    channels = len(levels.mean)
    channels_last = rest[0] != channels and rest[2] == channels
    height, width = rest[:2] if channels_last else rest[1:]
    if not channels_last and rest[0] not in (channels, None):
        raise ModelError(f"{what} takes {tensor}", hint='It needs pictures of 3 channels, or colour = "grey" in its card for one of 1')
    if size is not None:
        for given, fixed, side in ((size[0], width, "width"), (size[1], height, "height")):
            if fixed not in (None, given):
                raise ModelError(f"{what} takes a {side} of {fixed}, not {given}", hint="Leave size out of its card")
        width, height = size
    width, height = width or default_side, height or default_side
    if width is None or height is None:
        raise ModelError(f"{what} takes pictures of any size", hint="Say which in its card: size = [width, height]")
    if not (8 <= width <= 8192 and 8 <= height <= 8192):
        raise ModelError(f"{what} takes pictures of {width}x{height}", hint="Export it for sides from 8 to 8192")
    return PictureInput(tensor.name, width, height, channels_last, tensor.dtype, levels)


def resized(picture: Luma | RGB, width: int, height: int) -> Luma | RGB:
    """Averages where it shrinks, which keeps small things, and interpolates where it grows."""
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
