from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.assistant import AssistantDesk
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, ROOF, YARD, count_day
from tests.support.event_desk import database
from tests.support.events import ONSET

from haetae.agents.assistant.ledger import Ledger
from haetae.agents.assistant.messages import AnsweredBy
from haetae.agents.assistant.rules import Rules, examples
from haetae.agents.assistant.shown import numbers_in
from haetae.agents.assistant.tools import Tools
from haetae.api.assistant_records import SITE_WORDS
from haetae.database.action_store import ActionStore
from haetae.database.approval_store import ApprovalStore
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import CAMERA_OFFLINE, SITE, EventKind, EventStatus, Severity, Verdict
from haetae.domain.plan import ActionKind, PlannedAction, ResponsePlan
from haetae.ids import new_id
from haetae.vault import Vault

HOUR = 3600
DAY = ONSET.date()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """ONSET is 21:00 on a Sunday in Seoul."""
    with database("sqlite", tmp_path_factory.mktemp("rules")) as engine:
        site = AssistantDesk(engine)
        desk = site.desk
        site.fight = desk.add(-HOUR, severity=Severity.HIGH, vlm_type="Fighting", end_s=12.5, columns={"verdict": Verdict.CONFIRMED})
        site.fall = desk.add(
            -20 * HOUR, severity=Severity.CRITICAL, vlm_type="Falling", vlm_description="Someone lies at pillar 7731", end_s=80.0
        )
        site.seen = desk.add(-2 * HOUR, severity=Severity.LOW, columns={"acknowledged": True}, end_s=4.0)
        site.on_roof = [
            desk.add(-HOUR - n, camera_id=ROOF, vlm_type="Weapon", vlm_description="the knife of 4242", end_s=900.0) for n in range(13)
        ]
        site.away = desk.add(-3 * HOUR, camera_id=YARD, kind=EventKind.SYSTEM, subtype=CAMERA_OFFLINE, end_s=61.0)
        site.disk = desk.add(-HOUR, camera_id=SITE, kind=EventKind.SYSTEM, subtype="storage_full", status=EventStatus.OPEN)
        count_day(engine, GATE, DAY, time_zone="Asia/Seoul", uptime_s=7200.0, frames_read=36000, frames_analysed=35990, score_max=0.87)
        count_day(engine, ROOF, DAY, time_zone="Asia/Seoul", uptime_s=86399.0, frames_read=777777)
        site.statuses = {
            GATE: CameraStatus(GATE, CameraState.WATCHING, since=ONSET),
            YARD: CameraStatus(YARD, CameraState.OFFLINE, since=ONSET - timedelta(minutes=7)),
            ROOF: CameraStatus(ROOF, CameraState.FAILED),
        }
        actions = ActionStore(desk.sessions, desk.clock)
        kinds = {ActionKind.RAISE_PRIORITY: "", ActionKind.SIREN: "front", ActionKind.LINK_CAMERAS: str(ROOF)}
        forbidden = (PlannedAction(ActionKind.NOTIFY, "night"), "the rule 'quiet' forbids it")
        plan = ResponsePlan(tuple(PlannedAction(kind, target) for kind, target in kinds.items()), refused=(forbidden,))
        for event in (site.fight, site.on_roof[0]):
            actions.record(event.id, event.camera_id, plan)
        yield site


def test_what_happened_is_told_with_a_citation_for_each_event(site):
    asked = site.ask(GUEST, "What happened today?")
    assert asked.text.splitlines() == [
        "All cameras that you may see, 2026-03-01 00:00 to 2026-03-01 21:00: 3 events.",
        "- 2026-03-01 20:00 gate: Fighting, high, 12 s [1]",
        "- 2026-03-01 19:00 gate: Unusual activity, low, 4.0 s [2]",
        "- 2026-03-01 01:00 gate: Person fell, critical, 1 min 20 s [3]",
    ]
    assert [each.event_id for each in asked.citations] == [site.fight.id, site.seen.id, site.fall.id]
    assert (asked.done.answered_by, asked.done.understood) == (AnsweredBy.RULES, True)
    assert "no language model is configured" in asked.done.reason


