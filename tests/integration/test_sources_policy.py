"""Sources that connect where the policy lets them: names that change their meaning, redirects, several addresses."""

import datetime
import ssl
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.http_video import HttpVideoServer
from tests.support.rtsp_server import RtspServer, response
from tests.support.scripted_tcp import ScriptedServer
from tests.support.video import make_video

from haetae.clock import SystemClock
from haetae.errors import ConfigError, SourceUnavailable
from haetae.settings import SourcePolicySettings
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source
from haetae.sources.policy import SourcePolicy

METADATA = "169.254.169.254"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", seconds=2)


class Names:
    """A resolver that can be told what names mean now, and counts what it was asked."""

    def __init__(self, **meanings: list[str]) -> None:
        self.meanings = {name.replace("_", "."): addresses for name, addresses in meanings.items()}
        self.asked = 0

    def __call__(self, name: str) -> list[str]:
        self.asked += 1
        if name not in self.meanings:
            raise OSError("no such name")
        return self.meanings[name]


def policy(names: Callable[[str], list[str]] | None = None, **settings: object) -> SourcePolicy:
    return SourcePolicy(SourcePolicySettings(**{"allow_loopback": True, **settings}), resolve=names or Names())


def source(url: str, judge: SourcePolicy) -> Source:
    options = SourceOptions(analysed_fps=1000.0, connect_timeout_s=5.0, read_timeout_s=5.0, policy=judge)
    return open_source(url, options, clock=SystemClock())


def plays(url: str, judge: SourcePolicy) -> bool:
    opened = source(url, judge)
    try:
        opened.open()
        return len(list(islice(opened.frames(), 3))) == 3
    finally:
        opened.close()


def refusal(url: str, judge: SourcePolicy) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as refused:
        source(url, judge).open()
    return refused.value


def test_a_camera_is_read_at_the_address_that_was_checked(video: Path) -> None:
    # The machine's own resolver knows no camera.test: had FFmpeg resolved the name, nothing would play.
    names = Names(camera_test=["127.0.0.1"])
    with RtspServer(video, user="admin", password="secret") as server:
        assert plays(server.url.replace("127.0.0.1", "camera.test"), policy(names))
    with HttpVideoServer(video.read_bytes(), login="admin:secret") as web:
        assert plays(web.url.replace("127.0.0.1", "camera.test"), policy(names))


def test_a_name_that_comes_to_mean_this_machine_is_refused_when_it_connects(video: Path) -> None:
    names = Names(camera_test=["192.168.7.5"])
    judge = policy(names, allow_loopback=False)
    with RtspServer(video) as server:
        for scheme in ("rtsp", "http", "https", "rtsps"):
            url = f"{scheme}://camera.test:{server.port}/"
            names.meanings["camera.test"] = ["192.168.7.5"]
            judge.check(url, remote=True)
            opened = source(url, judge)
            names.meanings["camera.test"] = ["127.0.0.1"]
            with pytest.raises(SourceUnavailable, match=r"camera\.test \(127\.0\.0\.1\)") as refused:
                opened.open()
            assert refused.value.permanent
            assert "source_policy.allow_loopback" in refused.value.hint
        assert server.connections == 0


def test_the_name_is_asked_once_for_one_connection(video: Path) -> None:
    # An answer of the second question can thus never be the one that is connected to.
    names = Names(camera_test=["127.0.0.1"])
    with RtspServer(video) as server:
        assert plays(f"rtsp://camera.test:{server.port}/", policy(names))
    assert names.asked == 1


def test_the_web_server_still_hears_the_name() -> None:
    with ScriptedServer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as server:
        assert "no such stream" in str(refusal(f"http://camera.test:{server.port}/x", policy(Names(camera_test=["127.0.0.1"]))))
        assert f"Host: camera.test:{server.port}\r\n" in server.requests[0]


def test_of_several_addresses_one_that_answers_is_read(video: Path) -> None:
    with RtspServer(video) as server:
        assert plays(f"rtsp://camera.test:{server.port}/", policy(Names(camera_test=["127.0.0.2", "127.0.0.1"])))


def test_an_unknown_name_can_be_tried_again() -> None:
    for scheme in ("rtsp", "http"):
        error = refusal(f"{scheme}://camera.test/", policy())
        assert "unknown" in error.message
        assert not error.permanent


def test_a_scheme_that_is_no_longer_allowed_is_not_opened() -> None:
    with pytest.raises(ConfigError, match="not allowed"):
        source("http://10.0.0.5/", policy(schemes=("rtsp",)))


