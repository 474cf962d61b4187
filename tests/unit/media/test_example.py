"""The example beside an event's clip, on disk."""

from datetime import UTC, datetime

import orjson
import pytest

from haetae.domain.example import Compared, Example
from haetae.domain.fact import FactKind
from haetae.errors import MediaError
from haetae.media.example import read_example, write_example

EXAMPLE = Example(b"\xff\xd8picture", datetime(2026, 3, 1, 2, 3, tzinfo=UTC), (Compared(FactKind.SPEED, 3.6, 1.1, "body heights/s"),))


def test_it_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "examples" / "one.json"
    assert read_example(path) is None
    write_example(path, EXAMPLE)
    assert read_example(path) == EXAMPLE


@pytest.mark.parametrize(
    "changes", [{"version": 2}, {"seen_at": "once"}, {"picture": "\N{SNOWMAN}"}, {"compared": [{"kind": "mood"}]}, {"picture": None}]
)
def test_what_is_no_example_is_said(tmp_path, changes):
    path = tmp_path / "one.json"
    write_example(path, EXAMPLE)
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **changes}))
    with pytest.raises(MediaError, match=r"one\.json"):
        read_example(path)


def test_half_a_file_is_said(tmp_path):
    path = tmp_path / "one.json"
    write_example(path, EXAMPLE)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(MediaError, match="damaged|no example"):
        read_example(path)