def test_the_same_in_korean(site):
    asked = site.ask(GUEST, "오늘 무슨 일 있었어?", "ko")
    assert asked.text.splitlines()[:2] == [
        "볼 수 있는 모든 카메라, 2026-03-01 00:00 ~ 2026-03-01 21:00: 이벤트 3건.",
        "- 2026-03-01 20:00 gate: 싸움, 높음, 12초 [1]",
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many fights were there today?", "2026-03-01 21:00: 1 event of the type Fighting, Assault, Possible fight."),
        ("오늘 쓰러짐은 몇 건이야?", "2026-03-01 21:00: 사람 쓰러짐, 쓰러짐 의심 유형의 이벤트 1건."),
        ("how many events yesterday", "2026-03-01 00:00: no events."),
        ("What was the most severe event today?", "The most severe first:\n- 2026-03-01 01:00 gate: Person fell, critical"),
        ("오늘 가장 오래 지속된 이벤트는?", "오래 지속된 순서:\n- 2026-03-01 01:00 gate: 사람 쓰러짐, 심각"),
        ("Which events has nobody acknowledged?", "now: 2 events that nobody has acknowledged."),
        ("events per camera today", "3 events.\n- gate: 3"),
        ("오늘 심각도별 이벤트 몇 건?", "이벤트 3건.\n- 심각: 1건\n- 높음: 1건"),
        ("events per hour today", "3 events.\n- 2026-03-01 01:00: 1\n- 2026-03-01 19:00: 1\n- 2026-03-01 20:00: 1"),
        ("critical events today", "1 event of severity critical or above."),
        ('today "pillar 7731"', "1 event with “pillar 7731” in them."),
        ("which cameras are offline?", "The camera that you may see watches."),
        ("status of gate", "- gate: watching since 2026-03-01 21:00"),
        ("gate 카메라 상태", "- gate: 감시 중 (2026-03-01 21:00부터)"),
        ("How many cameras are there?", "Cameras that you may see: 1.\n- gate"),
        ("statistics of gate today", "gate, 2026-03-01 to 2026-03-01: 3 events; it delivered pictures for 2 h 0 min."),
        ("this week's events after tomorrow", "3 events"),
        ("tonight at 11 pm", "That has not begun yet: 2026-03-01 23:00."),
        ("open the door", "I only look things up and do nothing."),
        ("Is everything ok?", "The camera that you may see watches.\nAll cameras that you may see, now: no events that are going on.\n"),
        ("모두 정상이야?", "미확인 이벤트 2건.\n승인을 기다리는 조치: 1건.\n- 2026-03-01 20:00 gate: 사이렌 울리기: 사람의 승인 대기 [1]"),
        (
            "compare today with yesterday",
            "2026-03-01 00:00: no events.\nAll cameras that you may see, 2026-03-01 00:00 to 2026-03-01 21:00: 3",
        ),
        ("was the siren sounded today?", "- 2026-03-01 20:00 gate: sound the siren: waits for a person's approval [1]"),
        ("어제 사이렌 울렸어?", "그런 조치를 하거나 계획한 적이 없습니다."),
        ("what waits for approval?", "Waiting for a person's approval: 1.\n- 2026-03-01 20:00 gate: sound the siren: waits"),
        ("when was the last event?", "- 2026-03-01 20:00 gate: Fighting, high, 12 s [1]"),
        ("What did you do about the last event?", "- 2026-03-01 20:00 gate: Fighting, high, 12 s [1]\n  - "),
        ("when was the last explosion?", "2026-03-01 21:00: no events of the type Explosion."),
        ("false alarms today", "no events that people called a false alarm."),
        ("acknowledged events today", "1 event that somebody has acknowledged.\n- 2026-03-01 19:00"),
        ("오늘 확인한 이벤트 몇 건?", "확인된 이벤트 1건."),
        ("confirmed events today", "1 event with the verdict “confirmed”.\n- 2026-03-01 20:00 gate: Fighting"),
        ("which events are locked?", "no events that are locked."),
        ("summary of gate today", "Cameras: gate.\n3 events."),
        ("report of today", "- 2026-03-01 01:00 gate: Person fell, critical, 1 min 20 s [1]"),
        ("what can you do?", "I can answer such questions:"),
        ("will it rain?", "No language model is configured, so I understand a few kinds of questions:"),
        ("비가 올까?", "언어 모델이 설정되어 있지 않아"),
    ],
)
def test_a_parsed_question_has_an_answer_of_its_own(site, question, answer):
    asked = site.ask(GUEST, question, "ko" if any("가" <= letter <= "힣" for letter in question) else "en")
    assert answer in asked.text


