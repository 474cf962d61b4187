import pytest

from haetae.api.camera_source import kind_of, with_kept_credentials, without_source
from haetae.errors import ConfigError
from haetae.telemetry import redact_url

STORED = "rtsp://root:s3cret@10.0.0.5:554/main?channel=1&token=abc123"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("rtsp://root:***@10.0.0.5:554/main?channel=1&token=***", STORED),
        ("rtsp://root:***@10.0.0.5/other", "rtsp://root:s3cret@10.0.0.5/other"),
        ("rtsp://root:***@10.0.0.5:554/other?token=***", "rtsp://root:s3cret@10.0.0.5:554/other?token=abc123"),
        ("rtsp://root:fresh@10.0.0.9/main", "rtsp://root:fresh@10.0.0.9/main"),
        ("/videos/gate.mp4", "/videos/gate.mp4"),
    ],
)
def test_a_password_that_is_shown_as_stars_stays_what_it_is(given, kept):
    assert with_kept_credentials(given, STORED) == kept


@pytest.mark.parametrize(
    "given",
    [
        "rtsp://root:***@10.0.0.6:554/main",
        "rtsp://root:***@10.0.0.5:8554/main",
        "http://root:***@10.0.0.5:554/main",
        "rtsp://admin:***@10.0.0.5:554/main",
        "rtsp://***@10.0.0.5:554/main",
        "rtsp://10.0.0.6/main?token=***",
        "rtsp://10.0.0.5:554/main?other=***",
        "rtsp://root:***@10.0.0.5:554@evil.example/main",
        "rtsp://evil.example/root:***@10.0.0.5:554/main",
        "/videos/***",
    ],
)
def test_credentials_are_sent_to_nobody_whom_they_were_not_given_for(given):
    with pytest.raises(ConfigError):
        with_kept_credentials(given, STORED)


def test_a_user_without_a_password_is_a_secret_too():
    stored = "http://token-123@10.0.0.5/video"
    assert redact_url(stored) == "http://***@10.0.0.5/video"
    assert with_kept_credentials("http://***@10.0.0.5/other", stored) == "http://token-123@10.0.0.5/other"
    with pytest.raises(ConfigError):
        with_kept_credentials("http://***@10.0.0.6/other", stored)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("rtsp://10.0.0.5/main", "rtsp"),
        ("SIM://plaza", "sim"),
        ("/dev/video0", "device"),
        ("webcam:///dev/video1", "device"),
        ("/videos/gate.mp4", "file"),
        ("file:///videos/gate.mp4", "file"),
        ("file://host/x", "file"),
        ("\0", "file"),
    ],
)
def test_the_kind_of_a_source(source, kind):
    assert kind_of(source) == kind


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (STORED, "cannot open rtsp://root:***@10.0.0.5:554/main?channel=1&token=***: no route. Check 10.0.0.5"),
        (STORED, "10.0.0.5 is a link-local address; cannot connect to 10.0.0.5:554"),
        ("rtsp://cam-7.lan/main", "the host 'cam-7.lan' is unknown"),
        ("/videos/secret place/gate.mp4", "no such file /videos/secret place/gate.mp4: look into /videos/secret place"),
        ("file:///videos/gate.mp4", "/videos/gate.mp4 has no video stream"),
    ],
)
def test_who_may_not_know_where_a_camera_is_is_not_told_by_its_status(source, cause):
    told = without_source(cause, source)
    for secret in ("10.0.0.5", "cam-7", "gate.mp4", "secret place", "/videos", "main", "root"):
        assert secret not in told
    assert "the source" in told


def test_what_names_no_source_is_told_as_it_is():
    assert without_source("motion needs 900 MB, 100 MB are free", STORED) == "motion needs 900 MB, 100 MB are free"
