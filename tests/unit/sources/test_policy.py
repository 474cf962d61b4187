import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from haetae.errors import ConfigError, SourceUnavailable
from haetae.settings import SourcePolicySettings
from haetae.sources.policy import SourcePolicy, Target, take_apart

LAN = "192.168.7.5"


def policy(*addresses: str, **settings: object) -> SourcePolicy:
    """One whose resolver gives these addresses to every name."""

    def resolve(name: str) -> Sequence[str]:
        assert name == "camera.lan"
        return addresses

    return SourcePolicy(SourcePolicySettings(**settings), resolve=resolve)


def refusal(judge: SourcePolicy, url: str, *, remote: bool = True) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        judge.check(url, remote=remote)
    return refused.value


@pytest.mark.parametrize("address", [LAN, "8.8.8.8", "fd12::5", "100.64.0.7"])
def test_cameras_of_the_lan_and_public_ones_may_be_read(address: str) -> None:
    policy(address).check("rtsp://admin:pw@camera.lan/stream", remote=True)
    host = f"[{address}]" if ":" in address else address
    policy().check(f"http://{host}:8080/video?x=1#y", remote=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"]
)
@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_this_machine_is_refused_however_it_is_written_and_the_key_that_allows_it_is_named(scheme: str, host: str) -> None:
    error = refusal(policy(), f"{scheme}://{host}:8554/x")
    assert "this machine" in error.message
    assert "source_policy.allow_loopback" in error.hint
    policy(allow_loopback=True).check(f"{scheme}://{host}:8554/x", remote=True)


def test_link_local_addresses_and_metadata_are_refused_unless_allowed() -> None:
    for host in ("169.254.169.254", "[fe80::1]", "[fd00:ec2::254]"):
        assert "source_policy.allow_link_local" in refusal(policy(), f"http://{host}/latest/meta-data").hint
        policy(allow_link_local=True).check(f"http://{host}/", remote=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "[::]", "224.0.0.1", "255.255.255.255", "[ff02::1]"])
def test_what_is_no_address_of_a_camera_is_refused_whatever_is_allowed(host: str) -> None:
    refusal(policy(allow_loopback=True, allow_link_local=True), f"rtsp://{host}/")


def test_every_address_of_a_name_must_be_allowed() -> None:
    error = refusal(policy(LAN, "127.0.0.1"), "rtsp://camera.lan/")
    assert "camera.lan (127.0.0.1)" in error.message


def test_a_list_of_networks_allows_nothing_else() -> None:
    judge = policy(LAN, allowed_networks=("192.168.7.0/24", "fd12::/16"))
    judge.check("rtsp://camera.lan/", remote=True)
    judge.check("rtsp://[fd12::9]/", remote=True)
    judge.check("rtsp://[::ffff:192.168.7.9]/", remote=True)
    for host in ("192.168.8.5", "8.8.8.8", "[fd13::1]"):
        assert "source_policy.allowed_networks" in refusal(judge, f"rtsp://{host}/").hint
    both = policy(allowed_networks=("127.0.0.0/8",))
    assert "allow_loopback" in refusal(both, "rtsp://127.0.0.1/").hint


def test_a_network_that_is_none_is_refused_when_the_policy_is_made() -> None:
    with pytest.raises(ConfigError, match=r"source_policy.allowed_networks.*192.168.7.5/24"):
        policy(allowed_networks=("192.168.7.5/24",))


@pytest.mark.parametrize(
    "url",
    [
        "",
        " rtsp://10.0.0.5/",
        "rtsp://10.0.0.5/ ",
        "rtsp://10.0.0.5/\r\nX: y",
        "rtsp://10.0.0.5/\x00",
        "rtsp://10.0.0.5/\u200b",
        "rtsp://10.0.0.5/a b",
        "rtsp://127.0.0.1\\@10.0.0.5/",
        "rtsp://10.0.0.5\\@127.0.0.1/",
        "rtsp://a@127.0.0.1@10.0.0.5/",
        "rtsp://a:b:c@d@10.0.0.5/",
        "rtsp://10.0.0.5:0/",
        "rtsp://10.0.0.5:65536/",
        "rtsp://10.0.0.5:8x/",
        "rtsp://10.0.0.5:/",
        "rtsp:///path",
        "rtsp://user:pw@/path",
        "rtsp://[::1/",
        "rtsp://[fe80::1%25eth0]/",
        "rtsp://ｌocalhost/",
        "rtsp://ca%6dera/",
        "rtsp://10.0.0.5/\u00fc",
        "http://10.0.0.5/" + "a" * 3000,
    ],
)
def test_an_address_that_two_parsers_could_read_in_two_ways_is_refused(url: str) -> None:
    refusal(policy(LAN, allow_loopback=True), url)


