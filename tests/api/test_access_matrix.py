"""Every route, asked by everybody: who may, who may not, and for whom it does not exist. A route without a rule fails."""

from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.websockets import WebSocketDisconnect
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX
from haetae.api.sockets import CloseCode

ANYONE, LOGGED_IN, OPERATOR, ADMIN = "anyone", "logged in", "operator", "admin"
SEE, CONTROL, OWN = "sees", "controls", "owns"
"""What is needed with the camera in the path, or with that of the event in the path."""

RULES = {
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /docs": ANYONE,
    "GET /docs/start.js": ANYONE,
    "GET /docs/swagger-ui.css": ANYONE,
    "GET /docs/swagger-ui-bundle.js": ANYONE,
    # The machine itself, or a token: see test_health_routes.
    "GET /metrics": ANYONE,
    "GET /auth/state": ANYONE,
    "POST /auth/setup": ANYONE,
    "POST /auth/register": ANYONE,
    "POST /auth/login": ANYONE,
    "POST /auth/refresh": ANYONE,
    "POST /auth/logout": ANYONE,
    "POST /auth/reset": ANYONE,
    "POST /auth/logout-all": LOGGED_IN,
    "GET /auth/me": LOGGED_IN,
    "PATCH /auth/me": LOGGED_IN,
    "POST /auth/password": LOGGED_IN,
    "GET /auth/sessions": LOGGED_IN,
    "DELETE /auth/sessions/{family}": LOGGED_IN,
    "GET /api-keys": LOGGED_IN,
    "POST /api-keys": LOGGED_IN,
    "DELETE /api-keys/{key_id}": LOGGED_IN,
    "POST /tickets": LOGGED_IN,
    "GET /users": ADMIN,
    "POST /users": ADMIN,
    "GET /users/{user_id}": ADMIN,
    "PATCH /users/{user_id}": ADMIN,
    "DELETE /users/{user_id}": ADMIN,
    "POST /users/{user_id}/reset": ADMIN,
    "GET /users/{user_id}/access": ADMIN,
    "PUT /users/{user_id}/access": ADMIN,
    "GET /invites": ADMIN,
    "POST /invites": ADMIN,
    "DELETE /invites/{invite_id}": ADMIN,
    "GET /audit": ADMIN,
    "GET /system": ADMIN,
    "GET /system/configuration": ADMIN,
    "GET /audit/verify": ADMIN,
    "GET /audit/responses": ADMIN,
    "GET /cameras": LOGGED_IN,
    "POST /cameras": ADMIN,
    "POST /cameras/test": ADMIN,
    "POST /cameras/import": ADMIN,
    "GET /cameras/export": ADMIN,
    "GET /cameras/{camera_id}": SEE,
    "PATCH /cameras/{camera_id}": OWN,
    "DELETE /cameras/{camera_id}": ADMIN,
    "POST /cameras/{camera_id}/start": CONTROL,
    "POST /cameras/{camera_id}/stop": CONTROL,
    "POST /cameras/{camera_id}/relearn": OWN,
    "POST /cameras/{camera_id}/test": OWN,
    "GET /cameras/{camera_id}/status": SEE,
    "GET /cameras/{camera_id}/scores": SEE,
    "GET /cameras/{camera_id}/score-minutes": SEE,
    "GET /cameras/{camera_id}/would-alarm": SEE,
    "GET /cameras/{camera_id}/zones": SEE,
    "PUT /cameras/{camera_id}/zones": OWN,
    "GET /cameras/{camera_id}/schedule": SEE,
    "PUT /cameras/{camera_id}/schedule": OWN,
    "GET /cameras/{camera_id}/access": OWN,
    "PUT /cameras/{camera_id}/access": ADMIN,
    "GET /cameras/{camera_id}/snapshot": SEE,
    "GET /cameras/{camera_id}/mjpeg": SEE,
    "GET /cameras/{camera_id}/heatmap": SEE,
    "WS /cameras/{camera_id}/live": SEE,
    "GET /events": LOGGED_IN,
    "GET /events.csv": LOGGED_IN,
    "GET /events.ndjson": LOGGED_IN,
    "POST /events/acknowledge": OPERATOR,
    "GET /events/{event_id}": SEE,
    "PATCH /events/{event_id}": CONTROL,
    "POST /events/{event_id}/acknowledge": CONTROL,
    "DELETE /events/{event_id}/acknowledge": CONTROL,
    "GET /events/{event_id}/export": SEE,
    "GET /events/{event_id}/clip": SEE,
    "GET /events/{event_id}/thumbnail": SEE,
    "GET /events/{event_id}/contact-sheet": SEE,
    "GET /events/{event_id}/deliveries": SEE,
    "GET /events/{event_id}/analyses": SEE,
    "POST /events/{event_id}/analyze": CONTROL,
    "GET /events/{event_id}/looks/{number}": SEE,
    "GET /events/{event_id}/snapshot": SEE,
    "GET /events/{event_id}/actions": SEE,
    "GET /events/{event_id}/incident": CONTROL,
    "GET /approvals": OPERATOR,
    # With a link that was sealed for one person: see test_approval_routes.
    "GET /approvals/link": ANYONE,
    "POST /approvals/link": ANYONE,
    "GET /approvals/{approval_id}": OPERATOR,
    "POST /approvals/{approval_id}/approve": OPERATOR,
    "POST /approvals/{approval_id}/reject": OPERATOR,
    "GET /response-targets": ADMIN,
    "POST /response-targets": ADMIN,
    "GET /response-targets/kinds": ADMIN,
    "GET /response-targets/{target_id}": ADMIN,
    "PUT /response-targets/{target_id}": ADMIN,
    "DELETE /response-targets/{target_id}": ADMIN,
    "GET /looking": OPERATOR,
    "GET /severity-policy": OPERATOR,
    "PUT /severity-policy": ADMIN,
    "POST /severity-policy/check": ADMIN,
    "GET /prompts": ADMIN,
    "POST /prompts/preview": ADMIN,
    "PUT /prompts/{event_type}": ADMIN,
    "DELETE /prompts/{event_type}": ADMIN,
    "GET /playbook": ADMIN,
    "PUT /playbook": ADMIN,
    "GET /playbook/versions": ADMIN,
    "GET /playbook/versions/{version}": ADMIN,
    "GET /playbook/diff": ADMIN,
    "POST /playbook/check": ADMIN,
    "POST /playbook/dry-run": ADMIN,
    "GET /playbook/defaults": ADMIN,
    "GET /events/{event_id}/plan": SEE,
    "GET /cameras/{camera_id}/site-notes": SEE,
    "PUT /cameras/{camera_id}/site-notes": OWN,
    "GET /channels": ADMIN,
    "POST /channels": ADMIN,
    "GET /channels/kinds": ADMIN,
    "GET /channels/{channel_id}": ADMIN,
    "PATCH /channels/{channel_id}": ADMIN,
    "DELETE /channels/{channel_id}": ADMIN,
    "POST /channels/{channel_id}/test": ADMIN,
    "GET /groups": ADMIN,
    "POST /groups": ADMIN,
    "GET /groups/{group_id}": ADMIN,
    "PUT /groups/{group_id}": ADMIN,
    "DELETE /groups/{group_id}": ADMIN,
    "GET /rules": ADMIN,
    "POST /rules": ADMIN,
    "POST /rules/dry-run": ADMIN,
    "POST /rules/preview": ADMIN,
    "GET /rules/{rule_id}": ADMIN,
    "PUT /rules/{rule_id}": ADMIN,
    "DELETE /rules/{rule_id}": ADMIN,
    "POST /rules/{rule_id}/test": ADMIN,
    "POST /rules/{rule_id}/dry-run": ADMIN,
    "GET /deliveries": ADMIN,
    "GET /deliveries/summary": ADMIN,
    "POST /deliveries/retry": ADMIN,
    "POST /deliveries/{delivery_id}/retry": ADMIN,
    "GET /opt-outs": ADMIN,
    "DELETE /opt-outs/{channel_id}": ADMIN,
    # With a link that was sealed for the recipient: see test_opt_out_routes.
    "GET /notices/unsubscribe": ANYONE,
    "POST /notices/unsubscribe": ANYONE,
    "GET /statistics/summary": LOGGED_IN,
    "GET /statistics/daily": LOGGED_IN,
    "GET /statistics/daily.csv": LOGGED_IN,
    "GET /statistics/hours": LOGGED_IN,
    "GET /statistics/types": LOGGED_IN,
    "GET /statistics/trend": LOGGED_IN,
    "GET /assistant": LOGGED_IN,
    "POST /assistant": LOGGED_IN,
    "GET /reports/shift": LOGGED_IN,
    "WS /ws": LOGGED_IN,
}

