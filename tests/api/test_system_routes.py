"""What an admin is shown of the site itself."""

import pytest
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.settings import ApiSettings

TOKEN = "a-token-of-the-monitoring"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("system"), api=ApiSettings(port=0, metrics_token=TOKEN)) as site:
        yield site


def test_an_admin_sees_how_the_site_is_doing(site):
    answer = site.ask("admin", "GET", f"{PREFIX}/system").json()
    assert answer["not_ready"] == []
    assert answer["storage"]["total_bytes"] > 0
    assert answer["storage"]["recording"] is True
    assert answer["log"]["waiting"] == 0
    assert answer["responses"]["planned"] == 0
    assert answer["acts"] == {"approvals_waiting": 0, "running": 0, "ended": {}}
    assert answer["rss_mb"] > 0
    assert answer["started_at"] <= answer["now"]


def test_the_configuration_is_shown_without_its_secrets(site):
    answer = site.ask("admin", "GET", f"{PREFIX}/system/configuration")
    sections = answer.json()["sections"]
    assert sections["api"]["metrics_token"] == "***"
    assert TOKEN not in answer.text
    assert sections["access"]["access_token_s"] == 900.0
    assert sections["api"]["docs"] is True
    assert sections["storage"]["directory"]


def test_nobody_else_sees_either(site):
    for person in ("owner", "viewer"):
        for path in ("/system", "/system/configuration"):
            assert site.ask(person, "GET", PREFIX + path).status_code == 403
