"""The tables of search by meaning: whose words are still to be embedded, and what came of it.

Both name events by id without a foreign key, as all of looking does. All of it can be made again from the events.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from haetae.database.models import Base


class EmbeddingJob(Base):
    """An event whose words are new or changed. `attempts` counts how often the server refused just these words."""

    __tablename__ = "embedding_jobs"
    __table_args__ = (Index(None, "queued_at", "event_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    queued_at: Mapped[datetime]
    attempts: Mapped[int]


class EventEmbedding(Base):
    """What the words of an event mean to `model`: `vector` is base64 of `width` little-endian float16, of length 1; empty where the server
    would not take the words."""

    __tablename__ = "event_embeddings"
    __table_args__ = (Index(None, "embedded_at"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    camera_id: Mapped[UUID]
    model: Mapped[str] = mapped_column(String(256))
    width: Mapped[int]
    vector: Mapped[str] = mapped_column(Text)
    embedded_at: Mapped[datetime]
