"""Which rules name a channel or a group."""

from uuid import UUID

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from haetae.database.models import NotificationRule
from haetae.errors import Conflict


def refuse_named(session: Session, row_id: UUID, noun: str) -> None:
    """Raise Conflict while a rule names the channel or group with this id, also a rule that cannot be read."""
    columns = (NotificationRule.channels, NotificationRule.recipients, NotificationRule.escalation)
    # An id is in no text by chance.
    named = or_(*(cast(column, Text).contains(str(row_id)) for column in columns))
    names = session.scalars(select(NotificationRule.name).where(named).order_by(NotificationRule.name).limit(3)).all()
    if names:
        raise Conflict(f"the {noun} is named by {', '.join(map(repr, names))}", hint="Take it out of these rules first")
