"""The severity policy over the API: read, tried on past events, changed, in force."""

import pytest
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.domain.event import EventKind, Severity
from haetae.domain.severity import DEFAULT_POLICY

PATH = f"{PREFIX}/severity-policy"
ALL_HIGH = {"rows": [{"severity": "high", "zones": ["Nowhere"]}], "otherwise": "high"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("severity")) as site:
        yield site


def test_another_policy_is_tried_and_then_in_force_at_once(site):
    read = site.ask("operator", "GET", PATH)
    before = read.json()
    assert (before["version"], before["updated_at"], read.headers["etag"]) == (0, None, '"0"')
    assert len(before["rows"]) == len(DEFAULT_POLICY.rows)
    trial = site.ask("admin", "POST", f"{PATH}/check", json=ALL_HIGH).json()
    assert trial["events"] > 0
    assert {change["now"] for change in trial["changes"]} == {"high"}
    assert sum(change["events"] for change in trial["changes"]) == trial["events"]
    assert any("'Nowhere'" in remark for remark in trial["remarks"])
    assert site.ask("operator", "GET", PATH).json() == before
    changed = site.ask("admin", "PUT", PATH, json=ALL_HIGH, headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"1"'), changed.text
    assert site.ask("operator", "GET", PATH).json()["otherwise"] == "high"
    severities = site.web.site.running.shared.severities
    assert severities.of(EventKind.ANOMALY, 0.1, site.web.site.clock.now(), ()) is Severity.HIGH


def test_of_two_who_edit_it_at_once_the_later_one_is_told(site):
    tag = site.ask("admin", "GET", PATH).headers["etag"]
    mine, theirs = ({"rows": [], "otherwise": severity} for severity in ("critical", "medium"))
    assert site.ask("admin", "PUT", PATH, json=mine).status_code == 428
    assert site.ask("admin", "PUT", PATH, json=theirs, headers={"If-Match": tag}).status_code == 200
    late = site.ask("admin", "PUT", PATH, json=mine, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert site.ask("admin", "GET", PATH).json()["otherwise"] == "medium"
    assert site.ask("admin", "PUT", PATH, json=mine, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    "row", [{"severity": "mild"}, {"severity": "high", "schedule": "sometimes"}, {"severity": "high", "kinds": ["system"]}]
)
def test_a_row_that_cannot_be_meant_is_refused(site, row):
    answer = site.ask("admin", "PUT", PATH, json={"rows": [row]}, headers={"If-Match": "*"})
    assert answer.status_code == 422, answer.text
