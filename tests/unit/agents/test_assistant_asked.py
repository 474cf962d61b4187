from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from haetae.agents.assistant.asked import Kind, read_question
from haetae.agents.assistant.records import CameraRecord, Order
from haetae.domain.event import Review, Severity, Verdict

NOW = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Seoul")
NAMES = ("Front gate", "gate", "정문", "Yard 2", "A", "all", "2층 복도")
CAMERAS = [CameraRecord(UUID(int=number), name, "watching") for number, name in enumerate(NAMES, 1)]


def read(text):
    return read_question(text, CAMERAS, NOW, ZONE)


KINDS = {
    "What happened last night?": Kind.LIST,
    "Did anything happen today?": Kind.LIST,
    "Any fights yesterday?": Kind.LIST,
    "어젯밤에 무슨 일 있었어?": Kind.LIST,
    "오늘 별일 없었나요": Kind.LIST,
    "정문 어제": Kind.LIST,
    "Which events has nobody acknowledged?": Kind.LIST,
    "미확인 이벤트 보여줘": Kind.LIST,
    "How many falls were there last week?": Kind.COUNT,
    "지난주에 쓰러짐은 몇 건이었어?": Kind.COUNT,
    "지난 주말 카메라별 이벤트 건수는?": Kind.COUNT,
    "Which camera had the most events this week?": Kind.COUNT,
    "How many cameras are there?": Kind.CAMERAS,
    "카메라 몇 대야?": Kind.CAMERAS,
    "list cameras": Kind.CAMERAS,
    "카메라 상태 알려줘": Kind.CAMERAS,
    "status of Yard 2": Kind.CAMERAS,
    "Which cameras are offline?": Kind.OFFLINE,
    "연결이 끊긴 카메라는?": Kind.OFFLINE,
    "Is a camera down?": Kind.OFFLINE,
    "Which cameras were offline yesterday?": Kind.WERE_OFFLINE,
    "어제 끊겼던 카메라 있었어?": Kind.WERE_OFFLINE,
    "What was the longest event today?": Kind.TOP,
    "오늘 가장 심각한 이벤트는?": Kind.TOP,
    "the worst thing last night": Kind.TOP,
    "Statistics of gate this week": Kind.STATISTICS,
    "정문 카메라 이번 주 통계": Kind.STATISTICS,
    "Shift report of last night": Kind.REPORT,
    "어젯밤 근무 보고서": Kind.REPORT,
    "show event 01a221ec-0c6e-7275-8bf3-1abbfc90e4ca": Kind.EVENT,
    "What was done about event 01a221ec-0c6e-7275-8bf3-1abbfc90e4ca?": Kind.RESPONSE,
    "01a221ec-0c6e-7275-8bf3-1abbfc90e4ca 이벤트에 무슨 조치를 했어?": Kind.RESPONSE,
    "What was done about the fights yesterday?": Kind.RESPONSE,
    "How was the fire last night handled?": Kind.RESPONSE,
    "무슨 조치를 했어?": Kind.RESPONSE,
    "어젯밤 대응 내역": Kind.RESPONSE,
    "Which camera had the most alarms last night?": Kind.COUNT,
    "어느 카메라에서 알람이 제일 많이 울렸어?": Kind.COUNT,
    "What was the busiest hour yesterday?": Kind.COUNT,
    "어느 카메라가 작동해?": Kind.CAMERAS,
    "정문 카메라 잘 나와?": Kind.CAMERAS,
    "Is everything ok?": Kind.OVERVIEW,
    "How is it going?": Kind.OVERVIEW,
    "Any problems?": Kind.OVERVIEW,
    "모두 정상이야?": Kind.OVERVIEW,
    "지금 상황 어때?": Kind.OVERVIEW,
    "Any problems last night?": Kind.LIST,
    "정문 이상 없어?": Kind.LIST,
    "Compare today with yesterday": Kind.COMPARE,
    "Were there more alarms than yesterday?": Kind.COMPARE,
    "그저께랑 어제 비교해줘": Kind.COMPARE,
    "Is anything waiting for my approval?": Kind.APPROVALS,
    "승인 대기 중인 거 있어?": Kind.APPROVALS,
    "Has the siren been sounded today?": Kind.ACTED,
    "Did anyone lock the doors last night?": Kind.ACTED,
    "사이렌 울렸어?": Kind.ACTED,
    "오늘 승인된 거 있어?": Kind.ACTED,
    "Who approved the siren?": Kind.ACTED,
    "승인할 거 있어?": Kind.APPROVALS,
    "지난주보다 이번주가 많아?": Kind.COMPARE,
    "녹화 잘 되고 있어?": Kind.OVERVIEW,
    "are all cameras recording?": Kind.CAMERAS,
    "어제 누구한테 알림 보냈어?": Kind.ACTED,
    "Sound the siren": Kind.ACT,
    "Lock the front door": Kind.ACT,
    "When was the last event?": Kind.TOP,
    "What time was the last fight?": Kind.TOP,
    "마지막 싸움은 언제였어?": Kind.TOP,
    "방금 울린 알람 뭐야?": Kind.TOP,
    "What happened last night on the gate?": Kind.LIST,
    "지난 근무 때 특이사항 알려줘": Kind.REPORT,
    "brief me on last night's shift": Kind.REPORT,
    "hello": Kind.HELP,
    "고마워!": Kind.HELP,
    "help": Kind.HELP,
    "뭘 할 수 있어?": Kind.HELP,
    "Open the door": Kind.ACT,
    "delete all events": Kind.ACT,
    "사이렌 울려줘": Kind.ACT,
    "경찰 불러줘": Kind.ACT,
    "What is the meaning of life?": Kind.UNKNOWN,
    "날씨 어때": Kind.UNKNOWN,
    "": Kind.UNKNOWN,
    "';--": Kind.UNKNOWN,
}


