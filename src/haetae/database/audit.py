"""The audit log: who did what, when, from where, in a chain of hashes, written in the transaction of what it tells of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from haetae.database.account_models import AuditEntry
from haetae.domain.viewer import Actor

FIRST = "0" * 64
"""Stands in `previous_hash` of the first entry."""

_LOCK = 0x4861657461650001
"""PostgreSQL's advisory lock of the chain: writers append one after the other (SQLite has one writer anyway)."""


@dataclass(frozen=True, slots=True)
class Target:
    """What something was done to: `type` is the singular noun of its route (camera, event, user)."""

    type: str
    id: UUID | str


def record(
    session: Session,
    actor: Actor,
    action: str,
    target: Target | None = None,
    *,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str | None = None,
) -> None:
    """Append one entry in the session's transaction: it is there exactly if what it tells of is.

    `action` is noun.verb (`event.acknowledge`, `user.login_failed`). `before` and `after` hold only what changed, as JSON would: ids and
    times as text. They are kept for ever, so nothing secret may be in them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = session.execute(select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last is not None else (1, FIRST)
    entry = AuditEntry(
        number=number,
        at=now,
        actor_id=actor.user_id,
        actor_name=actor.name,
        api_key_id=actor.api_key_id,
        address=actor.address,
        action=action,
        target_type=target.type if target else None,
        target_id=str(target.id) if target else None,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        note=note,
        previous_hash=previous,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of the entry's columns but `hash` as canonical JSON (sorted keys, no spaces, UTC with microseconds)."""
    content = {
        "number": entry.number,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "actor_name": entry.actor_name,
        "api_key_id": str(entry.api_key_id) if entry.api_key_id else None,
        "address": entry.address,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "before": entry.before,
        "after": entry.after,
        "note": entry.note,
        "previous_hash": entry.previous_hash,
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
