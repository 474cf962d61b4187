"""The audit log, for admins."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from haetae.api.dependencies import AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.database.audit_reader import AuditFault, AuditQuery

router = APIRouter(tags=["audit"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_LARGEST = 2**63 - 1
_TEXT = r"^[^\x00]*$"

Number = Annotated[int, Query(ge=1, le=_LARGEST)]
Moment = Annotated[AwareDatetime | None, Query(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]
Text = Annotated[str | None, Query(max_length=128, pattern=_TEXT)]


class AuditEntryRead(BaseModel):
    """Who did what, when, from where. `hash` is made of the entry and of `previous_hash`, that of the entry before."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    actor_id: UUID | None
    actor_name: str
    api_key_id: UUID | None
    address: str
    action: str
    target_type: str | None
    target_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str | None
    previous_hash: str
    hash: str


class AuditPage(BaseModel):
    entries: list[AuditEntryRead] = Field(description="newest first")
    next: int | None = Field(description="`before` of the next page; null on the last one")


class AuditReportRead(BaseModel):
    """What a walk along the chain found. A chain that was cut at its end cannot be told from one that never was longer: keep
    `head_number` and `head_hash` elsewhere, and compare."""

    model_config = ConfigDict(from_attributes=True)

    entries: int = Field(description="how many were looked at and found good")
    head_number: int = Field(description="the last of them, 0 where there is none")
    head_hash: str
    complete: bool = Field(description="false where `limit` or a fault ended the walk; go on with `first` = `head_number` + 1")
    fault: AuditFault | None
    fault_number: int | None
    detail: str


class ResponseFaultRead(BaseModel):
    """A plan, an action or an approval that is not what the log says."""

    model_config = ConfigDict(from_attributes=True)

    noun: str = Field(description="plan, action or approval")
    id: str
    fault: str = Field(description="changed, missing, or unlogged: nobody wrote it down")


class ResponseReportRead(BaseModel):
    """What comparing plans, actions and approvals with the log found. Whether the log itself is whole `GET /audit/verify` says."""

    model_config = ConfigDict(from_attributes=True)

    actions: int
    approvals: int
    plans: int
    faults: list[ResponseFaultRead] = Field(description="the first hundred")


@router.get("/audit")
def list_audit_entries(
    _admin: AdminDep,
    services: ServicesDep,
    actor: Annotated[str | None, Query(max_length=128, pattern=_TEXT, description="name or id")] = None,
    action: Annotated[
        str | None,
        Query(max_length=64, pattern=r"^[a-z_]+(\.[a-z_]*)?$", description="`event.acknowledge`, or `event` for all of that noun"),
    ] = None,
    target_type: Text = None,
    target_id: Text = None,
    since: Moment = None,
    until: Annotated[Moment, Query(description="exclusive")] = None,
    before: Annotated[Number | None, Query(description="only entries of a lower number")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who did what, when, from where; newest first."""
    query = AuditQuery(actor, action, target_type, target_id, since, until)
    found = services.audit.list(query, limit=limit + 1, before=before)
    entries = [AuditEntryRead.model_validate(entry) for entry in found[:limit]]
    return AuditPage(entries=entries, next=entries[-1].number if len(found) > limit else None)


@router.get("/audit/verify")
def verify_audit_log(
    _admin: AdminDep,
    services: ServicesDep,
    first: Annotated[int, Query(ge=1, le=_LARGEST, description="begin with this entry; those before it are taken for good")] = 1,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 20_000,
) -> AuditReportRead:
    """Walk along the chain of hashes and say where it is broken; `haetae audit verify` does all of it at once."""
    return AuditReportRead.model_validate(services.audit.verify(first=first, limit=limit))


@router.get("/audit/responses")
def verify_audited_responses(_admin: AdminDep, services: ServicesDep) -> ResponseReportRead:
    """Compare every action and approval with what the log says last of it."""
    return ResponseReportRead.model_validate(services.audit.verify_responses())
