"""Path traversal: in every parameter of every path, on the wire, in sources that are files, in what the database says of files."""

import pytest
from tests.support.attack import Served, configured, doors, written
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.settings import SourcePolicySettings
from haetae.vault import key_folder

HOSTILE = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fkeys%2fjwt.json",
    "..%252f..%252fkeys%252fjwt.json",
    # What a check that takes `../` out once makes of it is `../`.
    "....//....//keys/jwt.json",
    "..%5c..%5ckeys%5cjwt.json",
    "%2fetc%2fpasswd",
    "%00",
    "01890000-0000-7000-8000-000000000000%00.mp4",
    "01890000-0000-7000-8000-000000000000%2f..%2f..%2fkeys",
    "file:%2f%2f%2fetc%2fpasswd",
    "%ff%fe",
    "%27%20OR%20%271%27=%271",
    # CVE-2024-32874: a name longer than a file system takes.
    "a" * 6000,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("paths")) as site:
        yield site


@pytest.fixture(scope="module")
def secrets(site):
    """What a file that was not meant would show."""
    return "root:x:0:0", (key_folder(site.config.storage.directory) / "jwt.json").read_text(encoding="utf-8")[-60:]


def test_no_parameter_of_any_path_leads_anywhere_else(site, secrets):
    asked = 0
    for door in doors(site.app):
        for name in door.parameters if door.method != "WS" else ():
            for value in HOSTILE:
                answer = site.ask("admin", door.method, door.at(**{name: value}))
                assert answer.status_code in (404, 405, 422), f"{door} {name}={value[:40]}: {answer.status_code}"
                assert not any(secret in answer.text for secret in secrets)
                asked += 1
    assert asked > 40 * len(HOSTILE)


def test_no_path_on_the_wire_leads_to_a_file(site, secrets):
    # A client library would tidy these up before they are sent.
    targets = [f"{place}/{up}{end}" for place in ("", "/docs", PREFIX, f"{PREFIX}/events") for up in ("../" * 9, "%2e%2e/" * 9, "..%2f" * 9)
               for end in ("etc/passwd", "keys/jwt.json")]  # fmt: skip
    targets += ["//etc/passwd", "/docs//etc/passwd", "/docs/swagger-ui.css/../../../../etc/passwd", "/docs/swagger-ui.css%00.html"]
    with Served(site.app) as served:
        for target in targets:
            answer = served.ask(written("GET", target)).decode("latin-1")
            assert answer.split(" ")[1] == "404", f"{target}: {answer[:100]}"
            assert not any(secret in answer for secret in secrets)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """`videos` may be watched from; `private` beside it may not."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "videos" / "below").mkdir(parents=True)
    (folder / "videos-private").mkdir()
    for path in ("videos-private/a.mp4", "videos/a.mp4"):
        (folder / path).write_bytes(b"no video")
    (folder / "videos" / "link.mp4").symlink_to(folder / "videos-private" / "a.mp4")
    (folder / "videos" / "folder").symlink_to(folder / "videos-private")
    return folder


@pytest.mark.parametrize(
    "source",
    [
        "{videos}/../videos-private/a.mp4",
        "{videos}/below/../../videos-private/a.mp4",
        "file://{videos}/../videos-private/a.mp4",
        "file://{videos}/%2e%2e/videos-private/a.mp4",
        "file://localhost{videos}/%2e%2e/videos-private/a.mp4",
        "images://{videos}/../videos-private",
        # Neighbours by their name alone.
        "{videos}-private/a.mp4",
        "{videos}/link.mp4",
        "{videos}/folder/a.mp4",
        "/proc/self/environ",
        "/dev/stdin",
        "~/.ssh/id_rsa",
        "videos/a.mp4",
        "{videos}/a.mp4\0.jpg",
        "file://{videos}/%00",
    ],
)
def test_a_source_that_is_a_file_lies_where_files_may_be_watched(site, files, source):
    source = source.format(videos=files / "videos")
    with configured(site, source_policy=SourcePolicySettings(folders=(files / "videos",))):
        for path, body in (
            (f"{PREFIX}/cameras", {"name": "file", "source": source, "enabled": False}),
            (f"{PREFIX}/cameras/test", {"source": source}),
        ):
            answer = site.ask("admin", "POST", path, json=body)
            assert answer.status_code == 422, answer.text
            assert "no video" not in answer.text
        good = site.ask("admin", "POST", f"{PREFIX}/cameras/test", json={"source": str(files / "videos" / "a.mp4")})
        assert good.status_code == 200, "the folder itself may be read from"


@pytest.mark.parametrize("path", ["../keys/jwt.json", "media/../../keys/jwt.json", "/etc/passwd", "media/%2e%2e/keys"])
def test_what_the_database_says_of_a_file_is_not_believed(site, secrets, path):
    event = site.add_event(site.seen.id, clip_path=path, thumbnail_path=path, media_bytes=10)
    for kind in ("clip", "thumbnail", "contact-sheet", "export"):
        answer = site.ask("admin", "GET", f"{PREFIX}/events/{event.id}/{kind}")
        assert answer.status_code == (200 if kind == "export" else 404), answer.text
        assert not any(secret.encode() in answer.content for secret in secrets)
