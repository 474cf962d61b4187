"""How a camera's score went during an event: a small JSON file beside its clip."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from haetae.domain.score import ALARM_LEVEL
from haetae.errors import MediaError
from haetae.media.blobs import read_bounded, write_atomically

VERSION = 1
LARGEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """Calibrated scores in [0, 1] at the analysed rate. `t_s` are the seconds since the event's onset (negative before it), growing
    strictly; as many as `values`."""

    t_s: tuple[float, ...]
    values: tuple[float, ...]


def write_score_curve(path: Path, curve: ScoreCurve) -> None:
    """Write it whole or not at all, rounded to milliseconds and thousandths. Raises MediaError."""
    content = {
        "version": VERSION,
        "alarm_level": ALARM_LEVEL,
        "t_s": [round(t_s, 3) for t_s in curve.t_s],
        "score": [round(value, 3) for value in curve.values],
    }
    write_atomically(path, orjson.dumps(content))


def read_score_curve(path: Path) -> ScoreCurve | None:
    """The curve that was written; None where there is none. Raises MediaError for a file that holds something else."""
    data = read_bounded(path, LARGEST_BYTES + 1)
    if data is None:
        return None
    try:
        content = orjson.loads(data)
        curve = ScoreCurve(tuple(map(float, content["t_s"])), tuple(map(float, content["score"])))
    except (ValueError, TypeError, KeyError) as error:
        raise MediaError(f"{path} is no score curve", hint="It was damaged; the event itself is as it was") from error
    if len(curve.t_s) != len(curve.values) or content.get("version") != VERSION:
        raise MediaError(f"{path} is no score curve that this Haetae can read", hint="Update Haetae")
    return curve
