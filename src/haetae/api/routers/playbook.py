"""The site's playbook: what must, may and must never be done about events. For admins; and the plans that come of it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query

from haetae.agents.defaults import default_playbooks
from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.playbook_schemas import (
    DefaultPlaybookList,
    DryRunInput,
    DryRunRead,
    EventPlanRead,
    PlaybookCheckRead,
    PlaybookContentInput,
    PlaybookDiffRead,
    PlaybookInput,
    PlaybookRead,
    PlaybookVersionList,
    PlaybookVersionRead,
)
from haetae.errors import ConfigError

router = APIRouter(tags=["playbook"], responses={status: ERRORS[status] for status in (401, 422, 503)})

_ADMIN: dict[int | str, dict[str, Any]] = {403: ERRORS[403]}
_FOUND: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (403, 404)}
_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (403, 412)}
_Number = Annotated[int, Path(ge=0, le=2**31 - 1, description="0 is the one that Haetae brings along")]
_Version = Annotated[int, Query(ge=0, le=2**31 - 1, description="0 is the one that Haetae brings along")]


@router.get("/playbook", responses=_ADMIN)
def get_playbook(_admin: AdminDep, services: ServicesDep) -> PlaybookRead:
    """The playbook in force."""
    return PlaybookRead.model_validate(services.playbooks.in_force())


@router.put("/playbook", responses=_CHANGE)
def change_playbook(body: PlaybookInput, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> PlaybookRead:
    """Put a playbook in force, as a new version. One with a fault is refused; see `POST /playbook/check`."""
    stored = services.playbooks.put(body.content, actor, note=body.note.strip(), expected_version=body.expected_version)
    return PlaybookRead.model_validate(stored)


@router.get("/playbook/versions", responses=_ADMIN)
def list_playbook_versions(_admin: AdminDep, services: ServicesDep) -> PlaybookVersionList:
    """Newest first."""
    return PlaybookVersionList(items=[PlaybookVersionRead.model_validate(each) for each in services.playbooks.versions()])


@router.get("/playbook/versions/{version}", responses=_FOUND)
def get_playbook_version(version: _Number, _admin: AdminDep, services: ServicesDep) -> PlaybookRead:
    """One version with its text. Put it in force again with `PUT /playbook`."""
    return PlaybookRead.model_validate(services.playbooks.version(version))


@router.get("/playbook/diff", responses=_FOUND)
def diff_playbooks(old: _Version, new: _Version, _admin: AdminDep, services: ServicesDep) -> PlaybookDiffRead:
    """What changed between two versions."""
    return PlaybookDiffRead(diff=services.playbooks.diff(old, new))


@router.post("/playbook/check", responses=_ADMIN)
def check_playbook(body: PlaybookContentInput, _admin: AdminDep, services: ServicesDep) -> PlaybookCheckRead:
    """Everything there is to say against a playbook at this site, and what it would change. Nothing is stored."""
    desk = services.playbooks
    return PlaybookCheckRead.of(desk.check(body.content), desk.diff_with(body.content))


@router.post("/playbook/dry-run", responses=_ADMIN)
def dry_run_playbook(body: DryRunInput, _admin: AdminDep, services: ServicesDep) -> DryRunRead:
    """What a playbook would have planned for past events. Nothing is stored and nothing is done."""
    since, until = body.span(services.clock.now())
    if since >= until:
        raise ConfigError("since is not before until", hint="Give an earlier time for since")
    return DryRunRead.of(services.playbooks.rehearse(body.content, since, until, limit=body.limit))


@router.get("/playbook/defaults", responses=_ADMIN)
def list_default_playbooks(_admin: AdminDep) -> DefaultPlaybookList:
    """Playbooks to begin with, in English and Korean."""
    return DefaultPlaybookList.of(default_playbooks())


@router.get("/events/{event_id}/plan", responses={404: ERRORS[404]}, tags=["events"])
def get_event_plan(event_id: UUID, viewer: ViewerDep, services: ServicesDep) -> EventPlanRead:
    """What is planned in response to an event, by whom and why, with everything that was refused."""
    return EventPlanRead.of(event_id, services.plans.of_event(viewer, event_id), with_raw=viewer.sees_all)
