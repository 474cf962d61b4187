"""What responses can reach: registered webhooks, tickets, devices and presets. For admins."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.if_match import IfMatch, expected_version
from haetae.api.routers.rule_schemas import Name
from haetae.api.routers.schedule_schema import Input
from haetae.database.target_store import StoredTarget
from haetae.domain.action import TargetKind
from haetae.pipeline.acting.target_settings import checked_values, settings_schema

router = APIRouter(tags=["response"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409, 412, 428)}
_Id = Annotated[str, Path(max_length=48, pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class TargetInput(Input):
    """`settings` by the schema of the kind, see GET /response-targets/kinds. A secret that is left out stays, null takes it away."""

    name: Name
    settings: Annotated[dict[Annotated[str, Field(max_length=64)], Any], Field(max_length=64)]
    camera_id: UUID | None = Field(None, description="whose preset it is")
    people: Annotated[Literal[1, 2], Field(description="how many different people must approve of its use, where that takes a person")] = 1
    enabled: bool = True


class TargetCreate(TargetInput):
    id: Annotated[str, Field(max_length=48, pattern=r"^[a-z0-9][a-z0-9_-]*$", examples=["front-siren"])]
    kind: TargetKind


class TargetRead(Input):
    id: str
    kind: TargetKind
    name: str
    camera_id: UUID | None
    people: int
    enabled: bool
    settings: dict[str, Any] = Field(description="without secrets")
    secrets_set: list[str] = Field(description="the secrets that there are")
    broken: str = Field(description="why it cannot be used; empty where it can")
    version: int
    created_at: datetime
    updated_at: datetime


class TargetList(Input):
    targets: list[TargetRead]


class TargetKindRead(Input):
    kind: TargetKind
    settings_schema: dict[str, Any] = Field(description="JSON schema of its settings; `writeOnly` ones are secrets")


class TargetKinds(Input):
    kinds: list[TargetKindRead]


@router.get("/response-targets")
def list_response_targets(_admin: AdminDep, services: ServicesDep) -> TargetList:
    """Everything that is registered, without its secrets."""
    return TargetList(targets=[_read(each) for each in services.targets.list()])


@router.get("/response-targets/kinds")
def list_response_target_kinds(_admin: AdminDep) -> TargetKinds:
    """What can be registered, and how each is configured."""
    return TargetKinds(kinds=[TargetKindRead(kind=kind, settings_schema=settings_schema(kind)) for kind in TargetKind])


@router.post("/response-targets", status_code=201, responses={409: ERRORS[409]})
def add_response_target(body: TargetCreate, _admin: AdminDep, actor: ActorDep, services: ServicesDep, response: Response) -> TargetRead:
    """Register something. What it would connect to is judged by the site's policy (`notifications` in haetae.toml)."""
    values = checked_values(
        body.kind, body.name, body.settings, services.reach, camera_id=body.camera_id, people=body.people, enabled=body.enabled
    )
    return _answer(services.targets.add(body.id, body.kind, values, actor), response)


@router.get("/response-targets/{target_id}", responses=_FOUND)
def get_response_target(target_id: _Id, _admin: AdminDep, services: ServicesDep, response: Response) -> TargetRead:
    """One of them."""
    return _answer(services.targets.get(target_id), response)


@router.put("/response-targets/{target_id}", responses=_CHANGE)
def change_response_target(
    target_id: _Id,
    body: TargetInput,
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> TargetRead:
    """Make this the target; its kind stays."""
    version = expected_version(if_match)
    kind = services.targets.get(target_id).kind
    values = checked_values(
        kind, body.name, body.settings, services.reach, camera_id=body.camera_id, people=body.people, enabled=body.enabled
    )
    return _answer(services.targets.change(target_id, values, actor, expected_version=version), response)


@router.delete("/response-targets/{target_id}", status_code=204, responses=_FOUND | {409: ERRORS[409]})
def remove_response_target(target_id: _Id, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> None:
    """Take away what the playbook in force does not name. Actions that wait for it fail, and say so."""
    services.playbooks.spare(services.targets.get(target_id).kind.value, target_id)
    services.targets.remove(target_id, actor)


def _answer(stored: StoredTarget, response: Response) -> TargetRead:
    response.headers["ETag"] = f'"{stored.version}"'
    return _read(stored)


def _read(stored: StoredTarget) -> TargetRead:
    return TargetRead(
        id=stored.id,
        kind=stored.kind,
        name=stored.name,
        camera_id=stored.camera_id,
        people=stored.people,
        enabled=stored.enabled,
        settings=dict(stored.settings),
        secrets_set=sorted(stored.secrets_set),
        broken=stored.broken,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )
