"""Actions and approvals as rows, and what the audit log keeps of them."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from sqlalchemy import exc
from sqlalchemy.orm import Session

from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.response_models import ApprovalRow, ResponseAction
from haetae.domain.action import ENDED, Action, Approval, Decision, idempotency_key, key_of
from haetae.domain.plan import ActionKind, ActionState, PlannedAction, PlannedBy
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError, DatabaseUnavailable
from haetae.ids import new_id

HAETAE = Actor("Haetae")
"""Who does what nobody did."""

MOST_TEXT = 500
_MOST_TARGET = 128
_MOST_OPTIONS = 16
_MOST_OPTION = 200
_MOST_SAID = 2000
_DECISIONS = TypeAdapter(tuple[Decision, ...])


@contextmanager
def action_transaction(sessions: Sessions, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction. Raises DatabaseUnavailable."""
    try:
        with session_scope(sessions, read_only=read_only) as session:
            yield session
    except exc.SQLAlchemyError as error:
        cause = type(error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error).__name__
        raise DatabaseUnavailable(f"actions cannot be read or written now ({cause})", hint="Check the database") from error


def to_action(row: ResponseAction) -> Action:
    """Raises ValueError or TypeError for a row that no Haetae wrote."""
    planned = PlannedAction(row.kind, row.target, dict(row.options), row.text, row.reason, row.mandatory)
    return Action(
        row.id,
        row.event_id,
        row.camera_id,
        planned,
        row.state,
        row.planned_by,
        row.playbook_version,
        row.idempotency_key,
        row.created_at,
        row.due_at,
        row.disputed,
        row.attempts,
        row.started_at,
        row.finished_at,
        dict(row.result),
        row.lease_until,
    )


def to_approval(row: ApprovalRow, action: ResponseAction) -> Approval:
    """As `to_action`."""
    decisions = _DECISIONS.validate_python(row.decisions)
    return Approval(
        row.id, to_action(action), row.asked_at, row.expires_at, row.needed, row.state, decisions, row.wrong_codes, row.decided_at
    )


def new_action(
    event_id: UUID, camera_id: UUID, planned: PlannedAction, state: ActionState, by: PlannedBy, version: int, now: datetime
) -> dict[str, Any]:
    """The columns of an action that nobody has begun. Raises ConfigError for what can be none: whoever planned it has a fault."""
    kind = _kind(planned.kind)
    target = planned.target
    if not isinstance(target, str) or len(target) > _MOST_TARGET or not all(sign.isprintable() for sign in target):
        raise ConfigError(f"{kind.value}: its target is no id", hint="Name what is registered, by its id")
    key = key_of(planned)
    return {
        "id": new_id(),
        "event_id": event_id,
        "camera_id": camera_id,
        "key": key,
        "kind": kind,
        "target": target,
        "options": _options(kind, planned.options),
        "text": storable(planned.text)[:MOST_TEXT],
        "reason": storable(planned.reason)[:MOST_TEXT],
        "mandatory": planned.mandatory,
        "disputed": False,
        "risk": kind.risk,
        "state": state,
        "planned_by": PlannedBy(by),
        "playbook_version": version,
        "idempotency_key": idempotency_key(event_id, key),
        "attempts": 0,
        "created_at": now,
        "due_at": now,
        "lease_until": None,
        "started_at": None,
        "finished_at": None,
        "result": {},
    }


def digest_of(action: Action) -> str:
    """SHA-256, in hexadecimal, of what an action is and what came of it: the audit log keeps it, so that a changed row is found."""
    planned = action.planned
    content = {
        "id": str(action.id),
        "event_id": str(action.event_id),
        "camera_id": str(action.camera_id),
        "kind": planned.kind.value,
        "target": planned.target,
        "options": dict(planned.options),
        "text": planned.text,
        "reason": planned.reason,
        "mandatory": planned.mandatory,
        "disputed": action.disputed,
        "state": action.state.value,
        "planned_by": action.planned_by.value,
        "playbook_version": action.playbook_version,
        "idempotency_key": str(action.idempotency_key),
        "result": dict(action.result) if action.state in ENDED else {},
    }
    return hashlib.sha256(orjson.dumps(_whole(content), option=orjson.OPT_SORT_KEYS)).hexdigest()


def note_action(
    session: Session, actor: Actor, verb: str, row: ResponseAction, now: datetime, *, before: ActionState | None = None, **more: Any
) -> None:
    """Append to the audit log what became of an action; the last thing of a transaction."""
    action = to_action(row)
    told: dict[str, Any] = {
        "action": str(row.id),
        "kind": row.kind.value,
        "target": row.target,
        "state": row.state.value,
        "digest": digest_of(action),
    }
    if row.result:
        told["result"] = dict(row.result)
    was = None if before is None else {"state": before.value}
    record(session, actor, f"action.{verb}", Target("event", row.event_id), now=now, before=was, after=told | more)


def plain(value: Any) -> Any:
    """A result as both databases keep it: JSON, texts short and without what no database stores."""
    if isinstance(value, str):
        return storable(value)[:_MOST_SAID]
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return _whole(value)
    return str(value)


def storable(text: str) -> str:
    """Without what no database stores: NUL, and halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _kind(kind: Any) -> ActionKind:
    try:
        return ActionKind(kind)
    except ValueError:
        raise ConfigError(f"there is no action {str(kind)[:64]!r}", hint="Plan one of those that there are") from None


def _options(kind: ActionKind, options: Mapping[str, Any]) -> dict[str, Any]:
    fits = len(options) <= _MOST_OPTIONS and all(
        isinstance(name, str) and len(name) <= _MOST_OPTION and isinstance(value, (str, int, float, bool))
        for name, value in options.items()
    )
    if not fits:
        raise ConfigError(f"{kind.value}: its options are no short list of words and numbers", hint="Leave out what it does not need")
    return {storable(name): storable(value)[:_MOST_OPTION] if isinstance(value, str) else _whole(value) for name, value in options.items()}


def _whole(value: Any) -> Any:
    """Numbers as both databases give them back alike: JSONB does not tell 3.0 from 3."""
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