def test_what_an_event_is_known_by_is_shown(site):
    asked = site.ask(GUEST, f"show event {site.fall.id}")
    assert "Person fell at gate, critical. It began at 2026-03-01 01:00 and lasted 1 min 20 s. [1]" in asked.text
    assert "Description: Someone lies at pillar 7731" in asked.text
    assert "- Speed 2.5 m/s; usual at most 1.2 m/s" in asked.text


@pytest.mark.parametrize(
    ("language", "question", "lines"),
    [
        (
            "en",
            "What was done about event {id}?",
            [
                "- 2026-03-01 20:00 gate: Fighting, high, 12 s [1]",
                "  - raise the priority: planned",
                "  - sound the siren: waits for a person's approval",
                "  - link another camera: planned",
                "  - tell a group: not done: it is not allowed: the rule 'quiet' forbids it",
            ],
        ),
        (
            "ko",
            "{id} 이벤트에 무슨 조치를 했어?",
            [
                "- 2026-03-01 20:00 gate: 싸움, 높음, 12초 [1]",
                "  - 우선순위 올리기: 예정",
                "  - 사이렌 울리기: 사람의 승인 대기",
                "  - 다른 카메라 연결: 예정",
                "  - 그룹에 알림: 실행 안 함: 허용되지 않음: the rule 'quiet' forbids it",
            ],
        ),
    ],
)
def test_what_was_done_about_an_event_is_told(site, language, question, lines):
    asked = site.ask(GUEST, question.format(id=site.fight.id), language)
    assert sorted(asked.text.splitlines()) == sorted(lines)
    assert [each.event_id for each in asked.citations] == [site.fight.id]
    assert [(each.name, each.found) for each in asked.tools] == [("show_response", 4)]
    # Who does not see the camera is told what is told of an event that there is not.
    hidden, none = (site.ask(GUEST, question.format(id=each), language) for each in (site.on_roof[0].id, new_id()))
    assert (hidden.text, hidden.citations) == (none.text, [])
    assert "roof" in site.ask(ADMIN, question.format(id=site.fight.id), language).text


def test_what_was_done_in_a_time_is_told_of_its_newest_events(site):
    asked = site.ask(GUEST, "What was done about the events of today?")
    head, first, *rest = asked.text.splitlines()
    assert head.endswith("3 events.")
    assert "Fighting" in first
    assert sum(line == "  - nothing" for line in rest) == 2
    assert len(asked.citations) == 3


def test_who_sees_more_is_told_more(site):
    everything = site.ask(ADMIN, "How many events today?").text
    assert "18 events" in everything
    assert "5 events" in site.ask(GUARD, "How many events today?").text, "gate, yard, and the site itself for an operator"
    assert "no events" in site.ask(NOBODY, "How many events today?").text
    assert site.ask(GUARD, "which cameras are offline?").text == "Not watching now:\n- yard: offline since 2026-03-01 20:53"
    assert "yard: Camera offline" in site.ask(GUARD, "which cameras were offline today?").text


SECRETS = ("roof", str(ROOF), "yard", str(YARD), "4242", "777777", "Weapon", "무기")


@pytest.mark.parametrize(
    "question",
    [
        "What happened on {} today?",
        "status of {}",
        "{} 카메라 오늘 무슨 일 있었어?",
        "statistics of {} today",
        "how many events on {} today",
        "is the {} camera offline?",
        'events with "{}" today',
        "shift report of the {} camera",
    ],
)
def test_a_hidden_camera_is_answered_as_one_that_there_is_not(site, question):
    hidden, absent = (site.ask(GUEST, question.format(name)) for name in ("roof", "moon"))
    assert hidden.text.replace("roof", "NAME") == absent.text.replace("moon", "NAME")
    assert repr(hidden.tools).replace("roof", "NAME") == repr(absent.tools).replace("moon", "NAME")
    assert hidden.citations == absent.citations == []


@pytest.mark.parametrize("viewer", [GUEST, NOBODY], ids=lambda viewer: viewer.name)
def test_no_answer_holds_what_its_reader_may_not_see(site, viewer):
    ids = [each.id for each in (*site.on_roof[:2], site.away, site.disk)]
    questions = [
        *examples("en", []),
        *examples("ko", []),
        *(f"show event {each}" for each in ids),
        "weapons today",
        "was the siren sounded today?",
        "what waits for approval?",
        "was the siren sounded on the roof today?",
        "is everything ok?",
        "compare today with yesterday",
        "when was the last event?",
        "events per camera this week",
    ]
    for question in questions:
        said = site.ask(viewer, question, "ko" if any("가" <= letter <= "힣" for letter in question) else "en").everything
        known = question.lower()
        for secret in SECRETS:
            assert secret not in said or secret.lower() in known or secret in ("Weapon", "무기"), (question, secret)
        assert not any(str(each) in said.replace(question.split()[-1], "") for each in ids)


