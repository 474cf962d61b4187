"""What the stores of rules, channels and groups have in common."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, delete, select, text, true
from sqlalchemy.orm import Session

from haetae.database.account_rows import account_transaction
from haetae.database.engine import Sessions
from haetae.database.models import NotificationRule
from haetae.database.notification_models import NotificationChannel, NotificationGroup
from haetae.domain.rule import Recipient, RecipientKind
from haetae.errors import ConfigError, Conflict, NotFound, VersionConflict

MAX_NAME = 128
MAX_ADDRESS = 320
RECIPIENTS = TypeAdapter(tuple[Recipient, ...])

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ALL: ColumnElement[bool] = true()
# What reading a row that no Haetae wrote may raise: from the driver's JSON, pydantic, or the domain's own checks.
UNREADABLE = (ConfigError, ValueError, TypeError, LookupError, AttributeError)

Row = NotificationRule | NotificationChannel | NotificationGroup
R = TypeVar("R", NotificationRule, NotificationChannel, NotificationGroup)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that holds no rule, channel or group, and why not."""

    id: UUID
    name: str
    error: str


@contextmanager
def directory_transaction(sessions: Sessions, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction. Writers of rules, channels and groups take turns, so that names stay unique and what a rule names stays there.

    Raises as `account_transaction` does.
    """
    with account_transaction(sessions, read_only=read_only) as session:
        if not read_only and session.get_bind().dialect.name == "postgresql":
            session.execute(text("LOCK TABLE notification_rules IN SHARE ROW EXCLUSIVE MODE"))
        yield session


def read_each(
    session: Session, model: type[R], make: Callable[[R], T], *, where: ColumnElement[bool] = _ALL
) -> tuple[list[T], list[Unreadable]]:
    """What `make` makes of each row by name, and apart from them the rows that cannot be read."""
    made: list[T] = []
    unreadable: list[Unreadable] = []
    names = session.execute(select(model.id, model.name).where(where).order_by(model.name, model.id)).all()
    # Held, so that the session need not ask for each again. One row's JSON that is no JSON takes all others with it: then it must.
    with suppress(ValueError, LookupError):
        _all = session.scalars(select(model).where(where)).all()
    for row_id, name in names:
        try:
            made.append(make(session.get_one(model, row_id)))
        except UNREADABLE as error:
            unreadable.append(Unreadable(row_id, name, reason(error)))
    return made, unreadable


def load(row: R, make: Callable[[R], T], noun: str) -> T:
    """What `make` makes of a row. Raises ConfigError where it cannot be read."""
    try:
        return make(row)
    except UNREADABLE as error:
        raise ConfigError(f"what is stored for this {noun} cannot be read: {reason(error)}", hint="Remove it and add it again") from error


def drop_row(session: Session, model: type[R], row_id: UUID, noun: str) -> str:
    """Delete a row, also one that cannot be read; returns its name. Raises NotFound."""
    name = session.scalar(select(model.name).where(model.id == row_id))
    if name is None:
        raise _absent(row_id, noun)
    session.execute(delete(model).where(model.id == row_id), execution_options={"synchronize_session": False})
    return name


def find_row(session: Session, model: type[R], row_id: UUID, noun: str) -> R:
    """Raises NotFound, and ConfigError where the row holds no JSON."""
    try:
        row = session.get(model, row_id)
    except (ValueError, LookupError) as error:
        raise ConfigError(f"what is stored for this {noun} cannot be read", hint="Remove it and add it again") from error
    if row is None:
        raise _absent(row_id, noun)
    return row


def refuse_stale(row: Row, expected_version: int | None, noun: str) -> None:
    """Raise VersionConflict where the row was changed since it was read."""
    if expected_version not in (None, row.version):
        raise VersionConflict(f"the {noun} {row.name!r} was changed by somebody else", hint="Look at it again, then try again")


def checked_name(name: str, noun: str) -> str:
    """Raises ConfigError."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or _CONTROL.search(name):
        raise ConfigError(f"the name of the {noun} is empty, too long or not printable", hint=f"Use 1 to {MAX_NAME} characters")
    return name


def refuse_taken_name(session: Session, model: type[R], row_id: UUID, name: str, noun: str) -> None:
    """Raise Conflict where another row has this name. Under the lock."""
    if session.scalar(select(model.id).where(model.name == name, model.id != row_id)) is not None:
        raise Conflict(f"there is a {noun} called {name!r} already", hint="Choose another name, or change that one")


def check_recipient(recipient: Recipient) -> None:
    """Raises ConfigError for one that can be none, whoever there is."""
    if recipient.kind is RecipientKind.ADDRESS:
        if not 0 < len(recipient.value) <= MAX_ADDRESS or _CONTROL.search(recipient.value):
            raise ConfigError("a recipient's address is empty, too long or not printable", hint=f"Use 1 to {MAX_ADDRESS} characters")
    elif as_id(recipient.value) is None:
        raise ConfigError(f"{recipient.value[:64]!r} is no id of a {recipient.kind.value}", hint="Name users and groups by their id")


def told_recipient(recipient: Recipient) -> str:
    """For the audit log, which is kept for ever: an address is told apart from others, but not given away."""
    if recipient.kind is not RecipientKind.ADDRESS:
        return f"{recipient.kind.value}:{recipient.value}"
    name, at, domain = recipient.value.partition("@")
    return f"{recipient.kind.value}:{name[:2]}***{at}{domain}"


def as_id(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None


def reason(error: BaseException) -> str:
    """One line, without the values: a secret may be among them."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['msg']}" for fault in faults[:3])
    return error.message if isinstance(error, ConfigError) else f"it cannot be read ({type(error).__name__})"


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], told_before: Mapping[str, Any], told_after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """For the audit log: of each column that changed what may be told, as it was and as it is. That an address changed is said, too, where
    what is told of both is the same."""
    names = [name for name in after if before[name] != after[name]]
    return {name: told_before[name] for name in names}, {name: told_after[name] for name in names}


def _absent(row_id: UUID, noun: str) -> NotFound:
    return NotFound(f"there is no {noun} {row_id}", hint=f"See the list of {noun}s")