def test_a_refusal_never_repeats_the_login() -> None:
    for url in ("rtsp://admin:secret@127.0.0.1/", "rtsp://admin:sec@ret@10.0.0.5/", "rtsp://admin:secret@10.0.0.5:99999/"):
        assert "sec" not in str(refusal(policy(), url)).replace("percent", "")


def test_only_the_schemes_that_are_allowed_are_read() -> None:
    judge = policy(schemes=("rtsp", "sim"))
    judge.check("sim://plaza", remote=True)
    judge.check("RTSP://10.0.0.5/", remote=True)
    for url in (
        "http://10.0.0.5/",
        "rtsps://10.0.0.5/",
        "/dev/video0",
        "webcam:///dev/video0",
        "/etc/passwd",
        "gopher://10.0.0.5/",
        "exec:ls",
    ):
        assert "source_policy.schemes" in refusal(judge, url, remote=False).hint


def test_of_devices_only_cameras_are_read() -> None:
    judge = policy()
    judge.check("/dev/video0", remote=True)
    judge.check("webcam:///dev/video12?fps=5", remote=True)
    judge.check("file:///dev/video1", remote=True)
    for url in ("webcam:///dev/sda", "/dev/sda", "/dev/video0/../sda", "webcam:///etc/passwd", "/dev/videoX"):
        refusal(judge, url)


def test_whoever_sits_at_the_machine_may_watch_any_file(tmp_path: Path) -> None:
    policy().check(str(tmp_path / "a.mp4"), remote=False)
    policy().check("a.mp4", remote=False)


def test_through_the_api_only_files_of_the_folders_are_watched(tmp_path: Path) -> None:
    folder, outside = tmp_path / "videos", tmp_path / "outside"
    (folder / "day").mkdir(parents=True)
    outside.mkdir()
    for path in (folder / "day" / "a b.mp4", outside / "b.mp4", tmp_path / "videos2.mp4"):
        path.write_bytes(b"x")
    (folder / "out").symlink_to(outside)
    (folder / "b.mp4").symlink_to(outside / "b.mp4")
    (folder / "loop").symlink_to(folder / "loop")
    judge = policy(folders=(folder,))
    for url in (str(folder / "day" / "a b.mp4"), f"file://{folder}/day/a%20b.mp4", f"images://{folder}/day?fps=5", str(folder)):
        judge.check(url, remote=True)
    for url in (
        str(outside / "b.mp4"),
        str(folder / "b.mp4"),
        str(folder / "out" / "b.mp4"),
        f"{folder}/../outside/b.mp4",
        f"file://{folder}/%2e%2e/outside/b.mp4",
        f"file://{folder}/a%00.mp4",
        str(tmp_path / "videos2.mp4"),
        str(folder / "loop"),
        "day/a b.mp4",
        "~/a.mp4",
        "/etc/passwd",
    ):
        assert "source_policy.folders" in refusal(judge, url).hint, url


def test_without_folders_no_file_is_watched_through_the_api(tmp_path: Path) -> None:
    assert "source_policy.folders" in refusal(policy(), str(tmp_path)).hint


def test_a_name_that_is_unknown_or_a_resolver_that_hangs_ends_in_time() -> None:
    def unknown(_: str) -> list[str]:
        raise OSError("no such name")

    assert "unknown" in refusal(SourcePolicy(SourcePolicySettings(), resolve=unknown), "rtsp://camera.lan/").message
    assert "unknown" in refusal(policy(), "rtsp://camera.lan/").message
    never = threading.Event()
    try:
        judge = SourcePolicy(SourcePolicySettings(), resolve=lambda _: [LAN] if never.wait(60) else [], resolve_timeout_s=0.05)
        assert "not resolved in time" in refusal(judge, "rtsp://camera.lan/").message
        with pytest.raises(SourceUnavailable) as away:
            judge.reach(take_apart("rtsp://camera.lan/"))
        assert not away.value.permanent
    finally:
        never.set()


def test_an_address_is_taken_apart_and_put_together() -> None:
    url = "rtsp://admin:p%40ss@camera.lan:8554/a?b=c#d"
    target = take_apart(url)
    assert target == Target("rtsp", "admin:p%40ss", "camera.lan", 8554, "/a?b=c#d")
    assert target.url == url
    (address,) = policy("fd12::5").reach(target)
    assert target.at(address) == "rtsp://admin:p%40ss@[fd12::5]:8554/a?b=c#d"
    assert take_apart("https://camera.lan").host_header == "camera.lan"
    assert take_apart("https://camera.lan:80/").host_header == "camera.lan:80"
