"""Schemas of playbooks and of the plans that come of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from haetae.agents.defaults import DefaultPlaybook
from haetae.agents.playbook_schema import LONGEST, Finding
from haetae.database.scoped.plans import Planned
from haetae.domain.event import Severity, Verdict
from haetae.domain.incident import PlanRecord, Step
from haetae.domain.plan import ActionKind, PlannedAction, PlannedBy, Risk
from haetae.pipeline.playbook_desk import MOST_EVENTS, Rehearsal

Content = Annotated[str, Field(max_length=LONGEST, description="TOML", examples=['form = 1\nname = "Mine"\n'])]

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PlaybookRead(_Read):
    version: int = Field(description="counts from 1; 0 is the one that Haetae brings along")
    content: str = Field(description="TOML")
    sha256: str
    created_at: datetime
    created_by: str
    note: str
    active: bool = Field(description="whether it is in force")


class PlaybookVersionRead(_Read):
    """A version without its text."""

    version: int
    sha256: str
    created_at: datetime
    created_by: str
    note: str
    active: bool


class PlaybookVersionList(BaseModel):
    items: list[PlaybookVersionRead]


class PlaybookInput(_Input):
    content: Content
    note: str = Field("", max_length=500, description="why it was changed")
    expected_version: int | None = Field(
        None, ge=0, le=2**31 - 1, description="the version that this one stands in for; another is a conflict"
    )


class PlaybookContentInput(_Input):
    content: Content


class FindingRead(_Read):
    where: str = Field(description="the key, with its rule")
    line: int = Field(description="counts from 1; 0: no line is to blame")
    message: str
    hint: str
    warning: bool = Field(description="false: the playbook cannot be used")


class PlaybookCheckRead(BaseModel):
    usable: bool
    findings: list[FindingRead] = Field(description="faults first")
    diff: str = Field(description="what it changes of what is in force, as a unified diff")

    @classmethod
    def of(cls, findings: list[Finding], diff: str) -> "PlaybookCheckRead":
        items = [FindingRead.model_validate(each) for each in findings]
        return cls(usable=all(each.warning for each in items), findings=items, diff=diff)


class PlaybookDiffRead(BaseModel):
    diff: str = Field(description="unified diff; empty where nothing differs")


class DefaultPlaybookRead(_Read):
    name: str
    language: str
    content: str


class DefaultPlaybookList(BaseModel):
    items: list[DefaultPlaybookRead]

    @classmethod
    def of(cls, found: list[DefaultPlaybook]) -> "DefaultPlaybookList":
        return cls(items=[DefaultPlaybookRead.model_validate(each) for each in found])


class DryRunInput(_Input):
    """Which past events to try a playbook on; the last seven days unless said otherwise."""

    content: Content | None = Field(None, description="null: the playbook in force")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(200, ge=1, le=MOST_EVENTS, description="events, the newest")

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """Times that no calendar reaches from here are taken for its ends."""
        until = min(max(self.until or now, _FIRST), _LAST)
        since = self.since or until - timedelta(days=7)
        return min(max(since, _FIRST), _LAST), until


class RefusedWords(BaseModel):
    action: str
    reason: str


class DryRunEvent(BaseModel):
    """What would have been planned for an event; actions in words, such as notify:night-team."""

    event_id: UUID
    camera_id: UUID
    camera: str
    timestamp: datetime
    type: str
    severity: Severity
    verdict: Verdict
    rules: list[str] = Field(description="that count for it")
    actions: list[str] = Field(description="demanded")
    may: list[str] = Field(description="what a model could choose beside them")
    refused: list[RefusedWords]
    in_force: list[str] = Field(description="what the playbook in force demands")


class DryRunRead(BaseModel):
    events: list[DryRunEvent] = Field(description="newest first")
    totals: dict[str, int] = Field(description="events by action in words")
    changed: int = Field(description="events for which the playbook in force demands something else")
    more: bool = Field(description="there were more events than were looked at")

    @classmethod
    def of(cls, found: Rehearsal) -> "DryRunRead":
        events = [
            DryRunEvent(
                event_id=each.event_id,
                camera_id=each.camera_id,
                camera=each.camera,
                timestamp=each.timestamp,
                type=each.type,
                severity=each.severity,
                verdict=each.verdict,
                rules=list(each.rules),
                actions=list(each.actions),
                may=list(each.may),
                refused=[RefusedWords(action=action, reason=reason) for action, reason in each.refused],
                in_force=list(each.in_force),
            )
            for each in found.events
        ]
        return cls(events=events, totals=found.totals, changed=found.changed, more=found.more)


class PlannedActionRead(BaseModel):
    kind: ActionKind
    target: str = Field(description="an id of this site; empty where the kind reaches nothing")
    risk: Risk
    options: dict[str, str | int | float | bool]
    text: str = Field(description="for people; it may be a model's words")
    reason: str
    mandatory: bool = Field(description="the playbook demands it")

    @classmethod
    def of(cls, action: PlannedAction) -> "PlannedActionRead":
        return cls(
            kind=action.kind,
            target=action.target,
            risk=action.kind.risk,
            options=dict(action.options),
            text=action.text,
            reason=action.reason,
            mandatory=action.mandatory,
        )


class RefusedActionRead(BaseModel):
    action: PlannedActionRead
    reason: str


class PlanStepRead(BaseModel):
    """A step of planning. `raw` is what the model wrote; null for who is no admin."""

    name: str
    model: str
    prompt_id: str
    prompt_sha256: str
    output: dict[str, Any]
    raw: str | None
    calls: int
    tokens: int
    took_s: float

    @classmethod
    def of(cls, step: Step, *, with_raw: bool) -> "PlanStepRead":
        return cls(
            name=step.name,
            model=step.model,
            prompt_id=step.prompt_id,
            prompt_sha256=step.prompt_sha256,
            output=dict(step.output),
            raw=step.raw if with_raw else None,
            calls=step.calls,
            tokens=step.tokens,
            took_s=round(step.took_s, 3),
        )


class PlanRead(BaseModel):
    """One plan. Later ones of an event only add to those before."""

    id: UUID
    number: int
    created_at: datetime
    flow: str = Field(description="who was to plan")
    planned_by: PlannedBy = Field(description="who did")
    fallback: str = Field(description="why the playbook planned although a flow was to; empty where it was not")
    review: str = Field(description="why a person must look; empty where none must")
    summary: str
    playbook_version: int
    words: list[str] = Field(description="the actions in words")
    actions: list[PlannedActionRead]
    disputed: list[PlannedActionRead] = Field(description="what planners did not agree on: a person decides")
    refused: list[RefusedActionRead]
    steps: list[PlanStepRead]
    calls: int
    tokens: int
    elapsed_s: float

    @classmethod
    def of(cls, record: PlanRecord, *, with_raw: bool) -> "PlanRead":
        plan = record.plan
        return cls(
            id=record.id,
            number=record.number,
            created_at=record.created_at,
            flow=record.flow,
            planned_by=plan.planned_by,
            fallback=plan.fallback,
            review=plan.review,
            summary=plan.summary,
            playbook_version=plan.playbook_version,
            words=list(record.words),
            actions=[PlannedActionRead.of(each) for each in plan.actions],
            disputed=[PlannedActionRead.of(each) for each in plan.disputed],
            refused=[RefusedActionRead(action=PlannedActionRead.of(action), reason=reason) for action, reason in plan.refused],
            steps=[PlanStepRead.of(each, with_raw=with_raw) for each in record.steps],
            calls=plan.calls,
            tokens=plan.tokens,
            elapsed_s=round(plan.elapsed_s, 4),
        )


class EventPlanRead(BaseModel):
    event_id: UUID
    waits: bool = Field(description="there is something to plan still")
    plans: list[PlanRead] = Field(description="in the order in which they were made")

    @classmethod
    def of(cls, event_id: UUID, found: Planned, *, with_raw: bool) -> "EventPlanRead":
        return cls(event_id=event_id, waits=found.waits, plans=[PlanRead.of(each, with_raw=with_raw) for each in found.plans])
