"""Who wants no digests: anybody who got one may say so, and admins may look and take it back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from haetae.clock import Clock
from haetae.database.account_rows import account_transaction
from haetae.database.audit import Target, record
from haetae.database.engine import Sessions
from haetae.database.notification_models import NotificationChannel, OptOut
from haetae.database.notification_rows import MAX_ADDRESS
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError


@dataclass(frozen=True, slots=True)
class StoredOptOut:
    """`channel` is its name, None where it is gone."""

    channel_id: UUID
    channel: str | None
    target: str
    created_at: datetime


class OptOutStore:
    """Any thread. Every change is in the audit log, without the address. Every method raises DatabaseUnavailable."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def list(self, *, limit: int = 500, offset: int = 0) -> list[StoredOptOut]:
        """A page of them, newest first."""
        query = select(OptOut.channel_id, NotificationChannel.name, OptOut.target, OptOut.created_at)
        query = query.outerjoin(NotificationChannel, NotificationChannel.id == OptOut.channel_id)
        query = query.order_by(OptOut.created_at.desc(), OptOut.channel_id, OptOut.target).offset(offset).limit(limit)
        with account_transaction(self._sessions, read_only=True) as session:
            return [StoredOptOut(*row) for row in session.execute(query)]

    def add(self, channel_id: UUID, target: str, actor: Actor) -> bool:
        """No digests from this channel to this target any more; false where that was so already. Raises ConfigError for no target."""
        if not 0 < len(target) <= MAX_ADDRESS or "\0" in target:
            raise ConfigError("there is no such recipient", hint="Use the link in a message as it is")
        now = self._clock.now()
        with account_transaction(self._sessions) as session:
            insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(OptOut)
            new = insert.values(channel_id=channel_id, target=target, created_at=now).on_conflict_do_nothing()
            added = session.execute(new.returning(OptOut.channel_id)).first() is not None
            if added:
                record(session, actor, "opt_out.add", Target("channel", channel_id), now=now)
            return added

    def remove(self, channel_id: UUID, target: str, actor: Actor) -> bool:
        """Digests again; false where nothing was said against them."""
        own = delete(OptOut).where(OptOut.channel_id == channel_id, OptOut.target == target)
        with account_transaction(self._sessions) as session:
            gone = session.execute(own.returning(OptOut.channel_id), execution_options={"synchronize_session": False}).first() is not None
            if gone:
                record(session, actor, "opt_out.remove", Target("channel", channel_id), now=self._clock.now())
            return gone
