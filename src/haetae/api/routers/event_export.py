"""Events for elsewhere: a list as a table or as lines of JSON, one event as an archive. Every export is in the audit log."""

import csv
import io
from collections.abc import Generator, Iterator
from datetime import datetime
from itertools import chain
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from haetae.api.dependencies import AddressDep, MediaViewerDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.event_archive import event_archive
from haetae.api.event_view import detail_read
from haetae.api.routers.event_schemas import CsvQuery, EventRead, ExportQuery
from haetae.api.services import Services
from haetae.database.scoped.event_rows import EventRow
from haetae.domain.viewer import Actor, Viewer

router = APIRouter(tags=["events"], responses={status: ERRORS[status] for status in (401, 422, 503)})

COLUMNS = tuple(EventRead.model_fields)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""Also as they are typed where letters are twice as wide: spreadsheets take them for the same."""
_BOM = "\ufeff"


class _Attachment(StreamingResponse):
    """A file to be saved under `name`, made while it is sent. What makes it is closed with the answer, also where the client goes away in
    the middle: else files would stay open until they are collected."""

    def __init__(self, body: Generator[str | bytes, None, None], media_type: str, name: str) -> None:
        self._body = body
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        super().__init__(body, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._body.close()


def _text(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string"}}}}}


@router.get("/events.csv", response_class=Response, responses=_text("text/csv"))
def export_events_csv(
    query: Annotated[CsvQuery, Query()], viewer: MediaViewerDep, address: AddressDep, services: ServicesDep
) -> StreamingResponse:
    """All events that match, as a table for spreadsheets (UTF-8). A cell that a spreadsheet would take for a formula begins with '."""
    pages = _pages(services, viewer, address, query, "csv")
    return _Attachment(_table(pages, bom=query.bom), "text/csv; charset=utf-8", "haetae-events.csv")


@router.get("/events.ndjson", response_class=Response, responses=_text("application/x-ndjson"))
def export_events_ndjson(
    query: Annotated[ExportQuery, Query()], viewer: MediaViewerDep, address: AddressDep, services: ServicesDep
) -> StreamingResponse:
    """All events that match, each a line of JSON as in the list."""
    pages = _pages(services, viewer, address, query, "ndjson")
    body = ("".join(EventRead.model_validate(row).model_dump_json() + "\n" for row in page) for page in pages)
    return _Attachment(body, "application/x-ndjson", "haetae-events.ndjson")


@router.get(
    "/events/{event_id}/export",
    response_class=Response,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}, 404: ERRORS[404]},
)
def export_event(event_id: UUID, viewer: MediaViewerDep, address: AddressDep, services: ServicesDep) -> StreamingResponse:
    """One event as a ZIP archive: clip, pictures, score curve, event.json, and manifest.json with the SHA-256 of each of them."""
    event = services.events.export(viewer, _actor(viewer, address), event_id)
    media = services.events.media(viewer, event_id)
    read = detail_read(services.layout, event)
    body = event_archive(services.layout, media, read, exported_at=services.clock.now(), exported_by=viewer.name)
    return _Attachment(body, "application/zip", f"haetae-{event_id}.zip")


def _pages(services: Services, viewer: Viewer, address: str, query: ExportQuery, form: str) -> Iterator[list[EventRow]]:
    """The first page is read at once, so that a fault is still an answer."""
    wanted = query.to_filter()
    pages = services.events.pages(viewer, wanted, sort=query.sort, descending=query.descending)
    first = next(pages)
    services.events.note_list_export(_actor(viewer, address), form, wanted)
    return chain([first], pages)


def _actor(viewer: Viewer, address: str) -> Actor:
    return Actor(viewer.name, viewer.user_id, address, viewer.api_key_id)


def _table(pages: Iterator[list[EventRow]], *, bom: bool) -> Generator[str, None, None]:
    yield (_BOM if bom else "") + _lines([COLUMNS])
    for page in pages:
        yield _lines(map(_cells, page))


def _cells(row: EventRow) -> list[object]:
    return [_cell(getattr(row, name)) for name in COLUMNS]


def _cell(value: object) -> object:
    """Spreadsheets run what looks like a formula, whoever wrote it (CWE-1236)."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        text = str(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return value


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
