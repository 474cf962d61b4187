"""Groups: recipients under one name. For admins."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.if_match import IfMatch, expected_version
from haetae.api.routers.rule_schemas import GroupInput, GroupList, GroupRead, UnreadableRow, read_group
from haetae.database.group_store import StoredGroup
from haetae.ids import new_id

router = APIRouter(tags=["notifications"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409, 412, 428)}


@router.get("/groups")
def list_groups(_admin: AdminDep, services: ServicesDep) -> GroupList:
    """Every group by name."""
    groups, unreadable = services.groups.read_all()
    return GroupList(
        groups=[read_group(group) for group in groups],
        unreadable=[UnreadableRow(id=row.id, name=row.name, error=row.error) for row in unreadable],
    )


@router.post("/groups", status_code=201, responses={409: ERRORS[409]})
def add_group(body: GroupInput, _admin: AdminDep, actor: ActorDep, services: ServicesDep, response: Response) -> GroupRead:
    """Add a group."""
    return _answer(services.groups.add(body.to_group(new_id()), actor), response)


@router.get("/groups/{group_id}", responses=_FOUND)
def get_group(group_id: UUID, _admin: AdminDep, services: ServicesDep, response: Response) -> GroupRead:
    """One group."""
    return _answer(services.groups.get(group_id), response)


@router.put("/groups/{group_id}", responses=_CHANGE)
def change_group(
    group_id: UUID,
    body: GroupInput,
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> GroupRead:
    """Make this the group. What was promised to its members before stays promised."""
    wanted = body.to_group(group_id)
    version = expected_version(if_match)
    stored = services.groups.change(group_id, lambda group: replace(wanted, id=group.id), actor, expected_version=version)
    return _answer(stored, response)


@router.delete("/groups/{group_id}", status_code=204, responses={status: ERRORS[status] for status in (404, 409)})
def remove_group(group_id: UUID, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> None:
    """Remove a group that no rule names, neither of notifications nor of the playbook."""
    services.playbooks.spare("group", str(group_id))
    services.groups.remove(group_id, actor)


def _answer(stored: StoredGroup, response: Response) -> GroupRead:
    response.headers["ETag"] = f'"{stored.version}"'
    return read_group(stored)