def moved(protocol: str, location: str, status: int = 302) -> bytes:
    return f"{protocol} {status} Moved\r\nCSeq: 1\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_web_server_cannot_send_us_to_a_refused_address(status: int) -> None:
    with ScriptedServer(moved("HTTP/1.1", f"http://{METADATA}/latest", status)) as server:
        error = refusal(f"http://127.0.0.1:{server.port}/", policy())
    assert METADATA in error.message
    assert error.permanent


@pytest.mark.parametrize("location", ["file:///etc/passwd", "rtsp://127.0.0.1/", "http://a@b@127.0.0.1/", "http://[", ""])
def test_a_web_server_cannot_send_us_out_of_http(location: str) -> None:
    with ScriptedServer(moved("HTTP/1.1", location)) as server:
        refusal(f"http://127.0.0.1:{server.port}/", policy())


def test_a_redirect_to_an_allowed_address_is_followed_without_the_login(video: Path) -> None:
    names = Names(a_test=["127.0.0.1"], b_test=["127.0.0.1"])
    with HttpVideoServer(video.read_bytes()) as web:
        port = int(web.url.partition("127.0.0.1:")[2].partition("/")[0])
        with ScriptedServer(moved("HTTP/1.1", f"http://b.test:{port}/video")) as first:
            assert plays(f"http://admin:secret@a.test:{first.port}/", policy(names))
    with ScriptedServer(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n") as thief:
        with ScriptedServer(moved("HTTP/1.1", f"http://b.test:{thief.port}/video")) as first:
            assert "user name or the password" in str(refusal(f"http://admin:secret@a.test:{first.port}/", policy(names)))
        assert thief.requests
        assert not any("Authorization" in request for request in thief.requests)


def test_the_login_goes_along_on_the_same_host(video: Path) -> None:
    with HttpVideoServer(video.read_bytes(), login="admin:secret") as web:
        port = web.url.partition("127.0.0.1:")[2].partition("/")[0]
        with ScriptedServer(moved("HTTP/1.1", f"http://127.0.0.1:{port}/video")) as first:
            assert plays(f"http://admin:secret@127.0.0.1:{first.port}/", policy())


def test_redirects_in_a_circle_end() -> None:
    with ScriptedServer(b"") as server:
        server.answer = moved("HTTP/1.1", f"http://127.0.0.1:{server.port}/again")
        assert "more than 3 times" in refusal(f"http://127.0.0.1:{server.port}/", policy()).message
    with ScriptedServer(b"") as server:
        server.answer = moved("RTSP/1.0", f"rtsp://127.0.0.1:{server.port}/again")
        assert "more than 3 times" in refusal(f"rtsp://127.0.0.1:{server.port}/", policy()).message
        assert len(server.requests) <= 8


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
def test_a_camera_cannot_send_us_to_a_refused_address(video: Path, method: str) -> None:
    answer = response("1", status="302 Moved", headers={"Location": f"rtsp://{METADATA}/"})
    with RtspServer(video, answers={method: answer}) as server:
        error = refusal(server.url, policy())
    assert METADATA in error.message
    assert error.permanent


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "/elsewhere", "rtsp://", ""])
def test_a_camera_cannot_send_us_out_of_rtsp(video: Path, location: str) -> None:
    with RtspServer(video, answers={"DESCRIBE": response("2", status="301 Moved", headers={"Location": location})}) as server:
        refusal(server.url, policy())


def test_a_camera_that_moved_to_an_allowed_address_is_followed(video: Path) -> None:
    with RtspServer(video) as there:
        answer = response("1", status="302 Moved", headers={"Location": there.url})
        with RtspServer(video, answers={"DESCRIBE": answer}) as here:
            assert plays(here.url, policy())


def test_an_answer_that_drips_holds_nobody_longer_than_the_time_out() -> None:
    with ScriptedServer(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 1000, drip_s=0.02) as server:
        options = SourceOptions(connect_timeout_s=0.3, read_timeout_s=0.3, policy=policy())
        clock = SystemClock()
        began = clock.monotonic()
        with pytest.raises(SourceUnavailable):
            open_source(f"rtsp://127.0.0.1:{server.port}/", options, clock=clock).open()
        # Two exchanges of 0.3 s, where the whole answer would take two minutes.
        assert clock.monotonic() - began < 60


def test_tls_names_the_host_and_follows_no_redirect_by_itself(tmp_path: Path) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path / "a.pem"))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with HttpVideoServer(b"") as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        port = server._server.server_port
        server._send_file = lambda handler, _: handler.wfile.write(moved("HTTP/1.1", f"https://{METADATA}/"))  # type: ignore[method-assign]
        error = refusal(f"https://localhost:{port}/", policy(Names(localhost=["127.0.0.1"])))
    assert METADATA in error.message
    # FFmpeg, then the question where it leads to.
    assert names == ["localhost", "localhost"]


def certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(day).not_valid_after(day.replace(year=2126)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    path.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path