ASKED = [
    *examples("en", []),
    *examples("ko", []),
    "today",
    "on gate",
    "roof",
    "statistics of gate this week",
    "gate 카메라 통계",
    "per camera",
    "how many",
    "몇 건",
    "most severe",
    "가장 심각한",
    "per hour today",
    "날짜별 이벤트",
    "status of yard",
    "last 3 days",
    "camera list",
    "fights",
    "미확인",
    "between 1 and 9",
    "is everything ok?",
    "compare today with yesterday",
    "was the siren sounded today?",
    "what waits for approval?",
    "when was the last event?",
    "false alarms",
]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(ASKED), min_size=1, max_size=3), st.sampled_from(["en", "ko"]), st.sampled_from([ADMIN, GUARD, GUEST, NOBODY])
)
def test_every_number_of_an_answer_comes_from_a_tool_or_from_who_asks(site, pieces, language, viewer):
    question = " ".join(pieces)
    ledger = Ledger(question)
    tools = Tools(site.records(viewer, language), SITE_WORDS, ledger, language, lambda _use: None)
    ruled = Rules(tools).answer(question)
    help_text = " ".join(examples(language, site.records(viewer, language).cameras()))
    known = ledger._numbers | set(numbers_in(help_text))
    assert [number for number in numbers_in(ruled.text) if number not in known] == []


@pytest.mark.parametrize(
    ("morning", "at", "lines"),
    [
        # The hour from 2 to 3 is there twice: 00:30 UTC and 01:30 UTC are both 02:30.
        (datetime(2026, 10, 25, 8, tzinfo=UTC), (-7.5, -6.5), ["- 2026-10-25 02:00: 1", "- 2026-10-25 02:00: 1"]),
        # The hour from 2 to 3 is not there: 00:30 UTC is 01:30, and 01:30 UTC is 03:30.
        (datetime(2026, 3, 29, 8, tzinfo=UTC), (-7.5, -6.5), ["- 2026-03-29 01:00: 1", "- 2026-03-29 03:00: 1"]),
        # Midnight is in the middle of it.
        (datetime(2026, 7, 2, 8, tzinfo=UTC), (-10.5, -9.5), ["- 2026-07-01 23:00: 1", "- 2026-07-02 00:00: 1"]),
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_night_is_told_whole_whatever_its_clocks_do(tmp_path, language, morning, at, lines):
    with database("sqlite", tmp_path) as engine:
        site = AssistantDesk(engine, "Europe/Berlin")
        site.desk.clock.advance((morning - site.desk.clock.now()).total_seconds())
        for number, hours in enumerate(at):
            site.desk.add(number, timestamp=morning + timedelta(hours=hours), severity=Severity.HIGH)
        hourly = site.ask(ADMIN, {"en": "events per hour last night", "ko": "어젯밤 시간대별 이벤트"}[language], language)
        unit = {"en": "", "ko": "건"}[language]
        assert hourly.text.splitlines()[1:] == [f"{line}{unit}" for line in lines]
        report = site.ask(ADMIN, {"en": "shift report of last night", "ko": "어젯밤 근무 보고서"}[language], language)
        assert {"en": "2 events.", "ko": "이벤트 2건."}[language] in report.text
        assert [each.number for each in report.citations] == [1, 2]
        began = sorted(line.split(" gate")[0] for line in report.text.splitlines() if line.startswith("- "))
        assert [each[:-2] for each in began] == [line[: line.rindex(":") - 2] for line in lines]


def test_what_a_state_says_is_said_once(tmp_path):
    with database("sqlite", tmp_path) as engine:
        site = AssistantDesk(engine)
        event = site.desk.add(severity=Severity.HIGH)
        ActionStore(site.desk.sessions, site.desk.clock).record(
            event.id, event.camera_id, ResponsePlan((PlannedAction(ActionKind.SIREN, "front"),))
        )
        site.desk.clock.advance(700)
        ApprovalStore(site.desk.sessions, site.desk.clock, Vault.open(tmp_path)).expire()
        asked = site.ask(ADMIN, "오늘 사이렌 울렸어?", "ko")
        assert asked.text == "- 2026-03-01 21:00 gate: 사이렌 울리기: 실행 안 함: 제때 승인되지 않음 [1]"
