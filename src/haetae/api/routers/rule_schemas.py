"""What the routes of rules and groups take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from haetae.api.routers.schedule_schema import Input, ScheduleModel, read_schedule, to_schedule
from haetae.database.group_store import StoredGroup
from haetae.database.rule_store import StoredRule
from haetae.domain.event import Severity
from haetae.domain.rule import EscalationStep, Group, RateLimit, Recipient, RecipientKind, Rule

_TEXT = r"^[^\x00]*$"
_MOST = 256

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=_TEXT, examples=["Night guards"])]
Ids = Annotated[list[UUID], Field(max_length=_MOST)]
Template = Annotated[str, Field(max_length=4000, pattern=_TEXT)]


class RecipientModel(Input):
    """A user or a group by its id, or an address as the channel takes it."""

    kind: RecipientKind
    value: Annotated[str, Field(min_length=1, max_length=320, pattern=_TEXT, examples=["guard@example.org"])]

    def to_recipient(self) -> Recipient:
        return Recipient(self.kind, self.value)


Recipients = Annotated[list[RecipientModel], Field(max_length=_MOST)]


class EscalationModel(Input):
    """Whom to tell when nobody has acknowledged the event after so many seconds."""

    after_s: Annotated[float, Field(ge=10, le=604_800)] = Field(examples=[300])
    channel_ids: Ids
    recipients: Recipients = Field(default_factory=list)


class RateLimitModel(Input):
    """At most `count` messages in any `period_s` seconds to each recipient; what goes beyond comes in a digest."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    period_s: Annotated[float, Field(ge=1, le=86_400)]


class RuleInput(Input):
    """A rule, whole: what is left out is as by default."""

    name: Name
    enabled: bool = True
    camera_ids: Ids | None = Field(None, description="null: all cameras, those to come included")
    event_types: Annotated[list[Annotated[str, Field(max_length=64, pattern=_TEXT)]], Field(max_length=_MOST)] | None = Field(
        None, description="kinds, subtypes or types of a model, such as tamper, covered, Falling; null: all"
    )
    system_events: bool = Field(False, description="also a camera that is offline, a disk that is full, and the like")
    min_severity: Severity = Severity.MEDIUM
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.0
    time_zone: Annotated[str, Field(min_length=1, max_length=64, description="IANA name; times in messages are in it")] = "UTC"
    schedule: ScheduleModel | None = Field(None, description="outside of it the rule matches nothing; null: always")
    quiet_hours: ScheduleModel | None = Field(None, description="in them all but critical events wait for their end, in one digest")
    channel_ids: Ids
    recipients: Recipients = Field(default_factory=list, description="for channels that want to be told whom to reach (e-mail)")
    escalation: Annotated[list[EscalationModel], Field(max_length=8)] = Field(default_factory=list)
    language: Annotated[str, Field(pattern="^(en|ko)$")] = "en"
    title_template: Template | None = Field(None, description="in place of the built-in one, for alerts")
    text_template: Template | None = None
    rate_limit: RateLimitModel | None = None
    include_picture: bool = True
    include_clip_link: bool = True
    updates: bool = Field(True, description="also what becomes of an event that was told")

    def to_rule(self, rule_id: UUID) -> Rule:
        """Raises ConfigError for a time zone that is not known."""
        return Rule(
            id=rule_id,
            name=self.name,
            enabled=self.enabled,
            camera_ids=None if self.camera_ids is None else frozenset(self.camera_ids),
            event_types=None if self.event_types is None else frozenset(self.event_types),
            system_events=self.system_events,
            min_severity=self.min_severity,
            min_score=self.min_score,
            time_zone=self.time_zone,
            schedule=to_schedule(self.schedule),
            quiet_hours=to_schedule(self.quiet_hours),
            channel_ids=tuple(dict.fromkeys(self.channel_ids)),
            recipients=_recipients(self.recipients),
            escalation=tuple(
                EscalationStep(step.after_s, tuple(dict.fromkeys(step.channel_ids)), _recipients(step.recipients))
                for step in self.escalation
            ),
            language=self.language,
            title_template=self.title_template or None,
            text_template=self.text_template or None,
            rate_limit=None if self.rate_limit is None else RateLimit(self.rate_limit.count, self.rate_limit.period_s),
            include_picture=self.include_picture,
            include_clip_link=self.include_clip_link,
            updates=self.updates,
        )


class RuleRead(RuleInput):
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class UnreadableRow(Input):
    """What is stored under this name cannot be read. It does nothing; delete it and add it again."""

    id: UUID
    name: str
    error: str


class RuleList(Input):
    rules: list[RuleRead]
    unreadable: list[UnreadableRow]


class GroupInput(Input):
    """Recipients under one name. Its members are users and addresses, no groups."""

    name: Name
    members: Recipients

    def to_group(self, group_id: UUID) -> Group:
        return Group(group_id, self.name, _recipients(self.members))


class GroupRead(GroupInput):
    id: UUID
    version: int


class GroupList(Input):
    groups: list[GroupRead]
    unreadable: list[UnreadableRow]


def read_rule(stored: StoredRule) -> RuleRead:
    rule = stored.rule
    return RuleRead(
        id=rule.id,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
        name=rule.name,
        enabled=rule.enabled,
        camera_ids=None if rule.camera_ids is None else sorted(rule.camera_ids),
        event_types=None if rule.event_types is None else sorted(rule.event_types),
        system_events=rule.system_events,
        min_severity=rule.min_severity,
        min_score=rule.min_score,
        time_zone=rule.time_zone,
        schedule=read_schedule(rule.schedule),
        quiet_hours=read_schedule(rule.quiet_hours),
        channel_ids=list(rule.channel_ids),
        recipients=_read_recipients(rule.recipients),
        escalation=[
            EscalationModel.model_construct(
                after_s=step.after_s, channel_ids=list(step.channel_ids), recipients=_read_recipients(step.recipients)
            )
            for step in rule.escalation
        ],
        language=rule.language,
        title_template=rule.title_template,
        text_template=rule.text_template,
        rate_limit=None if rule.rate_limit is None else RateLimitModel(count=rule.rate_limit.count, period_s=rule.rate_limit.period_s),
        include_picture=rule.include_picture,
        include_clip_link=rule.include_clip_link,
        updates=rule.updates,
    )


def read_group(stored: StoredGroup) -> GroupRead:
    group = stored.group
    return GroupRead(id=group.id, version=stored.version, name=group.name, members=_read_recipients(group.members))


def _recipients(models: list[RecipientModel]) -> tuple[Recipient, ...]:
    return tuple(dict.fromkeys(model.to_recipient() for model in models))


def _read_recipients(recipients: tuple[Recipient, ...]) -> list[RecipientModel]:
    return [RecipientModel(kind=recipient.kind, value=recipient.value) for recipient in recipients]
