"""Every route, asked by everybody: who may, who may not, and for whom it does not exist. A route without a rule fails."""

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from tests.support.web_site import WebSite

ANYONE, LOGGED_IN, OPERATOR, ADMIN = "anyone", "logged in", "operator", "admin"
SEE, CONTROL, OWN = "sees the camera", "controls the camera", "owns the camera"
MACHINE = "the machine itself"

RULES = {
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": MACHINE,
    "GET /docs": ANYONE,
    "GET /docs/start.js": ANYONE,
    "GET /docs/swagger-ui.css": ANYONE,
    "GET /docs/swagger-ui-bundle.js": ANYONE,
}

MAY = {
    LOGGED_IN: {"admin", "owner", "operator", "looker", "viewer", "stranger"},
    OPERATOR: {"admin", "owner", "operator", "looker"},
    ADMIN: {"admin"},
    SEE: {"admin", "owner", "operator", "looker", "viewer"},
    CONTROL: {"admin", "owner", "operator"},
    OWN: {"admin", "owner"},
}
PEOPLE = sorted(MAY[LOGGED_IN])
"""`seen` is what all but `stranger` see; only the admin sees `hidden`."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("matrix")) as site:
        yield site


def routes(app):
    for route in app.routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods):
                yield f"{method} {route.path}", route
        elif isinstance(route, APIWebSocketRoute):
            yield f"WS {route.path}", route


def test_every_route_has_a_rule_and_every_rule_a_route(site):
    found = {name for name, _route in routes(site.app) if not name.startswith("HEAD ")}
    assert found == set(RULES), "say in RULES who may ask the route"
