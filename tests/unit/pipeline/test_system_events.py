import threading

import pytest
from tests.support.events import CAMERA
from tests.support.stored_media import NOW, HeardEvents

from haetae.domain.event import CAMERA_OFFLINE, SITE, STORAGE_FULL, EventKind, EventStatus, Severity
from haetae.pipeline.system_events import SystemEvents
from haetae.testing.clock import FakeClock


@pytest.fixture
def heard():
    return HeardEvents()


@pytest.fixture
def system_events(heard):
    return SystemEvents(heard, FakeClock(NOW))


def test_a_system_event_is_logged_when_it_opens_and_when_it_closes(system_events, heard):
    opened = system_events.open(CAMERA, CAMERA_OFFLINE, at=NOW, detail="no answer")
    closed = system_events.close(opened, at=NOW.replace(hour=13))
    assert heard.events == [opened, closed]
    assert (opened.kind, opened.subtype, opened.camera_id, opened.timestamp) == (EventKind.SYSTEM, CAMERA_OFFLINE, CAMERA, NOW)
    assert (opened.status, opened.revision, opened.severity, opened.detail) == (EventStatus.OPEN, 0, Severity.HIGH, "no answer")
    assert (opened.vad_score, opened.media_bytes, opened.clip_path) == (0.0, 0, None)
    assert (closed.id, closed.status, closed.revision, closed.ended_at) == (opened.id, EventStatus.CLOSED, 1, NOW.replace(hour=13))
    assert closed.detail == "no answer"


def test_closing_twice_logs_once(system_events, heard):
    opened = system_events.open(SITE, STORAGE_FULL)
    system_events.close(opened)
    system_events.close(opened)
    system_events.close_all()
    assert [event.revision for event in heard.events] == [0, 1]


def test_the_end_of_the_process_closes_what_is_open(system_events, heard):
    opened = [system_events.open(CAMERA, CAMERA_OFFLINE), system_events.open(SITE, STORAGE_FULL)]
    system_events.close_all()
    assert {event.id for event in heard.events if event.status is EventStatus.CLOSED} == {event.id for event in opened}


def test_a_refused_event_is_offered_again_until_it_is_taken(system_events, heard):
    heard.full = True
    opened = system_events.open(SITE, STORAGE_FULL, detail="full")
    system_events.check()
    assert heard.events == []
    heard.full = False
    system_events.check()
    system_events.check()
    assert heard.events == [opened]


def test_of_a_refused_event_only_the_latest_revision_is_offered(system_events, heard):
    heard.full = True
    closed = system_events.close(system_events.open(SITE, STORAGE_FULL))
    heard.full = False
    system_events.check()
    assert heard.events == [closed]


def test_many_threads_may_open_and_close(system_events, heard):
    def flap():
        for _ in range(100):
            system_events.close(system_events.open(CAMERA, CAMERA_OFFLINE))
            system_events.check()

    threads = [threading.Thread(target=flap) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard.events) == 800
    assert len({event.id for event in heard.events}) == 400
