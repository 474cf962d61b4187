"""The picture that goes out with a notice."""

from uuid import uuid4

import numpy as np
import pytest
from tests.support.events import make_event

from haetae.domain.event import SITE
from haetae.media.blobs import StorageLayout
from haetae.pipeline.event_picture import EventPictures
from haetae.pipeline.live_feed import LiveFeeds
from haetae.testing.clock import FakeClock


@pytest.fixture
def layout(tmp_path):
    return StorageLayout(tmp_path)


@pytest.fixture
def feeds():
    return LiveFeeds(FakeClock())


def stored(layout, event, content=b"jpeg"):
    name = layout.thumbnail(event.camera_id, event.id, event.timestamp)
    path = layout.path(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return name


def test_the_thumbnail_goes_out_once_it_is_there(layout, feeds):
    event = make_event()
    pictures = EventPictures(layout, feeds)
    assert pictures(make_event(thumbnail_path=stored(layout, event))) == b"jpeg"
    assert pictures(make_event(thumbnail_path=layout.thumbnail(uuid4(), uuid4(), event.timestamp))) is None, "it was deleted"
    assert pictures(make_event(media_bytes=0)) is None, "there is none, and what the camera shows now is something else"


def test_until_then_what_the_camera_shows_does(layout, feeds):
    class Picture:
        width, height, number = 32, 24, 1
        captured_at = make_event().timestamp

        def rgb(self):
            return np.zeros((24, 32, 3), np.uint8)

    event = make_event(media_bytes=None)
    pictures = EventPictures(layout, feeds)
    assert pictures(event) is None
    feeds.feed(event.camera_id).frame(Picture(), None)
    assert pictures(event)[:2] == b"\xff\xd8"
    feeds.feed(event.camera_id).lost()
    assert pictures(event) is None, "never a stale one"
    assert pictures(make_event(camera_id=SITE, media_bytes=None)) is None


@pytest.mark.parametrize("path", ["keys/site.key", "../../etc/passwd", "haetae.db", "states/x.state"])
def test_who_can_write_the_database_cannot_read_the_keys_with_it(layout, feeds, path):
    (layout.root / "keys").mkdir()
    (layout.root / "keys" / "site.key").write_bytes(b"key")
    assert EventPictures(layout, feeds)(make_event(thumbnail_path=path)) is None


def test_a_picture_that_is_too_large_for_a_mail_stays(layout, feeds):
    event = make_event()
    assert EventPictures(layout, feeds)(make_event(thumbnail_path=stored(layout, event, b"x" * (3 * 2**20)))) is None
