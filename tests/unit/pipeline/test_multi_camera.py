import threading
from dataclasses import dataclass, replace

import pytest
from tests.support.site_parts import make_camera

from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.errors import DatabaseUnavailable, UnknownCamera
from haetae.ids import new_id
from haetae.pipeline.multi_camera import MultiCameraManager
from haetae.testing.clock import FakeClock


@dataclass
class Row:
    config: CameraConfig


@dataclass
class BrokenRow:
    id: object
    error: str = "the zones cannot be read"


class MemoryStore:
    """The cameras of a database in memory; away when told so."""

    def __init__(self, *cameras):
        self.rows = {camera.id: camera for camera in cameras}
        self.broken = {}
        self.away = False

    def read_all(self):
        if self.away:
            raise DatabaseUnavailable("the database cannot be used")
        return [Row(config) for config in self.rows.values() if config.id not in self.broken], list(self.broken.values())

    def add(self, config):
        self.rows[config.id] = config

    def change(self, camera_id, change):
        self.rows[camera_id] = change(self._find(camera_id))

    def set_enabled(self, camera_id, enabled):
        self.rows[camera_id] = replace(self._find(camera_id), enabled=enabled)

    def remove(self, camera_id):
        self._find(camera_id)
        del self.rows[camera_id]

    def _find(self, camera_id):
        if camera_id not in self.rows:
            raise UnknownCamera("no such camera")
        return self.rows[camera_id]


class FakePipeline:
    """Notes what it was told; `log` is shared by all."""

    def __init__(self, camera, log):
        self.camera, self.log = camera, log
        self.running = False
        self.ended = True
        self.checks = 0
        self.crash = False

    @property
    def id(self):
        return self.camera.id

    @property
    def status(self):
        return CameraStatus(self.id, CameraState.CONNECTING if self.running else CameraState.STOPPED, name=self.camera.name)

    def start(self, delay_s=0.0):
        self.running = True
        self.log.append(("start", self.camera.name, round(delay_s, 2)))

    def stop(self):
        self.running = False
        self.log.append(("stop", self.camera.name))

    def change(self, camera):
        self.camera = camera
        self.log.append(("change", camera.name))

    def join(self, _timeout_s):
        return self.ended

    def relearn(self):
        self.log.append(("relearn", self.camera.name))

    def check(self):
        self.checks += 1
        if self.crash:
            raise ZeroDivisionError


class OneManager:
    def __init__(self, *cameras, max_cameras=16):
        self.store = MemoryStore(*cameras)
        self.log = []
        self.pipelines = {}
        self.removed = []
        self.manager = MultiCameraManager(
            self.store, self._make, max_cameras=max_cameras, clock=FakeClock(), removed=self.removed.append, stagger_s=0.5
        )

    def _make(self, camera):
        self.pipelines[camera.id] = FakePipeline(camera, self.log)
        return self.pipelines[camera.id]

    def state(self, camera):
        return self.manager.get_camera_status(camera.id).state


def test_enabled_cameras_are_restored_one_after_the_other():
    cameras = [make_camera(name, enabled=name != "b") for name in "abc"]
    one = OneManager(*cameras)
    one.manager.reconcile()
    assert one.log == [("start", "a", 0.0), ("start", "c", 0.5)]
    assert [status.name for status in one.manager.statuses()] == ["a", "b", "c"]
    assert one.state(cameras[1]) is CameraState.STOPPED


def test_reconciling_again_changes_nothing():
    one = OneManager(make_camera("a"))
    one.manager.reconcile()
    one.log.clear()
    one.manager.reconcile()
    assert one.log == []


def test_what_another_process_changed_takes_effect():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    one.store.rows[camera.id] = replace(camera, name="b", enabled=False)
    one.manager.reconcile()
    assert one.log == [("start", "a", 0.0), ("change", "b"), ("stop", "b")]
    one.store.rows[camera.id] = replace(camera, name="b")
    one.manager.reconcile()
    assert one.log[-1] == ("start", "b", 0.0)


def test_adding_updating_stopping_starting_and_removing():
    camera = make_camera("a")
    one = OneManager()
    assert one.manager.add_camera(camera) == camera.id
    assert one.state(camera) is CameraState.CONNECTING
    one.manager.update_camera(replace(camera, name="b"))
    assert one.manager.get_camera_status(camera.id).name == "b"
    one.manager.stop_camera(camera.id)
    one.manager.stop_camera(camera.id)
    assert one.state(camera) is CameraState.STOPPED
    assert one.store.rows[camera.id].enabled is False
    one.manager.start_camera(camera.id)
    assert one.state(camera) is CameraState.CONNECTING
    one.manager.remove_camera(camera.id)
    with pytest.raises(UnknownCamera, match="camera list"):
        one.manager.get_camera_status(camera.id)
    assert one.log[-1] == ("stop", "b")


