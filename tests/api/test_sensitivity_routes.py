from datetime import timedelta

import numpy as np
import pytest
from tests.support.web_site import WebSite

from haetae.domain.event import Review
from haetae.domain.score import Score
from haetae.vad.calibrate import Calibration
from haetae.vad.peaks import Peaks
from haetae.vad.state_file import write_state


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("sensitivity")) as site:
        yield site


@pytest.fixture(scope="module")
def calibration(site):
    """What the camera `seen` has learned: a day of minutes, one alarm a day allowed, three days ago."""
    peaks = Peaks(np.random.default_rng(3).exponential(0.2, 1440), 86_400.0)
    calibration = Calibration.fit(peaks, 1.0, least_theta=0.01)
    now = site.services.clock.now()
    meta = {"learned_at": (now - timedelta(days=3)).isoformat(), "saved_at": now.isoformat()}
    write_state(path_of(site), meta, {**calibration.arrays(), **peaks.arrays()})
    return calibration


def path_of(site):
    return site.services.layout.path(site.services.layout.state(site.seen.id, site.seen.vad_model))


def ask(site, what, person="looker", **params):
    return site.ask(person, "GET", f"/api/v1/cameras/{site.seen.id}/{what}", params=params)


def test_scores_are_those_of_the_saved_footage(site, calibration):
    body = ask(site, "scores").json()
    assert (sum(body["counts"]), body["stretches"], body["stretch_s"], body["footage_s"]) == (1440, 1440, 60.0, 86_400.0)
    assert (body["false_alarms_per_day"], body["rarest_per_day"]) == (1.0, 0.125)
    assert body["caution"] == 1.0


def test_the_last_week_is_judged_again_since_the_camera_learned(site, calibration):
    now, theta = site.services.clock.now(), calibration.theta
    weak, strong, old = (
        site.add_event(site.seen.id, timestamp=now - timedelta(days=days), vad_score=value, threshold=theta, ended_at=now)
        for days, value in ((1, 0.52), (2, 0.9), (5, 0.9))
    )
    strict, loose = (ask(site, "would-alarm", false_alarms_per_day=rate).json() for rate in (0.125, 20))
    of_strict, of_loose = ({event["id"]: event["alarms"] for event in body["events"]} for body in (strict, loose))
    assert (of_loose[str(weak.id)], of_loose[str(strong.id)]) == (True, True)
    assert (of_strict[str(weak.id)], of_strict[str(strong.id)]) == (False, True)
    assert str(old.id) not in of_strict
    assert {event["id"]: event["score"] for event in strict["events"]}[str(weak.id)] == 0.52
    assert (strict["raised"], strict["silent"]) == (sum(of_strict.values()), len(of_strict) - sum(of_strict.values()))
    assert loose["level"] < 0.5 < strict["level"]
    assert loose["more"] > strict["more"]
    assert all(event["review"] == Review.NEW and event["timestamp"] > loose["since"] for event in loose["events"])


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "2000", "x"])
def test_a_budget_is_a_positive_number(site, calibration, rate):
    assert ask(site, "would-alarm", false_alarms_per_day=rate).status_code == 422


def test_a_camera_that_has_yet_to_learn_says_so(site, calibration):
    kept = path_of(site).read_bytes()
    path_of(site).write_bytes(b"damaged")
    damaged = ask(site, "scores")
    path_of(site).unlink()
    missing = ask(site, "would-alarm", false_alarms_per_day=1)
    path_of(site).write_bytes(kept)
    assert (damaged.status_code, missing.status_code) == (409, 409)
    assert "yet to learn" in missing.json()["detail"]
    assert str(path_of(site).parent) not in damaged.text


def test_the_last_day_is_told_minute_by_minute(site):
    now = site.services.clock.now()
    site.services.score_minutes.for_camera(site.seen.id).scored(Score(0.75, 2.0, 1.0, 0, 0.0, now))
    body = ask(site, "score-minutes").json()
    # A minute may have ended since.
    assert [peak for peak in body["peaks"][-2:] if peak is not None] == [0.75]
    assert (len(body["peaks"]), body["peaks"].count(None)) == (1440, 1439)
    assert body["begins_at"] < now.isoformat()
