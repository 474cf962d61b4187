"""Reading and verifying the audit log. For admins: nothing here asks who is looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exc, or_, select
from sqlalchemy.orm import Session

from haetae.database.account_models import AuditEntry
from haetae.database.audit import FIRST, entry_hash
from haetae.database.engine import Sessions, session_scope
from haetae.database.response_audit import ResponseReport, verify_responses
from haetae.errors import DatabaseUnavailable

BATCH = 1000
"""Entries that are held in memory at a time."""

_NEAR = 1000
"""How far from its place an entry is looked for that was moved."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of the log, as it is stored."""

    number: int
    at: datetime
    actor_id: UUID | None
    actor_name: str
    api_key_id: UUID | None
    address: str
    action: str
    target_type: str | None
    target_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str | None
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are wanted; what is None leaves nothing out.

    `actor` is a person's name, as it was, or id. `action` is an action (`event.acknowledge`) or, ending in a dot or without one, the noun
    that actions begin with (`event`). The span is [since, until).
    """

    actor: str | None = None
    action: str | None = None
    target_type: str | None = None
    target_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditFault(StrEnum):
    """What is wrong with an entry.

    `changed`: its content is not what was written. `missing`: its number is absent. `moved`: it was written under another number, so an
    entry was put in or taken out before it, or two were exchanged. `unlinked`: it is whole but does not follow from the one before it, so
    one of the two was put there in place of another.
    """

    CHANGED = "changed"
    MISSING = "missing"
    MOVED = "moved"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a walk along the chain found.

    `entries` were found good, up to `head_number` with `head_hash` (0 and zeros where the log is empty). `fault`, of the entry
    `fault_number`, is the first one, at which the walk ended; None where there is none. `complete`: the walk came to the end of the log.

    A chain that was cut at its end cannot be told from one that never was longer: keep `head_number` and `head_hash` where nobody who can
    write to the database can, and compare.
    """

    entries: int
    head_number: int
    head_hash: str
    complete: bool
    fault: AuditFault | None = None
    fault_number: int | None = None
    detail: str = ""


_COLUMNS = tuple(field.name for field in fields(AuditRecord))


class AuditReader:
    """Any thread. Every method raises DatabaseUnavailable while the database cannot be used."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def list(self, query: AuditQuery, *, limit: int, before: int | None = None) -> list[AuditRecord]:
        """At most `limit` entries, newest first, of a number below `before`: the number of the last one is the cursor to the next page."""
        wanted = select(AuditEntry).where(*_conditions(query)).order_by(AuditEntry.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(AuditEntry.number < before)
        with self._reading() as session:
            return [_record(entry) for entry in session.scalars(wanted)]

    def export(self, query: AuditQuery) -> Iterator[AuditRecord]:
        """All entries that are wanted, oldest first, a batch in memory at a time."""
        last: int | None = None
        while True:
            wanted = select(AuditEntry).where(*_conditions(query), *_after(last)).order_by(AuditEntry.number).limit(BATCH)
            with self._reading() as session:
                batch = [_record(entry) for entry in session.scalars(wanted)]
            yield from batch
            if len(batch) < BATCH:
                return
            last = batch[-1].number

    def verify(self, *, first: int = 1, limit: int | None = None) -> AuditReport:
        """Walk along the chain from entry `first`, at most `limit` entries; what is before `first` is taken for good."""
        number, previous = 0, FIRST
        if first > 1:
            with self._reading() as session:
                known = session.execute(select(AuditEntry.number, AuditEntry.hash).where(AuditEntry.number == first - 1)).first()
            if known is None:
                return AuditReport(
                    0, 0, FIRST, complete=False, fault=AuditFault.MISSING, fault_number=first - 1, detail="there is no such entry"
                )
            number, previous = known
        entries = 0
        while limit is None or entries < limit:
            size = BATCH if limit is None else min(BATCH, limit - entries)
            # From the very first row of all, so that one with a number below 1 is seen.
            wanted = select(AuditEntry).where(*_after(number if number else None)).order_by(AuditEntry.number).limit(size)
            with self._reading() as session:
                batch = session.scalars(wanted).all()
            for entry in batch:
                fault = _fault(entry, number + 1, previous)
                if fault is not None:
                    return AuditReport(entries, number, previous, False, *fault)
                number, previous = entry.number, entry.hash
                entries += 1
            if len(batch) < size:
                return AuditReport(entries, number, previous, complete=True)
        return AuditReport(entries, number, previous, complete=False)

    def verify_responses(self) -> ResponseReport:
        """Compare actions and approvals with what the log says last of each."""
        return verify_responses(self._sessions)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=True) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the audit log cannot be read now", hint="Try again; check the database") from error


def _fault(entry: AuditEntry, number: int, previous: str) -> tuple[AuditFault, int, str] | None:
    """What is wrong with `entry`, which should be `number` and follow the hash `previous`: the fault, its number, in words."""
    if entry.number < number:
        return AuditFault.MOVED, entry.number, "numbers begin at 1"
    if entry.number > number:
        return AuditFault.MISSING, number, f"the next one that there is has the number {entry.number}"
    if entry_hash(entry) == entry.hash:
        if entry.previous_hash == previous:
            return None
        return AuditFault.UNLINKED, number, f"it does not follow entry {number - 1}: one of the two stands in the place of another"
    written_as = _number_when_written(entry)
    if written_as is not None:
        return AuditFault.MOVED, number, f"it was written as number {written_as}"
    return AuditFault.CHANGED, number, "its content is not what its hash was made of"


def _number_when_written(entry: AuditEntry) -> int | None:
    """The number that makes an entry's hash right, if it is near: an entry that was put in or taken out moves all that follow."""
    near = range(max(1, entry.number - _NEAR), entry.number + _NEAR + 1)
    return next((number for number in near if entry_hash(entry, number=number) == entry.hash), None)


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.actor is not None:
        try:
            conditions.append(AuditEntry.actor_id == UUID(query.actor))
        except ValueError:
            conditions.append(AuditEntry.actor_name == query.actor)
    if query.action is not None:
        noun = query.action.removesuffix(".")
        conditions.append(or_(AuditEntry.action == noun, AuditEntry.action.startswith(f"{noun}.", autoescape=True)))
    if query.target_type is not None:
        conditions.append(AuditEntry.target_type == query.target_type)
    if query.target_id is not None:
        conditions.append(AuditEntry.target_id == query.target_id)
    if query.since is not None:
        conditions.append(AuditEntry.at >= query.since)
    if query.until is not None:
        conditions.append(AuditEntry.at < query.until)
    return conditions


def _after(number: int | None) -> list[ColumnElement[bool]]:
    return [] if number is None else [AuditEntry.number > number]


def _record(entry: AuditEntry) -> AuditRecord:
    return AuditRecord(*(getattr(entry, name) for name in _COLUMNS))
