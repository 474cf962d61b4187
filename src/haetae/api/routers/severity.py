"""How severe events are: the policy, and what another one would make of past events."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from haetae.api.dependencies import ActorDep, AdminDep, OperatorDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.if_match import IfMatch, expected_version
from haetae.database.severity_store import StoredPolicy, policy_json, policy_of
from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import FactKind
from haetae.domain.severity import MOST_NAMED, MOST_ROWS, SeverityPolicy

router = APIRouter(tags=["looking"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (412, 428)}
_Bound = Annotated[float, Field(ge=-1e9, le=1e9)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FactBoundModel(_Model):
    """Met by a fact of this kind whose value is within the bounds, in the fact's own unit."""

    kind: FactKind
    least: _Bound | None = None
    most: _Bound | None = None


class SeverityRowModel(_Model):
    """An event that meets all that a row names is of its severity; what is left out is met by any event."""

    severity: Severity
    kinds: Annotated[list[EventKind], Field(max_length=MOST_NAMED, description="anomaly, tamper")] = []
    types: Annotated[list[EventType], Field(max_length=MOST_NAMED, description="what rules suspect")] = []
    zones: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=MOST_NAMED)] = []
    schedule: Annotated[str | None, Field(max_length=500, examples=["daily 22:00-06:00 @ Asia/Seoul"])] = None
    least_score: Annotated[float, Field(ge=0.0, le=1.0, description="peak score; 0.5 is the alarm level")] = 0.0
    facts: Annotated[list[FactBoundModel], Field(max_length=MOST_NAMED)] = []


class SeverityPolicyInput(_Model):
    """The first row that an event meets counts."""

    rows: Annotated[list[SeverityRowModel], Field(max_length=MOST_ROWS)]
    otherwise: Severity = Severity.LOW


class SeverityPolicyRead(SeverityPolicyInput):
    version: int = Field(description="counts from 1; 0 is the default, which nobody has changed")
    updated_at: datetime | None = Field(description="null: the default, which nobody has changed")


class SeverityChange(BaseModel):
    then: Severity
    now: Severity
    events: int


class SeverityCheck(BaseModel):
    """What a policy would make of the newest past events. `remarks` say what is probably not meant."""

    events: int
    changes: list[SeverityChange]
    remarks: list[str]


@router.get("/severity-policy")
def get_severity_policy(_operator: OperatorDep, services: ServicesDep, response: Response) -> SeverityPolicyRead:
    """The policy in force."""
    return _answer(services.severity.read(), response)


@router.put("/severity-policy", responses=_CHANGE)
def set_severity_policy(
    body: SeverityPolicyInput,
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> SeverityPolicyRead:
    """Put another policy into force, for what happens from now on."""
    version = expected_version(if_match)
    return _answer(services.severity.write(_policy(body), actor, expected_version=version), response)


@router.post("/severity-policy/check")
def check_severity_policy(body: SeverityPolicyInput, admin: AdminDep, services: ServicesDep) -> SeverityCheck:
    """Try a policy on past events. Nothing is changed."""
    trial = services.severity.try_out(_policy(body), admin)
    changes = [SeverityChange(then=then, now=now, events=count) for (then, now), count in sorted(trial.changes.items())]
    return SeverityCheck(events=trial.events, changes=changes, remarks=list(trial.remarks))


def _policy(body: SeverityPolicyInput) -> SeverityPolicy:
    return policy_of(body.model_dump(mode="json"))


def _answer(stored: StoredPolicy, response: Response) -> SeverityPolicyRead:
    response.headers["ETag"] = f'"{stored.version}"'
    content: dict[str, Any] = policy_json(stored.policy)
    return SeverityPolicyRead.model_validate({**content, "version": stored.version, "updated_at": stored.updated_at})