LEVELS = {"owner": OWN, "operator": CONTROL, "looker": SEE, "viewer": SEE}
"""What these people may do with `seen`; the viewer's grant says more than its role allows. Nobody but the admin sees `hidden`."""
INCLUDES = {SEE: {SEE}, CONTROL: {SEE, CONTROL}, OWN: {SEE, CONTROL, OWN}}
ROLES = {"admin": {OPERATOR, ADMIN}, "owner": {OPERATOR}, "operator": {OPERATOR}, "looker": {OPERATOR}}
PEOPLE = ("admin", "owner", "operator", "looker", "viewer", "stranger", None)
PLACES = ("seen", "hidden", "site")
ENDS_SESSIONS = {"POST /auth/logout-all"}
DELETES = {"DELETE /cameras/{camera_id}"}
"""Who may do it does: to a camera made for that."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("matrix")) as site:
        yield site


def names_of(route):
    path = (route.path or "").removeprefix(PREFIX)
    if isinstance(route.original_route, APIWebSocketRoute):
        return [f"WS {path}"]
    return [f"{method} {path}" for method in sorted(route.methods - {"HEAD"})] if isinstance(route.original_route, APIRoute) else []


def test_every_route_has_a_rule_and_every_rule_a_route(site):
    found = {name for route in iter_route_contexts(site.app.routes) for name in names_of(route)}
    assert found == set(RULES), "say in RULES who may ask the route"


def expected(rule, person, place):
    """`ok`, 401, 403 or 404."""
    if rule is ANYONE:
        return "ok"
    if person is None:
        return 401
    if person == "admin" or rule is LOGGED_IN:
        return "ok"
    if rule in (OPERATOR, ADMIN):
        return "ok" if rule in ROLES.get(person, ()) else 403
    if place == "site":
        # Events of the site itself are for operators to see, and for admins to answer.
        return 404 if person not in ROLES else "ok" if rule is SEE else 403
    if place == "hidden" or person not in LEVELS:
        return 404
    return "ok" if rule in INCLUDES[LEVELS[person]] else 403


def places(name):
    if "{event_id}" in name:
        return PLACES
    return PLACES[:2] if "{camera_id}" in name else (None,)


CASES = [(name, person, place) for name in RULES for person in PEOPLE for place in places(name)]


@pytest.mark.parametrize(("name", "person", "place"), [case for case in CASES if not case[0].startswith("WS ")])
def test_a_route_answers_whom_it_may(site, name, person, place):
    method, path = name.split(" ")
    names = ("user_id", "invite_id", "key_id", "family", "channel_id", "group_id", "rule_id", "delivery_id", "approval_id")
    ids = {name: uuid4() for name in names} | {"number": 1, "version": 1, "event_type": "Falling", "target_id": "siren"}
    if place is not None:
        ids |= {"event_id": site.events[place].id, "camera_id": site.places()[place]}
    if name in DELETES and expected(RULES[name], person, place) == "ok":
        ids["camera_id"] = site.spare()
    prefix = "" if path in ("/healthz", "/readyz", "/metrics") or path.startswith("/docs") else PREFIX
    answer = site.ask(person, method, prefix + path.format(**ids))
    if name in ENDS_SESSIONS:
        site.forget_tokens()
    wanted = expected(RULES[name], person, place)
    problem = answer.json() if "problem+json" in answer.headers.get("content-type", "") else {}
    about_access = answer.status_code in (401, 403) and problem.get("code") in ("unauthenticated", "forbidden")
    if wanted == "ok":
        assert not about_access or RULES[name] is ANYONE, answer.text
        # 404 may be about another thing of the path (there is no clip), never about the camera or event that may be seen.
        assert answer.status_code != 404 or problem["code"] != "unknown_camera", answer.text
    else:
        assert answer.status_code == wanted, answer.text
    if place != "seen" and wanted == 404:
        missing = site.ask(person, method, prefix + path.format(**{**ids, "event_id": uuid4(), "camera_id": uuid4()}))
        assert (missing.status_code, missing.json()["code"]) == (404, problem["code"]), "hidden and unknown are told apart"


@pytest.mark.parametrize(("name", "person", "place"), [case for case in CASES if case[0].startswith("WS ")])
def test_a_socket_opens_for_whom_it_may(site, name, person, place):
    path = PREFIX + name.split(" ")[1].format(camera_id=site.places().get(place))
    wanted = expected(RULES[name], person, place)
    with site.connect(person, path) as socket:
        if wanted == "ok" and place is None:
            assert socket.receive_json()["type"] == "hello"
            return
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    codes = {"ok": CloseCode.OFFLINE, 401: CloseCode.UNAUTHENTICATED, 404: CloseCode.NOT_FOUND}
    assert closed.value.code == codes[wanted]


@pytest.mark.parametrize("person", PEOPLE[1:-1])
def test_no_list_holds_what_its_reader_may_not_see(site, person):
    for path in (
        "/cameras",
        "/events",
        "/events.csv",
        "/events.ndjson",
        "/statistics/daily",
        "/statistics/types",
        "/assistant",
        "/reports/shift",
    ):
        answer = site.ask(person, "GET", PREFIX + path)
        assert answer.status_code == 200, answer.text
        for secret in (str(site.hidden.id), str(site.events["hidden"].id), "secret-of-the-camera", site.hidden.name):
            assert secret not in answer.text


@pytest.mark.parametrize("person", PEOPLE[:-1])
def test_a_ticket_opens_nothing_but_its_path_and_only_for_whom_it_was_made(site, person):
    paths = [f"{PREFIX}/cameras/{site.seen.id}/snapshot", f"{PREFIX}/cameras/{site.hidden.id}/snapshot"]
    tickets = [site.ask(person, "POST", f"{PREFIX}/tickets", json={"path": path}).json()["ticket"] for path in paths]
    for number, path in enumerate(paths):
        own, others = (site.ask(None, "GET", path, params={"ticket": tickets[index]}) for index in (number, 1 - number))
        assert others.status_code == 401
        direct = site.ask(person, "GET", path)
        assert (own.status_code, own.json()["code"]) == (direct.status_code, direct.json()["code"])
