"""Rules: who hears of which event. For admins."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.if_match import IfMatch, expected_version
from haetae.api.routers.channels import TriedRead, read_tried
from haetae.api.routers.rule_schemas import RuleInput, RuleList, RuleRead, UnreadableRow, read_rule
from haetae.api.routers.schedule_schema import Input
from haetae.api.services import Services
from haetae.database.rule_store import StoredRule
from haetae.domain.event import Severity
from haetae.domain.notice import NoticeKind
from haetae.domain.rule import Rule
from haetae.ids import new_id
from haetae.notifications.rules import Mismatch, type_of

router = APIRouter(tags=["notifications"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409, 412, 428)}
_Count = Annotated[int, Query(ge=1, le=500, description="of the newest events")]


class RuleTest(Input):
    """What became of a test to each recipient; none where the rule reaches nobody."""

    results: list[TriedRead]


class RehearsedEvent(Input):
    event_id: UUID
    camera_id: UUID
    camera_name: str | None
    type: str
    severity: Severity
    timestamp: datetime
    matched: bool
    reason: Mismatch | None = Field(description="why the rule does not match it; null where it does")
    held_back: bool = Field(description="de-duplication would have kept it to itself, and the next message counted it")
    reached_nobody: bool


class RehearsedMessage(Input):
    at: datetime
    channel_id: UUID
    target: str
    kind: NoticeKind
    event_ids: list[UUID]
    held_back: int


class DryRun(Input):
    events: list[RehearsedEvent] = Field(description="newest first")
    messages: list[RehearsedMessage] = Field(description="in the order in which they would have gone out, updates left out")


class PreviewInput(Input):
    rule: RuleInput
    event_id: UUID | None = Field(None, description="an event to show; null: an example")


class Preview(Input):
    title: str
    text: str
    html: str = Field(description="a whole page, everything in it escaped; show it in a sandboxed frame")


@router.get("/rules")
def list_rules(_admin: AdminDep, services: ServicesDep) -> RuleList:
    """Every rule by name."""
    rules, unreadable = services.rules.read_all()
    return RuleList(
        rules=[read_rule(rule) for rule in rules],
        unreadable=[UnreadableRow(id=row.id, name=row.name, error=row.error) for row in unreadable],
    )


@router.post("/rules", status_code=201, responses={409: ERRORS[409]})
def add_rule(body: RuleInput, _admin: AdminDep, actor: ActorDep, services: ServicesDep, response: Response) -> RuleRead:
    """Add a rule; it is in force at once, for what happens from now on."""
    return _answer(services.rules.add(_checked(body, new_id(), services), actor), response)


@router.post("/rules/dry-run")
def dry_run_rule(body: RuleInput, _admin: AdminDep, services: ServicesDep, count: _Count = 100) -> DryRun:
    """What this rule, which need not be stored, would have sent of the newest events. Nothing is sent."""
    return _dry_run(_checked(body, new_id(), services), count, services)


@router.post("/rules/preview", responses=_FOUND)
def preview_rule(body: PreviewInput, admin: AdminDep, services: ServicesDep) -> Preview:
    """The alert as this rule's readers would see it."""
    rule = _checked(body.rule, new_id(), services)
    if body.event_id is not None:
        services.events.get(admin, body.event_id)
    occurrence = None if body.event_id is None else services.occurrence(body.event_id)
    notice = services.notifier.preview(rule, occurrence)
    return Preview(title=notice.title, text=notice.text, html=notice.html)


@router.get("/rules/{rule_id}", responses=_FOUND)
def get_rule(rule_id: UUID, _admin: AdminDep, services: ServicesDep, response: Response) -> RuleRead:
    """One rule."""
    return _answer(services.rules.get(rule_id), response)


@router.put("/rules/{rule_id}", responses=_CHANGE)
def change_rule(
    rule_id: UUID,
    body: RuleInput,
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> RuleRead:
    """Make this the rule. What it promised before is told all the same."""
    version = expected_version(if_match)
    services.rules.get(rule_id)
    wanted = _checked(body, rule_id, services)
    stored = services.rules.change(rule_id, lambda rule: replace(wanted, id=rule.id), actor, expected_version=version)
    return _answer(stored, response)


@router.delete("/rules/{rule_id}", status_code=204, responses=_FOUND)
def remove_rule(rule_id: UUID, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> None:
    """Remove a rule. What it promised before is told all the same."""
    services.rules.remove(rule_id, actor)


@router.post("/rules/{rule_id}/test", responses=_FOUND)
def try_rule(rule_id: UUID, _admin: AdminDep, services: ServicesDep) -> RuleTest:
    """Really send a message that is marked as a test to everybody whom the rule reaches, and answer what became of each."""
    tried = services.notifier.try_rule(services.rules.get(rule_id).rule)
    return RuleTest(results=[read_tried(each) for each in tried])


@router.post("/rules/{rule_id}/dry-run", responses=_FOUND)
def dry_run_stored_rule(rule_id: UUID, _admin: AdminDep, services: ServicesDep, count: _Count = 100) -> DryRun:
    """What this rule would have sent of the newest events. Nothing is sent."""
    return _dry_run(services.rules.get(rule_id).rule, count, services)


def _checked(body: RuleInput, rule_id: UUID, services: Services) -> Rule:
    rule = body.to_rule(rule_id)
    services.notifier.check_rule(rule)
    return rule


def _dry_run(rule: Rule, count: int, services: Services) -> DryRun:
    result, occurrences = services.notifier.rehearse(rule, count)
    events = [
        RehearsedEvent(
            event_id=each.event.id,
            camera_id=each.event.camera_id,
            camera_name=each.camera_name,
            type=type_of(each.event),
            severity=each.event.severity,
            timestamp=each.event.timestamp,
            matched=result.mismatches[each.event.id] is None,
            reason=result.mismatches[each.event.id],
            held_back=each.event.id in result.held,
            reached_nobody=each.event.id in result.unreached,
        )
        for each in occurrences
    ]
    messages = [
        RehearsedMessage(
            at=message.at,
            channel_id=message.lane.channel_id,
            target=message.lane.target,
            kind=message.kind,
            event_ids=list(message.event_ids),
            held_back=message.held_back,
        )
        for message in result.messages
    ]
    return DryRun(events=events, messages=messages)


def _answer(stored: StoredRule, response: Response) -> RuleRead:
    response.headers["ETag"] = f'"{stored.version}"'
    return read_rule(stored)
