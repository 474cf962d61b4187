"""SQL in everything that orders, filters or pages; second-order SQL through stored names; YAML and JSON that are more than data."""

import base64
import json
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.support.attack import ENDLESS, doors
from tests.support.web_site import WebSite

from haetae.api.app import PREFIX

EVENTS = f"{PREFIX}/events"
SQL = (
    "'",
    "' OR '1'='1",
    "1; DROP TABLE cameras; --",
    "timestamp; DROP TABLE events",
    "(SELECT password_hash FROM users)",
    "0 UNION SELECT password_hash FROM users --",
    "\\' OR 1=1 #",
    "1 ASC, (CASE WHEN 1=1 THEN 1 ELSE 2 END)",
    "%' AND 1=randomblob(100000000) --",
    "\x00",
    "\x1b\u202e\u2028",
    "-1",
    "99999999999999999999",
    "nan",
    "1e309",
    "x" * 5000,
)

EVERYWHERE = (
    "' OR '1'='1",
    "1; DROP TABLE cameras; --",
    "0 UNION SELECT password_hash FROM users --",
    "\x00",
    "99999999999999999999",
    "x" * 5000,
)
"""Enough for every parameter there is."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with WebSite(tmp_path_factory.mktemp("injection")) as site:
        yield site


def everything(site):
    """How many rows each table has, past the API."""
    engine = sa.create_engine(site.config.database_url())
    try:
        with engine.connect() as connection:
            tables = sorted(sa.inspect(connection).get_table_names())
            return {table: connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar() for table in tables}
    finally:
        engine.dispose()


def test_no_query_parameter_becomes_sql(site):
    before, asked = everything(site), 0
    for door in doors(site.app):
        if door.method != "GET" or door.path == ENDLESS:
            continue
        path = door.at(**{name: site.events["seen"].id for name in door.parameters if name == "event_id"})
        for name in door.queries:
            for value in EVERYWHERE:
                answer = site.ask("admin", "GET", f"{path}?{name}={quote(value)}")
                assert answer.status_code < 500, f"{door} {name}={value[:40]!r}: {answer.text}"
                assert "$argon2" not in answer.text
                asked += 1
    assert asked > 40 * len(EVERYWHERE)
    after = everything(site)
    assert after.keys() == before.keys()
    for table in ("users", "cameras", "events", "camera_access", "api_keys"):
        assert after[table] == before[table]


@pytest.mark.parametrize("value", SQL[:-1])
def test_what_orders_and_limits_is_one_of_a_few_words_or_a_number(site, value):
    for person in ("admin", "viewer"):
        for name in ("sort", "limit", "descending"):
            for path in (EVENTS, f"{EVENTS}.csv") if name != "limit" else (EVENTS,):
                assert site.ask(person, "GET", f"{path}?{name}={quote(value)}").status_code == 422


def cursor_of(site, person, **query):
    return site.ask(person, "GET", EVENTS, params={"limit": 1} | query).json()["next_cursor"]


def test_a_cursor_says_where_to_go_on_and_not_what_may_be_seen(site):
    for _ in range(3):
        site.add_event(site.seen.id)
    for query in ({}, {"sort": "score"}, {"sort": "duration", "descending": "false"}):
        cursor = cursor_of(site, "admin", **query)
        ids = {item["camera_id"] for item in site.ask("viewer", "GET", EVENTS, params={"cursor": cursor} | query).json()["items"]}
        assert ids <= {str(site.seen.id)}
        assert not site.ask("stranger", "GET", EVENTS, params={"cursor": cursor} | query).json()["items"]


def test_a_cursor_that_was_written_by_hand_is_refused(site):
    for _ in range(2):
        site.add_event(site.seen.id)
    good = cursor_of(site, "viewer")
    padded = good + "=" * (-len(good) % 4)
    inside = base64.urlsafe_b64decode(padded)
    forged = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (
        inside.replace(b'"', b"'"), inside + b"' OR 1=1", b"' OR 1=1 --", b'["x"]', b"{}", b"[]", b"null", b"[" * 40, b"\xff\xfe", b"1e999",
    ) if part != inside]  # fmt: skip
    for cursor in (*forged, good + "'", good[:-3], good.swapcase(), "x" * 5000, *SQL[:5]):
        answer = site.ask("viewer", "GET", EVENTS, params={"cursor": cursor})
        assert answer.status_code == 422 or all(item["camera_id"] == str(site.seen.id) for item in answer.json()["items"]), cursor
        assert answer.status_code in (200, 422)
    assert site.ask("viewer", "GET", EVENTS, params={"cursor": forged[1]}).status_code == 422


def test_what_is_searched_for_is_text_and_no_pattern(site):
    event = site.add_event(site.seen.id, detail="50% of_all ' OR '1'='1 \\ a")
    for text, found in (
        ("50% of_all", True),
        ("' or '1'='1", True),
        ("50_ of", False),
        ("5%f", False),
        ("%", True),
        ("\\", True),
        ("\\%", False),
    ):
        ids = [item["id"] for item in site.ask("viewer", "GET", EVENTS, params={"q": text}).json()["items"]]
        assert (str(event.id) in ids) is found, text
        assert len(ids) <= 1, f"{text!r} finds what does not hold it"


NAMES = (
    "'); DROP TABLE events; --",
    '" OR ""="',
    "x' || (SELECT password_hash FROM users) || '",
    "%s %(x)s {0} {{7*7}} ${7*7}",
    ":name ? $1 \\",
)


def test_a_stored_name_is_no_sql_when_it_is_read_again(site):
    """Second order: GHSA-r6gm of ZoneMinder."""
    before = everything(site)
    for name in NAMES:
        added = site.ask("admin", "POST", f"{PREFIX}/cameras", json={"name": name, "source": "rtsp://10.0.0.9/", "enabled": False})
        assert added.status_code == 201, added.text
        camera_id = added.json()["id"]
        event = site.add_event(UUID(camera_id), detail=name, subtype=name[:30])
        assert site.ask("admin", "POST", f"{EVENTS}/{event.id}/acknowledge", json={"note": name}).status_code == 200
        site.ask("admin", "POST", f"{PREFIX}/rules", json={"name": name, "channel_ids": [], "event_types": [name]})
        for path in (f"cameras/{camera_id}", f"cameras/{camera_id}/status", f"events?camera_id={camera_id}&q={quote(name)}", "events.csv",
                     f"events/{event.id}", f"events/{event.id}/export", "statistics/types", "statistics/daily", "audit", "rules",
                     f"audit?actor={quote(name)}", "cameras/export", "cameras/export?format=yaml"):  # fmt: skip
            answer = site.ask("admin", "GET", f"{PREFIX}/{path}")
            assert answer.status_code == 200, f"{path}: {answer.text}"
            assert "$argon2" not in answer.text
        assert site.ask("admin", "GET", f"{PREFIX}/cameras/{camera_id}").json()["name"] == name
    after = everything(site)
    assert all(after[table] >= rows for table, rows in before.items())


HOSTILE_YAML = {
    "object": '- !!python/object/apply:os.system ["touch {marker}"]\n',
    "object in a field": '- name: x\n  source: !!python/object/apply:subprocess.check_output [["touch", "{marker}"]]\n',
    "new": "!!python/object/new:os.system [touch {marker}]\n",
    "name": "- name: !!python/name:os.system\n  source: x\n",
    "module": "- name: !!python/module:os\n  source: x\n",
    "own tag": "- !run [touch {marker}]\n",
    "ruby": "--- !ruby/object:Gem::Installer\ni: x\n",
    "laughs": "- name: x\n  source: rtsp://10.0.0.5/\n  zones:\n  - &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"  - &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)),
    "circle": "&a [*a]\n",
    "merge": "- &a {name: x, source: rtsp://10.0.0.5/, enabled: false}\n- {<<: *a, name: y}\n",
    "depth": "[" * 100_000,
    "depth of maps": "".join(f"{' ' * depth}a:\n" for depth in range(600)),
    "many documents": "---\n- {name: x, source: rtsp://10.0.0.5/}\n" * 50,
    "date": "- name: 9999-99-99\n  source: x\n",
    "number": "- name: " + "9" * 10_000 + "\n  source: rtsp://10.0.0.5/\n",
    "sexagesimal": "- name: " + ":".join(["59"] * 5000) + "\n  source: rtsp://10.0.0.5/\n",
    "hexadecimal": "- name: 0x" + "f" * 10_000 + "\n  source: rtsp://10.0.0.5/\n",
    "tagged number": "- name: !!int '" + "9" * 4000 + "'\n  source: rtsp://10.0.0.5/\n",
    "tagged base 60": "- name: !!int '" + ":".join(["59"] * 5000) + "'\n  source: rtsp://10.0.0.5/\n",
    "include": "- !include /etc/passwd\n",
    "nul": "- name: a\0b\n  source: rtsp://10.0.0.5/\n",
}


@pytest.mark.parametrize("how", HOSTILE_YAML)
def test_a_table_of_cameras_is_data_and_nothing_else(site, tmp_path, how):
    text = HOSTILE_YAML[how].replace("{marker}", str(tmp_path / "marker"))
    before = len(site.ask("admin", "GET", f"{PREFIX}/cameras").json()["cameras"])
    answer = site.ask("admin", "POST", f"{PREFIX}/cameras/import", content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 422, answer.text
    assert len(answer.content) < 100_000
    assert "root:x:" not in answer.text
    assert not list(tmp_path.iterdir())
    assert len(site.ask("admin", "GET", f"{PREFIX}/cameras").json()["cameras"]) == before


HOSTILE_JSON = {
    "depth": b"[" * 100_000,
    "depth of objects": b'{"a":' * 3000,
    "depth that ends": b'{"settings":' * 700 + b"{}" + b"}" * 700,
    "numbers": b'{"name":' + b"9" * 10_000 + b"}",
    "no numbers": b'{"name": "x", "limit": NaN, "min_score": Infinity, "after_s": -Infinity}',
    "large exponent": b'{"limit": 1e999999}',
    "surrogate": b'{"name": "\\ud800", "username": "\\udfff", "note": "\\ud800", "source": "\\ud800", "code": "\\ud800"}',
    "no text": b"\xff\xfe\x00",
    "utf-16": '{"name": "x"}'.encode("utf-16"),
    "prototype": b'{"__proto__": {"role": "admin"}, "constructor": {"prototype": {}}}',
    "twice": b'{"name": "a", "name": "b"}',
    "list": b"[]",
    "null": b"null",
    "empty": b"",
    "many keys": json.dumps({f"k{number}": 1 for number in range(3000)}).encode(),
}


@pytest.mark.parametrize("how", HOSTILE_JSON)
def test_no_body_breaks_the_route_that_reads_it(site, how):
    asked = 0
    for door in doors(site.app):
        if not door.takes_json:
            continue
        path = door.at(camera_id=site.seen.id, event_id=site.events["seen"].id, user_id=uuid4())
        headers = site.credentials("admin") | {"Content-Type": "application/json", "If-Match": "*", "X-Haetae-CSRF": "1"}
        answer = site.ask(None, door.method, path, content=HOSTILE_JSON[how], headers=headers)
        assert answer.status_code < 500, f"{door}: {answer.text}"
        assert len(answer.content) < 20_000, "a long request has no long answer"
        asked += 1
    assert asked > 25


def test_nobody_gives_itself_more_by_a_field_that_was_not_asked_for(site):
    """Mass assignment."""
    more = {
        "role": "admin",
        "sees_all": True,
        "active": True,
        "grants": [{"camera_id": str(site.hidden.id), "level": "admin"}],
        "id": str(uuid4()),
    }
    for name, value in more.items():
        assert site.ask("viewer", "PATCH", f"{PREFIX}/auth/me", json={"language": "en", name: value}).status_code == 422, name
        assert site.ask("admin", "POST", f"{PREFIX}/invites", json={"wanted": value}).status_code == 422
    key = site.ask("viewer", "POST", f"{PREFIX}/api-keys", json={"name": "k", "role": "admin", "camera_ids": [str(site.hidden.id)]})
    assert key.status_code == 403 or key.status_code == 404, key.text
    assert site.ask("viewer", "GET", f"{PREFIX}/auth/me").json()["role"] == "viewer"
