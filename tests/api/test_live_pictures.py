from dataclasses import dataclass
from uuid import UUID

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.support.api import client, make_app
from tests.support.live_camera import looked_at, picture_of

from haetae.api.routers import live_pictures
from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.ids import new_id
from haetae.pipeline.live_feed import CameraFeed, LiveFeeds
from haetae.testing.clock import FakeClock

CAMERA = UUID("01890000-0000-7000-8000-000000000001")
GUARD = Viewer(new_id(), "guard", Role.VIEWER, {CAMERA: AccessLevel.VIEW})
STRANGER = Viewer(new_id(), "stranger", Role.OPERATOR, {new_id(): AccessLevel.ADMIN})
OWNER = Viewer(new_id(), "owner", Role.ADMIN)


@dataclass
class Place:
    clock: FakeClock
    feeds: LiveFeeds
    feed: CameraFeed
    guard: TestClient

    def ask_as(self, viewer: Viewer | None) -> TestClient:
        return client(self.guard.app, viewer)  # type: ignore[arg-type]


@pytest.fixture
def place() -> Place:
    clock = FakeClock()
    feeds = LiveFeeds(clock, max_viewers=4)
    app = make_app(live_pictures.router, viewers=(GUARD, STRANGER, OWNER), feeds=feeds)
    return Place(clock, feeds, feeds.feed(CAMERA), client(app, GUARD))


def url(what: str, camera_id: UUID = CAMERA) -> str:
    return f"/api/v1/cameras/{camera_id}/{what}"


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("what", ["snapshot", "mjpeg", "heatmap"])
def test_only_who_may_see_the_camera_sees_it(place: Place, what: str) -> None:
    place.feed.frame(*looked_at(0))

    assert place.ask_as(None).get(url(what)).status_code == 401
    unseen = place.ask_as(STRANGER).get(url(what))
    assert unseen.status_code == 404
    assert unseen.json()["code"] == "unknown_camera"
    unknown = place.ask_as(OWNER).get(url(what, new_id()))
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "unknown_camera"


@pytest.mark.parametrize("what", ["snapshot", "mjpeg", "heatmap"])
def test_a_camera_that_is_not_live_shows_nothing_but_says_how_old_its_last_picture_is(place: Place, what: str) -> None:
    never = place.guard.get(url(what))
    assert (never.status_code, never.json()["code"]) == (409, "camera_offline")

    place.feed.frame(*looked_at(0))
    place.clock.advance(12)
    stale = place.guard.get(url(what))
    assert (stale.status_code, stale.json()["code"]) == (409, "camera_offline")
    assert "12 s old" in stale.json()["detail"]

    place.feed.frame(*looked_at(1))
    place.feed.lost()
    assert place.guard.get(url(what)).status_code == 409


