import errno
import os
import subprocess
import sys
import threading

import pytest

from haetae.database import journal as module
from haetae.database.journal import MAX_LINE_BYTES, FolderLock, Journal, Position, segment_path, segments
from haetae.errors import JournalFull, StorageError


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path, segment_bytes=100)
    yield journal
    journal.close()


def content(folder):
    return [segment_path(folder, number).read_bytes() for number in segments(folder)]


def test_a_line_is_in_the_file_when_append_returns(tmp_path, journal):
    assert journal.append(b'{"a":1}') == Position(1, 8)
    assert content(tmp_path) == [b'{"a":1}\n']
    assert journal.end == Position(1, 8)
    assert journal.accepted == 1


def test_files_are_rotated_at_the_size_and_a_line_is_never_split(tmp_path, journal):
    for number in range(10):
        journal.append(b"%039d" % number)
    journal.sync()
    assert segments(tmp_path) == [1, 2, 3, 4]
    assert b"".join(content(tmp_path)).split() == [b"%039d" % number for number in range(10)]
    assert all(part.endswith(b"\n") for part in content(tmp_path))


def test_each_opening_starts_a_new_file_and_an_empty_one_goes_at_the_close(tmp_path):
    segment_path(tmp_path, 7).write_bytes(b'{"torn')
    journal = Journal(tmp_path)
    journal.append(b"{}")
    journal.close()
    Journal(tmp_path).close()
    assert segments(tmp_path) == [7, 8]
    assert content(tmp_path) == [b'{"torn', b"{}\n"]


def test_threads_never_mix_their_lines(tmp_path, journal):
    def write(letter):
        for _ in range(200):
            journal.append(letter * 30)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = b"".join(content(tmp_path)).split()
    assert sorted(lines) == sorted([letter * 30 for letter in (b"a", b"b", b"c") for _ in range(200)])
    assert journal.accepted == 600


def test_what_was_written_of_a_refused_line_is_taken_back(tmp_path, journal, monkeypatch):
    journal.append(b"first")
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:3]))
    with pytest.raises(JournalFull, match="not accepted"):
        journal.append(b"second")
    monkeypatch.undo()
    journal.append(b"third")
    assert content(tmp_path) == [b"first\nthird\n"]
    assert journal.accepted == 2


def test_a_disk_that_takes_nothing_refuses_the_line_and_the_journal_goes_on_later(tmp_path, journal, monkeypatch):
    def refuse(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "write", refuse)
    with pytest.raises(JournalFull, match="No space left"):
        journal.append(b"second")
    monkeypatch.undo()
    journal.append(b"third")
    assert content(tmp_path) == [b"third\n"]


def test_a_rest_that_cannot_be_taken_back_gets_a_line_of_its_own(tmp_path, journal, monkeypatch):
    journal.append(b"first")
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: real(file, data[:3]))

    def refuse(file, size):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module.os, "ftruncate", refuse)
    with pytest.raises(JournalFull):
        journal.append(b"second")
    monkeypatch.undo()
    end = journal.append(b"third")
    assert content(tmp_path) == [b"first\nsec\nthird\n"]
    assert end == journal.end == Position(1, 16)


def test_a_new_file_that_cannot_be_made_leaves_the_old_one_in_use(tmp_path, journal, monkeypatch):
    for number in range(3):
        journal.append(b"%039d" % number)

    def refuse(folder, number):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(module, "_create", refuse)
    journal.append(b"fourth")
    assert segments(tmp_path) == [1]
    assert content(tmp_path)[0].endswith(b"fourth\n")


def test_sync_reaches_every_file_that_was_written_and_the_folder(tmp_path, monkeypatch):
    journal = Journal(tmp_path, segment_bytes=10)
    synced = []
    name = lambda file: os.path.basename(os.readlink(f"/proc/self/fd/{file}"))  # noqa: E731
    monkeypatch.setattr(module.os, "fdatasync", lambda file: synced.append(name(file)))
    monkeypatch.setattr(module.os, "fsync", lambda file: synced.append(name(file)))
    for _ in range(3):
        journal.append(b"0123456789")
    assert journal.unsynced
    journal.sync()
    assert synced == ["events-00000001.jsonl", "events-00000002.jsonl", "events-00000003.jsonl", tmp_path.name]
    assert not journal.unsynced
    journal.sync()
    assert len(synced) == 4
    journal.close()


def test_a_sync_that_fails_is_owed_again(journal, monkeypatch):
    journal.append(b"x")

    def refuse(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module.os, "fdatasync", refuse)
    with pytest.raises(OSError, match="Input/output"):
        journal.sync()
    assert journal.unsynced
    monkeypatch.undo()
    journal.sync()
    assert not journal.unsynced


def test_an_endless_event_and_a_closed_journal_are_refused(tmp_path):
    journal = Journal(tmp_path)
    with pytest.raises(StorageError, match="too long"):
        journal.append(b"x" * (MAX_LINE_BYTES + 1))
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.append(b"x")


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(StorageError, match=rf"in use by another Haetae \(process {os.getpid()}\)"):
        FolderLock(tmp_path)
    code = f"from pathlib import Path; from haetae.database.journal import FolderLock; FolderLock(Path({str(tmp_path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"in use by another Haetae (process {os.getpid()})" in other.stderr
    lock.release()
    FolderLock(tmp_path).release()
