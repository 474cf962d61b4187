"""What a browser gets of the console."""

import pytest
from fastapi.testclient import TestClient
from tests.support.web_site import WebSite

from haetae.api.app import create_app

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("console")) as site:
        yield site


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "dist"


@pytest.fixture
def browser(site, folder):
    return TestClient(create_app(site.services, console=folder), headers=PAGE)


def build(folder, text="<!doctype html><title>Haetae</title>"):
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "assets" / "main-1a2b.js").write_text("console.log(1)")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "index.html").write_text(text)


@pytest.mark.parametrize("path", ["/", "/login", "/events", "/events/0199c0de-0000-7000-8000-000000000000", "/cameras/new"])
def test_every_page_of_the_console_is_one_file(browser, folder, path):
    build(folder)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "<title>Haetae</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self';" in answer.headers["content-security-policy"]


def test_a_page_that_is_known_is_not_sent_again(browser, folder):
    build(folder)
    known = browser.get("/live").headers["etag"]
    assert browser.get("/live", headers={"If-None-Match": known}).status_code == 304


def test_what_a_page_is_made_of_is_kept_by_the_browser(browser, folder):
    build(folder)
    script = browser.get("/assets/main-1a2b.js", headers={"Accept": "*/*"})
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert browser.get("/favicon.svg").headers["cache-control"] == "no-cache"
    assert browser.head("/assets/main-1a2b.js").content == b""


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/v1/nothing", "/api/nothing", "/assets/gone-3c4d.js", "/<b>", "/a.b", "http://testserver//etc/passwd", "/%2e%2e/secret"],
)
def test_what_is_no_page_is_not_found(browser, folder, path):
    build(folder)
    (folder.parent / "secret").write_text("hidden")
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_programs_and_other_methods_get_no_page(browser, folder):
    build(folder)
    assert browser.get("/events", headers={"Accept": "application/json"}).status_code == 404
    assert browser.get("/events", headers={"Accept": "*/*"}).status_code == 404
    assert browser.post("/events").status_code == 404
    assert browser.post("/healthz").status_code == 405


def test_a_link_out_of_the_folder_is_not_followed(browser, folder):
    build(folder)
    (folder.parent / "secret").write_text("hidden")
    (folder / "assets" / "link.js").symlink_to(folder.parent / "secret")
    assert browser.get("/assets/link.js").status_code == 404


def test_a_console_that_is_built_later_or_anew_is_served_at_once(browser, folder):
    unbuilt = browser.get("/")
    assert unbuilt.status_code == 200
    assert "make ui" in unbuilt.text
    build(folder)
    assert "make ui" not in browser.get("/").text
    build(folder, "<!doctype html><title>Haetae, newer and longer</title>")
    assert "newer" in browser.get("/").text


def test_a_monitor_that_takes_anything_finds_the_site_at_its_address(browser, folder):
    build(folder)
    assert "<title>Haetae</title>" in browser.get("/", headers={"Accept": "*/*"}).text
    assert browser.get("/", headers={"Accept": "application/json"}).status_code == 404
