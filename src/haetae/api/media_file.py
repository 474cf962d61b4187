"""A file of the storage folder as an answer: whole, in part (RFC 9110, section 14), or not at all where the client has it."""

import os
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from haetae.api.errors import problem

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class MediaFile(StreamingResponse):
    """`length` bytes of an open file, which is closed with the answer. Opened before anything is sent, so that a file which is deleted
    meanwhile is still sent whole."""

    def __init__(self, file: BinaryIO, length: int, *, status: int, media_type: str, headers: dict[str, str]) -> None:
        self._file = file
        super().__init__(_chunks(file, length), status, {**headers, "Content-Length": str(length)}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def answer_file(request: Request, path: Path, *, media_type: str, name: str) -> Response:
    """The file, or the part of it that the request asks for; `name` is what it is saved as. Raises OSError where it cannot be opened.

    Ranges of several parts, and what is no range of bytes, are answered with the whole file, as the RFC allows.
    """
    file = path.open("rb")
    try:
        return _answer(request, file, media_type, name)
    except BaseException:
        file.close()
        raise


def _answer(request: Request, file: BinaryIO, media_type: str, name: str) -> Response:
    stat = os.fstat(file.fileno())
    size = stat.st_size
    etag = f'"{stat.st_mtime_ns:x}-{size:x}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{name}"',
    }
    if is_known(request, etag):
        file.close()
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if request.method == "HEAD":
        # Ranges are for GET alone.
        file.close()
        return Response(media_type=media_type, headers={**headers, "Content-Length": str(size)})
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", etag) != etag:
        return MediaFile(file, size, status=HTTPStatus.OK, media_type=media_type, headers=headers)
    part = _part(wanted, size)
    if part is None:
        return MediaFile(file, size, status=HTTPStatus.OK, media_type=media_type, headers=headers)
    first, end = part
    if first >= end:
        file.close()
        detail, unsatisfied = f"the file has {size} bytes", {"Content-Range": f"bytes */{size}"}
        return problem(request, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail, headers=unsatisfied)
    file.seek(first)
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    return MediaFile(file, end - first, status=HTTPStatus.PARTIAL_CONTENT, media_type=media_type, headers=headers)


def is_known(request: Request, etag: str) -> bool:
    """Whether the client says (If-None-Match) that it has this very version."""
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    return not known.isdisjoint({"*", etag.removeprefix("W/")})


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None: no range that must be heeded. The first is not before the other where nothing of it is
    in the file."""
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


async def _chunks(file: BinaryIO, length: int) -> AsyncIterator[bytes]:
    left = length
    while left > 0:
        chunk = await run_in_threadpool(file.read, min(_CHUNK_BYTES, left))
        if not chunk:
            raise OSError("the file became shorter while it was sent")
        left -= len(chunk)
        yield chunk
