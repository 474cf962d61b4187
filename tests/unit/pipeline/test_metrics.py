import http.client
import re
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.site_status import DOOR, NOW, YARD, make_status

from haetae.domain.camera import CameraState
from haetae.domain.site import LogStatus
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.pipeline import metrics_server
from haetae.pipeline.metrics import SiteMetrics
from haetae.pipeline.observer import Stage

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text):
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def __call__(self, name, /, **labels):
        """The value of one series; None where there is none."""
        found = [sample.value for sample in self.samples if sample.name == name and sample.labels == labels]
        assert len(found) <= 1, f"{name}{labels} is there {len(found)} times"
        return found[0] if found else None


def scrape(metrics):
    return Scrape(metrics.render()[0].decode())


@pytest.fixture
def metrics():
    return SiteMetrics(make_status)


def test_what_the_site_counts_is_what_is_scraped(metrics):
    now, door, yard = scrape(metrics), str(DOOR), str(YARD)
    assert now("haetae_frames_read_total", camera=door) == 9000
    assert now("haetae_frames_analysed_total", camera=door) == 3000
    assert now("haetae_frames_skipped_total", camera=door) == 5990
    assert now("haetae_frames_dropped_total", camera=door, reason="stale") == 7
    assert now("haetae_frames_dropped_total", camera=door, reason="corrupt") == 3
    assert now("haetae_events_total", camera=door) == 3
    assert now("haetae_reconnects_total", camera=door) == 1
    assert now("haetae_threads_replaced_total", camera=door) == 2
    assert now("haetae_camera_info", camera=yard, name="yard") == 1
    assert now("haetae_camera_fps", camera=door) == 14.9
    assert now("haetae_camera_latency_seconds", camera=door) == 0.04
    assert now("haetae_camera_armed", camera=yard) == 0
    assert now("haetae_camera_last_frame_timestamp_seconds", camera=door) == NOW.timestamp()
    assert now("haetae_log_stored_total") == 6
    assert now("haetae_log_waiting") == 2
    assert now("haetae_model_dropped_total", model="motion", reason="stale") == 7
    assert now("haetae_model_memory_bytes", model="motion") == 12.5 * 2**20
    assert now("haetae_model_budget_bytes", kind="budget") == 1000 * 2**20
    assert now("haetae_storage_days_left") == 23.4
    assert now("haetae_storage_recording") == 1
    assert (now("haetae_responses_planned_total"), now("haetae_responses_fell_back_total")) == (11, 3)
    assert (now("haetae_approvals_waiting"), now("haetae_actions_total", state="refused")) == (4, 6)
    assert now("haetae_process_resident_bytes") == 310.5 * 2**20
    assert now("haetae_threads_abandoned") == 2


def test_exactly_one_state_of_a_camera_is_set(metrics):
    now = scrape(metrics)
    states = {state: now("haetae_camera_state", camera=str(YARD), state=state.value) for state in CameraState}
    assert states == {state: float(state is CameraState.OFFLINE) for state in CameraState}


def test_what_is_not_known_is_absent_and_not_zero(metrics):
    now = scrape(metrics)
    for name in ("score", "latency_seconds", "last_frame_timestamp_seconds", "state_timestamp_seconds"):
        assert now(f"haetae_camera_{name}", camera=str(YARD)) is None
    assert now("haetae_camera_fps", camera=str(YARD)) == 0


def test_a_failing_log_is_seen():
    status = replace(make_status(), log=LogStatus(last_error="no space"))
    assert scrape(SiteMetrics(lambda: status))("haetae_log_failing") == 1
    assert scrape(SiteMetrics(make_status))("haetae_log_failing") == 0


def test_durations_fall_into_their_buckets(metrics):
    observer, camera = metrics.for_camera(DOOR, "front door"), str(DOOR)
    for seconds in (0.004, 0.004, 0.07):
        observer.timed(Stage.CAPTURE_TO_SCORE, seconds)
    metrics.event_stored(0.3)
    observer.timed(Stage.EVENT_TO_STORED, 0.3)
    now = scrape(metrics)
    assert now("haetae_stage_seconds_bucket", camera=camera, stage="capture_to_score", le="0.005") == 2
    assert now("haetae_stage_seconds_bucket", camera=camera, stage="capture_to_score", le="0.1") == 3
    assert now("haetae_stage_seconds_sum", camera=camera, stage="capture_to_score") == pytest.approx(0.078)
    assert now("haetae_stage_seconds_count", camera=camera, stage="vad") == 0
    assert now("haetae_event_stored_seconds_count") == 2


def test_a_camera_that_is_made_anew_goes_on_and_one_that_is_forgotten_is_gone(metrics):
    first = metrics.for_camera(DOOR, "front door")
    metrics.for_camera(YARD, "yard").timed(Stage.VAD, 0.1)
    first.timed(Stage.VAD, 0.1)
    metrics.for_camera(DOOR, "another name").timed(Stage.VAD, 0.1)
    assert scrape(metrics)("haetae_stage_seconds_count", camera=str(DOOR), stage="vad") == 2
    metrics.forget_camera(DOOR)
    first.timed(Stage.VAD, 0.1)
    now = scrape(metrics)
    assert now("haetae_stage_seconds_count", camera=str(DOOR), stage="vad") is None
    assert now("haetae_stage_seconds_count", camera=str(YARD), stage="vad") == 1
    metrics.forget_camera(new_id())


