"""The most similar normal thing that a camera saw before an event: a small JSON file beside the event's clip, its picture inside."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from haetae.domain.example import Compared, Example
from haetae.domain.fact import FactKind
from haetae.errors import MediaError
from haetae.media.blobs import read_bounded, write_atomically

VERSION = 1
LARGEST_BYTES = 1024 * 1024


def write_example(path: Path, example: Example) -> None:
    """Write it whole or not at all. Raises MediaError."""
    content = {
        "version": VERSION,
        "seen_at": example.seen_at.isoformat(),
        "compared": [{"kind": each.kind, "now": each.now, "before": each.before, "unit": each.unit} for each in example.compared],
        "picture": base64.b64encode(example.picture).decode(),
    }
    write_atomically(path, orjson.dumps(content))


def read_example(path: Path) -> Example | None:
    """The example that was written; None where there is none. Raises MediaError for a file that holds something else."""
    data = read_bounded(path, LARGEST_BYTES + 1)
    if data is None:
        return None
    try:
        content = orjson.loads(data)
        if content["version"] != VERSION:
            raise MediaError(f"{path} is no example that this Haetae can read", hint="Update Haetae")
        picture = base64.b64decode(content["picture"], validate=True)
        return Example(picture, datetime.fromisoformat(content["seen_at"]), tuple(_compared(each) for each in content["compared"]))
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise MediaError(f"{path} is no example", hint="It was damaged; the event itself is as it was") from error


def _compared(content: Mapping[str, Any]) -> Compared:
    return Compared(FactKind(content["kind"]), float(content["now"]), float(content["before"]), str(content["unit"]))
