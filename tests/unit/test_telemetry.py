import io
import json
import threading
from uuid import uuid4

import pytest
import structlog

from haetae.telemetry import configure_logging, is_secret_key, log_context, redact, redact_url


@pytest.fixture
def log_stream():
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    return stream


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("rtsp://admin:hunter2@10.0.0.5/stream", "rtsp://admin:***@10.0.0.5/stream"),
        ("rtsp://admin:hunt@er2@10.0.0.5:554/s?x=1", "rtsp://admin:***@10.0.0.5:554/s?x=1"),
        ("rtsp://admin:hun/ter2@10.0.0.5/s", "rtsp://admin:***@10.0.0.5/s"),
        ("http://s3cr3t-token@host/x", "http://***@host/x"),
        ("http://cam/video?user=a&password=hunter2&channel=1", "http://cam/video?user=a&password=***&channel=1"),
        ("https://hook/x?api_key=hunter2", "https://hook/x?api_key=***"),
        ("rtsp://10.0.0.5/stream", "rtsp://10.0.0.5/stream"),
        ("mail ops@example.org about it", "mail ops@example.org about it"),
    ],
)
def test_a_url_loses_its_secrets_and_nothing_else(url, hidden):
    assert redact_url(url) == hidden


def test_text_around_several_urls_stays():
    text = "tried rtsp://a:one@h1/x then 'rtsp://b:two@h2/y', gave up"
    assert redact_url(text) == "tried rtsp://a:***@h1/x then 'rtsp://b:***@h2/y', gave up"


def test_an_authorization_header_is_hidden():
    assert "dXNlcjpwYXNz" not in redact_url("sent Authorization: Basic dXNlcjpwYXNz")


@pytest.mark.parametrize(
    "key", ["password", "smtp_password", "api_key", "apikey", "token", "refresh_token", "Authorization", "client_secret"]
)
def test_names_of_secrets_are_known(key):
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["camera", "author", "compass", "clientele", "passage"])
def test_innocent_names_are_not_secrets(key):
    assert not is_secret_key(key)


def test_nested_values_are_redacted():
    value = {"cameras": [{"url": "rtsp://u:hunter2@h/", "password": "hunter2"}], "error": ValueError("rtsp://u:hunter2@h/")}
    assert "hunter2" not in json.dumps(redact(value))


def test_no_log_line_holds_a_secret(log_stream):
    log = structlog.get_logger()
    log.info(
        "opening rtsp://u:hunter2@h/",
        url="rtsp://u:hunter2@h/",
        password="hunter2",
        options={"token": "hunter2"},
        tried=["http://u:hunter2@h"],
    )
    try:
        raise ValueError("cannot open rtsp://u:hunter2@h/")
    except ValueError:
        log.exception("failed")
    text = log_stream.getvalue()
    assert "failed" in text
    assert "ValueError" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_stream_that_is_gone_costs_the_line_and_nothing_else(style):
    stream = io.StringIO()
    configure_logging("info", style, stream)
    stream.close()
    structlog.get_logger().info("nobody will read this")
    try:
        raise ValueError("cause")
    except ValueError:
        structlog.get_logger().exception("nor this")


def test_locals_of_an_exception_are_not_shown():
    stream = io.StringIO()
    configure_logging("info", "text", stream)
    hidden = "hunter2"
    try:
        raise ValueError(f"a password of {len(hidden)} letters was refused")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "of 7 letters" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_every_line_of_a_block_carries_its_context_and_none_after(log_stream):
    log, camera = structlog.get_logger(), uuid4()
    with log_context(camera_id=camera, camera="door"):
        log.info("outer")
        with log_context(camera="yard", event_id=1):
            log.info("inner")
        log.info("outer again")
    log.info("outside")
    outer, inner, again, outside = (json.loads(line) for line in log_stream.getvalue().splitlines())
    assert (outer["camera_id"], outer["camera"]) == (str(camera), "door")
    assert (inner["camera_id"], inner["camera"], inner["event_id"]) == (str(camera), "yard", 1)
    assert again["camera"] == "door"
    assert "event_id" not in again
    assert not {"camera", "camera_id", "event_id"} & set(outside)


def test_the_context_of_one_thread_is_not_anothers_and_its_secrets_are_hidden(log_stream):
    log = structlog.get_logger()
    with log_context(camera="rtsp://a:hunter2@h/s"):
        other = threading.Thread(target=log.info, args=("elsewhere",))
        other.start()
        other.join()
        log.info("here")
    elsewhere, here = (json.loads(line) for line in log_stream.getvalue().splitlines())
    assert "camera" not in elsewhere
    assert here["camera"] == "rtsp://a:***@h/s"


def test_what_a_stranger_wrote_cannot_act_on_the_terminal_or_forge_a_line(log_stream):
    configure_logging("info", "text", log_stream)
    structlog.get_logger().warning("source failed", error="\x1b]0;owned\x07 no\r\n2026-01-01 [critical] forged \x9b31m", camera="정문")
    try:
        raise ValueError("bad \x1b[2J")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    text = log_stream.getvalue()
    assert not set(text) & {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
    assert "\\x1b]0;owned" in text
    assert "정문" in text
    assert sum(line.startswith("2026-01-01") for line in text.splitlines()) == 0
    assert len(text.splitlines()) > 3, "a traceback keeps its lines"
