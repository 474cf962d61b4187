"""Log-in: the first admin, registration, sessions, passwords.

An access token is short-lived and sent as a bearer; the refresh token, good once, comes as a cookie or in the body, as the client asks
(`haetae.api.auth.delivery` says how that is kept safe from other sites' pages). No answer says whether a user name exists.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Request, Response

from haetae.api.auth.accounts import SignedIn
from haetae.api.auth.delivery import drop_cookie, no_store, read_cookie, refuse_other_pages, set_cookie
from haetae.api.auth.person import PersonDep, person
from haetae.api.dependencies import ActorDep, AddressDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.auth_schemas import (
    AuthState,
    ChangePassword,
    Grant,
    LogIn,
    Me,
    MeChange,
    RefreshInput,
    Register,
    ResetPassword,
    SessionRead,
    SetUp,
    Tokens,
)
from haetae.database.account_rows import StoredUser, UserChange
from haetae.domain.viewer import Viewer
from haetae.errors import Unauthenticated

_SIGN_IN: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403, 409, 429)}
_OWN: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403, 404, 409)}

UserAgent = Annotated[str, Header(include_in_schema=False)]

router = APIRouter(tags=["auth"], dependencies=[Depends(no_store)], responses={status: ERRORS[status] for status in (422, 503)})


class Delivery:
    """A log-in on its way to this client."""

    def __init__(self, request: Request, response: Response, services: ServicesDep) -> None:
        self._request = request
        self._response = response
        self._services = services

    def allow(self, cookie: bool) -> None:
        """To be called before anything is done. Raises Forbidden."""
        if cookie:
            refuse_other_pages(self._request, self._services.config.api.public_url)

    def tokens(self, signed_in: SignedIn, cookie: bool) -> Tokens:
        if cookie:
            set_cookie(self._request, self._response, signed_in, self._services.clock)
        return Tokens(
            access_token=signed_in.access_token,
            expires_at=signed_in.access_expires_at,
            refresh_token=None if cookie else signed_in.refresh_token,
            refresh_expires_at=signed_in.refresh_expires_at,
            session_id=signed_in.family,
        )

    def brought(self, body: RefreshInput | None) -> tuple[str | None, bool]:
        """The refresh token that the client brings, and whether as a cookie. Raises Forbidden."""
        if body is not None and body.refresh_token is not None:
            return body.refresh_token, False
        return read_cookie(self._request, self._services.config.api.public_url), True

    def forget(self) -> None:
        drop_cookie(self._request, self._response)


DeliveryDep = Annotated[Delivery, Depends()]
OptionalRefresh = Annotated[RefreshInput | None, Body()]


@router.get("/auth/state")
def get_auth_state(services: ServicesDep) -> AuthState:
    """Whether the site has to be set up first, and who may register."""
    return AuthState(setup_needed=services.accounts.setup_needed(), registration=services.config.access.registration)


@router.post("/auth/setup", status_code=201, responses=_SIGN_IN)
def set_up(body: SetUp, services: ServicesDep, delivery: DeliveryDep, address: AddressDep, user_agent: UserAgent = "") -> Tokens:
    """Make the first admin, with the code that the server printed, and log in."""
    delivery.allow(body.cookie)
    signed_in = services.accounts.setup(
        body.code,
        body.username,
        body.password,
        email=body.email,
        language=body.language,
        address=address,
        user_agent=user_agent,
    )
    return delivery.tokens(signed_in, body.cookie)


@router.post("/auth/register", status_code=201, responses=_SIGN_IN)
def register(body: Register, services: ServicesDep, delivery: DeliveryDep, address: AddressDep, user_agent: UserAgent = "") -> Tokens:
    """Make an account, with the code of an invitation where the site wants one, and log in."""
    delivery.allow(body.cookie)
    signed_in = services.accounts.register(
        body.username,
        body.password,
        code=body.code,
        email=body.email,
        language=body.language,
        address=address,
        user_agent=user_agent,
    )
    return delivery.tokens(signed_in, body.cookie)


@router.post("/auth/login", responses=_SIGN_IN)
def log_in(body: LogIn, services: ServicesDep, delivery: DeliveryDep, address: AddressDep, user_agent: UserAgent = "") -> Tokens:
    """Log in. Whatever of name, password and account is wrong, the answer is the same; too many tries cost a wait that grows."""
    delivery.allow(body.cookie)
    signed_in = services.accounts.login(body.username, body.password, address=address, user_agent=user_agent)
    return delivery.tokens(signed_in, body.cookie)


@router.post("/auth/refresh", responses=_SIGN_IN)
def refresh(services: ServicesDep, delivery: DeliveryDep, address: AddressDep, body: OptionalRefresh = None) -> Tokens:
    """New tokens for a refresh token, which is good once: using it a second time ends the log-in. They come the way it was brought.

    With the cookie this needs the header `X-Haetae-CSRF: 1`, or the browser's word that a page of this site asks.
    """
    token, cookie = delivery.brought(body)
    if token is None:
        raise Unauthenticated("there is no log-in to go on with", hint="Log in first")
    return delivery.tokens(services.accounts.refresh(token, address=address), cookie)


@router.post("/auth/logout", status_code=204, responses={status: ERRORS[status] for status in (403, 429)})
def log_out(services: ServicesDep, delivery: DeliveryDep, address: AddressDep, body: OptionalRefresh = None) -> None:
    """End the log-in that this refresh token belongs to; fine also where there is none. The cookie needs what it needs for `refresh`."""
    token, cookie = delivery.brought(body)
    if token is not None:
        services.accounts.logout(token, address=address)
    if cookie:
        delivery.forget()


@router.post("/auth/logout-all", status_code=204, responses=_OWN)
def log_out_everywhere(owner: PersonDep, actor: ActorDep, services: ServicesDep, delivery: DeliveryDep) -> None:
    """End all log-ins of one's own, this one included, at once. API keys stay."""
    services.accounts.logout_all(actor, owner.user_id)
    services.live.access_changed(owner.user_id)
    delivery.forget()