def test_an_unknown_camera_is_said_to_be_unknown():
    one = OneManager()
    for call in (one.manager.start_camera, one.manager.stop_camera, one.manager.remove_camera, one.manager.get_camera_status):
        with pytest.raises(UnknownCamera):
            call(new_id())


def test_a_removed_camera_is_told_of_once_its_thread_has_ended():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    one.pipelines[camera.id].ended = False
    one.manager.remove_camera(camera.id)
    assert one.removed == []
    one.pipelines[camera.id].ended = True
    one.manager.reconcile()
    one.manager.reconcile()
    assert one.removed == [camera.id]


def test_a_removed_camera_is_looked_at_once_more_so_that_an_alarm_about_it_ends():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    pipeline = one.pipelines[camera.id]
    assert (pipeline.running, pipeline.checks) == (True, 0)
    one.manager.remove_camera(camera.id)
    assert (pipeline.running, pipeline.checks) == (False, 1)
    one.manager.check()
    assert pipeline.checks == 1, "it is gone"


def test_cameras_beyond_the_limit_say_so_and_those_that_run_go_on():
    cameras = [make_camera(name) for name in "abc"]
    one = OneManager(*cameras, max_cameras=2)
    one.manager.reconcile()
    assert [one.state(camera) for camera in cameras] == [CameraState.CONNECTING, CameraState.CONNECTING, CameraState.FAILED]
    assert "site.max_cameras" in one.manager.get_camera_status(cameras[2].id).cause
    assert len(one.manager.statuses()) == 3
    one.manager.stop_camera(cameras[0].id)
    assert one.state(cameras[2]) is CameraState.CONNECTING


def test_a_row_that_cannot_be_read_is_that_cameras_failure_alone_and_does_not_stop_it():
    good, bad = make_camera("good"), make_camera("bad")
    one = OneManager(good, bad)
    one.manager.reconcile()
    one.store.broken[bad.id] = BrokenRow(bad.id)
    one.manager.reconcile()
    assert one.state(bad) is CameraState.FAILED
    assert one.pipelines[bad.id].running
    assert one.state(good) is CameraState.CONNECTING


def test_while_the_database_is_away_everything_goes_on_as_it_is():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    one.store.away = True
    with pytest.raises(DatabaseUnavailable):
        one.manager.reconcile()
    assert one.state(camera) is CameraState.CONNECTING


def test_a_watchdog_that_fails_for_one_camera_looks_after_the_others():
    one = OneManager(make_camera("a"), make_camera("b"))
    one.manager.reconcile()
    first, second = one.pipelines.values()
    first.crash = True
    one.manager.check()
    assert second.checks == 1


def test_closing_stops_all_and_nothing_starts_afterwards():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    assert one.manager.close()
    assert one.state(camera) is CameraState.STOPPED
    one.store.rows[camera.id] = replace(camera, name="b")
    one.manager.reconcile()
    one.manager.start_camera(camera.id)
    assert one.log[-1] == ("stop", "a")


def test_closing_says_what_did_not_end():
    camera = make_camera("a")
    one = OneManager(camera)
    one.manager.reconcile()
    one.pipelines[camera.id].ended = False
    assert one.manager.close(0.1) is False


def test_many_threads_at_once_start_each_camera_once():
    cameras = [make_camera(f"camera {number}") for number in range(8)]
    one = OneManager()
    barrier = threading.Barrier(8)

    def add(camera):
        barrier.wait()
        one.manager.add_camera(camera)
        one.manager.reconcile()

    threads = [threading.Thread(target=add, args=(camera,)) for camera in cameras]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry[1] for entry in one.log) == sorted(camera.name for camera in cameras)
    assert all(entry[0] == "start" for entry in one.log)


def test_one_camera_is_told_to_learn_anew_and_an_unknown_one_is_named():
    cameras = [make_camera(name) for name in "ab"]
    one = OneManager(*cameras)
    one.manager.reconcile()
    one.manager.relearn_camera(cameras[1].id)
    assert one.log[-1] == ("relearn", "b")
    with pytest.raises(UnknownCamera):
        one.manager.relearn_camera(new_id())
