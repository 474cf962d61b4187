"""The pictures that a model is shown of an event: the right moments, nothing private, kept as they were sent."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.support.look_clips import recorded, time_of

from haetae.domain.event import EventKind
from haetae.domain.triage import Job, Place
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import ConfigError, DatabaseUnavailable
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import media_files
from haetae.media.looks import read_look
from haetae.pipeline.event_looks import EventLooks, onset_in_clip
from haetae.pipeline.live_feed import LiveFeeds
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_source import scripted_frame

CAMERA = new_id()


class Scene:
    def __init__(self, folder, place=Place()):  # noqa: B008 (frozen)
        self.layout = StorageLayout(folder)
        self.feeds = LiveFeeds(FakeClock())
        self.place = place
        self.looks = EventLooks(self.layout, self.feeds, self._place, frames=6, frame_side=160)

    def _place(self, _camera_id):
        if isinstance(self.place, Exception):
            raise self.place
        return self.place


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def shown(picture):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("early_s", [0.0, 1.6])
def test_pictures_are_of_the_times_that_they_say(scene, early_s):
    job = recorded(scene.layout, CAMERA, early_s=early_s)
    pictures = scene.looks.pictures(job)
    whole = [each for each in pictures if not each.detail]
    assert len(whole) == 6
    assert whole[0].t_s == pytest.approx(-1.5, abs=0.15), "before it began"
    assert whole[-1].t_s == pytest.approx(6.0, abs=0.15), "its end"
    assert any(abs(each.t_s) < 0.15 for each in whole), "its onset"
    assert sum(2.4 <= each.t_s <= 3.6 for each in whole) >= 2, "where the score was high"
    for each in whole:
        assert time_of(shown(each)) == pytest.approx(early_s + 5.0 + each.t_s, abs=0.35)
    [detail] = [each for each in pictures if each.detail]
    assert detail.t_s == pytest.approx(3.0, abs=0.15), "the region is enlarged at the peak"


def test_what_is_private_is_black_before_anybody_sees_it(tmp_path):
    zone = Zone("window", ZoneKind.PRIVACY, ((0.0, 0.0), (1.0, 0.0), (1.0, 0.45), (0.0, 0.45)))
    scene = Scene(tmp_path, Place(zones=(zone,)))
    pictures = scene.looks.pictures(recorded(scene.layout, CAMERA))
    assert pictures
    for each in pictures:
        if not each.detail:
            assert shown(each)[:38].max() < 12
            assert shown(each)[60:].max() > 60


@pytest.mark.parametrize("place", [None, ConfigError("the zones cannot be read")])
def test_where_nobody_knows_what_is_private_nothing_is_shown(tmp_path, place):
    scene = Scene(tmp_path, place)
    assert scene.looks.pictures(recorded(scene.layout, CAMERA)) == ()


def test_a_database_that_is_away_is_not_taken_for_a_place_without_privacy(tmp_path):
    scene = Scene(tmp_path, DatabaseUnavailable("away"))
    with pytest.raises(DatabaseUnavailable):
        scene.looks.pictures(recorded(scene.layout, CAMERA))


def test_an_event_without_a_clip_or_with_one_that_is_gone_shows_nothing(scene):
    job = recorded(scene.layout, CAMERA)
    assert scene.looks.pictures(replace(job, event=replace(job.event, clip_path=None))) == ()
    assert scene.looks.pictures(replace(job, media_deleted=True)) == ()
    scene.layout.path(job.event.clip_path).write_bytes(b"no video")
    assert scene.looks.pictures(job) == ()
    scene.layout.path(job.event.clip_path).unlink()
    assert scene.looks.pictures(job) == ()
    assert scene.looks.pictures(replace(job, event=replace(job.event, clip_path="../../etc/passwd"))) == ()


def test_an_event_that_goes_on_shows_what_its_camera_shows_now(scene):
    job = recorded(scene.layout, CAMERA)
    going = Job(replace(job.event, onset_s=1.0, clip_path=None), "gate", job.queued_at, settled=False)
    assert scene.looks.pictures(going) == ()
    frame = scripted_frame(25, luma=np.random.default_rng(1).integers(0, 255, (90, 160), dtype=np.uint8))
    scene.feeds.feed(CAMERA).frame(frame, None)
    pictures = scene.looks.pictures(going)
    assert [each.t_s for each in pictures if not each.detail] == [1.5]


def test_what_was_sent_is_kept_and_counted(scene):
    job = recorded(scene.layout, CAMERA)
    pictures = scene.looks.pictures(job)
    grown = scene.looks.keep(job, pictures[:2])
    path = scene.layout.path(scene.layout.looked_at(CAMERA, job.event.id, job.event.timestamp))
    assert grown == path.stat().st_size
    assert [read_look(path, number) for number in (1, 2, 3)] == [pictures[0].data, pictures[1].data, None]
    assert scene.looks.keep(job, pictures[:1]) < 0, "a newer look takes its place"
    assert "looks" in {file.kind for file in media_files(scene.layout)}, "retention and the sweep know of it"
    assert scene.looks.keep(job, ()) == 0
    assert scene.looks.keep(replace(job, media_deleted=True), pictures) == 0


@pytest.mark.parametrize(
    ("length_s", "lasted_s", "faulty", "onset_s"),
    [(16.0, 6.0, False, 5.0), (17.3, 6.0, False, 6.3), (4.0, 6.0, True, 4.0), (8.0, 6.0, True, 5.0), (0.0, 6.0, False, 0.0)],
)
def test_an_event_is_found_in_its_clip_from_the_end_or_where_that_is_missing_from_the_pre_roll(length_s, lasted_s, faulty, onset_s):
    assert onset_in_clip(length_s, lasted_s, 5.0, 5.0, faulty=faulty) == pytest.approx(onset_s)


def test_a_camera_that_stays_covered_is_looked_at_in_the_part_that_was_recorded(scene):
    job = recorded(scene.layout, CAMERA, lasted_s=20.0)
    long = replace(job.event, kind=EventKind.TAMPER, subtype="covered", end_s=job.event.onset_s + 3600.0)
    pictures = scene.looks.pictures(replace(job, event=long))
    assert max(each.t_s for each in pictures) == pytest.approx(20.0, abs=0.3)
