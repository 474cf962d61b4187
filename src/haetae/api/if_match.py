"""Against lost updates: a change names the version that it was made for."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from starlette.exceptions import HTTPException

from haetae.errors import VersionConflict

IfMatch = Annotated[str | None, Header(max_length=64, description="the ETag that was read, or * for any")]


def expected_version(if_match: str | None) -> int | None:
    """The version that a request was made for; None: any. Raises the error of a request that names none, or one that is none."""
    if if_match is None:
        hint = "send If-Match with the ETag that you read, or * to overwrite whatever is there"
        raise HTTPException(HTTPStatus.PRECONDITION_REQUIRED, hint)
    text = if_match.strip().removeprefix("W/").strip('"')
    if text == "*":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise VersionConflict("this If-Match names no version", hint="Send the ETag that you read")
    return int(text)