def test_a_snapshot_is_the_newest_picture(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    place.feed.frame(*looked_at(80))
    answer = place.guard.get(url("snapshot"))

    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-captured-at"] == looked_at(80)[0].captured_at.isoformat()
    picture = decoded(answer.content)
    assert picture.shape == (240, 320, 3)
    assert abs(int(picture.mean()) - 80) <= 1


def test_a_snapshot_may_be_smaller_but_is_never_blown_up(place: Place) -> None:
    place.feed.frame(*looked_at(40))

    assert decoded(place.guard.get(url("snapshot"), params={"width": 160}).content).shape == (120, 160, 3)
    assert decoded(place.guard.get(url("snapshot"), params={"width": 4000}).content).shape == (240, 320, 3)
    assert place.guard.get(url("snapshot"), params={"width": 0}).status_code == 422


def test_a_picture_that_the_client_has_is_not_sent_again(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    etag = place.guard.get(url("snapshot")).headers["etag"]

    same = place.guard.get(url("snapshot"), headers={"If-None-Match": f'"other", W/{etag}'})
    assert same.status_code == 304
    assert same.content == b""
    assert place.guard.get(url("snapshot"), params={"width": 160}, headers={"If-None-Match": etag}).status_code == 200
    place.feed.frame(*looked_at(45))
    assert place.guard.get(url("snapshot"), headers={"If-None-Match": etag}).status_code == 200


def test_the_heat_map_says_where_it_is_unusual(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    found = place.guard.get(url("heatmap")).json()

    assert (found["rows"], found["columns"]) == (2, 3)
    assert found["values"] == [[0.0, 0.25, 1.0], [0.123, 0.5, 0.0]]
    assert found["score"] == 0.75
    assert found["box"] == {"left": 0.5, "top": 0.0, "right": 1.0, "bottom": 0.5}
    assert found["captured_at"].startswith("2026-11-23T06:00:01.6")


def test_the_heat_map_of_a_camera_that_learns_is_empty(place: Place) -> None:
    place.feed.frame(*looked_at(40, score=None))
    found = place.guard.get(url("heatmap")).json()

    assert (found["score"], found["rows"], found["values"], found["box"]) == (None, 0, [], None)
    assert decoded(place.guard.get(url("heatmap"), params={"format": "png"}).content).shape == (1, 1, 4)


def test_the_heat_map_as_png_is_clear_where_nothing_is_unusual(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    by_header = place.guard.get(url("heatmap"), headers={"Accept": "image/png"})
    by_query = place.guard.get(url("heatmap"), params={"format": "png"})

    assert by_header.headers["content-type"] == by_query.headers["content-type"] == "image/png"
    assert by_header.content == by_query.content
    picture = decoded(by_query.content)
    assert picture.shape == (2, 3, 4)
    assert picture[:, :, 3].tolist() == [[0, 50, 200], [25, 100, 0]]
    assert picture[0, 2, :3].tolist() == [38, 38, 220]


class Pictures:
    """The body of a stream of pictures, without a network: what a browser makes of each part."""

    def __init__(self, feed: CameraFeed, place: Place, viewer: Viewer, width: int | None = None) -> None:
        services = place.guard.app.state.services  # type: ignore[attr-defined]
        self._parts = live_pictures._parts(feed, live_pictures.Presence(services, viewer), CAMERA, width)

    async def next(self) -> np.ndarray:
        part = await anext(self._parts)
        if part.startswith(b"--"):
            part = await anext(self._parts)
        head, _, rest = part.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2])
        assert rest[length:] == b"\r\n--haetae-picture\r\n"
        return decoded(rest[:length])

    async def ended(self) -> bool:
        return await anext(self._parts, None) is None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_stream_of_pictures_goes_on_with_each_new_one(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    pictures = Pictures(place.feed, place, GUARD, 160)

    for number in (40, 60, 80):
        place.feed.frame(*looked_at(number))
        picture = await pictures.next()
        assert picture.shape == (120, 160, 3)
        assert abs(int(picture.mean()) - number) <= 1


@pytest.mark.anyio
async def test_a_lost_camera_is_crossed_out_and_comes_back_or_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.feed.frame(*looked_at(120))
    pictures = Pictures(place.feed, place, GUARD)
    assert abs(int((await pictures.next()).mean()) - 120) <= 1

    place.feed.lost()
    crossed_out = await pictures.next()
    assert crossed_out.shape == (240, 320, 3)
    assert crossed_out.mean() < 40
    assert crossed_out[120, 160].mean() > crossed_out[120, 20].mean() + 30

    place.feed.frame(*looked_at(90))
    assert abs(int((await pictures.next()).mean()) - 90) <= 1

    monkeypatch.setattr(live_pictures, "LOST_FOR_LONG_S", 0.0)
    place.feed.lost()
    await pictures.next()
    place.feed.lost()
    assert await pictures.ended()


@pytest.mark.anyio
async def test_a_stream_of_pictures_ends_when_the_access_is_taken_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_pictures, "RECHECK_S", 0.0)
    place.feed.frame(*looked_at(40))
    pictures = Pictures(place.feed, place, GUARD)
    await pictures.next()
    place.feed.frame(*looked_at(60))
    await pictures.next()

    place.guard.app.state.services.authenticator.change(Viewer(GUARD.user_id, "guard", Role.VIEWER))  # type: ignore[attr-defined]
    place.feed.frame(*looked_at(80))
    assert await pictures.ended()


def test_a_picture_is_encoded_once_for_all_who_look(place: Place) -> None:
    encoded = []

    def counted(number: int) -> np.ndarray:
        encoded.append(number)
        return picture_of(number)

    frame, score = looked_at(40)
    place.feed.frame(type(frame)(frame.number, frame.t_s, frame.captured_at, frame.luma, rgb=lambda: counted(40)), score)
    for _ in range(5):
        place.guard.get(url("snapshot"), params={"width": 160})
        place.guard.get(url("snapshot"))

    assert encoded == [40, 40]


def test_there_is_a_bound_for_one_person_and_for_all(place: Place) -> None:
    place.feed.frame(*looked_at(40))
    with place.feeds.viewing(GUARD.user_id), place.feeds.viewing(GUARD.user_id):
        refused = place.guard.get(url("mjpeg"))
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "10"
        with place.feeds.viewing(OWNER.user_id):
            assert place.guard.get(url("snapshot")).status_code == 200


def test_the_stream_is_what_a_browser_takes_for_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_pictures, "LOST_FOR_LONG_S", 0.0)
    frame, score = looked_at(40)
    place.feed.frame(frame, score)
    watch = place.feed.watch

    def lose_it(wake) -> None:
        watch(wake)
        place.feed.lost()

    place.feed.watch = lose_it  # type: ignore[method-assign]
    answer = place.guard.get(url("mjpeg"))

    assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=haetae-picture"
    assert answer.headers["cache-control"] == "private, no-store"
    before, part, after = answer.content.split(b"--haetae-picture\r\n")
    assert (before, after) == (b"", b"")
    assert decoded(part.partition(b"\r\n\r\n")[2]).shape == (180, 320, 3)
    # The place of that stream is free again.
    with place.feeds.viewing(GUARD.user_id), place.feeds.viewing(GUARD.user_id):
        pass
