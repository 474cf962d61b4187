from dataclasses import replace

import pytest

from haetae.api.camera_table import MOST_ROWS, TableFormat, read_row, read_table, write_table
from haetae.domain.camera import CameraConfig
from haetae.domain.notation import parse_schedule, parse_zone
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.settings import ClipSettings, SiteSettings, SystemConfig

SITE = SystemConfig(clips=ClipSettings(pre_roll_s=7.0), site=SiteSettings(time_zone="Asia/Seoul"))
FORMS = list(TableFormat)


def read(text, form):
    return [read_row(row, SITE) for row in read_table(text.encode(), form)]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_reads_back_as_the_same_cameras(form):
    cameras = [
        CameraConfig(new_id(), "plain", "rtsp://10.0.0.5/main", pre_roll_s=7.0),
        CameraConfig(
            new_id(),
            '=정문, "2"; a | b',
            "/videos/it's here.mp4",
            vad_settings=(("pixels", 21600), ("word", "no"), ("exact", 0.1), ("on", True)),
            analysed_fps=7.5,
            false_alarms_per_day=0.3,
            learning_s=60.0,
            enabled=False,
            zones=(parse_zone("exclude:a | b: c:0.1,0.1 0.4,0.1 0.4,0.5"), parse_zone("privacy:desk:0,0 1,0 1,1")),
            schedule=parse_schedule("mon-fri 18:00-08:00; sat,sun 00:00-24:00", time_zone="Europe/Berlin"),
            offline_alert_s=5.0,
            pre_roll_s=1.0,
            post_roll_s=0.0,
        ),
    ]
    found = read(write_table(cameras, form), form)
    assert found == [replace(camera, id=each.id, vad_settings=each.vad_settings) for camera, each in zip(cameras, found, strict=True)]
    assert [dict(each.vad_settings) for each in found] == [dict(camera.vad_settings) for camera in cameras]


@pytest.mark.parametrize("form", FORMS)
def test_passwords_do_not_leave(form):
    camera = CameraConfig(new_id(), "gate", "rtsp://root:s3cret@10.0.0.5/main?token=s3cret", vad_settings=(("api_key", "s3cret"),))
    text = write_table([camera], form)
    assert "s3cret" not in text
    assert "rtsp://root:***@10.0.0.5/main" in text


def test_no_cell_is_a_formula_to_a_spreadsheet():
    text = write_table([CameraConfig(new_id(), "=HYPERLINK(1)", "@x")], TableFormat.CSV)
    assert all(not cell.startswith(("=", "@", '"=')) for line in text.splitlines() for cell in line.split(","))


def test_a_schedule_without_a_time_zone_is_the_sites():
    [camera] = read("name,source,schedule\ngate,rtsp://10.0.0.5/1,daily 22:00-06:00\n", TableFormat.CSV)
    assert camera.schedule.time_zone == "Asia/Seoul"


def test_a_csv_of_a_spreadsheet_with_a_byte_order_mark_and_empty_cells():
    [camera] = read("\ufeffname,source,enabled,learning_s,zones\r\n gate ,rtsp://10.0.0.5/1,no,,\r\n", TableFormat.CSV)
    assert (camera.name, camera.enabled, camera.learning_s, camera.zones) == ("gate", False, None, ())


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (BOMB, TableFormat.YAML),
        ("- &x {name: a}\n", TableFormat.YAML),
        ("[" * 10_000, TableFormat.YAML),
        ("[" * 100 + "]" * 100, TableFormat.YAML),
        ("- !!python/object/apply:os.system ['true']\n", TableFormat.YAML),
        ("- {name: 2024-13-45}\n", TableFormat.YAML),
        ("- {name: a, x: " + "9" * 5000 + "}\n", TableFormat.YAML),
        ("just text", TableFormat.YAML),
        ("", TableFormat.YAML),
        ("cameras: {name: a}", TableFormat.YAML),
        ("--- [a]\n--- [b]\n", TableFormat.YAML),
        ("- {name: a\x00b}", TableFormat.YAML),
        ("- name: a\n" * (MOST_ROWS + 1), TableFormat.YAML),
        ("", TableFormat.CSV),
        ("name,source\n", TableFormat.CSV),
        ('name,source\n"a', TableFormat.CSV),
        ("name\n" + "a\n" * (MOST_ROWS + 1), TableFormat.CSV),
        ("name,source\na," + "x" * 140_000, TableFormat.CSV),
    ],
)
def test_what_is_no_table_is_refused_whole(text, form):
    with pytest.raises(ConfigError):
        read_table(text.encode(), form)


def test_what_is_no_text_is_refused():
    with pytest.raises(ConfigError, match="UTF-8"):
        read_table(b"name\n\xff\xfe\n", TableFormat.CSV)


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        ("name,source,colour\ngate,rtsp://10.0.0.5/1,red\n", TableFormat.CSV, "colour"),
        ("name,source\ngate,rtsp://10.0.0.5/1,beyond\n", TableFormat.CSV, "more cells"),
        ("name,source\n,rtsp://10.0.0.5/1\n", TableFormat.CSV, "name"),
        ("name,source,analysed_fps\ngate,rtsp://10.0.0.5/1,nan\n", TableFormat.CSV, "analysed_fps"),
        ("name,source,analysed_fps\ngate,rtsp://10.0.0.5/1,1000\n", TableFormat.CSV, "analysed_fps"),
        ("name,source,zones\ngate,rtsp://10.0.0.5/1,tree\n", TableFormat.CSV, "tree"),
        ("name,source,vad_settings\ngate,rtsp://10.0.0.5/1,pixels=5\n", TableFormat.CSV, "vad_settings"),
        ('name,source,vad_settings\na,rtsp://10.0.0.5/1,"{""\\uD800"": 1}"\n', TableFormat.CSV, "vad_settings"),
        ("- {name: No, source: 'rtsp://10.0.0.5/1'}\n", TableFormat.YAML, "name"),
        ("- {name: a, source: 'rtsp://10.0.0.5/1', analysed_fps: .inf}\n", TableFormat.YAML, "analysed_fps"),
        ("- {1: a, source: 'rtsp://10.0.0.5/1'}\n", TableFormat.YAML, "1"),
        ("- {name: a, source: 'rtsp://10.0.0.5/1', schedule: 'mon 25:00-26:00'}\n", TableFormat.YAML, "25:00"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(text, form, said):
    [row] = read_table(text.encode(), form)
    with pytest.raises(ConfigError) as caught:
        read_row(row, SITE)
    assert said in str(caught.value)
    str(caught.value).encode()


def test_a_password_is_not_repeated_by_the_reason():
    [row] = read_table(b"- {name: a, source: {rtsp: s3cret}, zones: s3cret}", TableFormat.YAML)
    with pytest.raises(ConfigError) as caught:
        read_row(row, SITE)
    assert "s3cret" not in str(caught.value)
