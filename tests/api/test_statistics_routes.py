import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support.api import client, make_app
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, ROOF, YARD, add_events, count_day

from haetae.api.routers.statistics import router
from haetae.database.engine import make_engine, session_factory
from haetae.database.migrate import upgrade
from haetae.database.scoped.statistics import ScopedStatistics
from haetae.testing.clock import FakeClock

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
TODAY = date(2026, 6, 15)


@pytest.fixture
def app(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'haetae.db'}")
    upgrade(engine)
    for camera in (GATE, YARD, ROOF):
        add_events(engine, camera, [NOW, NOW - timedelta(days=2)])
        for back in (0, 2):
            count_day(engine, camera, TODAY - timedelta(days=back), time_zone="Asia/Seoul", score_sum=1.0, score_count=2)
    statistics = ScopedStatistics(session_factory(engine), FakeClock(NOW), "Asia/Seoul")
    yield make_app(router, viewers=(ADMIN, GUARD, GUEST), statistics=statistics)
    engine.dispose()


def get(app, path, viewer=GUARD, **params):
    return client(app, viewer).get(f"/api/v1/statistics/{path}", params=params)


def test_each_answer_counts_what_the_viewer_sees(app):
    for viewer, cameras in ((ADMIN, 3), (GUARD, 2), (GUEST, 1)):
        assert get(app, "summary", viewer).json()["today"]["events"] == cameras
        assert len(get(app, "daily", viewer).json()["days"]) == 2 * cameras
        assert sum(map(sum, get(app, "hours", viewer).json()["counts"])) == 2 * cameras
        assert get(app, "types", viewer).json()["types"] == [
            {"kind": "anomaly", "subtype": None, "severity": "medium", "events": 2 * cameras, "corrected_type": None}
        ]
        trend = get(app, "trend", viewer, days=3, per_camera=True).json()
        assert (trend["first"], trend["days"]) == ("2026-06-13", [cameras, 0, cameras])
        assert len(trend["by_camera"]) == cameras
        assert len(get(app, "daily.csv", viewer).text.splitlines()) == 1 + 2 * cameras


@pytest.mark.parametrize("path", ["summary", "daily", "daily.csv", "hours", "types", "trend"])
def test_nobody_is_answered_without_a_log_in(app, path):
    assert client(app).get(f"/api/v1/statistics/{path}").status_code == 401


def test_days_say_means_and_what_they_cannot_say(app):
    body = get(app, "daily", first="2026-06-15", last="2026-06-15", camera_id=str(GATE)).json()
    assert (body["time_zone"], body["first"], body["last"]) == ("Asia/Seoul", "2026-06-15", "2026-06-15")
    [day] = body["days"]
    assert (day["camera_id"], day["score_mean"], day["vlm_time_mean_s"], day["events_by_type"]) == (str(GATE), 0.5, None, {"anomaly": 1})


def test_the_table_holds_what_the_answer_holds(app):
    answer = get(app, "daily.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="haetae-daily-2026-06-09-2026-06-15.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    days = get(app, "daily").json()["days"]
    assert [(row["camera_id"], row["day"], row["events"]) for row in rows] == [
        (day["camera_id"], day["day"], str(day["events"])) for day in days
    ]
    assert {(row["score_mean"], row["vlm_time_mean_s"]) for row in rows} == {("0.5", "")}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("daily", {"first": "2026-01-01", "last": "2026-06-01"}),
        ("types", {"first": "2026-06-02", "last": "2026-06-01"}),
        ("daily.csv", {"last": "9999-12-31"}),
        ("types", {"first": "0001-01-01", "last": "0001-01-02"}),
        ("daily", {"first": "yesterday"}),
        ("daily", {"camera_id": "gate"}),
        ("daily", {"camera_id": [str(GATE)] * 65}),
        ("hours", {"weeks": 0}),
        ("hours", {"weeks": 10**30}),
        ("trend", {"days": 732}),
    ],
)
def test_what_cannot_be_answered_is_refused(app, path, params):
    answer = get(app, path, **params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("camera", [ROOF, "01960000-0000-7000-8000-0000000000ff"])
def test_a_camera_of_others_is_as_one_that_is_not_there(app, camera):
    for path in ("daily", "types"):
        body = get(app, path, camera_id=str(camera)).json()
        assert body.get("days", []) == body.get("types", []) == []
