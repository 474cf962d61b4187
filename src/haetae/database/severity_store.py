"""The severity policy as people edited it. For admins: nothing here asks who is looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, exc
from sqlalchemy.orm import Mapped, Session, mapped_column

from haetae.clock import Clock
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions, session_scope
from haetae.database.models import Base, JSONObject
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import FactKind
from haetae.domain.notation import format_schedule, parse_schedule
from haetae.domain.severity import DEFAULT_POLICY, FactBound, SeverityPolicy, SeverityRow
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError, DatabaseUnavailable, VersionConflict

_ONE = 1


class SeverityPolicyRow(Base):
    """One row at most: `content` is what `policy_json` makes of a policy."""

    __tablename__ = "severity_policy"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[JSONObject]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    updated_at: Mapped[datetime]
    updated_by: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """`version` counts from 1; the default one, which nobody has changed, is 0 and its `updated_at` is None."""

    policy: SeverityPolicy
    version: int
    updated_at: datetime | None


class SeverityStore:
    """Any thread; each method is one transaction and raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def read(self) -> StoredPolicy:
        """What is stored, else the default. Raises ConfigError for what no Haetae wrote."""
        with self._transaction(read_only=True) as session:
            row = session.get(SeverityPolicyRow, _ONE)
            return (
                StoredPolicy(DEFAULT_POLICY, 0, None) if row is None else StoredPolicy(policy_of(row.content), row.version, row.updated_at)
            )

    def write(self, policy: SeverityPolicy, actor: Actor, *, expected_version: int | None = None) -> StoredPolicy:
        """Put this in place of the one before. Raises VersionConflict where that is no longer `expected_version`; None takes any."""
        now, content = self._clock.now(), policy_json(policy)
        with self._transaction() as session:
            row = session.get(SeverityPolicyRow, _ONE)
            version = 0 if row is None else row.version
            if expected_version not in (None, version):
                raise VersionConflict("the severity policy was changed by somebody else", hint="Look at it again, then try again")
            before = policy_json(DEFAULT_POLICY) if row is None else row.content
            version += 1
            if row is None:
                session.add(SeverityPolicyRow(id=_ONE, content=content, version=version, updated_at=now, updated_by=actor.user_id))
            else:
                row.content, row.version, row.updated_at, row.updated_by = content, version, now, actor.user_id
            if before != content:
                session.flush()
                record(session, actor, "severity.change", Target("severity_policy", str(_ONE)), now=now, before=before, after=content)
        return StoredPolicy(policy, version, now)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Session]:
        try:
            with session_scope(self._sessions, read_only=read_only) as session:
                yield session
        except exc.SQLAlchemyError as error:
            raise DatabaseUnavailable("the severity policy cannot be read or written now", hint="Try again; check the database") from error


def policy_json(policy: SeverityPolicy) -> dict[str, Any]:
    """As JSON has it; what a row leaves open is left out."""
    return {"otherwise": policy.otherwise.value, "rows": [_row_json(row) for row in policy.rows]}


def policy_of(content: Any) -> SeverityPolicy:
    """The policy that JSON describes. Raises ConfigError that names the row."""
    if not isinstance(content, dict) or not isinstance(content.get("rows"), list) or content.keys() - {"otherwise", "rows"}:
        raise ConfigError("a severity policy is an object with rows and otherwise", hint="See haetae severity show")
    rows = []
    for number, item in enumerate(content["rows"], 1):
        try:
            rows.append(_row_of(item))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"row {number} cannot be read: {error}", hint="See haetae severity show") from error
    try:
        otherwise = Severity(content.get("otherwise", Severity.LOW.value))
    except ValueError:
        raise ConfigError("otherwise is no severity", hint=f"Use one of {', '.join(Severity)}") from None
    return SeverityPolicy(tuple(rows), otherwise)


_KEYS = {"severity", "kinds", "types", "zones", "schedule", "least_score", "facts"}


def _row_of(item: dict[str, Any]) -> SeverityRow:
    unknown = sorted(item.keys() - _KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    schedule = item.get("schedule")
    return SeverityRow(
        Severity(item["severity"]),
        kinds=frozenset(EventKind(each) for each in item.get("kinds", ())),
        types=frozenset(EventType(each) for each in item.get("types", ())),
        zones=frozenset(str(each) for each in item.get("zones", ())),
        schedule=None if schedule is None else parse_schedule(schedule, time_zone="UTC"),
        least_score=float(item.get("least_score", 0.0)),
        facts=tuple(FactBound(FactKind(each["kind"]), each.get("least"), each.get("most")) for each in item.get("facts", ())),
    )


def _row_json(row: SeverityRow) -> dict[str, Any]:
    content: dict[str, Any] = {"severity": row.severity.value}
    for name, values in (("kinds", row.kinds), ("types", row.types), ("zones", row.zones)):
        if values:
            content[name] = sorted(str(value) for value in values)
    if row.schedule is not None:
        content["schedule"] = format_schedule(row.schedule)
    if row.least_score:
        content["least_score"] = row.least_score
    if row.facts:
        content["facts"] = [
            {"kind": bound.kind.value, **{key: value for key, value in (("least", bound.least), ("most", bound.most)) if value is not None}}
            for bound in row.facts
        ]
    return content
