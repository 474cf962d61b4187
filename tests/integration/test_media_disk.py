"""Disks that refuse, and processes that are killed in the middle of a clip."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.clips import Studio, play
from tests.support.packets import Recording, read_packets
from tests.support.video import make_video
from tests.support.waiting import wait_until

from haetae.errors import MediaError
from haetae.media.blobs import StorageLayout, write_atomically
from haetae.media.clip_job import ClipResult

PAGE = os.sysconf("SC_PAGE_SIZE")

RECORD = """
import resource, signal, sys
from pathlib import Path
from tests.support.clips import Studio
from tests.support.packets import read_packets
from tests.support.waiting import wait_until

recording = read_packets(Path(sys.argv[1]))
if sys.argv[3] == "limited":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
studio = Studio(Path(sys.argv[2]))
studio.recorder.stream(recording.info)
event_id = studio.begin(1.0)
studio.push(recording.packets)
if sys.argv[3] == "limited":
    studio.recorder.close()
    print(studio.result(event_id).path, studio.result(event_id).fault)
else:
    wait_until(lambda: studio.recorder._queued_bytes == 0, "everything to be written")
    print("written", flush=True)
    signal.pause()
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "in.mp4", seconds=8)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a tmpfs with these options, or remount it with others."""
    folder = tmp_path / "disk"

    def do(options: str) -> Path:
        folder.mkdir(exist_ok=True)
        action = f"remount,{options}" if folder.is_mount() else options
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", action, "tmpfs", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")
        return folder

    yield do
    if folder.is_mount():
        # Lazily, so that a test that fails with a file open leaves no mount behind that pytest cannot clear away.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def record(root: Path, recording: Recording) -> tuple[Studio, ClipResult]:
    studio = Studio(root)
    studio.recorder.stream(recording.info)
    event_id = studio.begin(1.0)
    studio.push(recording.packets)
    studio.recorder.end(event_id, 7.9)
    studio.recorder.close()
    return studio, studio.result(event_id)


@pytest.mark.parametrize("missing_pages", [1, 2, 3, 4, 6, 10, 20, 30, -1])
def test_a_full_disk_is_a_stated_fault_and_nothing_half_written_stays(
    mount: Callable[[str], Path], tmp_path: Path, video: Path, missing_pages: int
) -> None:
    """However much is missing, for the disk may fill up in the header, in the pictures, or while the index is written at the end."""
    recording = read_packets(video)
    whole = -(-record(tmp_path / "roomy", recording)[1].size_bytes // PAGE)
    room = whole - missing_pages if missing_pages > 0 else 1
    studio, result = record(mount(f"size={room * PAGE}"), recording)

    assert result.path is None
    assert "the disk is full. Free space, or lower the retention" in result.fault
    assert studio.files() == []


def test_the_next_clip_is_written_once_there_is_room_again(mount: Callable[[str], Path], video: Path) -> None:
    disk = mount("size=64k")
    recording = read_packets(video)
    assert record(disk, recording)[1].path is None
    mount("size=8m")
    _, result = record(disk, recording)

    assert result.fault == ""
    assert len(play(disk / str(result.path)).times) == 200


def test_a_read_only_disk_says_so(mount: Callable[[str], Path], video: Path) -> None:
    disk = mount("size=1m")
    mount("ro")
    _, result = record(disk, read_packets(video))

    assert result.path is None
    assert "the file system is read-only" in result.fault
    with pytest.raises(MediaError, match="read-only"):
        write_atomically(disk / "a.jpg", b"x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_says_whose_it_must_be(tmp_path: Path, video: Path) -> None:
    root = tmp_path / "storage"
    root.mkdir(mode=0o500)
    _, result = record(root, read_packets(video))

    assert result.path is None
    assert "no permission. Give the folder to the user that runs Haetae" in result.fault


def child(video: Path, root: Path, kind: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", RECORD, str(video), str(root), kind]
    return subprocess.Popen(arguments, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


def test_a_file_size_limit_is_a_stated_fault(tmp_path: Path, video: Path) -> None:
    output, _ = child(video, tmp_path / "storage", "limited").communicate(timeout=60)

    told = output.splitlines()[-1]
    assert told.startswith("None no clip: cannot write in")
    assert "larger than allowed. Raise the file size limit" in told
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []


def test_what_a_killed_process_left_is_removed_at_the_next_start_and_not_before(tmp_path: Path, video: Path) -> None:
    layout = StorageLayout(tmp_path / "storage")
    process = child(video, layout.root, "endless")
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    assert layout.clean_leftovers() == 0

    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert len([path for path in layout.root.rglob("*.part") if path.stat().st_size]) == 1
    assert layout.clean_leftovers() == 1
    assert [path for path in layout.root.rglob("*") if path.is_file()] == []


def test_descriptors_and_threads_stay_flat_when_every_clip_fails(mount: Callable[[str], Path], video: Path) -> None:
    disk = mount("size=64k")
    recording = read_packets(video)
    record(disk, recording)
    before = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    for _ in range(10):
        record(disk, recording)

    def went_back() -> bool:
        # What tests before this one left may end meanwhile.
        return len(os.listdir("/proc/self/fd")) <= before[0] and len(os.listdir("/proc/self/task")) <= before[1]

    wait_until(went_back, "descriptors and threads go back")
