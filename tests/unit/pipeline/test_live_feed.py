import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.support.live_camera import looked_at, picture_of
from tests.support.watched_camera import WatchedCamera

from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import CameraOffline, SourceUnavailable, TooManyRequests
from haetae.ids import new_id
from haetae.media.live_viewer import Ended
from haetae.pipeline.live_feed import CameraFeed, LiveFeeds
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_source import ScriptedSource, scripted_frame

PRIVATE = Zone("window", ZoneKind.PRIVACY, ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def feed(clock):
    return CameraFeed(new_id(), clock)


def test_the_newest_picture_and_its_score_are_shown(feed):
    feed.frame(*looked_at(1))
    feed.frame(*looked_at(2, score=0.3))
    frame, score = feed.newest()

    assert (frame.number, score.value) == (2, 0.3)
    assert feed.picture().number == 2


def test_a_stale_picture_is_never_shown(feed, clock):
    feed.frame(*looked_at(1))
    clock.advance(4.9)
    assert feed.newest()[0].number == 1
    clock.advance(0.2)

    with pytest.raises(CameraOffline, match="5 s old"):
        feed.newest()
    assert feed.age_s == pytest.approx(5.1)


def test_a_camera_that_is_looked_at_rarely_is_live_for_longer(feed, clock):
    for number in range(3):
        feed.frame(*looked_at(number))
        clock.advance(4.0)
    clock.advance(5.0)
    assert feed.newest()[0].number == 2

    clock.advance(2.0)
    with pytest.raises(CameraOffline):
        feed.newest()


def test_a_pause_does_not_make_a_camera_rare(feed, clock):
    feed.frame(*looked_at(0))
    clock.advance(3600)
    feed.frame(*looked_at(1))
    clock.advance(13)

    with pytest.raises(CameraOffline):
        feed.newest()


def test_pictures_of_several_widths_are_made_once_each(feed):
    made = []
    frame, score = looked_at(7)

    def rgb():
        made.append(1)
        return picture_of(7)

    feed.frame(replace(frame, rgb=rgb), score)
    found = [feed.picture(width) for width in (160, None, 160, 5000, 80)]

    assert [(picture.width, picture.height) for picture in found] == [(160, 120), (320, 240), (160, 120), (320, 240), (80, 60)]
    assert len(made) == 3
    assert found[0] is found[2]


def test_a_picture_is_encoded_by_one_thread_while_the_others_wait_for_it(feed):
    made = []
    frame, score = looked_at(7)
    begun = threading.Barrier(4)

    def rgb():
        made.append(1)
        return picture_of(7)

    def look():
        begun.wait(10)
        feed.picture(100)

    feed.frame(replace(frame, rgb=rgb), score)
    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(made) == 1


def test_who_watches_is_woken_by_each_picture_and_by_the_loss(feed):
    woken = []

    def wake():
        woken.append(feed.age_s)

    feed.watch(wake)
    feed.frame(*looked_at(1))
    feed.frame(*looked_at(2))
    feed.lost()
    assert len(woken) == 3

    feed.unwatch(wake)
    feed.frame(*looked_at(3))
    assert len(woken) == 3


def test_a_new_private_zone_hides_the_picture_of_before(feed):
    feed.frame(*looked_at(1))
    feed.conceal(True)

    with pytest.raises(CameraOffline):
        feed.newest()


def test_feeds_are_made_for_cameras_and_only_found_for_who_asks(clock):
    feeds = LiveFeeds(clock)
    camera_id = new_id()
    assert feeds.find(camera_id) is None
    feed = feeds.feed(camera_id)
    assert feeds.find(camera_id) is feed is feeds.feed(camera_id)

    feeds.forget(camera_id)
    assert feeds.find(camera_id) is None


def test_the_places_are_given_back_and_one_person_has_at_most_half(clock):
    feeds = LiveFeeds(clock, max_viewers=4)
    one, two, three = new_id(), new_id(), new_id()

    with feeds.viewing(one), feeds.viewing(one):
        with pytest.raises(TooManyRequests), feeds.viewing(one):
            pass
        with feeds.viewing(two), feeds.viewing(two), pytest.raises(TooManyRequests), feeds.viewing(three):
            pass
    with feeds.viewing(one), feeds.viewing(one), feeds.viewing(three):
        pass


def ignore():
    pass


SCENE = np.random.default_rng(1).integers(1, 255, (60, 90), np.uint8)


def frames(count):
    return [scripted_frame(number, luma=SCENE) for number in range(count)]


class RecordingFeed:
    def __init__(self):
        self.told = []

    def stream(self, info):
        self.told.append("stream")

    def packet(self, packet):
        self.told.append("packet")

    def frame(self, frame, score):
        self.told.append("learned" if score is None else "judged")

    def lost(self):
        self.told.append("lost")

    def conceal(self, concealed):
        self.told.append(f"conceal {concealed}")


def test_a_camera_tells_its_feed_of_every_connection_packet_and_picture(tmp_path):
    feed = RecordingFeed()
    first = ScriptedSource(frames(30), live=True, then=SourceUnavailable("gone"))
    bench = WatchedCamera(tmp_path, [ScriptedSource(frames(3)), first].pop, feed=feed)
    bench.system.run()

    assert feed.told[:4] == ["conceal False", "stream", "packet", "learned"]
    assert feed.told.count("packet") == 33
    assert feed.told.count("learned") + feed.told.count("judged") == 33
    assert feed.told[-8:] == ["stream", "packet", "judged", "packet", "judged", "packet", "judged", "lost"]
    assert feed.told.count("stream") == feed.told.count("lost") == 2


def test_the_picture_of_a_camera_is_black_where_it_is_private_and_its_stream_goes_to_nobody(tmp_path):
    seen = []

    def look(bench):
        if bench.feed.age_s is not None:
            seen.append((bench.feed.newest()[0], bench.feed.join(ignore).take()))

    bench = WatchedCamera(tmp_path, [ScriptedSource(frames(30))].pop, zones=(PRIVATE,), look=look)
    bench.system.run()

    frame, stream = seen[-1]
    assert not frame.luma[:, :44].any()
    assert not frame.rgb()[:, :44].any()
    assert frame.luma[:, 50:].any()
    assert stream is Ended.CONCEALED


def test_a_private_zone_that_is_drawn_takes_effect_at_once(tmp_path):
    ends = []

    def look(bench):
        if not ends:
            ends.append(bench.feed.info)
            bench.system.change(replace(bench.camera, zones=(PRIVATE,)))
            ends.append(bench.feed.join(ignore).take())

    WatchedCamera(tmp_path, [ScriptedSource(frames(30))].pop, look=look).system.run()

    assert ends[0] is not None
    assert ends[1] is Ended.CONCEALED


def test_a_thread_that_was_given_up_shows_nothing_more(tmp_path):
    feed = RecordingFeed()
    WatchedCamera(tmp_path, [ScriptedSource(frames(30))].pop, feed=feed, look=lambda bench: bench.system.abandon()).system.run()

    assert feed.told[-1] == "lost"
    assert feed.told.count("lost") == 1


def test_a_connection_that_is_over_shows_nothing(tmp_path):
    bench = WatchedCamera(tmp_path, [ScriptedSource(frames(30))].pop)
    bench.system.run()

    with pytest.raises(CameraOffline):
        bench.feed.newest()
    assert bench.feed.info is None
    assert bench.feed.join(ignore).take() is Ended.OFFLINE
