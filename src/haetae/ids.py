"""Ids are UUIDv7, made where the thing is born: sortable by time, and a retry carries the same id."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562 §5.7); ids made later by this process sort after earlier ones."""
    return compat.uuid7()
