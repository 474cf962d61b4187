"""Many cameras at once, from a table and into one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from haetae.agents.base import check_flow
from haetae.api.camera_model import check_model
from haetae.api.camera_source import check_source
from haetae.api.camera_table import MOST_BYTES, TableFormat, read_row, read_table, write_table
from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS, FieldFault, Problem, problem
from haetae.api.services import Services
from haetae.domain.camera import CameraConfig
from haetae.domain.viewer import Viewer
from haetae.errors import HaetaeError

_MEDIA_TYPES = {
    "text/csv": TableFormat.CSV,
    "application/yaml": TableFormat.YAML,
    "application/x-yaml": TableFormat.YAML,
    "text/yaml": TableFormat.YAML,
}
_CHECKED_AT_ONCE = 16
_RESOLVE_S = 2.0
"""A name that is not resolved by then is refused: there may be hundreds."""

_TABLE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": {"type": "string", "maxLength": MOST_BYTES}} for media_type in ("text/csv", "application/yaml")},
    }
}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}, "application/yaml": {"schema": {"type": "object"}}}}
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning, "content": {"application/problem+json": {}}}
    for status, meaning in {413: "the table is too large", 415: "neither CSV nor YAML"}.items()
}

router = APIRouter(tags=["cameras"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})


class ImportedRow(BaseModel):
    row: int = Field(description="counted from 1, without the heading")
    name: str
    problem: str = Field("", description="why it cannot be taken; empty where it can")
    hint: str = ""
    camera_id: UUID | None = Field(None, description="of the camera that was added")


class ImportReport(BaseModel):
    added: int
    rows: list[ImportedRow]


@dataclass(slots=True)
class _Checked:
    """A row with the camera that it makes, or why it makes none."""

    name: str
    config: CameraConfig | None = None
    error: HaetaeError | None = None


async def table_body(request: Request) -> tuple[bytes, TableFormat]:
    """The table as it came. Raises HTTPException: 413, 415."""
    form = _MEDIA_TYPES.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if form is None:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the table as text/csv or application/yaml")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a table may have {MOST_BYTES} bytes")
    return bytes(data), form


@router.post("/cameras/import", response_model=ImportReport, responses={409: ERRORS[409], **_REFUSED}, openapi_extra=_TABLE)
def import_cameras(
    request: Request,
    admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    table: Annotated[tuple[bytes, TableFormat], Depends(table_body)],
    dry_run: Annotated[bool, Query(description="only say what would be done")] = False,
) -> ImportReport | Response:
    """Add all cameras of a table, or none: where a row cannot be taken, the answer (422) names each such row with the reason."""
    checked = _check([dict(row) for row in read_table(*table)], admin, services)
    if not dry_run and any(row.error for row in checked):
        return _refuse(request, checked)
    if not dry_run:
        services.cameras.add_all(admin, actor, [row.config for row in checked if row.config is not None])
        services.site.reconcile()
    rows = [
        ImportedRow(
            row=number,
            name=row.name,
            problem=row.error.message if row.error else "",
            hint=row.error.hint if row.error else "",
            camera_id=row.config.id if row.config and not dry_run else None,
        )
        for number, row in enumerate(checked, 1)
    ]
    return ImportReport(added=0 if dry_run else len(rows), rows=rows)


@router.get("/cameras/export", response_class=Response, responses=_TEXT)
def export_cameras(
    admin: AdminDep, services: ServicesDep, format: Annotated[TableFormat, Query(description="of the table")] = TableFormat.CSV
) -> Response:
    """All cameras as a table that can be imported once its passwords are put in: they are shown as ***."""
    stored, _broken = services.cameras.visible_to(admin)
    media_type = "text/csv" if format is TableFormat.CSV else "application/yaml"
    headers = {"Content-Disposition": f'attachment; filename="haetae-cameras.{format.value}"'}
    return Response(write_table((camera.config for camera in stored), format), media_type=f"{media_type}; charset=utf-8", headers=headers)


def _refuse(request: Request, checked: list[_Checked]) -> Response:
    fields = [FieldFault(field=f"row {number} ({row.name})", message=str(row.error)) for number, row in enumerate(checked, 1) if row.error]
    detail = f"{len(fields)} of {len(checked)} rows cannot be taken, so none was"
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "import_refused", detail, hint="Correct these rows", fields=fields)


def _check(rows: list[dict[str, Any]], admin: Viewer, services: Services) -> list[_Checked]:
    checked = [_read(row, services) for row in rows]
    _check_names_and_limit(checked, admin, services)

    def check(row: _Checked) -> None:
        if row.config is not None and row.error is None:
            row.error = _fault(row.config, services)

    with ThreadPoolExecutor(_CHECKED_AT_ONCE, thread_name_prefix="import") as threads:
        list(threads.map(check, checked))
    return checked


def _read(row: dict[str, Any], services: Services) -> _Checked:
    name = str(row.get("name", ""))[:128].encode("utf-8", "replace").decode()
    try:
        config = read_row(row, services.config)
    except HaetaeError as error:
        return _Checked(name, error=error)
    return _Checked(config.name, config)


def _fault(config: CameraConfig, services: Services) -> HaetaeError | None:
    try:
        check_flow(config.flow)
        check_model(config, services.config.source_policy)
        check_source(config.source, services, analysed_fps=config.analysed_fps, resolve_timeout_s=_RESOLVE_S)
    except HaetaeError as error:
        return error
    return None


def _check_names_and_limit(checked: list[_Checked], admin: Viewer, services: Services) -> None:
    """As `CameraStore.add_all` does again, which tells of one row only."""
    stored, broken = services.cameras.visible_to(admin)
    taken = {camera.config.name for camera in stored} | {row.name for row in broken}
    times = Counter(row.config.name for row in checked if row.config is not None)
    room = services.config.site.max_cameras - sum(camera.config.enabled for camera in stored)
    for row in checked:
        if row.config is None:
            continue
        if times[row.config.name] > 1:
            row.error = HaetaeError("the table has this name more than once", hint="Give each camera a name of its own")
        elif row.config.name in taken:
            row.error = HaetaeError("there is a camera of this name already", hint="Choose another name")
        elif row.config.enabled:
            room -= 1
            if room < 0:
                limit = services.config.site.max_cameras
                row.error = HaetaeError(f"more than {limit} cameras would be enabled", hint="Disable it, or raise site.max_cameras")
