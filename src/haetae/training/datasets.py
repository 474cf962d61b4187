"""Data sets for `haetae vad eval`: a folder with `training/*.mp4`, `testing/*.mp4` and `labels.npz`, optionally `masks_packbits.npz`."""

import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haetae.clock import SystemClock
from haetae.domain.frame import Frame
from haetae.errors import ConfigError
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source

EVERY_FRAME_FPS = 100_000.0
"""Above any source's own rate, so that the sampler leaves nothing out."""


@dataclass(frozen=True, slots=True)
class TestClip:
    """One labelled clip. `labels` (frames,) is 1 where anomalous; `masks` (frames, height, width) says where, None when not known."""

    __test__ = False

    path: Path
    labels: NDArray[np.uint8]
    masks: NDArray[np.bool_] | None = None

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Dataset:
    """Normal clips to learn from and labelled clips to be judged on; all of one camera."""

    name: str
    training: tuple[Path, ...]
    testing: tuple[TestClip, ...]


def load_dataset(folder: Path) -> Dataset:
    """Find the clips and read the labels. Raises ConfigError that names what is missing or does not fit."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder", hint="Give a folder with training/*.mp4, testing/*.mp4 and labels.npz")
    training, testing = _clips(folder / "training"), _clips(folder / "testing")
    labels = _read(folder / "labels.npz")
    masks = _read(folder / "masks_packbits.npz") if (folder / "masks_packbits.npz").exists() else {}
    return Dataset(folder.resolve().name, tuple(training), tuple(_test_clip(path, labels, masks) for path in testing))


def every_frame(source: str) -> Generator[Frame, None, None]:
    """Each frame of a source, none skipped. Raises SourceUnavailable."""
    opened = open_source(source, SourceOptions(analysed_fps=EVERY_FRAME_FPS), clock=SystemClock())
    try:
        opened.open()
        yield from opened.frames()
    finally:
        opened.close()


def _clips(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.mp4"))
    if not found:
        raise ConfigError(f"no clips in {folder}", hint="A data set has training/*.mp4, testing/*.mp4 and labels.npz")
    return found


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path} cannot be read ({error})", hint="It holds one array per test clip, saved by numpy.savez") from error


def _test_clip(path: Path, labels: dict[str, NDArray[Any]], masks: dict[str, NDArray[Any]]) -> TestClip:
    found = labels.get(path.stem)
    if found is None or found.ndim != 1 or not np.isin(found, (0, 1)).all():
        raise ConfigError(f"labels.npz has no usable labels for {path.stem}", hint="Give one 0 or 1 per frame, under the clip's name")
    packed = masks.get(path.stem)
    if packed is None:
        return TestClip(path, found.astype(np.uint8))
    if packed.dtype != np.uint8 or packed.ndim < 2 or len(packed) != len(found):
        raise ConfigError(f"masks_packbits.npz does not fit the labels of {path.stem}", hint="Pack one mask per frame with numpy.packbits")
    # Packed along the width, or over each flattened frame: the picture's size, told by the clip, settles which.
    return TestClip(path, found.astype(np.uint8), _unpacked(packed, path))


def _unpacked(packed: NDArray[np.uint8], path: Path) -> NDArray[np.bool_]:
    first = next(every_frame(str(path)))
    frame = first.height * first.width
    bits = np.unpackbits(packed.reshape(len(packed), -1), axis=1)
    padded = packed.shape[-1] * 8
    if packed.ndim == 3 and packed.shape[1] == first.height and padded >= first.width:
        return bits.reshape(len(packed), first.height, padded)[:, :, : first.width].astype(np.bool_)
    if bits.shape[1] < frame:
        raise ConfigError(f"the masks of {path.stem} do not fit its pictures of {first.width}x{first.height}", hint="Pack whole masks")
    return bits[:, :frame].reshape(len(packed), first.height, first.width).astype(np.bool_)
