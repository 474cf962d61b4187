"""The application: every router, and what every request goes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from haetae import __version__
from haetae.api.console import add_console, console_folder
from haetae.api.docs import add_docs
from haetae.api.errors import add_error_handlers
from haetae.api.middleware.context import RequestContext
from haetae.api.middleware.limits import BodyLimits
from haetae.api.routers import health
from haetae.api.services import Services

PREFIX = "/api/v1"

ROUTERS = (
    "auth",
    "tickets",
    "users",
    "invites",
    "access",
    "api_keys",
    "camera_files",
    "camera_tests",
    "cameras",
    "score_minutes",
    "sensitivity",
    "live_pictures",
    "live",
    "events",
    "event_media",
    "event_export",
    "analyses",
    "actions",
    "approvals",
    "incidents",
    "response_targets",
    "site_notes",
    "prompts",
    "playbook",
    "severity",
    "channels",
    "groups",
    "rules",
    "deliveries",
    "opt_outs",
    "statistics",
    "assistant",
    "reports",
    "audit",
    "system",
    "messages",
)
"""Modules of `routers`, each with a `router`; where two could answer a path, the one named first does."""

_DESCRIPTION = """Cameras, events, statistics and live view of one Haetae site.

Log in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer ...`, or make an API key. Every error is a problem
document (RFC 9457) with a `code` that does not change. What you may not see is answered as if it did not exist."""


def create_app(services: Services, *, console: Path | None = None) -> FastAPI:
    """The whole API over these services, and the console. `services.live` is attached to the event loop while the application runs.

    `console` is the folder of the built console; None: where it is usually built.
    """
    api = services.config.api

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with services.live.running():
            yield

    app = _routes(openapi_url="/openapi.json" if api.docs else None, lifespan=lifespan)
    app.state.services = services
    if api.docs:
        add_docs(app)
    add_console(app, console or console_folder())
    add_error_handlers(app)
    _add_middleware(app, services)
    return app


def openapi() -> dict[str, Any]:
    """The schema of the API (OpenAPI 3.1), which is the same for every site."""
    return _routes().openapi()


def _routes(**settings: Any) -> FastAPI:
    app = FastAPI(
        title="Haetae",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        # It would send clients on to whatever their Host header says.
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        **settings,
    )
    app.include_router(health.router)
    for name in ROUTERS:
        app.include_router(load_router(name), prefix=PREFIX)
    return app


def load_router(name: str) -> APIRouter:
    router: APIRouter = import_module(f"haetae.api.routers.{name}").router
    return router


def _operation_id(route: APIRoute) -> str:
    return route.name


def _add_middleware(app: FastAPI, services: Services) -> None:
    """What is added last is outermost: a request meets the context first, and the limits last."""
    api = services.config.api
    app.add_middleware(BodyLimits, max_bytes=round(api.max_body_mb * 2**20), timeout_s=api.request_timeout_s)
    app.add_middleware(GZipMiddleware, compresslevel=5, exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/*"))
    if api.cors_origins:
        # Tokens travel in a header that pages set themselves, so no credentials of the browser's own are allowed.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(api.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Request-ID"],
            expose_headers=["ETag", "X-Request-ID", "Retry-After", "Content-Disposition"],
        )
    app.add_middleware(RequestContext, https=api.tls_certificate is not None)
