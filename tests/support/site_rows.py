"""Rows in all tables, with every type, the odd values and the empty ones."""

from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from tests.support.audit import ANN, ODD
from tests.support.events import CAMERA, ONSET, make_event

from haetae.database.account_models import ApiKey, CodePurpose, Feedback, OneTimeCode, RefreshToken
from haetae.database.analysis_models import AnalysisJob, AnalysisRow, CameraNotes, PromptText
from haetae.database.audit import Target, record
from haetae.database.embedding_models import EmbeddingJob, EventEmbedding
from haetae.database.engine import session_factory, session_scope
from haetae.database.event_repository import upsert_events
from haetae.database.models import Base, Camera, CameraAccess, DailyStatistics, Event, NotificationRule, User
from haetae.database.notification_models import DeliveryRow, EventNews, NotificationChannel, NotificationGroup, OptOut
from haetae.database.planning_models import IncidentJobRow, IncidentPlanRow, PlaybookRow
from haetae.database.response_models import ApprovalRow, ResponseAction, ResponseTargetRow
from haetae.database.severity_store import SeverityPolicyRow
from haetae.domain.action import ApprovalState, TargetKind
from haetae.domain.analysis import Basis
from haetae.domain.event import Severity, Verdict
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.plan import ActionKind, ActionState, PlannedBy, Risk
from haetae.domain.viewer import AccessLevel, Role

USER = UUID("01960000-0000-7000-8000-0000000000aa")
# The extreme values of a column, and texts that break careless quoting.
BIG = 2**53 - 1
TEXT = 'Tor "Süd" 정문\n\t\\ %s {} \u2028'


def fill(engine: sa.Engine, *, events: int = 3) -> None:
    """Some rows everywhere; `events` of them in the table of events."""
    when = {"created_at": ONSET, "updated_at": datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)}
    with session_scope(session_factory(engine)) as session:
        session.add(User(id=USER, username="ann", password_hash="$argon2id$x", role=Role.ADMIN, last_login_at=ONSET, **when))
        session.add(User(username="bob", email="bob@example.org", password_hash="y", active=False, **when))
        session.add(
            Camera(
                id=CAMERA,
                name=TEXT,
                source="rtsp://u:p%40ss@10.0.0.1/1",
                vad_settings={"pixels": 21600, "deep": {"a": [1, None, True, "x"]}},
                zones=[{"name": "z", "kind": "privacy", "polygon": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}],
                analysed_fps=1 / 3,
                **when,
            )
        )
        session.add(Camera(name="plain", source="sim://gate", enabled=False, **when))
        session.flush()
        session.add(CameraAccess(user_id=USER, camera_id=CAMERA, level=AccessLevel.CONTROL, created_at=ONSET))
        session.add(
            DailyStatistics(
                camera_id=CAMERA, day=date(2026, 2, 28), time_zone="Asia/Seoul", frames_read=BIG, score_sum=0.1 + 0.2, updated_at=ONSET
            )
        )
        upsert_events(session, [make_event(number, detail=TEXT) for number in range(events)], stored_at=ONSET)
        session.flush()
        _fill_accounts(session)
        _fill_notifications(session, when)
        _fill_looking(session)
        _fill_planning(session)
        _fill_acting(session, when)
        session.add(SeverityPolicyRow(id=1, content={"rules": [{"name": TEXT}]}, updated_at=ONSET, updated_by=USER))
        first = session.scalars(sa.select(Event).limit(1)).one()
        first.acknowledged, first.acknowledged_by, first.acknowledged_at, first.note, first.locked = True, USER, ONSET, TEXT, True


def _fill_accounts(session: Session) -> None:
    later = datetime(2026, 4, 1, tzinfo=UTC)
    token = {"user_id": USER, "address": "::1", "user_agent": TEXT, "created_at": ONSET, "expires_at": later}
    session.add(RefreshToken(family=USER, token_hash="a" * 64, used_at=ONSET, **token))
    key = {"user_id": USER, "prefix": "hk_1234", "role": Role.VIEWER, "created_at": ONSET}
    session.add(ApiKey(name=TEXT, key_hash="b" * 64, camera_ids=[str(CAMERA)], **key))
    session.add(ApiKey(name="all", key_hash="c" * 64, camera_ids=None, **key))
    code = {"purpose": CodePurpose.INVITE, "created_at": ONSET, "expires_at": later}
    session.add(OneTimeCode(code_hash="d" * 64, role=Role.OPERATOR, grants={str(CAMERA): "view"}, created_by=USER, **code))
    session.add(Feedback(event_id=USER, camera_id=CAMERA, verdict="normal", user_id=USER, created_at=ONSET))
    # Whole floats come back as integers from one of the databases, which only the chain of hashes does not mind.
    before = {name: value for name, value in ODD.items() if name != "whole"}
    for number in range(3):
        record(session, ANN, "event.acknowledge", Target("event", USER), now=ONSET, before=before, after={"n": number}, note=TEXT)


