"""Names of the classes that a detector tells apart."""

from collections.abc import Sequence
from pathlib import Path

from haetae.errors import ConfigError

_COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,"
    "horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,"
    "baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,"
    "orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,"
    "cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)
COCO = tuple(_COCO.split(","))
"""The 80 classes of COCO (Lin et al. 2014) in the order that detectors trained on it have them; assumed of 80 classes without names."""

LARGEST_BYTES = 1024 * 1024
MOST = 10_000


def read_labels(path: Path) -> tuple[str, ...]:
    """One name per line; trailing empty lines are none. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the labels {path}: {error.strerror}", hint="Give a text file with one class per line") from error
    try:
        names = tuple(line.strip() for line in data.decode("utf-8-sig").rstrip().splitlines())
    except UnicodeDecodeError:
        names = ()
    if len(data) > LARGEST_BYTES or not 0 < len(names) <= MOST or any(not name.isprintable() or len(name) > 100 for name in names):
        raise ConfigError(f"{path} is no list of labels", hint="Give a text file in UTF-8 with one class per line, in the network's order")
    return names


def name_of(labels: Sequence[str], kind: int) -> str:
    """The name of a class, its number where there is none."""
    return labels[kind] if 0 <= kind < len(labels) and labels[kind] else f"class {kind}"
