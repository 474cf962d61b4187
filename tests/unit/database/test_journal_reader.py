import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.database import journal_reader
from haetae.database.journal import START, Journal, Position, segment_path, segments
from haetae.database.journal_reader import Checkpoint, JournalReader, count_lines, remove_stored


def write(folder, number, data):
    segment_path(folder, number).write_bytes(data)


def read_all(folder, end, limit=3, start=START):
    reader, lines = JournalReader(folder, start), []
    while batch := reader.read(end, limit):
        assert len(batch) <= limit
        lines += batch
    assert reader.position == end
    return lines


def test_lines_come_in_order_over_all_files(tmp_path):
    journal = Journal(tmp_path, segment_bytes=30)
    written = [b"line %d" % number for number in range(20)]
    for line in written:
        journal.append(line)
    assert [line.data for line in read_all(tmp_path, journal.end)] == written
    assert count_lines(tmp_path, START, journal.end) == 20
    journal.close()


def test_every_line_tells_where_to_go_on(tmp_path):
    journal = Journal(tmp_path, segment_bytes=30)
    for number in range(20):
        journal.append(b"line %d" % number)
    lines = read_all(tmp_path, journal.end)
    for index, line in enumerate(lines):
        rest = read_all(tmp_path, journal.end, start=line.after)
        assert [other.data for other in rest] == [other.data for other in lines[index + 1 :]]
        assert count_lines(tmp_path, line.after, journal.end) == len(rest)
    journal.close()


def test_the_reader_follows_a_journal_that_grows(tmp_path):
    journal = Journal(tmp_path)
    reader = JournalReader(tmp_path, journal.end)
    assert reader.read(journal.end, 10) == []
    journal.append(b"one")
    journal.append(b"two")
    assert [line.data for line in reader.read(journal.end, 1)] == [b"one"]
    journal.append(b"three")
    assert [line.data for line in reader.read(journal.end, 10)] == [b"two", b"three"]
    journal.close()


def test_the_torn_end_of_a_killed_process_is_reported_and_skipped(tmp_path):
    write(tmp_path, 1, b'{"a":1}\n{"b":')
    write(tmp_path, 2, b"")
    write(tmp_path, 4, b'{"c":3}\n')
    lines = read_all(tmp_path, Position(4, 8))
    assert [(line.data, line.complete) for line in lines] == [(b'{"a":1}', True), (b'{"b":', False), (b'{"c":3}', True)]


def test_a_position_before_a_removed_file_goes_on_with_the_next(tmp_path):
    write(tmp_path, 5, b"five\n")
    assert [line.data for line in read_all(tmp_path, Position(6, 0), start=Position(2, 17))] == [b"five"]


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda data: b"\n" not in data), max_size=30), st.integers(1, 20), st.integers(1, 7)
)
def test_any_lines_are_read_whole_whatever_the_piece_size(tmp_path_factory, lines, piece, limit):
    folder = tmp_path_factory.mktemp("journal")
    write(folder, 1, b"".join(line + b"\n" for line in lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_reader, "_PIECE", piece)
        read = read_all(folder, Position(1, sum(len(line) + 1 for line in lines)) if lines else Position(2, 0), limit)
    assert [line.data for line in read] == lines


def test_garbage_without_an_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_reader, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(journal_reader, "_PIECE", 500)
    write(tmp_path, 1, b"\x00" * 100_000)
    lines = read_all(tmp_path, Position(2, 0))
    assert sum(len(line.data) for line in lines) == 100_000
    assert max(len(line.data) for line in lines) <= 3000


def test_a_checkpoint_comes_back_and_never_lies_behind_its_file(tmp_path):
    write(tmp_path, 3, b"0123456789")
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.load(tmp_path) == START
    checkpoint.save(Position(3, 7))
    assert checkpoint.load(tmp_path) == Position(3, 7)
    checkpoint.save(Position(3, 70))
    assert checkpoint.load(tmp_path) == Position(3, 10)


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"[1]", b'{"segment":"x","offset":1}', b'{"segment":1}'])
def test_a_damaged_checkpoint_means_that_everything_is_offered_again(tmp_path, data):
    (tmp_path / "checkpoint.json").write_bytes(data)
    assert Checkpoint(tmp_path).load(tmp_path) == START


def test_stored_files_stay_as_the_log_up_to_a_number_and_unstored_ones_always(tmp_path):
    for number in range(1, 9):
        write(tmp_path, number, b"x\n")
    assert remove_stored(tmp_path, Position(6, 1), keep=2) == 3
    assert segments(tmp_path) == [4, 5, 6, 7, 8]
    assert remove_stored(tmp_path, Position(6, 1), keep=2) == 0
