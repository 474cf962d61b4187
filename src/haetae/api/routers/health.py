"""Is it alive, is it ready, and what does it measure: for service managers, load balancers, Prometheus."""

import hmac
import ipaddress
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from haetae.api.dependencies import AddressDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.errors import Forbidden

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    status: str = "ok"


class Ready(BaseModel):
    ready: bool
    reasons: list[str] = Field(description="what is not ready, in words; empty when all is")


@router.get("/healthz")
def healthz() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready}})
def readyz(services: ServicesDep, response: Response) -> Ready:
    """Database, camera manager and disk are in order, or the reason why not."""
    reasons = services.readiness()
    if reasons:
        response.status_code = 503
    return Ready(ready=not reasons, reasons=list(reasons))


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}, 403: ERRORS[403]}, response_class=Response)
def metrics(services: ServicesDep, address: AddressDep, request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Prometheus metrics: with the token of `api.metrics_token`, or from the machine itself where none is set."""
    token = services.config.api.metrics_token
    if token:
        allowed = hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    else:
        # A proxy on this machine speaks for others, and says so.
        allowed = _is_loopback(address) and "x-forwarded-for" not in request.headers and "forwarded" not in request.headers
    if not allowed:
        raise Forbidden("metrics are for the monitoring system", hint="Set api.metrics_token, and send it as a bearer token")
    body, content_type = services.render_metrics()
    return Response(body, media_type=content_type)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
