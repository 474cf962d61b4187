"""What the routes of users, invitations and access take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from haetae.api.routers.auth_schemas import Email, Grant, Input, Language, Password, Username
from haetae.domain.viewer import AccessLevel, Role

_MOST_GRANTS = 1000


def _one_each(grants: list[Grant]) -> list[Grant]:
    if len({grant.camera_id for grant in grants}) != len(grants):
        raise ValueError("a camera is named twice")
    return grants


Grants = Annotated[list[Grant], Field(max_length=_MOST_GRANTS), AfterValidator(_one_each)]


def levels(grants: list[Grant]) -> dict[UUID, AccessLevel]:
    return {grant.camera_id: grant.level for grant in grants}


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str
    email: str | None
    role: Role
    language: str
    active: bool
    created_at: datetime
    updated_at: datetime
    password_changed_at: datetime | None
    last_login_at: datetime | None


class UserPage(BaseModel):
    users: list[UserRead] = Field(description="by name")
    total: int = Field(description="how many there are in all, over all pages")


class CodeRead(BaseModel):
    """A one-time code, shown this once: hand it to the person it is for."""

    code: str
    link: str = Field(description="where that person follows it up")
    expires_at: datetime


class UserCreate(Input):
    username: Username
    role: Role = Role.VIEWER
    email: Email | None = None
    language: Language = "en"
    password: Password | None = Field(None, description="without one the person sets it, with the code of the answer")
    grants: Grants = Field(default_factory=list)


class UserCreated(BaseModel):
    user: UserRead
    reset: CodeRead | None = Field(description="sets the password; null where one was given")


class UserChangeInput(Input):
    """What is left out stays as it is."""

    role: Role | None = None
    email: Email | None = Field(None, description="null removes it")
    language: Language | None = None
    active: bool | None = Field(None, description="false takes all back that was handed out to this person, API keys included")


class InviteCreate(Input):
    role: Role = Role.VIEWER
    grants: Grants = Field(default_factory=list)
    email: Email | None = Field(None, description="of the person it is for: the account's address, whatever else is given there")
    expires_in_s: float | None = Field(None, ge=3600, le=90 * 86400, description="null: as configured (access.invite_s)")


class InviteRead(BaseModel):
    id: UUID
    role: Role
    grants: list[Grant]
    email: str | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


class InviteCreated(CodeRead):
    id: UUID


class UserAccess(BaseModel):
    """What was granted to a user."""

    sees_all: bool = Field(description="an admin: may do everything with every camera, whatever is granted")
    grants: list[Grant] = Field(description="as they were given: for the role viewer each is no more than view")


class UserAccessInput(Input):
    grants: Grants


class CameraPersonRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    username: str
    role: Role = Field(description="bounds the level: for the role viewer it is no more than view")
    active: bool
    level: AccessLevel


class CameraAccess(BaseModel):
    """To whom a camera was granted, by name. Admins are here only where they were granted something, and may do everything anyway."""

    people: list[CameraPersonRead]


class PersonGrant(Input):
    user_id: UUID
    level: AccessLevel


def _one_each_person(grants: list[PersonGrant]) -> list[PersonGrant]:
    if len({grant.user_id for grant in grants}) != len(grants):
        raise ValueError("a user is named twice")
    return grants


class CameraAccessInput(Input):
    people: Annotated[list[PersonGrant], Field(max_length=_MOST_GRANTS), AfterValidator(_one_each_person)]
