"""An audit log to look at, and a hand that changes it behind the database's back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haetae.database.account_models import AuditEntry
from haetae.database.audit import Target, entry_hash, record
from haetae.database.engine import session_factory, session_scope
from haetae.domain.viewer import Actor

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANN = Actor("ann", UUID(int=0xA), "10.0.0.7")
EVENT = UUID(int=0xE)

# What JSON can hold and databases give back otherwise.
ODD = {
    "정문": 'Tor "Süd"\n\u2028 \U0001f600',
    "whole": [1.0, -0.0, 1e16, 1e20, 2**53, 2**60 * 1.0, 1.8e19, -1e19, 1e300, 10**15 + 0.0],
    "parts": [0.1 + 0.2, 1 / 3, 5e-324, 1e-7, -2.5, 123456789.123456789],
    "b": {"z": None, "a": [True, False, {}, []]},
    "a": 2**63 - 1,
}


def write(engine: sa.Engine, count: int, *, action: str = "event.acknowledge", actor: Actor = ANN, **values: Any) -> None:
    """Entries, one a minute, each in a transaction of its own."""
    sessions = session_factory(engine)
    for number in range(count):
        with session_scope(sessions) as session:
            now = AT + timedelta(minutes=number)
            record(session, actor, action, Target("event", EVENT), now=now, **{"after": {"n": number}, **values})


def tamper(engine: sa.Engine, *statements: str) -> None:
    """Run statements on the table with its triggers taken away, as somebody with the database's password can."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_entries_no_{verb}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_entries DISABLE TRIGGER ALL")
        for statement in statements:
            connection.execute(sa.text(statement))


def rewrite(engine: sa.Engine, number: int, **columns: Any) -> None:
    """Change an entry and give it the hash that fits its new content."""
    tamper(engine)
    with session_scope(session_factory(engine)) as session:
        entry = session.get_one(AuditEntry, number)
        for name, value in columns.items():
            setattr(entry, name, value)
        entry.hash = entry_hash(entry)
