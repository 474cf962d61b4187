"""Approvals: who may, by what, how often, and until when; everything else is nothing done."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from tests.support.accounts import at_once
from tests.support.acting import SECOND, SITE_URL, ActingDesk, desk, migrated  # noqa: F401
from tests.support.counted import ADMIN, GATE, GUARD, GUEST, NOBODY, YARD
from tests.support.event_desk import actor, database
from tests.support.http_receiver import HttpReceiver

from haetae.database.approval_codes import MOST_WRONG, code_of
from haetae.database.approval_rows import Terms
from haetae.database.approval_store import ApprovalStore
from haetae.database.engine import session_scope
from haetae.database.models import CameraAccess, User
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.database.scoped.approvals import ApprovalAnswer
from haetae.domain.action import ApprovalState, TargetKind
from haetae.domain.event import SITE, EventKind
from haetae.domain.notice import NoticeKind
from haetae.domain.plan import ActionKind, ActionState, PlannedAction
from haetae.domain.viewer import AccessLevel
from haetae.errors import ConfigError, Conflict, DatabaseUnavailable, Forbidden, NotFound
from haetae.ids import new_id
from haetae.pipeline.approval_links import ApprovalLinks
from haetae.vault import Vault

AWAITING, DONE, EXPIRED, REJECTED = (
    ActionState.AWAITING_APPROVAL,
    ActionState.DONE,
    ActionState.EXPIRED,
    ActionState.REJECTED,
)
R2 = [kind for kind in ActionKind if kind.risk.value == "R2"]


@pytest.fixture
def siren(desk):  # noqa: F811
    """A siren that keeps what it is told."""
    with HttpReceiver() as receiver:
        desk.target("front", receiver.url, TargetKind.SIREN)
        yield receiver


@pytest.mark.parametrize("kind", R2)
def test_nothing_that_frightens_is_done_before_a_person_says_yes(desk, siren, kind):  # noqa: F811
    action_id = desk.ask(desk.add(), kind)
    for _ in range(3):
        desk.clock.advance(60)
        desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (AWAITING, [])


def test_it_is_done_once_after_a_yes_and_says_who_said_so(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add())
    view = desk.decide(GUARD, action_id, note="I see him")
    assert (view.approval.state, view.may_decide) == (ApprovalState.APPROVED, False)
    desk.turn()
    desk.turn()
    assert desk.ledger.get(action_id).state is DONE
    [received] = siren.received
    assert b'"approved_by":["guard"]' in received.body
    assert desk.noted() == [
        ("plan", "awaiting_approval"),
        ("ask", "awaiting_approval"),
        ("approve", "approved"),
        ("begin", "running"),
        ("result", "done"),
    ]
    [said] = [entry for entry in desk.audit() if entry.action == "action.approve"]
    assert (said.actor_id, said.address, said.after["note"], said.after["way"]) == (GUARD.user_id, "10.0.0.9", "I see him", "console")


def test_one_no_ends_it(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add(), options={"people": 2})
    desk.decide(GUARD, action_id)
    desk.decide(SECOND, action_id, approve=False)
    with pytest.raises(Conflict):
        desk.decide(ADMIN, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (REJECTED, [])


def test_an_answer_cannot_be_given_again(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add())
    desk.decide(GUARD, action_id)
    for viewer in (GUARD, SECOND, ADMIN):
        with pytest.raises(Conflict):
            desk.decide(viewer, action_id)
    desk.turn()
    assert len(siren.received) == 1


@pytest.mark.parametrize("by", ["option", "target", "settings"])
def test_two_people_are_two_people(desk, siren, by):  # noqa: F811
    if by == "target":
        desk.target("door", siren.url, TargetKind.DOOR, people=2)
    if by == "settings":
        desk.ledger = replace(desk.ledger, terms=Terms(600.0, {ActionKind.SIREN: 2}))
        desk.acting = desk.make_acting()
    kind, target = (ActionKind.DOOR_LOCK, "door") if by == "target" else (ActionKind.SIREN, "front")
    action_id = desk.ask(desk.add(), kind, target, options={"people": 2} if by == "option" else {})
    view = desk.decide(GUARD, action_id)
    assert (view.approval.needed, view.approval.state) == (2, ApprovalState.OPEN)
    with pytest.raises(Conflict, match="decided already"):
        desk.decide(GUARD, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (AWAITING, [])
    desk.decide(SECOND, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, len(siren.received)) == (DONE, 1)


@pytest.mark.parametrize("shut", ["the account", "the camera"])
def test_a_yes_of_somebody_who_may_not_decide_any_more_counts_no_longer(desk, siren, shut):  # noqa: F811
    action_id = desk.ask(desk.add(), options={"people": 2})
    desk.decide(GUARD, action_id)
    with session_scope(desk.sessions) as session:
        if shut == "the account":
            session.get_one(User, GUARD.user_id).active = False
        else:
            session.execute(sa.delete(CameraAccess).where(CameraAccess.user_id == GUARD.user_id))
    view = desk.decide(SECOND, action_id)
    desk.turn()
    assert (view.approval.state, siren.received) == (ApprovalState.OPEN, [])
    desk.decide(ADMIN, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, len(siren.received)) == (DONE, 1)


@pytest.mark.parametrize(
    ("viewer", "error"),
    [
        (GUEST, Forbidden),
        (NOBODY, NotFound),
        (replace(GUARD, grants={GATE: AccessLevel.VIEW}), Forbidden),
        (replace(GUARD, grants={YARD: AccessLevel.ADMIN}), NotFound),
        (replace(GUARD, api_key_id=new_id()), Forbidden),
        (replace(ADMIN, api_key_id=new_id()), Forbidden),
    ],
)
def test_who_may_not_decide_does_not(desk, siren, viewer, error):  # noqa: F811
    action_id = desk.ask(desk.add())
    for approve in (True, False):
        with pytest.raises(error):
            desk.decide(viewer, action_id, approve=approve)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (AWAITING, [])
    seen = [view.may_decide for view in desk.scoped.list(viewer, open_only=True, limit=10)]
    assert seen in ([], [False])


def test_what_is_about_the_site_itself_is_for_admins_to_decide(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add(camera_id=SITE, kind=EventKind.SYSTEM, subtype="storage_full"))
    with pytest.raises(Forbidden):
        desk.decide(GUARD, action_id)
    assert desk.decide(ADMIN, action_id).approval.state is ApprovalState.APPROVED


def test_nothing_is_done_once_the_time_is_over(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add(), options={"people": 2})
    desk.decide(GUARD, action_id)
    desk.clock.advance(601)
    with pytest.raises(Conflict, match="the time to decide is over"):
        desk.decide(SECOND, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (EXPIRED, [])
    assert ("expire", "expired") in desk.noted()
    assert desk.scoped.list(GUARD, open_only=True, limit=10) == []


def test_a_yes_that_was_not_followed_in_time_counts_no_more(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add())
    desk.decide(GUARD, action_id)
    # The site was down meanwhile.
    desk.clock.advance(3600)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (EXPIRED, [])


def test_a_clock_that_was_set_back_gives_no_more_time(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add())
    desk.clock.advance(-7200)
    with pytest.raises(Conflict):
        desk.decide(GUARD, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (EXPIRED, [])


def test_an_action_that_was_approved_past_the_question_is_not_done(desk, siren):  # noqa: F811
    """As somebody who may write to the database would."""
    action_id = desk.ask(desk.add())
    with session_scope(desk.sessions) as session:
        session.execute(sa.update(ResponseAction).where(ResponseAction.id == action_id).values(state=ActionState.APPROVED))
    desk.turn()
    assert (desk.ledger.get(action_id).state, siren.received) == (EXPIRED, [])


def test_what_planners_did_not_agree_on_waits_for_a_person(desk):  # noqa: F811
    event = desk.add()
    disputed = PlannedAction(ActionKind.BOOKMARK_CLIP)
    [action_id] = desk.plan(event, disputed=(disputed,))
    desk.turn()
    assert (desk.ledger.get(action_id).state, desk.row(event).locked) == (AWAITING, False)
    desk.decide(GUARD, action_id)
    desk.turn()
    assert (desk.ledger.get(action_id).state, desk.row(event).locked) == (DONE, True)


# By message


def letters(desk):  # noqa: F811
    """Who is written to -> the message."""
    recorder = desk.mail()
    action_id = desk.ask(desk.add(), text="Leave the yard\nhttps://evil.example/approve", reason="an intruder")
    desk.told()
    return action_id, {notice.target: notice for notice in recorder.accepted}


def link_of(desk, viewer, action_id):  # noqa: F811
    return desk.links.url(desk.question(action_id).id, viewer.user_id).partition("token=")[2]


def code_for(desk, viewer, action_id):  # noqa: F811
    row = desk.question(action_id)
    return code_of(desk.vault, row.id, row.secret, viewer.user_id)


def test_whoever_may_decide_is_written_to_with_a_code_of_their_own(desk, siren):  # noqa: F811
    action_id, found = letters(desk)
    assert set(found) == {"admin@example.org", "guard@example.org", "second.guard@example.org"}
    codes = set()
    for viewer in (ADMIN, GUARD, SECOND):
        notice = found[f"{viewer.name.replace(' ', '.')}@example.org"]
        code = code_for(desk, viewer, action_id)
        assert notice.kind is NoticeKind.APPROVAL
        assert f"Your code: {code}" in notice.text
        assert f"{SITE_URL}/api/v1/approvals/link?token=" in notice.text
        # What a model wrote stands on one line, and is no link of ours.
        assert "Leave the yard https://evil.example/approve" in notice.text
        codes.add(code)
    assert len(codes) == 3
    # Written once, however often the engine looks.
    desk.turn()
    desk.told()
    assert len(desk._channels[next(iter(desk._channels))].accepted) == 3


@pytest.mark.parametrize("lost", ["prepare", "told"])
def test_who_is_interrupted_in_asking_asks_again_and_nobody_is_asked_twice(desk, siren, monkeypatch, lost):  # noqa: F811
    mail = desk.mail()
    [action_id] = desk.plan(desk.add(), PlannedAction(ActionKind.SIREN, "front"))
    with monkeypatch.context() as away:

        def gone(*_arguments):
            raise DatabaseUnavailable("gone")

        away.setattr(ApprovalStore, lost, gone)
        with pytest.raises(DatabaseUnavailable):
            desk.turn()
    desk.told()
    first = {notice.target: notice.text for notice in mail.accepted}
    desk.turn()
    desk.told()
    assert len(mail.accepted) == len({notice.target for notice in mail.accepted}) == 3
    assert first.items() <= {notice.target: notice.text for notice in mail.accepted}.items()
    assert (len(first), desk.question(action_id).told_at is not None) == (0 if lost == "prepare" else 3, True)
    assert siren.received == []


def test_a_code_decides_for_the_person_that_it_was_made_for_alone(desk, siren):  # noqa: F811
    action_id, _ = letters(desk)
    for code in (code_for(desk, SECOND, action_id), "AAAAAAAA", "", "a" * 32):
        with pytest.raises(Forbidden):
            desk.decide(GUARD, action_id, code=code)
    code = code_for(desk, GUARD, action_id)
    typed = f" {code[:4].lower()}-{code[4:]} "
    assert desk.decide(GUARD, action_id, code=typed).approval.decisions[0].way == "link"
    with pytest.raises(Conflict):
        desk.decide(GUARD, action_id, code=code)
    desk.turn()
    assert len(siren.received) == 1
    assert [verb for verb, _ in desk.noted()].count("wrong_code") == 4


def test_a_code_of_another_question_is_none_of_this(desk, siren):  # noqa: F811
    first, _ = letters(desk)
    second = desk.ask(desk.add(5))
    with pytest.raises(Forbidden):
        desk.decide(GUARD, second, code=code_for(desk, GUARD, first))


def test_codes_cannot_be_guessed(desk, siren):  # noqa: F811
    action_id, _ = letters(desk)
    for number in range(MOST_WRONG):
        with pytest.raises(Forbidden):
            desk.decide(SECOND, action_id, code=f"GUESS{number:03}")
    with pytest.raises(Forbidden):
        desk.decide(GUARD, action_id, code=code_for(desk, GUARD, action_id))
    # In the console people still can.
    assert desk.decide(GUARD, action_id).approval.state is ApprovalState.APPROVED


def test_a_link_cannot_be_made_by_another_site_nor_changed(desk, siren, tmp_path):  # noqa: F811
    action_id, _ = letters(desk)
    token = link_of(desk, GUARD, action_id)
    token = unquote(token)
    assert desk.links.read(token) == (desk.question(action_id).id, GUARD.user_id)
    foreign = ApprovalLinks(SITE_URL, Vault.open(tmp_path / "elsewhere")).url(new_id(), GUARD.user_id).partition("token=")[2]
    for forged in (unquote(foreign), token[:-4] + ("AAA=" if token[-4:] != "AAA=" else "BBB="), token[::-1], "x", "plain words"):
        with pytest.raises(ConfigError):
            desk.links.read(forged)


def test_nobody_is_asked_what_is_decided_by_the_time_the_message_goes_out(desk, siren):  # noqa: F811
    recorder = desk.mail()
    [action_id] = desk.plan(desk.add(), PlannedAction(ActionKind.SIREN, "front"))
    asyncio.run(desk.acting.look_after_questions())
    desk.decide(GUARD, action_id)
    desk.told()
    assert recorder.accepted == []


def test_where_nobody_can_be_written_to_the_rules_for_system_events_are_told(desk, siren):  # noqa: F811
    action_id = desk.ask(desk.add())
    assert [approval.action.id for approval in desk.unheard] == [action_id]
    desk.turn()
    assert len(desk.unheard) == 1


# Over both databases


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_who_decide_at_once_each_counts_once(kind, tmp_path):
    with database(kind, tmp_path) as engine:
        desk = ActingDesk(engine, tmp_path)
        action_id = desk.ask(desk.add(), ActionKind.EMERGENCY_CALL_DRAFT, "", options={"people": 2})
        question = desk.question(action_id).id

        def say(viewer):
            try:
                return desk.scoped.decide(viewer, actor(viewer), question, ApprovalAnswer(True)).approval.state
            except Conflict:
                return None

        answers = at_once(*[lambda viewer=viewer: say(viewer) for viewer in (GUARD, GUARD, SECOND, GUARD)])
        assert answers.count(None) == 2
        desk.turn()
        assert desk.ledger.get(action_id).state is DONE
        with session_scope(desk.sessions, read_only=True) as session:
            [row] = session.scalars(sa.select(ApprovalRow)).all()
            assert {said["user_id"] for said in row.decisions} == {str(GUARD.user_id), str(SECOND.user_id)}


def test_an_approval_lasts_as_long_as_the_settings_say(desk):  # noqa: F811
    desk.ledger = replace(desk.ledger, terms=Terms(30.0))
    [action_id] = desk.plan(desk.add(), PlannedAction(ActionKind.ANNOUNCE, "front"))
    row = desk.question(action_id)
    assert row.expires_at - row.asked_at == timedelta(seconds=30)
