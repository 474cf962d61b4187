"""Who is asking, and what that person may do with which camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person may do at most; with which cameras is said by grants. Admins need none: they may do everything with every camera."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class AccessLevel(StrEnum):
    """What a grant allows with one camera: look; also answer its events, start and stop it; also change its settings."""

    VIEW = "view"
    CONTROL = "control"
    ADMIN = "admin"


LEVELS = (AccessLevel.VIEW, AccessLevel.CONTROL, AccessLevel.ADMIN)
"""From least to most; each includes the ones before it."""

ROLES = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
"""From least to most."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person (or one API key of that person) for the length of one request.

    `grants` holds the cameras that this viewer may see, each with its level; it says nothing of an admin, who may see all, those of the
    past included. A viewer's role bounds the level: with the role `viewer` a grant of `control` is no more than `view`.
    """

    user_id: UUID
    name: str
    role: Role
    grants: Mapping[UUID, AccessLevel] = field(default_factory=dict)
    language: str = "en"
    api_key_id: UUID | None = None

    @property
    def sees_all(self) -> bool:
        return self.role is Role.ADMIN

    def is_at_least(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def level(self, camera_id: UUID) -> AccessLevel | None:
        """What this viewer may do with a camera; None: for this viewer there is no such camera."""
        if self.sees_all:
            return AccessLevel.ADMIN
        granted = self.grants.get(camera_id)
        return AccessLevel.VIEW if granted is not None and self.role is Role.VIEWER else granted

    def may(self, camera_id: UUID, level: AccessLevel) -> bool:
        has = self.level(camera_id)
        return has is not None and LEVELS.index(has) >= LEVELS.index(level)

    def cameras(self, level: AccessLevel = AccessLevel.VIEW) -> frozenset[UUID] | None:
        """The cameras with which this viewer may do that; None means all of them."""
        return None if self.sees_all else frozenset(camera_id for camera_id in self.grants if self.may(camera_id, level))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and from where, for the audit log. `user_id` None is the machine itself or a person at its command line."""

    name: str
    user_id: UUID | None = None
    address: str = ""
    api_key_id: UUID | None = None
