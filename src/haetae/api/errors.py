"""Errors as RFC 9457 problem documents: one table says which kind is which status, and each has a `code` that does not change."""

import math
import re
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from haetae import errors
from haetae.api.middleware.context import NOTHING, SECURITY_HEADERS, written_path

_log = structlog.get_logger()

STATUS: dict[type[errors.HaetaeError], HTTPStatus] = {
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.VersionConflict: HTTPStatus.PRECONDITION_FAILED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.CameraLimit: HTTPStatus.CONFLICT,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ConfigError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MissingExtra: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ModelError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SourceUnavailable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageError: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.MediaError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The nearest ancestor of an error decides."""


class FieldFault(BaseModel):
    field: str = Field(description="where in the request, such as body.name")
    message: str


class Problem(BaseModel):
    """What every answer but a success is (application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="stable name of the kind of error, for programs")
    detail: str = Field(description="what happened, for people")
    hint: str = Field("", description="what to do next")
    fields: list[FieldFault] = Field(default_factory=list, description="what is wrong where, when the request is invalid")
    request_id: str = Field("", description="find it in the log by this")


def status_of(error: errors.HaetaeError) -> HTTPStatus:
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def code_of(error: errors.HaetaeError) -> str:
    """`VersionConflict` -> `version_conflict`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def problem(
    request: Request,
    status: HTTPStatus | int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    fields: list[FieldFault] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    known = HTTPStatus(status)
    body = Problem(
        title=known.phrase,
        status=known.value,
        code=code,
        detail=detail,
        hint=hint,
        fields=fields or [],
        request_id=getattr(request.state, "request_id", ""),
    )
    return JSONResponse(
        body.model_dump(), known.value, media_type="application/problem+json", headers={"Cache-Control": "no-store", **(headers or {})}
    )


def add_error_handlers(app: FastAPI) -> None:
    """Make every error that leaves a route a problem document. What nobody expected says nothing of itself but the request's id."""
    app.add_exception_handler(errors.HaetaeError, _haetae_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _haetae_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.HaetaeError)
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="haetae"'
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    return problem(request, status, code_of(error), error.message, hint=error.hint, headers=headers)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The values themselves stay out of the answer and the log: a password may be among them.
    fields = [FieldFault(field=".".join(map(str, fault["loc"])), message=fault["msg"]) for fault in error.errors()[:20]]
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in fields[:3])
    hint = "Correct the named fields; /docs lists what is allowed"
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, hint=hint, fields=fields)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's answer to a body that is no text at all; one that is text and no JSON is 422 already.
        hint = "Send JSON in UTF-8"
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "the body cannot be read", hint=hint)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(request, error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    request_id = getattr(request.state, "request_id", "")
    _log.error("request failed", path=written_path(request.scope["path"]), request_id=request_id, exc_info=error)
    # Starlette answers this one outside of all middleware.
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": NOTHING, "X-Request-ID": request_id}
    text = "something went wrong in the server"
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", text, hint="See its log", headers=headers)


_MEANINGS = {
    401: "who is asking is not known",
    403: "not allowed",
    404: "there is no such thing, or not for who is asking",
    409: "does not go with what is there",
    412: "changed by somebody else meanwhile",
    422: "something in the request is not allowed",
    428: "If-Match is needed",
    429: "too often",
    503: "the database cannot be reached now",
}

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning, "content": {"application/problem+json": {}}} for status, meaning in _MEANINGS.items()
}
"""For `responses=` of the routers, so that the schema names every answer there is."""
