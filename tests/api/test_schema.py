"""The schema that clients are made from: committed, fresh, and true."""

import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from tests.support.web_site import WebSite

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = {"/api/v1/cameras/{camera_id}/mjpeg"}
OPERATIONS = [
    (path, method) for path, methods in json.loads(COMMITTED.read_bytes())["paths"].items() for method in methods if path not in ENDLESS
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("schema")) as site:
        yield site


@pytest.fixture(scope="module")
def schema(site):
    return schemathesis.openapi.from_asgi("/openapi.json", site.app)


def test_the_committed_schema_is_the_one_that_is_served(site):
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == site.app.openapi(), "make openapi writes it anew"


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_makes_a_fault_or_an_answer_that_the_schema_does_not_know(site, schema, path, method):
    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=schema[path][method].as_strategy())
    def ask(case):
        # To make a request takes longer than to answer it: each is asked by everybody.
        for role in ("admin", "operator", "viewer", None):
            case.call_and_validate(headers=site.credentials(role), checks=CHECKS)

    ask()
