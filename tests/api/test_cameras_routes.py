"""The configuration of cameras over HTTP; none of them runs here."""

from itertools import count

import pytest
from tests.support.camera_api import BOSS, RTSP, SECRET, CameraApi, with_grant

from haetae.domain.viewer import AccessLevel, Role, Viewer
from haetae.ids import new_id

_NUMBERS = count()
ZONE = {"name": "desk", "kind": "privacy", "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}
NIGHTS = {"time_zone": "Asia/Seoul", "spans": [{"days": ["mon", "tue"], "start": "22:00", "end": "06:00"}]}
WEEKEND = {"time_zone": "UTC", "spans": [{"days": ["sat", "sun"], "start": "00:00", "end": "24:00"}]}
STRANGER = Viewer(new_id(), "stranger", Role.OPERATOR)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with CameraApi(tmp_path_factory.mktemp("cameras")) as api:
        yield api


@pytest.fixture
def name():
    return f"camera {next(_NUMBERS)}"


def test_a_camera_is_added_and_read_back_without_its_password(api, name):
    body = {"name": name, "source": RTSP, "enabled": False, "zones": [ZONE], "schedule": WEEKEND, "analysed_fps": 4}
    added = api.ask().post("/cameras", json=body)
    assert added.status_code == 201
    camera = added.json()
    assert added.headers["location"] == f"/api/v1/cameras/{camera['id']}"
    assert camera["source"] == "rtsp://root:***@192.168.7.20:554/stream1"
    assert (camera["zones"], camera["schedule"], camera["analysed_fps"], camera["level"]) == ([ZONE], WEEKEND, 4, "admin")
    read = api.ask().get(f"/cameras/{camera['id']}")
    assert read.json() == camera
    assert read.headers["etag"] == added.headers["etag"] == '"1"'
    assert SECRET not in added.text + read.text + api.ask().get("/cameras").text


def test_each_viewer_sees_its_cameras_and_no_address_that_it_does_not_own(api, name):
    camera_id = api.add(name)
    hidden = api.add(f"{name} hidden")
    for level in (AccessLevel.VIEW, AccessLevel.CONTROL):
        viewer = api.ask(with_grant(camera_id, level))
        [listed] = viewer.get("/cameras").json()["cameras"]
        assert (listed["id"], listed["source"], listed["source_kind"], listed["level"]) == (str(camera_id), None, "rtsp", level.value)
        assert listed["vad_settings"] is None
        assert listed["status"]["state"] == "stopped"
        whole = "".join(viewer.get(path).text for path in ("/cameras", f"/cameras/{camera_id}", f"/cameras/{camera_id}/status"))
        assert "192.168.7.20" not in whole
        assert viewer.get(f"/cameras/{hidden}").status_code == 404
    assert api.ask(with_grant(camera_id, AccessLevel.ADMIN)).get(f"/cameras/{camera_id}").json()["source"].startswith("rtsp://root:***@")


def test_what_is_hidden_is_answered_as_what_there_is_not(api, name):
    hidden = api.add(name)
    asked = api.ask(STRANGER)
    for method, path in [("GET", ""), ("PATCH", ""), ("POST", "/start"), ("POST", "/relearn"), ("GET", "/status"), ("PUT", "/zones")]:
        answers = [
            asked.request(method, f"/cameras/{camera_id}{path}", json={"zones": []} if path == "/zones" else {})
            for camera_id in (hidden, new_id())
        ]
        assert [answer.status_code for answer in answers] == [404, 404], path
        first, second = (answer.json() | {"detail": ""} for answer in answers)
        assert first == second


@pytest.mark.parametrize(
    ("viewer_level", "role", "allowed"),
    [
        (AccessLevel.VIEW, Role.OPERATOR, set()),
        (AccessLevel.ADMIN, Role.VIEWER, set()),
        (AccessLevel.CONTROL, Role.OPERATOR, {"start", "stop"}),
        (AccessLevel.ADMIN, Role.OPERATOR, {"start", "stop", "patch", "zones", "schedule", "relearn"}),
    ],
)
def test_what_may_be_done_depends_on_the_grant(api, name, viewer_level, role, allowed):
    camera_id = api.add(name, source="sim://plaza?live=1&fps=2&size=160x90")
    asked = api.ask(with_grant(camera_id, viewer_level, role))
    path, anyhow = f"/cameras/{camera_id}", {"If-Match": "*"}
    found = {
        "start": asked.post(f"{path}/start"),
        "stop": asked.post(f"{path}/stop"),
        "patch": asked.patch(path, json={"offline_alert_s": 31.0}, headers=anyhow),
        "zones": asked.put(f"{path}/zones", json={"zones": [ZONE]}, headers=anyhow),
        "schedule": asked.put(f"{path}/schedule", json={"schedule": NIGHTS}, headers=anyhow),
        "relearn": asked.post(f"{path}/relearn"),
        "add": asked.post("/cameras", json={"name": "x", "source": RTSP}),
        "delete": asked.delete(path),
        "try": asked.post("/cameras/test", json={"source": RTSP}),
        "import": asked.post("/cameras/import", content="name,source\n", headers={"Content-Type": "text/csv"}),
        "export": asked.get("/cameras/export"),
    }
    assert {what: answer.status_code for what, answer in found.items()} == {what: 200 if what in allowed else 403 for what in found}


def test_a_change_needs_the_version_that_was_read(api, name):
    path = f"/cameras/{api.add(name)}"
    asked = api.ask()
    for method, where, body in (
        ("PATCH", "", {"learning_s": 30}),
        ("PUT", "/zones", {"zones": []}),
        ("PUT", "/schedule", {"schedule": None}),
    ):
        refused = asked.request(method, path + where, json=body)
        assert (refused.status_code, refused.json()["code"]) == (428, "precondition_required")
        for tag in ('"7"', '"x"', '"-1"', '"²"', ""):
            stale = asked.request(method, path + where, json=body, headers={"If-Match": tag.encode("latin-1")})
            assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict"), tag
    changed = asked.put(f"{path}/zones", json={"zones": [ZONE]}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert asked.put(f"{path}/zones", json={"zones": []}, headers={"If-Match": '"1"'}).status_code == 412
    assert asked.get(f"{path}/zones").json() == {"zones": [ZONE]}
    assert asked.patch(path, json={"learning_s": 30}, headers={"If-Match": 'W/"2"'}).headers["etag"] == '"3"'
    same = asked.patch(path, json={"learning_s": 30}, headers={"If-Match": "*"})
    assert (same.status_code, same.headers["etag"]) == (200, '"3"')


def test_zones_and_schedule_have_routes_of_their_own(api, name):
    path, anyhow = f"/cameras/{api.add(name)}", {"If-Match": "*"}
    asked = api.ask()
    assert asked.get(f"{path}/schedule").json() == {"schedule": None, "armed_now": True}
    assert asked.put(f"{path}/schedule", json={"schedule": NIGHTS}, headers=anyhow).json()["schedule"] == NIGHTS
    assert asked.get(f"{path}/schedule").headers["etag"] == asked.get(path).headers["etag"] == '"2"'
    assert asked.put(f"{path}/schedule", json={"schedule": None}, headers=anyhow).json() == {"schedule": None, "armed_now": True}
    assert asked.put(f"{path}/zones", json={"zones": [ZONE]}, headers=anyhow).json() == {"zones": [ZONE]}
    assert asked.get(path).json()["zones"] == [ZONE]


def test_what_a_change_leaves_out_stays_and_null_means_by_default(api, name):
    path = f"/cameras/{api.add(name, analysed_fps=4, learning_s=60, vad_settings={'pixels': 21600})}"
    asked, anyhow = api.ask(), {"If-Match": "*"}
    camera = asked.patch(path, json={"analysed_fps": None, "name": None, "offline_alert_s": None}, headers=anyhow).json()
    assert (camera["analysed_fps"], camera["learning_s"], camera["name"], camera["offline_alert_s"]) == (None, 60, name, 30)
    assert camera["vad_settings"] == {"pixels": 21600}
    assert asked.patch(path, json={"vad_settings": {}}, headers=anyhow).json()["vad_settings"] == {}


def test_a_change_keeps_a_masked_password_and_takes_it_nowhere_else(api, name):
    camera_id = api.add(name)
    path, anyhow = f"/cameras/{camera_id}", {"If-Match": "*"}
    asked = api.ask(with_grant(camera_id, AccessLevel.ADMIN))
    shown = asked.get(path).json()["source"]
    assert asked.patch(path, json={"source": shown}, headers=anyhow).headers["etag"] == '"1"'
    moved = asked.patch(path, json={"source": shown.replace("stream1", "stream2")}, headers=anyhow)
    assert moved.json()["source"].endswith("/stream2")
    assert api.scoped.get(BOSS, camera_id).config.source == RTSP.replace("stream1", "stream2")
    stolen = asked.patch(path, json={"source": shown.replace("192.168.7.20", "192.168.7.66")}, headers=anyhow)
    assert stolen.status_code == 422
    assert SECRET not in stolen.text
    assert api.ask().post("/cameras", json={"name": f"{name} copy", "source": shown}).status_code == 422


@pytest.mark.parametrize(
    "source",
    [
        "http://169.254.169.254/latest/meta-data",
        "rtsp://[::ffff:169.254.169.254]/",
        "rtsp://0xa9fea9fe/x",
        "/etc/passwd",
        "file:///etc/passwd",
        "relative.mp4",
        "concat:a|b",
        "gopher://10.0.0.5/",
        "exec:rm",
        "sim://nowhere",
        "rtsp://10.0.0.5:99999/",
        "rtsp://10.0.0.5/\u0000",
        "rtsp://10.0.0.5/a b",
    ],
)
def test_an_address_that_the_policy_refuses_is_neither_added_nor_changed_to_nor_tried(api, name, source):
    camera_id = api.add(name)
    asked = api.ask()
    assert asked.post("/cameras", json={"name": f"{name} new", "source": source}).status_code == 422
    assert asked.patch(f"/cameras/{camera_id}", json={"source": source}, headers={"If-Match": "*"}).status_code == 422
    assert asked.get(f"/cameras/{camera_id}").headers["etag"] == '"1"'
    tried = asked.post("/cameras/test", json={"source": source})
    assert tried.status_code == 422 or tried.json()["works"] is False


def test_a_file_of_a_folder_that_is_allowed_may_be_watched(api, name):
    camera_id = api.add(name, str(api.videos / "gate.mp4"))
    assert api.ask().get(f"/cameras/{camera_id}").json()["source_kind"] == "file"


@pytest.mark.parametrize(
    "model",
    [
        {"vad_model": "none-such"},
        {"vad_settings": {"colour": 1}},
        {"vad_settings": {"pixels": "many"}},
        {"vad_settings": {"pixels": 3}},
        {"vad_settings": {"pixels": 1e9}},
        {"vad_model": "embedding"},
        {"vad_model": "embedding", "vad_settings": {"path": "/etc/passwd"}},
        {"vad_model": "embedding", "vad_settings": {"path": "model.onnx"}},
        {"vad_model": "embedding", "vad_settings": {"path": "http://10.0.0.5/x"}},
    ],
)
def test_a_model_that_cannot_be_is_refused(api, name, model):
    answer = api.ask().post("/cameras", json={"name": name, "source": RTSP, **model})
    assert (answer.status_code, answer.json()["code"]) == (422, "config_error")


def test_a_flow_that_there_is_none_of_is_refused_with_those_that_there_are(api, name):
    camera_id = api.add(name)
    for answer in (
        api.ask().post("/cameras", json={"name": f"{name} new", "source": RTSP, "flow": "heirarchical"}),
        api.ask().patch(f"/cameras/{camera_id}", json={"flow": "heirarchical"}, headers={"If-Match": "*"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "config_error")
        assert "collaborative, hierarchical, playbook, sequential" in answer.text
    assert api.ask().patch(f"/cameras/{camera_id}", json={"flow": "hierarchical"}, headers={"If-Match": "*"}).status_code == 200


def test_a_model_file_is_looked_for_only_where_files_may_be(api, name):
    (api.videos / "net.onnx").write_bytes(b"no network")
    answer = api.ask().post(
        "/cameras", json={"name": name, "source": RTSP, "vad_model": "embedding", "vad_settings": {"path": str(api.videos / "net.onnx")}}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "model_error")


_HUGE = "1" + "0" * 400


@pytest.mark.parametrize(
    "field",
    [
        '"name": "\\ud800"',
        '"\\ud800": 1',
        '"name": "a\\u0000b"',
        '"name": ""',
        '"name": 5',
        '"name": "' + "x" * 129 + '"',
        '"source": "' + "x" * 5000 + '"',
        '"analysed_fps": NaN',
        '"analysed_fps": -Infinity',
        f'"analysed_fps": {_HUGE}',
        '"analysed_fps": true',
        '"learning_s": -1',
        '"false_alarms_per_day": 0',
        '"pre_roll_s": 61',
        f'"vad_settings": {{"pixels": {_HUGE}}}',
        '"vad_settings": {"\\ud800": 1}',
        '"vad_settings": {"a b": 1}',
        '"vad_settings": {"pixels": {"deep": 1}}',
        '"zones": [{"name": "z", "kind": "privacy", "polygon": [[0, 0], [1, 1]]}]',
        '"zones": [{"name": "z", "kind": "privacy", "polygon": [[0, 0], [1, 1], [2, 0]]}]',
        '"zones": [{"name": "z", "kind": "privacy", "polygon": [[0, 0], [0, 0], [1, 1]]}]',
        '"zones": [{"name": "z", "kind": "magic", "polygon": [[0, 0], [1, 1], [1, 0]]}]',
        '"schedule": {"time_zone": "Mars/Olympus", "spans": [{"days": ["mon"], "start": "00:00", "end": "24:00"}]}',
        '"schedule": {"time_zone": "../../etc/passwd", "spans": [{"days": ["mon"], "start": "00:00", "end": "24:00"}]}',
        '"schedule": {"time_zone": "U\\u0000C", "spans": [{"days": ["mon"], "start": "00:00", "end": "24:00"}]}',
        '"schedule": {"time_zone": "UTC", "spans": [{"days": [], "start": "00:00", "end": "24:00"}]}',
        '"schedule": {"time_zone": "UTC", "spans": [{"days": ["mon"], "start": "24:00", "end": "25:00"}]}',
        '"unknown": 1',
    ],
)
def test_what_cannot_be_stored_is_refused_and_named(api, name, field):
    content = f'{{"name": "{name}", "source": "rtsp://10.0.0.5/1", "enabled": false, {field}}}'
    answer = api.ask().post("/cameras", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_name_is_taken_once(api, name):
    api.add(name)
    again = api.ask().post("/cameras", json={"name": f" {name} ", "source": RTSP, "enabled": False})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_who_changed_what_from_where_is_noted(api, name):
    camera_id = api.add(name)
    owner = with_grant(camera_id, AccessLevel.ADMIN)
    api.ask(owner).patch(f"/cameras/{camera_id}", json={"source": RTSP.replace(SECRET, "another")}, headers={"If-Match": "*"})
    added, changed = api.audit(camera_id)
    assert (added.action, added.actor_id, added.address) == ("camera.add", BOSS.user_id, "testclient")
    assert (changed.action, changed.actor_id) == ("camera.change", owner.user_id)
    assert changed.after == {"source": "rtsp://root:***@192.168.7.20:554/stream1", "credentials": "changed"}


def test_a_camera_that_is_removed_is_gone(api, name):
    camera_id = api.add(name)
    assert api.ask().delete(f"/cameras/{camera_id}").json()["events_kept"] == 0
    assert api.ask().get(f"/cameras/{camera_id}").status_code == 404
    assert api.ask().delete(f"/cameras/{camera_id}").status_code == 404
    assert api.ask().delete(f"/cameras/{camera_id}", params={"delete_events": True}).status_code == 404