@router.get("/auth/me", responses=_OWN)
def get_me(viewer: ViewerDep, services: ServicesDep) -> Me:
    """Who is asking, and what that person may do."""
    return _me(viewer, services.account_store.get(viewer.user_id))


@router.patch("/auth/me", responses=_OWN)
def change_me(body: MeChange, owner: PersonDep, actor: ActorDep, services: ServicesDep) -> Me:
    """Change one's own language or e-mail address."""
    email = (body.email or "") if "email" in body.model_fields_set else None
    return _me(owner, services.account_store.change(owner.user_id, UserChange(language=body.language, email=email), actor))


@router.post("/auth/password", dependencies=[Depends(person)], responses=_SIGN_IN)
def change_password(
    body: ChangePassword,
    actor: ActorDep,
    services: ServicesDep,
    delivery: DeliveryDep,
    user_agent: UserAgent = "",
) -> Tokens:
    """Set another password. All that was handed out before, API keys included, is worth nothing after; here are new tokens."""
    delivery.allow(body.cookie)
    signed_in = services.accounts.change_password(actor, body.current_password, body.new_password, user_agent=user_agent)
    services.live.access_changed(signed_in.user_id)
    return delivery.tokens(signed_in, body.cookie)


@router.post("/auth/reset", responses=_SIGN_IN)
def reset_password(
    body: ResetPassword, services: ServicesDep, delivery: DeliveryDep, address: AddressDep, user_agent: UserAgent = ""
) -> Tokens:
    """Set a new password with a code that an admin gave, and log in. All that was handed out before is worth nothing after."""
    delivery.allow(body.cookie)
    signed_in = services.accounts.reset(body.code, body.password, address=address, user_agent=user_agent)
    services.live.access_changed(signed_in.user_id)
    return delivery.tokens(signed_in, body.cookie)


@router.get("/auth/sessions", responses=_OWN)
def list_sessions(owner: PersonDep, services: ServicesDep) -> list[SessionRead]:
    """One's own log-ins that still live, the last used first; at most 100."""
    return [
        SessionRead(
            id=each.family,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
            expires_at=each.expires_at,
            address=each.address,
            user_agent=each.user_agent,
        )
        for each in services.accounts.sessions(owner.user_id)
    ]


@router.delete("/auth/sessions/{family}", status_code=204, responses=_OWN)
def end_session(family: UUID, owner: PersonDep, actor: ActorDep, services: ServicesDep) -> None:
    """End one of one's own log-ins. Its access token dies by itself within minutes; `logout-all` ends these too."""
    services.accounts.end_session(actor, owner.user_id, family)


def _me(viewer: Viewer, user: StoredUser) -> Me:
    return Me(
        id=user.id,
        username=user.username,
        email=user.email,
        role=viewer.role,
        language=user.language,
        sees_all=viewer.sees_all,
        grants=[Grant(camera_id=camera_id, level=level) for camera_id in viewer.grants if (level := viewer.level(camera_id))],
        api_key_id=viewer.api_key_id,
        created_at=user.created_at,
        password_changed_at=user.password_changed_at,
        last_login_at=user.last_login_at,
    )
