"""Sources that would make the server open its own network's doors (SSRF), or run something, at every door that takes a source."""

import csv
import io
import json
import socket

import pytest
from tests.support.attack import configured, unwanted_caller
from tests.support.rtsp_server import RtspServer, response
from tests.support.scripted_tcp import ScriptedServer
from tests.support.video import make_video
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.ids import new_id
from haetae.settings import SourcePolicySettings

CAMERAS = f"{PREFIX}/cameras"
STRICT = SourcePolicySettings()
HERE = (
    "127.0.0.1",
    "127.1",
    "127.0.0.53",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001::80ff:fffe]",
    "0.0.0.0",
    "0",
    "[::]",
)
ELSEWHERE = (
    "169.254.169.254",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
)
TWO_WAYS = (
    "rtsp://10.0.0.5\\@127.0.0.1:{port}/",
    "rtsp://a@b@127.0.0.1:{port}/",
    "rtsp://10.0.0.5#@127.0.0.1:{port}/",
    "rtsp://10.0.0.5?@127.0.0.1:{port}/",
    "rtsp://127.0.0.1:{port}:80/",
    "http://10.0.0.5/\r\nHost: 127.0.0.1",
    "http://127。0。0。1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://[127.0.0.1]:{port}/",
)
COMMANDS = (
    "exec:touch {marker}",
    "exec://touch {marker}",
    "ffmpeg:http://127.0.0.1:{port}/",
    "|touch {marker}",
    "$(touch {marker})",
    "`touch {marker}`",
    "--help",
    "-f lavfi -i testsrc",
    "pipe:0",
    "pipe://0",
    "fd://0",
    "concat:/etc/passwd|/etc/hosts",
    "concat://etc/passwd",
    "subfile,,start,0,end,99,,:/etc/passwd",
    "data:text/plain,x",
    "data://x",
    "lavfi://testsrc",
    "crypto:/etc/passwd",
    "cache:http://127.0.0.1:{port}/",
    "tee:/tmp/x|/tmp/y",
    "v4l2:///dev/mem",
    "/dev/mem",
    "gst://filesrc",
    "javascript://x",
    *(f"{scheme}://127.0.0.1:{{port}}/" for scheme in ("ftp", "gopher", "dict", "tcp", "udp", "rtp", "rtmp", "srt", "smb", "unix", "echo")),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("requests")) as site:
        yield site


def refusals(site, source):
    """What each door that takes one source answers."""
    yield site.ask("admin", "POST", CAMERAS, json={"name": f"hostile {new_id()}", "source": source, "enabled": False})
    yield site.ask("admin", "PATCH", f"{CAMERAS}/{site.seen.id}", json={"source": source}, headers={"If-Match": "*"})
    yield site.ask("admin", "POST", f"{CAMERAS}/test", json={"source": source})


def check_refused(site, source):
    for number, answer in enumerate(refusals(site, source)):
        assert answer.status_code == 422, f"door {number} took {source!r}: {answer.text[:300]}"
        assert "root:x:" not in answer.text


def cameras_in(site):
    return [camera["name"] for camera in site.ask("admin", "GET", CAMERAS).json()["cameras"]]


@pytest.mark.parametrize("host", HERE + ELSEWHERE)
def test_no_door_leads_to_this_machine_or_its_metadata_however_it_is_written(site, host):
    with configured(site, source_policy=STRICT), unwanted_caller() as port, unwanted_caller("::1"):
        check_refused(site, f"rtsp://{host}:{port}/latest")
        refused = site.ask("admin", "POST", f"{CAMERAS}/test", json={"source": f"http://{host}:{port}/latest"})
        assert refused.status_code == 422, refused.text


@pytest.mark.parametrize("source", TWO_WAYS)
def test_an_address_that_two_parsers_read_in_two_ways_is_refused(site, source):
    # Loopback is allowed here, so that it is the writing alone that is refused.
    with unwanted_caller() as port:
        check_refused(site, source.format(port=port))


@pytest.mark.parametrize("source", COMMANDS)
def test_no_source_is_a_command_or_another_protocol(site, tmp_path, source):
    with unwanted_caller() as port:
        check_refused(site, source.format(port=port, marker=tmp_path / "marker"))
    assert not list(tmp_path.iterdir())


