import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.clips import CAMERA, Studio, play
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.errors import MediaError
from haetae.media import clip_job
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.media.clip_job import ClipResult
from haetae.media.mp4 import CopyWriter
from haetae.media.ring import LateCause, packet_bytes


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """20 s, 25 pictures/s, a keyframe each second."""
    return read_packets(make_video(tmp_path_factory.mktemp("video") / "in.mp4", seconds=20, size=(160, 120)))


@pytest.fixture
def studio(tmp_path: Path, recording: Recording) -> Studio:
    studio = Studio(tmp_path / "storage")
    studio.recorder.stream(recording.info)
    return studio


class Stuck:
    """A disk that does not answer until `release` is set: stands before every write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release = threading.Event()
        self.reached = threading.Event()
        write = CopyWriter.write

        def stuck(writer: CopyWriter, packet: object) -> None:
            self.reached.set()
            assert self.release.wait(30)
            write(writer, packet)  # type: ignore[arg-type]

        monkeypatch.setattr(CopyWriter, "write", stuck)


def test_a_clip_has_pre_roll_event_and_post_roll(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=9.5)
    event_id = studio.begin(8.5)
    studio.push(recording.packets, start_s=9.5, end_s=11)
    studio.recorder.end(event_id, 10.0)
    studio.push(recording.packets, start_s=11)
    studio.recorder.close()

    result = studio.result(event_id)
    assert result.fault == ""
    assert (result.start_s, result.end_s) == pytest.approx((3.0, 15.08))
    assert result.started_at == recording.packets[75].captured_at
    assert result.path == StorageLayout(studio.root).clip(CAMERA, event_id, recording.packets[200].captured_at)
    played = play(studio.root / result.path)
    assert played.first_is_keyframe
    assert played.times == pytest.approx([index / 25 for index in range(302)], abs=1e-3)
    assert result.size_bytes == (studio.root / result.path).stat().st_size
    assert studio.files() == [studio.root / result.path]


def test_an_end_that_is_known_late_finishes_the_clip_at_once(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=6)
    event_id = studio.begin(5.0)
    studio.push(recording.packets, start_s=6, end_s=19)
    studio.recorder.end(event_id, 7.0)

    wait_until(lambda: studio.results, "the clip")
    assert studio.result(event_id).end_s == pytest.approx(19.0)
    studio.recorder.close()


def test_overlapping_and_touching_events_get_a_clip_each(studio: Studio, recording: Recording) -> None:
    studio.open(pre_roll_s=1, post_roll_s=1).stream(recording.info)
    studio.push(recording.packets, end_s=3)
    first = studio.begin(3.0)
    studio.push(recording.packets, start_s=3, end_s=5)
    second = studio.begin(5.0)
    studio.recorder.end(first, 5.0)
    studio.push(recording.packets, start_s=5, end_s=9)
    studio.recorder.end(second, 8.0)
    studio.push(recording.packets, start_s=9)
    studio.recorder.close()

    spans = [(studio.result(event).start_s, studio.result(event).end_s, studio.result(event).fault) for event in (first, second)]
    assert spans == [(2.0, pytest.approx(6.08), ""), (4.0, pytest.approx(9.08), "")]
    assert [len(play(path).times) for path in studio.files()] == [102, 127]


def test_an_event_at_the_start_of_a_stream_has_what_there_was_without_a_fault(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=1)
    event_id = studio.begin(0.5)
    studio.recorder.end(event_id, 0.9)
    studio.recorder.close()

    result = studio.result(event_id)
    assert (result.start_s, result.end_s, result.fault) == (0.0, pytest.approx(1.0), "")


def test_an_event_without_an_end_says_that_its_clip_ends_early(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    studio.recorder.close()

    result = studio.result(event_id)
    assert result.path is not None
    assert result.fault == "the clip ends before the event did: recording was stopped"


def test_a_reconnect_finishes_the_part_and_the_next_event_is_of_the_new_stream(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=8)
    cut = studio.begin(7.0)
    ended = studio.begin(6.0)
    studio.recorder.end(ended, 7.5)
    studio.recorder.stream(recording.info)
    studio.push(recording.packets, end_s=2)
    after = studio.begin(1.0)
    studio.recorder.end(cut, 1.0)
    studio.recorder.end(after, 1.5)
    studio.recorder.close()

    assert "ends before the event did: the connection was lost" in studio.result(cut).fault
    assert studio.result(cut).end_s == pytest.approx(8.0)
    assert studio.result(ended).fault == ""
    assert (studio.result(after).start_s, studio.result(after).fault) == (0.0, "")
    assert len([play(path) for path in studio.files()]) == 3


def test_a_lost_camera_does_not_keep_its_clip_open(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    studio.recorder.lost("the camera does not answer")

    wait_until(lambda: studio.results, "the clip of the lost camera")
    assert studio.result(event_id).fault.endswith("the camera does not answer")
    studio.recorder.close()


def test_a_pre_roll_that_memory_did_not_hold_is_named(studio: Studio, recording: Recording) -> None:
    second = sum(packet_bytes(packet) for packet in recording.packets[:25])
    studio.open(ring_bytes=2 * second).stream(recording.info)
    studio.push(recording.packets, end_s=10)
    event_id = studio.begin(9.9)
    studio.recorder.end(event_id, 9.95)
    studio.recorder.close()

    assert studio.result(event_id).path is not None
    assert LateCause.MEMORY in studio.result(event_id).fault
    assert studio.result(event_id).start_s >= 8.0


def test_a_stream_without_keyframes_is_no_clip_with_the_reason(studio: Studio, recording: Recording) -> None:
    studio.push([replace(packet, is_keyframe=False) for packet in recording.packets], end_s=10)
    event_id = studio.begin(9.0)
    studio.recorder.end(event_id, 9.5)
    studio.push([replace(packet, is_keyframe=False) for packet in recording.packets], start_s=10)

    wait_until(lambda: studio.results, "the result")
    assert (studio.result(event_id).path, studio.result(event_id).fault) == (None, f"no clip: {LateCause.NO_KEYFRAME}")
    assert studio.files() == []
    studio.recorder.close()


def test_a_disk_that_hangs_costs_packets_but_neither_the_camera_nor_the_clip(
    studio: Studio, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Stuck(monkeypatch)
    bound = sum(packet_bytes(packet) for packet in recording.packets[: 25 * 9])
    recorder = studio.open(queue_bytes=bound)
    recorder.stream(recording.info)
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    assert disk.reached.wait(30)
    studio.push(recording.packets, start_s=5, end_s=15.5)
    assert recorder.dropped_packets > 100
    assert recorder._queued_bytes <= bound

    disk.release.set()
    wait_until(lambda: recorder._queued_bytes == 0, "the queue to drain")
    studio.push(recording.packets, start_s=15.5)
    recorder.end(event_id, 19.0)
    recorder.close()

    result = studio.result(event_id)
    assert "s are missing inside the clip: the disk was too slow" in result.fault
    assert result.path is not None
    played = play(studio.root / result.path)
    assert len(played.times) == 500 - recorder.dropped_packets
    assert played.times[-1] == pytest.approx(19.96, abs=1e-3)


def test_a_disk_that_hangs_for_good_is_reported_at_close(studio: Studio, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Stuck(monkeypatch)
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    assert disk.reached.wait(30)
    thread = studio.recorder._thread
    studio.recorder.close(timeout_s=0.01)

    assert studio.result(event_id).path is None
    assert "the disk did not answer" in studio.result(event_id).fault

    disk.release.set()
    assert thread is not None
    thread.join(30)
    assert len(studio.results) == 1
    assert studio.files() == []


def test_one_clip_that_fails_takes_no_other_with_it(studio: Studio, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.push(recording.packets, end_s=5)
    bad = studio.begin(4.0)
    good = studio.begin(4.0)
    add = clip_job.ClipJob.add

    def failing(job: clip_job.ClipJob, packet: object) -> None:
        if job.request.event_id == bad:
            raise MediaError("cannot write in /data: the disk is full", hint="Free space")
        add(job, packet)  # type: ignore[arg-type]

    wait_until(lambda: studio.recorder._queued_bytes == 0, "the pre-rolls to be written")
    monkeypatch.setattr(clip_job.ClipJob, "add", failing)
    studio.push(recording.packets, start_s=5, end_s=8)
    studio.recorder.end(good, 6.0)
    studio.recorder.close()

    assert (studio.result(bad).path, studio.result(bad).fault) == (None, "no clip: cannot write in /data: the disk is full. Free space")
    assert studio.result(good).fault == ""
    assert studio.files() == [studio.root / str(studio.result(good).path)]


def test_an_unexpected_error_is_a_fault_on_the_event_too(studio: Studio, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(clip_job, "_open_track", broken)
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    studio.recorder.close()

    assert studio.result(event_id).fault == "no clip: a bug"
    assert studio.files() == []


def test_a_callback_that_fails_does_not_stop_the_recorder(tmp_path: Path, recording: Recording) -> None:
    told: list[ClipResult] = []

    def on_clip(result: ClipResult) -> None:
        told.append(result)
        raise RuntimeError("the database is away")

    studio = Studio(tmp_path)
    studio.recorder = ClipRecorder(CAMERA, StorageLayout(tmp_path), on_clip)
    studio.recorder.stream(recording.info)
    studio.push(recording.packets, end_s=5)
    first, second = studio.begin(3.0), studio.begin(4.0)
    studio.recorder.close()

    assert [result.event_id for result in told] == [first, second]


def test_begin_before_any_stream_and_after_close_is_answered(studio: Studio, recording: Recording) -> None:
    recorder = studio.open()
    early = studio.begin(1.0)
    studio.push(recording.packets, end_s=1)
    recorder.close()
    late = studio.begin(2.0)
    recorder.close()

    assert studio.result(early).path is None
    assert studio.result(late).fault == "no clip: recording has been stopped"


def test_beginning_twice_is_one_clip(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=5)
    event_id = studio.begin(4.0)
    studio.recorder.begin(event_id, 4.0, recording.packets[100].captured_at)
    studio.recorder.end(event_id, 4.5)
    studio.recorder.close()

    assert len(studio.results) == 1


def test_a_long_event_is_written_as_it_happens(studio: Studio, recording: Recording) -> None:
    studio.push(recording.packets, end_s=1)
    event_id = studio.begin(0.5)
    studio.push(recording.packets, start_s=1)
    wait_until(lambda: studio.recorder._queued_bytes == 0, "everything to be written")

    assert [path.name for path in studio.files()] == [f".{event_id}.mp4.part"]
    assert studio.files()[0].stat().st_size > 0
    studio.recorder.close()


def test_an_idle_recorder_has_no_thread_and_a_closed_one_has_none_left(studio: Studio, recording: Recording) -> None:
    before = threading.active_count()
    studio.push(recording.packets)
    assert threading.active_count() == before
    studio.begin(18.0)
    assert threading.active_count() == before + 1
    studio.recorder.close()
    assert threading.active_count() == before


def test_a_packet_without_data_changes_nothing(studio: Studio, recording: Recording, caplog: pytest.LogCaptureFixture) -> None:
    studio.push(recording.packets, end_s=3)
    event_id = studio.begin(2.0)
    with caplog.at_level(logging.ERROR):
        studio.recorder.push(replace(recording.packets[75], data=b""))
    studio.push(recording.packets, start_s=3, end_s=4)
    studio.recorder.end(event_id, 3.0)
    studio.recorder.close()

    assert studio.result(event_id).fault == ""
