from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.cli.camera_source import check_form, has_password, normal_source, with_password
from haetae.domain.camera import CameraConfig
from haetae.errors import ConfigError, HaetaeError
from haetae.ids import new_id
from haetae.telemetry import redact_url


def check(source: str) -> None:
    check_form(CameraConfig(new_id(), "gate", normal_source(source)))


def test_a_path_is_stored_so_that_it_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd?name.mp4").touch()
    assert normal_source("clip.mp4") == f"{tmp_path}/clip.mp4"
    assert normal_source("frames?fps=25") == f"{tmp_path}/frames?fps=25"
    assert normal_source("odd?name.mp4") == f"{tmp_path}/odd?name.mp4"
    assert normal_source("~/clip.mp4") == str(Path.home() / "clip.mp4")
    for address in ("rtsp://host/1", "sim://plaza?seed=1", "file:///clip.mp4", ""):
        assert normal_source(address) == address


@pytest.mark.parametrize(
    "source",
    ["rtsp://host/1", "RTSPS://user@10.0.0.5:8554/1?x=y", "http://[::1]:8080/mjpg", "https://host/1.m3u8", "sim://plaza?seed=1", "."],
)
def test_a_source_of_a_known_form_is_taken_unopened(source: str) -> None:
    check(source)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("ftp://host/1", "Known: file"),
        ("concat:a|b", "no file or folder"),
        ("/no/such/clip.mp4", "/no/such/clip.mp4"),
        ("/dev/video77", "/dev/video77"),
        ("file:///no/such.mp4", "/no/such.mp4"),
        ("rtsp:///1", "no host"),
        ("rtsp://host:port/1", "no port that can be read"),
        ("rtsp://host:0/1", "no port that can be read"),
        ("rtsp://admin:sec/ret@host/1", "--password-stdin"),
        ("sim://nowhere", "nowhere"),
    ],
)
def test_a_source_that_can_be_none_is_refused_with_what_to_do(source: str, word: str) -> None:
    with pytest.raises(HaetaeError) as caught:
        check(source)
    assert word in str(caught.value)
    assert caught.value.hint
    assert "sec/ret" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_any_password_goes_into_the_address_and_is_hidden_again(password: str) -> None:
    source = with_password("rtsp://admin:old@10.0.0.5:8554/live?channel=1", password)
    parts = urlsplit(source)
    assert parts.password is not None
    assert unquote(parts.password) == password
    assert (parts.username, parts.hostname, parts.port, parts.path, parts.query) == ("admin", "10.0.0.5", 8554, "/live", "channel=1")
    assert redact_url(source) == "rtsp://admin:***@10.0.0.5:8554/live?channel=1"


@pytest.mark.parametrize("source", ["rtsp://host/1", "rtsp://:x@host/1", "clip.mp4", "sim://admin@plaza"])
def test_a_password_needs_a_user(source: str) -> None:
    with pytest.raises(ConfigError, match="names the user"):
        with_password(source, "secret")


def test_only_a_password_counts_as_one() -> None:
    assert has_password("rtsp://admin:secret@host/1")
    assert not has_password("rtsp://admin@host:554/1")
    assert not has_password("clip:a@b.mp4")
