"""What people hear of the site itself."""

from dataclasses import dataclass, field

import pytest

from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import SITE, EventKind, EventStatus, Severity
from haetae.domain.site import StorageStatus
from haetae.ids import new_id
from haetae.pipeline.site_alarms import AWAY_S, LearningNotice, SiteAlarms
from haetae.pipeline.system_events import SystemEvents
from haetae.testing.clock import FakeClock


@dataclass
class Site:
    days_left: float | None = None
    error: str | None = None
    away: str = ""
    clock: FakeClock = field(default_factory=FakeClock)
    logged: list = field(default_factory=list)

    def __post_init__(self):
        self.events = SystemEvents(self, self.clock)
        self.alarms = SiteAlarms(
            self.events,
            self.clock,
            storage=lambda: StorageStatus(days_left=self.days_left),
            database_error=lambda: self.error,
            model_away=lambda: self.away,
        )

    def log_event(self, event):
        self.logged.append(event)

    def told(self):
        return [(event.subtype, event.status) for event in self.logged]


@pytest.fixture
def site():
    return Site()


def test_a_disk_on_which_clips_will_vanish_early_is_one_event_until_there_is_room(site):
    for site.days_left in (None, 20.0, 2.9, 3.5, 2.0, 0.0):
        site.alarms.check()
    assert site.told() == [("storage_low", EventStatus.OPEN)]
    [event] = site.logged
    assert (event.camera_id, event.kind, event.severity, event.detail) == (
        SITE,
        EventKind.SYSTEM,
        Severity.MEDIUM,
        "clips will be deleted before their time in 2.9 days",
    )
    site.days_left = 4.1
    site.alarms.check()
    site.alarms.check()
    assert site.told()[1:] == [("storage_low", EventStatus.CLOSED)]


def test_a_model_that_cannot_be_asked_is_one_event_until_it_answers(site):
    for site.away in ("", "no route", "no answer", "no route"):
        site.alarms.check()
    assert site.told() == [("vlm_away", EventStatus.OPEN)]
    assert site.logged[0].detail == "events are described by measurements alone: no route"
    site.away = ""
    site.alarms.check()
    site.alarms.check()
    assert site.told()[1:] == [("vlm_away", EventStatus.CLOSED)]


def test_a_database_that_stays_away_is_one_event_until_it_is_back(site):
    site.error = "no answer"
    site.alarms.check()
    site.clock.advance(AWAY_S - 1)
    site.alarms.check()
    site.error = None
    site.alarms.check()
    assert site.told() == [], "it was only restarted"
    site.error = "no answer"
    for _ in range(3):
        site.alarms.check()
        site.clock.advance(AWAY_S)
    assert site.told() == [("database_away", EventStatus.OPEN)]
    assert site.logged[0].detail == "no answer"
    site.error = None
    site.alarms.check()
    assert site.told()[1:] == [("database_away", EventStatus.CLOSED)]


def test_a_camera_says_once_that_it_has_learned_enough(site):
    camera = new_id()
    notice = LearningNotice(camera, site.events)
    for state in (CameraState.CONNECTING, CameraState.WATCHING, CameraState.OFFLINE, CameraState.WATCHING):
        notice.state_changed(CameraStatus(camera, state))
    assert site.told() == [], "what it had learned before is no news"
    for state in (CameraState.LEARNING, CameraState.OFFLINE, CameraState.LEARNING, CameraState.WATCHING, CameraState.WATCHING):
        notice.state_changed(CameraStatus(camera, state))
    assert site.told() == [("learning_finished", EventStatus.OPEN), ("learning_finished", EventStatus.CLOSED)]
    assert site.logged[0].camera_id == camera
