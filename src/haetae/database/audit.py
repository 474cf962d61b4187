"""The audit log: who did what, when, from where, in a chain of hashes, written in the transaction of what it tells of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from haetae.database.account_models import AuditEntry
from haetae.domain.viewer import Actor

FIRST = "0" * 64
"""Stands in `previous_hash` of the first entry."""

_NAME, _SHORT = 128, 64
"""Lengths of the columns; PostgreSQL refuses what is longer."""

_EXACT = 2**53

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
    times as text. They are kept for ever, so nothing secret may be in them. Call it after the changes that it tells of: from here on to
    the end of the transaction nobody else can append. Names and addresses that are too long for their column are cut.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = session.execute(select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last is not None else (1, FIRST)
    entry = AuditEntry(
        number=number,
        at=now.astimezone(UTC),
        actor_id=actor.user_id,
        actor_name=_text(actor.name)[:_NAME],
        api_key_id=actor.api_key_id,
        address=_text(actor.address)[:_SHORT],
        action=action,
        target_type=target.type if target else None,
        target_id=_text(str(target.id))[:_SHORT] if target else None,
        before=_json(before),
        after=_json(after),
        note=_text(note) if note is not None else None,
        previous_hash=previous,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()


def entry_hash(entry: AuditEntry, *, number: int | None = None) -> str:
    """SHA-256, in hexadecimal, of the entry's columns but `hash` as canonical JSON (sorted keys, no spaces, UTC with microseconds; see
    `_canonical` for numbers). With `number`: what it would be under that one."""
    content = {
        "number": entry.number if number is None else number,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "actor_name": entry.actor_name,
        "api_key_id": str(entry.api_key_id) if entry.api_key_id else None,
        "address": entry.address,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "before": _canonical(entry.before),
        "after": _canonical(entry.after),
        "note": entry.note,
        "previous_hash": entry.previous_hash,
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _canonical(value: Any) -> Any:
    """Numbers as both databases give them back alike: JSONB tells 1e16 not from 10000000000000000, nor -0.0 from 0.

    A whole number is an integer up to 2**53, and the nearest float beyond (RFC 8259, section 6: what all readers agree upon).
    """
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, int) and abs(value) > _EXACT:
        return float(value)
    return value


def _json(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As the column gives it back: what JSON makes of it, without what PostgreSQL refuses."""
    return None if values is None else orjson.loads(orjson.dumps(_storable(dict(values)), option=orjson.OPT_NON_STR_KEYS))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value


def _text(text: str) -> str:
    """Without what no database stores: NUL, and halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
