"""Analyses as rows, and what they change of their event."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import and_, case, delete, or_, select, update
from sqlalchemy.orm import Session

from haetae.database.analysis_models import AnalysisJob, AnalysisRow
from haetae.database.event_news import note_news
from haetae.database.incident_rows import note_incident
from haetae.database.models import Event
from haetae.domain.analysis import Analysis, Basis
from haetae.domain.triage import LookRecord, Outcome
from haetae.ids import new_id

LONGEST_TEXT = 20_000

_ANALYSIS = TypeAdapter(Analysis)


def write_outcome(session: Session, outcome: Outcome, now: datetime) -> bool:
    """Write an outcome down; true where the event looks different by it. The event's row is locked (`lock_events`)."""
    job, analysis = outcome.job, outcome.analysis
    changed = _change_event(session, outcome, now)
    if analysis.basis is Basis.EVIDENCE and not analysis.provenance.attempts:
        # Only the newest words for the facts are worth keeping.
        older = delete(AnalysisRow).where(AnalysisRow.event_id == job.event.id, AnalysisRow.basis == Basis.EVIDENCE, AnalysisRow.calls == 0)
        session.execute(older, execution_options={"synchronize_session": False})
    session.add(_row(outcome, now))
    session.flush()
    if changed and analysis.says_more:
        note_news(session, [job.event.id], now)
    note_incident(session, job.event.id, job.event.camera_id, final=outcome.done, now=now)
    _settle_job(session, outcome)
    return changed


def to_analysis(content: dict[str, Any]) -> Analysis:
    """Raises pydantic's ValidationError for what no Haetae wrote."""
    return _ANALYSIS.validate_python(content)


def to_record(row: AnalysisRow) -> LookRecord:
    """Raises as `to_analysis` does."""
    return LookRecord(row.id, row.event_id, row.created_at, row.revision, to_analysis(row.content))


def lock_events(session: Session, event_ids: Collection[UUID]) -> None:
    """Lock the rows of these events in the order that all keep, before any of their jobs: who stores events takes them in the same order
    (SQLite has one writer anyway)."""
    session.execute(select(Event.id).where(Event.id.in_(event_ids)).order_by(Event.id).with_for_update()).all()


def _change_event(session: Session, outcome: Outcome, now: datetime) -> bool:
    """What a model saw is replaced by what a model saw later, never by measurements alone or by a failure."""
    job, analysis = outcome.job, outcome.analysis
    by_model = analysis.basis is not Basis.EVIDENCE and not analysis.failed
    shown = analysis.shown_type
    values: dict[str, Any] = {
        "verdict": analysis.verdict,
        "basis": analysis.basis if by_model else Basis.EVIDENCE,
        "vlm_type": shown.value if shown else None,
        "vlm_description": _text(analysis.description) or None,
        "vlm_confidence": analysis.confidence if by_model else None,
        "search_text": _text(outcome.search_text),
    }
    same = Event.id == job.event.id
    replaceable = same if by_model else and_(same, or_(Event.basis.is_(None), Event.basis == Basis.EVIDENCE))
    once = {"analysed_at": now, "analysed_revision": job.event.revision}
    silently = {"synchronize_session": False}
    result = session.execute(update(Event).where(replaceable).values(values | once), execution_options=silently)
    changed = bool(result.rowcount)  # type: ignore[attr-defined]
    if not changed:
        session.execute(update(Event).where(same).values(once), execution_options=silently)
    if outcome.media_bytes:
        grown = case((Event.media_deleted_at.is_(None), Event.media_bytes + outcome.media_bytes), else_=Event.media_bytes)
        session.execute(update(Event).where(same, Event.media_bytes.is_not(None)).values(media_bytes=grown), execution_options=silently)
    return changed


def _settle_job(session: Session, outcome: Outcome) -> None:
    job = outcome.job
    mine = AnalysisJob.event_id == job.event.id
    silently = {"synchronize_session": False}
    if outcome.done:
        # Somebody may have asked for another look while this one was under way.
        unasked = AnalysisJob.asked_at.is_(None) if job.asked_at is None else AnalysisJob.asked_at == job.asked_at
        session.execute(delete(AnalysisJob).where(mine, unasked), execution_options=silently)
    values: dict[str, Any] = {"described_revision": job.event.revision}
    if outcome.analysis.provenance.attempts or outcome.alerted or outcome.done:
        values["lease_until"] = None
    if outcome.alerted:
        values["alerted"] = True
    session.execute(update(AnalysisJob).where(mine).values(values), execution_options=silently)


def _row(outcome: Outcome, now: datetime) -> AnalysisRow:
    analysis = outcome.analysis
    return AnalysisRow(
        id=new_id(),
        event_id=outcome.job.event.id,
        camera_id=outcome.job.event.camera_id,
        created_at=now,
        revision=outcome.job.event.revision,
        verdict=analysis.verdict,
        event_type=analysis.event_type.value if analysis.event_type else None,
        basis=analysis.basis,
        failed=analysis.failed,
        calls=analysis.provenance.attempts,
        latency_s=analysis.provenance.latency_ms / 1000.0,
        content=_plain(asdict(analysis)),
    )


def _text(value: str) -> str:
    """What every database stores: no NUL (PostgreSQL), no halves of characters, no end of it."""
    return value[:LONGEST_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _plain(value: Any) -> Any:
    """As JSON has it, with texts that every database stores."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {_text(str(key)): _plain(each) for key, each in value.items()}
    return str(value) if isinstance(value, UUID) else value
