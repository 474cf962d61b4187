"""A whole site with a model's server over HTTP: told first, looked at later, and told again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.look_clips import recorded
from tests.support.model_server import GOOD, NOTHING, ModelServer, refused_url, says
from tests.support.site import add_camera, site_config
from tests.support.waiting import wait_until

from haetae.compose.site import Site
from haetae.database.engine import session_scope
from haetae.database.models import Event
from haetae.domain.analysis import Basis
from haetae.domain.event import EventStatus, Severity, Verdict
from haetae.errors import ConfigError
from haetae.settings import VlmSettings


class Looked:
    """A site whose model's server is `url`."""

    def __init__(self, folder, url, **vlm):
        config = site_config(folder)
        settings = VlmSettings(backend="openai", base_url=url, model="scripted", frames=3, frame_side=160, **vlm)
        self.camera = add_camera(config, "gate", "sim://gate", enabled=False)
        self.changed = []
        self.site = Site(config.model_copy(update={"vlm": settings}), changed=lambda _camera_id, event_id: self.changed.append(event_id))

    def __enter__(self):
        self.site.start()
        return self

    def __exit__(self, *_error):
        self.site.close()

    def happen(self, **changes):
        shared = self.site.running.shared
        job = recorded(shared.layout, self.camera.id, **changes)
        now = self.site.clock.now()
        event = replace(job.event, timestamp=now - timedelta(seconds=10), ended_at=now)
        # The clip lies under the date of the first onset: name it anew.
        name = shared.layout.clip(self.camera.id, event.id, event.timestamp)
        target = shared.layout.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shared.layout.path(job.event.clip_path).rename(target)
        event = replace(event, clip_path=name)
        shared.log.log_event(event)
        return event

    def row(self, event):
        with session_scope(self.site.running.sessions, read_only=True) as session:
            return session.get(Event, event.id)

    def until(self, event, condition, what):
        wait_until(lambda: (row := self.row(event)) is not None and condition(row), what, deadline_s=60.0)
        return self.row(event)


def test_an_event_is_described_at_once_and_looked_at_when_its_turn_comes(tmp_path):
    with ModelServer(says(GOOD)) as server, Looked(tmp_path, server.url) as looked:
        event = looked.happen(severity=Severity.MEDIUM)
        row = looked.until(event, lambda row: row.basis is Basis.BOTH, "it was looked at")
        assert (row.verdict, row.vlm_type, row.vlm_description) == (Verdict.CONFIRMED, "Fighting", "Two people fight at the gate.")
        assert row.media_bytes > event.media_bytes, "what was sent is kept and counted"
        assert looked.changed.count(event.id) >= 2, "once for its words, once for the look"
        [content] = [message["content"] for message in server.asked[0]["messages"] if message["role"] == "user"]
        images = [part for part in content if part["type"] == "image_url"]
        assert len(images) >= 2
        assert all(part["image_url"]["url"].startswith("data:image/jpeg;base64,") for part in images)
        wait_until(lambda: looked.site.status.looks.looked == 1, "the look is counted")
        status = looked.site.status.looks
        assert (status.backend, status.model, status.state) == ("openai", "scripted", "ready")


def test_a_model_that_is_away_costs_nothing_but_its_word_and_is_told(tmp_path):
    with Looked(tmp_path, refused_url(), deadline_s=2.0) as looked:
        events = [looked.happen(severity=Severity.HIGH) for _ in range(6)]
        for event in events:
            row = looked.until(event, lambda row: row.vlm_description is not None, "it has its words")
            assert (row.verdict, row.severity, row.status) == (Verdict.UNVERIFIED, Severity.HIGH, EventStatus.CLOSED)

        def told():
            with session_scope(looked.site.running.sessions, read_only=True) as session:
                return session.query(Event).filter(Event.subtype == "vlm_away").count()

        wait_until(told, "people are told that it is away", deadline_s=60.0)
        assert looked.site.status.looks.state == "away"


def test_a_model_cannot_make_an_event_go_away(tmp_path):
    with ModelServer(says(NOTHING)) as server, Looked(tmp_path, server.url) as looked:
        event = looked.happen(severity=Severity.LOW, facts=())
        row = looked.until(event, lambda row: row.basis is not None and row.basis is not Basis.EVIDENCE, "it was looked at")
        assert row.verdict is Verdict.REJECTED
        assert (row.severity, row.status, row.clip_path) == (Severity.LOW, EventStatus.CLOSED, event.clip_path)


@pytest.mark.parametrize(("settings", "key"), [({"base_url": ""}, "vlm.base_url"), ({"base_url": "nonsense"}, "vlm.base_url")])
def test_a_site_with_a_model_that_means_nothing_says_which_key(tmp_path, settings, key):
    looked = Looked(tmp_path, settings["base_url"])
    with pytest.raises(ConfigError, match=key):
        looked.site.start()
