"""What the routes of log-in take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haetae.domain.viewer import AccessLevel, Role

# What a name, an address or a password may be is decided by the domain, whose answers say more than a schema's.
Username = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$", examples=["kim"])]
Password = Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]
Code = Annotated[str, Field(min_length=1, max_length=256, description="a one-time code")]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^\x00]*$", examples=["kim@example.com"])]
Language = Annotated[str, Field(max_length=8, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", examples=["en", "ko"])]
WantsCookie = Annotated[
    bool,
    Field(
        description="true: the refresh token is set as a cookie that scripts cannot read (browsers); false: it is in the answer (programs)"
    ),
]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AuthState(BaseModel):
    setup_needed: bool = Field(description="there is no user yet: the first admin is made with the code that the server printed")
    registration: str = Field(description="closed, invite or open", examples=["invite"])


class SetUp(Input):
    code: Code
    username: Username
    password: Password
    email: Email | None = None
    language: Language = "en"
    cookie: WantsCookie = True


class Register(Input):
    username: Username
    password: Password
    code: Code | None = Field(None, description="of an invitation; needed unless the site's registration is open")
    email: Email | None = None
    language: Language = "en"
    cookie: WantsCookie = True


class LogIn(Input):
    username: Username
    password: Password
    cookie: WantsCookie = True


class RefreshInput(Input):
    refresh_token: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(None, description="without it the cookie's is taken")


class ChangePassword(Input):
    current_password: Password
    new_password: Password
    cookie: WantsCookie = True


class ResetPassword(Input):
    code: Code
    password: Password
    cookie: WantsCookie = True


class Tokens(BaseModel):
    """A log-in. Send `Authorization: Bearer <access_token>`; refresh before `expires_at`."""

    access_token: str
    token_type: str = "Bearer"
    expires_at: datetime
    refresh_token: str | None = Field(description="good once; null where it was set as a cookie")
    refresh_expires_at: datetime
    session_id: UUID = Field(description="names this log-in in the list of sessions")


class Grant(Input):
    """What may be done with one camera."""

    camera_id: UUID
    level: AccessLevel


class Me(BaseModel):
    id: UUID
    username: str
    email: str | None
    role: Role = Field(description="what may be done at most; less than the person's own where an API key asks")
    language: str
    sees_all: bool = Field(description="every camera, without a grant")
    grants: list[Grant] = Field(description="as they count: of the role viewer every grant is no more than view")
    api_key_id: UUID | None = Field(description="the API key that asks, if it is one")
    created_at: datetime
    password_changed_at: datetime | None
    last_login_at: datetime | None


class MeChange(Input):
    """What is left out stays as it is."""

    language: Language | None = None
    email: Email | None = Field(None, description="null removes it")


class SessionRead(BaseModel):
    """One log-in; address and user agent are those of then."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
