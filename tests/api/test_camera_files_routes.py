"""Many cameras at once over HTTP; none of them runs here."""

import pytest
import yaml
from tests.support.camera_api import RTSP, SECRET, CameraApi

from haetae.api.camera_table import MOST_BYTES

CSV, YAML = {"Content-Type": "text/csv; charset=utf-8"}, {"Content-Type": "application/yaml"}
TABLE = """name,source,enabled,zones,schedule
north,rtsp://root:pa55word-of-the-camera@192.168.7.21/1,no,"exclude:tree:0.1,0.1 0.4,0.1 0.4,0.5",daily 22:00-06:00 @ Asia/Seoul
south,sim://plaza,no,,
"""


@pytest.fixture
def api(tmp_path):
    with CameraApi(tmp_path, max_cameras=2) as api:
        yield api


def names(api):
    return sorted(camera["name"] for camera in api.ask().get("/cameras").json()["cameras"])


def test_all_cameras_of_a_table_are_added(api):
    assert api.ask().post("/cameras/import", content=TABLE, headers=CSV, params={"dry_run": True}).json()["added"] == 0
    assert names(api) == []
    answer = api.ask().post("/cameras/import", content=TABLE, headers=CSV)
    assert answer.status_code == 200, answer.text
    assert answer.json()["added"] == 2
    listed = {camera["id"]: camera for camera in api.ask().get("/cameras").json()["cameras"]}
    north, south = (listed[row["camera_id"]] for row in answer.json()["rows"])
    assert (north["name"], north["source"]) == ("north", "rtsp://root:***@192.168.7.21/1")
    assert (north["zones"][0]["name"], north["schedule"]["time_zone"], south["source_kind"]) == ("tree", "Asia/Seoul", "sim")


def test_one_bad_row_keeps_all_out_and_each_is_named_with_its_reason(api):
    api.add("taken")
    rows = [
        {"name": "good", "source": RTSP},
        {"name": "taken", "source": RTSP},
        {"name": "twice", "source": RTSP, "enabled": False},
        {"name": " twice ", "source": RTSP, "enabled": False},
        {"name": "far", "source": "http://169.254.169.254/", "enabled": False},
        {"name": "file", "source": "/etc/passwd", "enabled": False},
        {"name": "masked", "source": "rtsp://root:***@10.0.0.5/1", "enabled": False},
        {"name": "model", "source": RTSP, "vad_settings": {"pixels": 1}, "enabled": False},
        {"name": "fine", "source": RTSP},
        {"name": "third", "source": RTSP},
        {"source": "nameless"},
        {"name": "flow", "source": RTSP, "flow": "heirarchical", "enabled": False},
    ]
    answer = api.ask().post("/cameras/import", content=yaml.safe_dump(rows), headers=YAML)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused")
    faults = {fault["field"]: fault["message"] for fault in answer.json()["fields"]}
    assert list(faults) == [
        "row 2 (taken)",
        "row 3 (twice)",
        "row 4 (twice)",
        "row 5 (far)",
        "row 6 (file)",
        "row 7 (masked)",
        "row 8 (model)",
        "row 10 (third)",
        "row 11 ()",
        "row 12 (flow)",
    ]
    reasons = ("already", "more than once", "more than once", "link-local", "folders", "***", "pixels", "enabled", "name", "agent flow")
    for said, fault in zip(reasons, faults.values(), strict=True):
        assert said in fault
    assert SECRET not in answer.text
    assert names(api) == ["taken"]
    dry = api.ask().post("/cameras/import", content=yaml.safe_dump(rows), headers=YAML, params={"dry_run": True})
    assert (dry.status_code, dry.json()["added"]) == (200, 0)
    assert [bool(row["problem"]) for row in dry.json()["rows"]] == [False, *[True] * 7, False, True, True, True]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        ("a: &a [x]\nb: *a\n", YAML, 422),
        ("x" * (MOST_BYTES + 1), CSV, 413),
        (TABLE, {"Content-Type": "application/json"}, 415),
        (TABLE, {"Content-Type": ""}, 415),
        ("", CSV, 422),
        (b"\xff\xfe", CSV, 422),
    ],
)
def test_what_is_no_table_is_refused(api, content, headers, status):
    assert api.ask().post("/cameras/import", content=content, headers=headers).status_code == status
    assert names(api) == []


@pytest.mark.parametrize("form", ["csv", "yaml"])
def test_what_is_exported_can_be_imported_once_the_passwords_are_put_in(api, form):
    api.ask().post("/cameras/import", content=TABLE, headers=CSV)
    exported = api.ask().get("/cameras/export", params={"format": form})
    assert exported.headers["content-disposition"] == f'attachment; filename="haetae-cameras.{form}"'
    assert SECRET not in exported.text
    before = api.ask().get("/cameras").json()["cameras"]
    for camera in before:
        assert api.ask().delete(f"/cameras/{camera['id']}").status_code == 200
    headers = CSV if form == "csv" else YAML
    assert api.ask().post("/cameras/import", content=exported.text, headers=headers).status_code == 422
    answer = api.ask().post("/cameras/import", content=exported.text.replace("***", SECRET), headers=headers)
    assert answer.status_code == 200, answer.text
    own = ("id", "created_at", "updated_at", "status")
    after = api.ask().get("/cameras").json()["cameras"]
    for each in (*before, *after):
        for field in own:
            del each[field]
    assert after == before
