"""Tickets: where a browser cannot send a header (pictures, videos, sockets), the address itself carries a short-lived proof."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from haetae.api.auth.delivery import no_store
from haetae.api.dependencies import ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.auth_schemas import Input

router = APIRouter(tags=["tickets"])

_PREFIX = "/api/v1/"
_EVENTS = f"{_PREFIX}events/"


class TicketCreate(Input):
    path: Annotated[
        str,
        Field(
            max_length=512,
            pattern=r"^/api/v1/[A-Za-z0-9._~/-]+$",
            description="what it is for: this path, and no other, without a query",
            examples=["/api/v1/cameras/0199c0de-0000-7000-8000-000000000000/live"],
        ),
    ]


class Ticket(BaseModel):
    ticket: str
    url: str = Field(description="the path with the ticket; other query parameters may be added")
    expires_at: datetime


@router.post(
    "/tickets", status_code=201, dependencies=[Depends(no_store)], responses={status: ERRORS[status] for status in (401, 422, 503)}
)
def create_ticket(body: TicketCreate, viewer: ViewerDep, services: ServicesDep) -> Ticket:
    """A ticket with which the caller, and nobody with other rights, may ask for this path: whether it may is decided at use.

    For the media of events it lives as long as an access token, since a player asks again whenever somebody seeks; else `access.ticket_s`.
    """
    access = services.config.access
    life_s = access.access_token_s if body.path.startswith(_EVENTS) else access.ticket_s
    ticket, expires_at = services.tickets.issue(viewer, body.path, life_s=life_s)
    return Ticket(ticket=ticket, url=f"{body.path}?ticket={ticket}", expires_at=expires_at)