def _fill_notifications(session: Session, when: dict[str, datetime]) -> None:
    rule = NotificationRule(name="all", camera_ids=[str(CAMERA)], min_severity=Severity.HIGH, channels=[str(USER)], updates=False, **when)
    recipients = [{"kind": "address", "value": TEXT}]
    rule.recipients, rule.escalation, rule.templates = recipients, [{"after_s": 1.5, "channel_ids": [], "recipients": []}], {"title": TEXT}
    session.add(rule)
    session.add(NotificationChannel(id=USER, name=TEXT, kind="email", settings={"port": 587, "to": None}, secrets="sealed:v1:x:y", **when))
    session.add(NotificationChannel(name="plain", kind="log", settings={}, enabled=False, **when))
    session.add(NotificationGroup(name="night", members=recipients, **when))
    session.add(EventNews(event_id=USER, token=CAMERA, queued_at=ONSET))
    session.add(OptOut(channel_id=USER, target=TEXT, created_at=ONSET))
    row = {"event_type": TEXT, "severity": Severity.HIGH, "channel_id": USER, "target": TEXT, "kind": NoticeKind.ALERT, "stage": "alert"}
    row |= {"due_at": ONSET, "created_at": ONSET, "digest": True}
    session.add(DeliveryRow(id=USER, state=DeliveryState.PENDING, attempts=0, told=[], **row))
    done = {"state": DeliveryState.SENT, "attempts": 3, "told": ["alert", "verdict"], "finished_at": ONSET, "answer": TEXT, "error": TEXT}
    ids = dict.fromkeys(("rule_id", "event_id", "camera_id", "user_id", "message_key", "held_by", "counted_in"), USER)
    session.add(DeliveryRow(id=CAMERA, lease_until=ONSET, message_id=TEXT, **row, **done, **ids))


def _fill_looking(session: Session) -> None:
    job = {"camera_id": CAMERA, "queued_at": ONSET, "alerted": True, "attempts": 2}
    session.add(AnalysisJob(event_id=USER, described_revision=-1, **job))
    session.add(AnalysisJob(event_id=CAMERA, described_revision=3, asked_at=ONSET, asked_by=USER, lease_until=ONSET, **job))
    look = {"event_id": USER, "camera_id": CAMERA, "created_at": ONSET, "revision": 3, "verdict": Verdict.UNVERIFIED, "failed": True}
    content = {"verdict": "unverified", "description": TEXT, "provenance": {"backend": "openai", "latency_ms": 1.5}}
    session.add(AnalysisRow(id=USER, basis=Basis.BOTH, calls=2, latency_s=0.1 + 0.2, content=content, **look))
    session.add(CameraNotes(camera_id=CAMERA, text=TEXT, updated_at=ONSET, updated_by=USER))
    session.add(EmbeddingJob(event_id=USER, queued_at=ONSET, attempts=2))
    session.add(EventEmbedding(event_id=USER, camera_id=CAMERA, model=TEXT, width=2, vector="ADwAAA==", embedded_at=ONSET))
    session.add(PromptText(event_type="Falling", text=TEXT, updated_at=ONSET))
    values = {"verdict": Verdict.REJECTED, "basis": Basis.BOTH, "analysed_at": ONSET, "analysed_revision": 3, "search_text": TEXT}
    chosen = session.scalars(sa.select(Event.id).limit(1)).one()
    session.execute(sa.update(Event).where(Event.id == chosen).values(**values))


def _fill_planning(session: Session) -> None:
    version = {"sha256": "e" * 64, "created_at": ONSET, "created_name": TEXT, "note": TEXT}
    session.add(PlaybookRow(version=1, content="form = 1", created_by=USER, active=False, **version))
    session.add(PlaybookRow(version=2, content=TEXT, active=True, **version))
    steps = [{"name": "planner 1", "output": {"actions": [], "summary": TEXT}, "tokens": 900}]
    job = {"camera_id": CAMERA, "queued_at": ONSET, "final": True, "wanted": 2, "attempts": 1, "steps": steps}
    session.add(IncidentJobRow(event_id=USER, lease_until=ONSET, **job))
    content = {
        "plan": {"actions": [{"kind": "add_note", "text": TEXT}], "planned_by": "hierarchical"},
        "words": ["add_note"],
        "steps": steps,
    }
    plan = {"camera_id": CAMERA, "created_at": ONSET, "flow": "hierarchical", "planned_by": PlannedBy.HIERARCHICAL, "elapsed_s": 0.1 + 0.2}
    session.add(IncidentPlanRow(id=USER, event_id=USER, number=1, playbook_version=2, calls=4, tokens=3600, content=content, **plan))


def _fill_acting(session: Session, when: dict[str, datetime]) -> None:
    what = {"event_id": USER, "camera_id": CAMERA, "kind": ActionKind.SIREN, "target": "yard", "options": {"s": 1.5}, "text": TEXT}
    what |= {"reason": TEXT, "mandatory": True, "disputed": False, "risk": Risk.R2, "planned_by": PlannedBy.PLAYBOOK}
    what |= {"playbook_version": 2, "idempotency_key": USER, "created_at": ONSET, "due_at": ONSET, "result": {"status": 200, "to": None}}
    session.add(ResponseAction(id=USER, key="siren:yard", state=ActionState.AWAITING_APPROVAL, attempts=0, **what))
    session.add(ResponseAction(id=CAMERA, key="siren:gate", state=ActionState.DONE, attempts=2, finished_at=ONSET, **what))
    asked = {"event_id": USER, "camera_id": CAMERA, "asked_at": ONSET, "expires_at": ONSET, "needed": 2, "wrong_codes": 1}
    decisions = [{"by": str(USER), "name": TEXT, "approve": True}]
    session.add(ApprovalRow(id=USER, action_id=USER, state=ApprovalState.OPEN, decisions=decisions, secret="sealed:v1:x:y", **asked))
    session.add(
        ResponseTargetRow(id="yard", kind=TargetKind.SIREN, name=TEXT, people=2, enabled=True, settings={"url": "https://x"}, **when)
    )


def all_rows(engine: sa.Engine) -> dict[str, list[dict[str, object]]]:
    """Every row of every table through today's models, in a fixed order: what two databases that hold the same have in common."""
    with session_scope(session_factory(engine), read_only=True) as session:
        return {
            table.name: [dict(row) for row in session.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()]
            for table in Base.metadata.sorted_tables
        }
