"""Leaving digests: by the link in a message (RFC 8058), and for admins who look after it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from haetae.api.dependencies import ActorDep, AddressDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.routers.schedule_schema import Input
from haetae.domain.viewer import Actor

router = APIRouter(tags=["notifications"], responses={status: ERRORS[status] for status in (422, 503)})

_ADMIN: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403)}
_Token = Annotated[str, Query(min_length=1, max_length=1024, description="of the link, as it is")]
_PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Haetae</title>
<p>No digests to this address any more? 이 주소로 요약 알림을 그만 받을까요?</p>
<form method="post"><button>Yes / 예</button></form>"""
_DONE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Haetae</title>
<p>No digests will be sent to this address. Alerts still are. 이 주소로는 요약 알림을 보내지 않습니다. 긴급 알림은 계속 보냅니다.</p>"""
_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


class OptOutRead(Input):
    channel_id: UUID
    channel: str | None
    target: str
    created_at: datetime


class OptOutList(Input):
    opt_outs: list[OptOutRead] = Field(description="newest first")


class OptOutRemoved(Input):
    removed: bool


@router.get("/notices/unsubscribe", response_class=Response, responses=_HTML)
def ask_unsubscribe(token: _Token, services: ServicesDep) -> Response:
    """The page behind the link: it only asks, for mail scanners follow links."""
    services.unsubscribe_links.read(token)
    return Response(_PAGE, media_type="text/html; charset=utf-8")


@router.post("/notices/unsubscribe", response_class=Response, responses=_HTML)
def unsubscribe(token: _Token, address: AddressDep, services: ServicesDep) -> Response:
    """No digests of this channel to this recipient any more. Needs no log-in: the link was made for the recipient alone."""
    channel_id, target = services.unsubscribe_links.read(token)
    services.opt_outs.add(channel_id, target, Actor("recipient", address=address))
    return Response(_DONE, media_type="text/html; charset=utf-8")


@router.get("/opt-outs", responses=_ADMIN)
def list_opt_outs(
    _admin: AdminDep,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> OptOutList:
    """Who wants no digests."""
    found = services.opt_outs.list(limit=limit, offset=offset)
    return OptOutList(opt_outs=[OptOutRead.model_validate(each, from_attributes=True) for each in found])


@router.delete("/opt-outs/{channel_id}", responses=_ADMIN)
def remove_opt_out(
    channel_id: UUID,
    target: Annotated[str, Query(min_length=1, max_length=320, pattern=r"^[^\x00]*$")],
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
) -> OptOutRemoved:
    """Send digests to this recipient again."""
    return OptOutRemoved(removed=services.opt_outs.remove(channel_id, target, actor))