def test_many_threads_lose_no_duration(metrics):
    observers = [metrics.for_camera(DOOR) for _ in range(4)]

    def observe(observer):
        for _ in range(2000):
            observer.timed(Stage.VAD, 0.01)

    threads = [threading.Thread(target=observe, args=(observer,)) for observer in observers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scrape(metrics)("haetae_stage_seconds_count", camera=str(DOOR), stage="vad") == 8000


def test_no_secret_gets_into_a_label():
    status = make_status()
    cameras = (status.cameras[0], replace(status.cameras[1], name="rtsp://admin:hunter2@10.0.0.5/s"))
    text = SiteMetrics(lambda: replace(status, cameras=cameras)).render()[0].decode()
    assert "hunter2" not in text
    assert "10.0.0.5" in text


def test_the_status_is_asked_for_by_scrapes_only():
    asked = []

    def status():
        asked.append(1)
        return make_status()

    metrics = SiteMetrics(status)
    metrics.for_camera(DOOR).timed(Stage.VAD, 0.1)
    metrics.forget_camera(DOOR)
    assert asked == []
    metrics.render()
    assert asked == [1]


def test_the_page_lists_what_is_exposed_and_nothing_else(metrics):
    metrics.for_camera(DOOR)
    exposed = {}
    for family in scrape(metrics).families:
        assert family.samples, f"{family.name} has no sample in the test's status"
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exposed[family.name + ("_total" if family.type == "counter" else "")] = (family.type, labels)
    listed = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) ?\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        listed[name] = (kind, set(filter(None, labels.split(", "))))
    assert listed == exposed


def get(port, path="/metrics", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture
def server(metrics):
    server = metrics.start_http("127.0.0.1", 0)
    yield server
    server.close()


def test_metrics_are_served_and_nothing_else_is(server):
    status, headers, text = get(server.port)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert Scrape(text)("haetae_events_total", camera=str(DOOR)) == 3
    assert get(server.port, "/metrics?name[]=x")[0] == 200
    assert get(server.port, "/")[0] == 404
    assert get(server.port, "/metrics/../secret")[0] == 404
    assert get(server.port, method="POST")[0] == 501


def test_openmetrics_is_served_to_those_who_ask_for_it(server):
    _, headers, text = get(server.port, Accept="application/openmetrics-text; version=1.0.0")
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


def test_a_status_that_fails_is_an_error_of_one_scrape():
    failing = [True]

    def status():
        if failing.pop():
            raise RuntimeError("the site is being closed")
        return make_status()

    failing.insert(0, False)
    server = SiteMetrics(status).start_http("127.0.0.1", 0)
    try:
        status_code, _, text = get(server.port)
        assert status_code == 500
        assert "being closed" not in text
        assert get(server.port)[0] == 200
    finally:
        server.close()


def test_a_port_in_use_names_the_key_and_the_fix(server, metrics):
    with pytest.raises(ConfigError, match=rf"metrics.port = {server.port} is in use.*0 for any free one"):
        metrics.start_http("127.0.0.1", server.port)


def test_a_host_that_is_not_ours_names_the_key(metrics):
    with pytest.raises(ConfigError, match="metrics.host = '203.0.113.7'"):
        metrics.start_http("203.0.113.7", 0)


def test_the_port_is_free_again_after_close(metrics):
    server = metrics.start_http("127.0.0.1", 0)
    get(server.port)
    server.close()
    server.close()
    assert "metrics" not in {thread.name for thread in threading.enumerate()}
    metrics.start_http("127.0.0.1", server.port).close()


def test_clients_that_say_nothing_do_not_keep_others_away(server, monkeypatch):
    assert metrics_server._Handler.timeout == 5.0
    monkeypatch.setattr(metrics_server._Handler, "timeout", 0.2)
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    assert get(server.port)[0] == 200
    for client in silent:
        client.settimeout(30)
        assert client.recv(1) == b""
        client.close()


def test_more_clients_than_there_are_slots_are_turned_away(metrics):
    inside, release = threading.Semaphore(0), threading.Event()

    def render(_accept):
        inside.release()
        assert release.wait(30)
        return b"", "text/plain"

    server = metrics_server.MetricsServer(render, "127.0.0.1", 0)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(get(server.port)[0])) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            assert inside.acquire(timeout=30)
        with pytest.raises((http.client.HTTPException, OSError)):
            get(server.port)
        release.set()
        for thread in threads:
            thread.join()
        assert answers == [200] * 8
    finally:
        release.set()
        server.close()


def test_searches_and_the_embeddings_behind_them_are_scraped(metrics):
    now = scrape(metrics)
    assert now("haetae_searches_total", by="meaning") == 9
    assert now("haetae_searches_total", by="words") == 4
    assert now("haetae_search_seconds_total") == 1.75
    assert now("haetae_search_index_events") == 1200
    assert now("haetae_search_index_bytes") == 1_800_000
    assert now("haetae_embeddings_waiting") == 6
    assert now("haetae_embeddings_total") == 1200
    assert now("haetae_embeddings_model_away") == 1
