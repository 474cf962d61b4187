"""The tables of log-in and audit. Secrets are kept as SHA-256 of 256 random bits, so that a stolen database opens nothing."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base, JSONList, JSONObject
from haetae.database.types import word
from haetae.domain.viewer import Role
from haetae.ids import new_id


class CodePurpose(StrEnum):
    """What a one-time code is good for: making the first admin, registering, setting a new password."""

    SETUP = "setup"
    INVITE = "invite"
    RESET = "reset"


class RefreshToken(Base):
    """One link of a chain of refresh tokens: each is good once, and using one a second time revokes all of its `family`.

    `address` and `user_agent` are those of the log-in, so that people know their sessions apart.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "user_id"), Index(None, "family"), Index(None, "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    family: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiKey(Base):
    """A long-lived key with which a program acts for its owner: never with more than `role`, and only with `camera_ids` (None: all of the
    owner's). `prefix` is the visible start of the key."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(word(Role))
    camera_ids: Mapped[JSONList | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A code that is good once and not for long. An invitation carries the role and the grants (camera id -> level) of who takes it; a
    reset the user whose password it sets."""

    __tablename__ = "one_time_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    purpose: Mapped[CodePurpose] = mapped_column(word(CodePurpose))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role | None] = mapped_column(word(Role))
    grants: Mapped[JSONObject | None]
    email: Mapped[str | None] = mapped_column(String(254))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what, when, from where; `before` and `after` are what changed. Append-only: the database refuses to change or delete one.

    `hash` is SHA-256 over `previous_hash` and the entry (haetae.database.audit says how), so that a row that was changed, taken out or put
    in from outside breaks the chain. `number` counts from 1 without a gap.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "actor_id", "at"),
        Index(None, "target_type", "target_id", "at"),
        Index(None, "action", "at"),
    )

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(128))
    api_key_id: Mapped[UUID | None]
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target_type: Mapped[str | None] = mapped_column(String(32))
    target_id: Mapped[str | None] = mapped_column(String(64))
    before: Mapped[JSONObject | None]
    after: Mapped[JSONObject | None]
    note: Mapped[str | None] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Feedback(Base):
    """What people said of an event's worth, for the camera to learn from: `verdict` is `normal` or `confirmed`.

    `applied_at` is when the camera's learned state took it in; None as long as it has not (the camera was stopped).
    """

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "camera_id", "applied_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    camera_id: Mapped[UUID]
    verdict: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
