"""API keys: with one a program acts for its owner, with no more than the key allows. They are managed by people, not by keys."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from haetae.api.auth.delivery import no_store
from haetae.api.auth.person import PersonDep
from haetae.api.dependencies import ActorDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.routers.auth_schemas import Input
from haetae.domain.viewer import Role
from haetae.errors import Forbidden

router = APIRouter(
    tags=["api keys"], dependencies=[Depends(no_store)], responses={status: ERRORS[status] for status in (401, 403, 422, 503)}
)


class ApiKeyCreate(Input):
    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["door controller"])]
    role: Role = Field(Role.VIEWER, description="at most the owner's; the key never has more than its owner has at the time")
    camera_ids: Annotated[list[UUID], Field(max_length=1000)] | None = Field(None, description="null: all cameras of the owner")
    expires_in_days: int | None = Field(None, ge=1, le=3650, description="null: until it is revoked")


class ApiKeyRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID = Field(description="the owner")
    name: str
    prefix: str = Field(description="the start of the key, to know it by")
    role: Role
    camera_ids: list[UUID] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")


class ApiKeyCreated(BaseModel):
    key: str = Field(description="shown this once; send it as `Authorization: Bearer <key>`")
    api_key: ApiKeyRead


@router.post("/api-keys", status_code=201, responses={status: ERRORS[status] for status in (404, 409)})
def create_api_key(body: ApiKeyCreate, person: PersonDep, actor: ActorDep, services: ServicesDep) -> ApiKeyCreated:
    """Make a key of one's own."""
    expires_at = None if body.expires_in_days is None else services.clock.now() + timedelta(days=body.expires_in_days)
    new = services.api_keys.create(person.user_id, actor, name=body.name, role=body.role, camera_ids=body.camera_ids, expires_at=expires_at)
    return ApiKeyCreated(key=new.key, api_key=ApiKeyRead.model_validate(new.stored))


@router.get("/api-keys")
def list_api_keys(
    person: PersonDep,
    services: ServicesDep,
    everyone: Annotated[bool, Query(description="those of all users (admins only)")] = False,
) -> list[ApiKeyRead]:
    """One's own keys that were not revoked, the newest first."""
    if everyone and not person.sees_all:
        raise Forbidden("only admins see the keys of others", hint="Leave `everyone` out")
    return [ApiKeyRead.model_validate(key) for key in services.api_keys.keys(None if everyone else person.user_id)]


@router.delete("/api-keys/{key_id}", status_code=204, responses={404: ERRORS[404]})
def revoke_api_key(key_id: UUID, person: PersonDep, actor: ActorDep, services: ServicesDep) -> None:
    """Take a key back, at once: one's own, or as an admin anybody's."""
    services.api_keys.revoke(key_id, actor, owner_id=None if person.sees_all else person.user_id)
    services.live.access_changed(None)
