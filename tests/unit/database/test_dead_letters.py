import os

import orjson
import pytest
from tests.support.events import ONSET

from haetae.database import dead_letters as module
from haetae.database.dead_letters import DeadLetter, DeadLetterFile
from haetae.errors import StorageError


def test_a_letter_carries_the_event_the_reason_and_the_time(tmp_path):
    file = DeadLetterFile(tmp_path)
    file.write([DeadLetter(b'{"id":1}', "too large"), DeadLetter(b'{"id":', "torn \xff")], at=ONSET)
    file.write([DeadLetter(b"\xff", "no text")], at=ONSET)
    lines = [orjson.loads(line) for line in file.path.read_bytes().splitlines()]
    assert [line["event"] for line in lines] == [{"id": 1}, '{"id":', "\ufffd"]
    assert lines[0]["reason"] == "too large"
    assert lines[0]["at"] == "2026-03-01T12:00:00.123456+00:00"


def test_a_letter_that_does_not_fit_is_taken_back_and_reported(tmp_path, monkeypatch):
    file = DeadLetterFile(tmp_path)
    file.write([DeadLetter(b"{}", "first")], at=ONSET)
    before = file.path.read_bytes()
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda descriptor, data: real(descriptor, data[:5]))
    with pytest.raises(StorageError, match="no space left"):
        file.write([DeadLetter(b"{}", "second")], at=ONSET)
    assert file.path.read_bytes() == before