def test_no_table_brings_one_of_them_in(site, tmp_path):
    before = cameras_in(site)
    with configured(site, source_policy=STRICT), unwanted_caller() as port:
        hosts = [f"rtsp://{host}:{port}/" for host in HERE + ELSEWHERE]
        sources = [*hosts, *(source.format(port=port, marker=tmp_path / "marker") for source in TWO_WAYS + COMMANDS)]
        rows = [{"name": f"camera {number}", "source": source, "enabled": False} for number, source in enumerate(sources)]
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        for media_type, body in (("text/csv", text.getvalue()), ("application/yaml", json.dumps(rows))):
            headers = {"Content-Type": media_type}
            answer = site.ask("admin", "POST", f"{CAMERAS}/import", content=body.encode(), headers=headers)
            assert answer.status_code == 422, answer.text
            assert len(answer.json()["fields"]) == len(sources), "each row is refused for itself"
            assert "root:x:" not in answer.text
    assert cameras_in(site) == before
    assert not list(tmp_path.iterdir())


@pytest.fixture
def names(monkeypatch):
    """A resolver of which an attacker owns the zone: what `*.evil.test` means, now."""
    meanings, real = {}, socket.getaddrinfo

    def getaddrinfo(host, port, *arguments, **options):
        if not str(host).endswith("evil.test"):
            return real(host, port, *arguments, **options)
        found = meanings[host]
        if isinstance(found, list) and found and isinstance(found[0], list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port or 0)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return meanings


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["192.168.7.5", "127.0.0.1"], ["192.168.7.5", "::1"], ["::ffff:169.254.169.254"]])
def test_a_name_means_what_it_resolves_to(site, names, addresses):
    names["cam.evil.test"] = addresses
    with configured(site, source_policy=STRICT), unwanted_caller() as port:
        check_refused(site, f"rtsp://cam.evil.test:{port}/")


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_a_name_that_changes_its_meaning_after_the_check_is_refused_when_it_is_opened(site, names, scheme):
    names["cam.evil.test"] = ["192.168.7.5"]
    with configured(site, source_policy=STRICT), unwanted_caller() as port:
        source = f"{scheme}://cam.evil.test:{port}/"
        added = site.ask("admin", "POST", CAMERAS, json={"name": f"rebinding {scheme}", "source": source, "enabled": False})
        assert added.status_code == 201, added.text
        # Also where it changes between two questions in a row.
        for meaning in (["127.0.0.1"], ["::1"], [["192.168.7.5"], ["127.0.0.1"]]):
            names["cam.evil.test"] = meaning
            if isinstance(meaning[0], list):
                meaning.pop(0)
            answer = site.ask("admin", "POST", f"{CAMERAS}/{added.json()['id']}/test")
            assert not answer.json().get("works"), answer.text


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", seconds=1)


# Only the first of the machine's own networks: a second one stands for what lies behind the policy.
NEAR = SourcePolicySettings(allow_loopback=True, allowed_networks=("127.0.0.0/24",))


@pytest.mark.parametrize(
    "target", ["{scheme}://127.0.1.1:{port}/", "{scheme}://[::ffff:127.0.1.1]:{port}/", "{scheme}://2130706689:{port}/"]
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_camera_cannot_send_the_server_where_it_may_not_go(site, video, target, status):
    with configured(site, source_policy=NEAR), unwanted_caller("127.0.1.1") as port:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {target.format(scheme='http', port=port)}\r\nContent-Length: 0\r\n\r\n"
        with ScriptedServer(moved.encode()) as web:
            check_fails(site, f"http://127.0.0.1:{web.port}/")
            assert web.requests, "the camera itself was asked"
        there = response("1", status=f"{status} Moved", headers={"Location": target.format(scheme="rtsp", port=port)})
        with RtspServer(video, answers={"OPTIONS": there}) as camera:
            check_fails(site, camera.url)
            assert camera.connections


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "concat:/etc/passwd", "/etc/passwd", "gopher://127.0.0.1/", "http://[", "data:,x"]
)
def test_a_camera_cannot_send_the_server_to_a_file(site, target):
    with ScriptedServer(f"HTTP/1.1 302 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()) as web:
        check_fails(site, f"http://127.0.0.1:{web.port}/")


PLAYLISTS = {
    "application/vnd.apple.mpegurl": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{place}\n#EXT-X-ENDLIST\n",
    "application/sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\n",
    "application/dash+xml": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><MPD><BaseURL>{place}</BaseURL>&e;</MPD>',
    "text/plain": "ffconcat version 1.0\nfile {place}\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_what_a_camera_sends_cannot_name_another_place(site, kind):
    with unwanted_caller("127.0.1.1") as port:
        body = PLAYLISTS[kind].format(place=f"http://127.0.1.1:{port}/")
        with ScriptedServer(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()) as web:
            check_fails(site, f"http://127.0.0.1:{web.port}/")


def check_fails(site, source):
    answer = site.ask("admin", "POST", f"{CAMERAS}/test", json={"source": source})
    assert answer.status_code == 422 or answer.json()["works"] is False, answer.text
    assert "root:x:" not in answer.text