@pytest.mark.parametrize("text", KINDS)
def test_a_question_is_of_the_kind_that_it_means(text):
    assert read(text).kind is KINDS[text]


def test_the_longest_name_is_the_camera_that_is_meant():
    assert [camera.name for camera in read("what happened on the FRONT GATE yesterday").cameras] == ["Front gate"]
    assert [camera.name for camera in read("gate and front gate today").cameras] == ["Front gate", "gate"]
    assert [camera.name for camera in read("정문에서 어제 무슨 일 있었어").cameras] == ["정문"]


def test_numbers_of_a_name_are_no_time_and_a_name_is_no_word_of_the_question():
    asked = read("Yard 2 between 10 and 11")
    assert [camera.name for camera in asked.cameras] == ["Yard 2"]
    assert f"{asked.when.since.astimezone(ZONE):%H:%M}" == "10:00"
    assert [camera.name for camera in read("2층 복도 오늘").cameras] == ["2층 복도"]


def test_a_name_that_is_also_a_word_is_one_only_where_nothing_else_can_be_meant():
    assert read("was there a fight on all cameras today").cameras == ()
    assert [camera.name for camera in read("camera A today").cameras] == ["A"]
    assert [camera.name for camera in read('"all" today').cameras] == ["all"]


@pytest.mark.parametrize(
    "text",
    ["what happened on the cellar yesterday", "cellar camera today", "camera cellar", "지하실 카메라 어제", "어제 지하실에서 무슨 일"],
)
def test_a_camera_that_is_not_there_is_noticed(text):
    assert read(text).no_such_camera


@pytest.mark.parametrize(
    "text", ["what happened on monday", "어제 카메라에서 무슨 일 있었어", "events of today", "any event at night", "연기 있었어?"]
)
def test_not_every_word_is_a_cameras_name(text):
    assert not read(text).no_such_camera


def test_types_severities_and_conditions_are_read():
    assert "Fighting" in read("any fights today?").types
    assert "Falling" in read("오늘 쓰러진 사람").types
    assert read("critical events today").min_severity is Severity.CRITICAL
    assert read("most severe event today").min_severity is None
    assert read("unacknowledged events").unacknowledged
    assert read('events with "red car" today').text == "red car"
    assert read("longest event").order is Order.LONGEST
    assert read("events per hour today").by == "hour"
    assert read("what is going on right now").going_on


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("false alarms this week", {"review": Review.FALSE_ALARM}),
        ("오늘 오경보 몇 건이야?", {"review": Review.FALSE_ALARM}),
        ("confirmed events of yesterday", {"verdict": Verdict.CONFIRMED}),
        ("unconfirmed events today", {"verdict": Verdict.UNVERIFIED}),
        ("which events are locked?", {"locked": True}),
        ("acknowledged events today", {"acknowledged": True}),
        ("unacknowledged events today", {"unacknowledged": True}),
        ("Are there any alarms I still need to look at?", {"unacknowledged": True}),
        ("확인할 이벤트 몇 건 남았어?", {"unacknowledged": True}),
        ("오늘 확인한 이벤트 보여줘", {"acknowledged": True}),
        ("Has there ever been a fire?", {"ever": True, "types": ("Arson", "possible_fire")}),
        ("불난 적 있어?", {"ever": True, "types": ("Arson", "possible_fire")}),
        ("what happened today", {}),
    ],
)
def test_what_was_made_of_events_is_a_condition_and_never_dropped(text, marks):
    asked = read(text)
    found = {name: getattr(asked, name) for name in ("review", "verdict", "locked", "acknowledged", "unacknowledged", "ever", "types")}
    assert {name: value for name, value in found.items() if value} == marks


def test_two_spans_are_compared_the_earlier_first():
    asked = read("compare today with the day before yesterday")
    assert [f"{when.since.astimezone(ZONE):%d}" for when in (asked.when, asked.other)] == ["26", "28"]
    asked = read("어제보다 많아?")
    assert [f"{when.since.astimezone(ZONE):%d}" for when in (asked.when, asked.other)] == ["27", "28"]
    assert read("compare the cameras").other is None


def test_severities_are_called_as_the_site_calls_them():
    assert read("심각도 높음 이상 미확인 이벤트").min_severity is Severity.HIGH
    assert read("오늘 심각 이벤트").min_severity is Severity.CRITICAL
    assert read("오늘 심각도별 이벤트 수").min_severity is None
