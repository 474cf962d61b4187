"""Rules as rows, and what a rule must be to become one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from haetae.database.models import Camera, NotificationRule, User
from haetae.database.notification_models import NotificationChannel, NotificationGroup
from haetae.database.notification_rows import RECIPIENTS, as_id, check_recipient, checked_name, told_recipient
from haetae.domain.account import checked_language
from haetae.domain.notation import format_schedule
from haetae.domain.rule import EscalationStep, RateLimit, Recipient, RecipientKind, Rule
from haetae.domain.schedule import WeeklySchedule, find_time_zone
from haetae.errors import ConfigError

_PLAIN = ("name", "enabled", "system_events", "min_severity", "min_score", "time_zone", "language")
_FLAGS = ("include_picture", "include_clip_link", "updates")
_IDS = TypeAdapter(tuple[UUID, ...])
_WORDS = TypeAdapter(frozenset[str])
_SCHEDULE = TypeAdapter(WeeklySchedule)
_ESCALATION = TypeAdapter(tuple[EscalationStep, ...])

MOST_NAMED = 1000
"""Cameras, types, channels or recipients that one rule may name."""


def to_rule(row: NotificationRule) -> Rule:
    """The rule that a row holds; raises pydantic's ValidationError, ValueError and the like for a row that no Haetae wrote."""
    templates = row.templates or {}
    limit = None
    if row.rate_limit_count is not None and row.rate_limit_period_s is not None:
        limit = RateLimit(row.rate_limit_count, row.rate_limit_period_s)
    return check_rule(
        Rule(
            id=row.id,
            camera_ids=None if row.camera_ids is None else frozenset(_IDS.validate_python(row.camera_ids)),
            event_types=None if row.event_types is None else _WORDS.validate_python(row.event_types),
            schedule=None if row.schedule is None else _SCHEDULE.validate_python(row.schedule),
            quiet_hours=None if row.quiet_hours is None else _SCHEDULE.validate_python(row.quiet_hours),
            channel_ids=_IDS.validate_python(row.channels),
            recipients=RECIPIENTS.validate_python(row.recipients),
            escalation=_ESCALATION.validate_python(row.escalation or ()),
            title_template=templates.get("title"),
            text_template=templates.get("text"),
            rate_limit=limit,
            created_at=row.created_at,
            **{name: getattr(row, name) for name in (*_PLAIN, *_FLAGS)},
        )
    )


def to_columns(rule: Rule) -> dict[str, Any]:
    """The columns of a rule but its id. Sets are put in order, for an order that changes would look like a change."""
    templates = {"title": rule.title_template, "text": rule.text_template}
    return {
        "camera_ids": None if rule.camera_ids is None else sorted(map(str, rule.camera_ids)),
        "event_types": None if rule.event_types is None else sorted(rule.event_types),
        "schedule": _schedule(rule.schedule),
        "quiet_hours": _schedule(rule.quiet_hours),
        "channels": [str(channel_id) for channel_id in rule.channel_ids],
        "recipients": RECIPIENTS.dump_python(rule.recipients, mode="json"),
        "escalation": _ESCALATION.dump_python(rule.escalation, mode="json") or None,
        "templates": {name: value for name, value in templates.items() if value is not None} or None,
        "rate_limit_count": rule.rate_limit.count if rule.rate_limit else None,
        "rate_limit_period_s": rule.rate_limit.period_s if rule.rate_limit else None,
        **{name: getattr(rule, name) for name in (*_PLAIN, *_FLAGS)},
    }


def check_rule(rule: Rule) -> Rule:
    """The rule as it is stored. Raises ConfigError for one that would mean nothing, whatever there is to be named."""
    checked_name(rule.name, "rule")
    checked_language(rule.language)
    find_time_zone(rule.time_zone)
    if not 0.0 <= rule.min_score <= 1.0:
        raise ConfigError("min_score is out of range", hint="Use 0 to 1")
    if rule.rate_limit is not None and not (rule.rate_limit.count >= 1 and 0.0 < rule.rate_limit.period_s <= 86_400.0):
        raise ConfigError("rate_limit lets nothing through, or counts for more than a day", hint="Use a count from 1 on and 1 to 86400 s")
    if any(not 0.0 < step.after_s <= 604_800.0 for step in rule.escalation):
        raise ConfigError("escalation.after_s is out of range", hint="Use 1 s to 7 days")
    steps = [(step.channel_ids, step.recipients) for step in rule.escalation]
    for channel_ids, recipients in ((rule.channel_ids, rule.recipients), *steps):
        _refuse_many(channel_ids, recipients)
        for recipient in recipients:
            check_recipient(recipient)
    _refuse_many(rule.camera_ids or (), rule.event_types or (), rule.escalation)
    if any("\0" in (words or "") for words in (*(rule.event_types or ()), rule.title_template, rule.text_template)):
        raise ConfigError("a text of the rule holds a NUL character", hint="Take it out")
    return rule


def refuse_unknown(session: Session, rule: Rule) -> None:
    """Raise ConfigError where the rule names what is not there."""
    steps = rule.escalation
    recipients = [*rule.recipients, *(each for step in steps for each in step.recipients)]
    _refuse_absent(session, Camera, "camera", rule.camera_ids or ())
    _refuse_absent(session, NotificationChannel, "channel", {*rule.channel_ids, *(each for step in steps for each in step.channel_ids)})
    refuse_unknown_recipients(session, recipients)


def refuse_unknown_recipients(session: Session, recipients: Iterable[Recipient]) -> None:
    """Raise ConfigError for a user or a group that is not there."""
    named: dict[RecipientKind, set[UUID]] = {kind: set() for kind in RecipientKind}
    for recipient in recipients:
        if recipient.kind is not RecipientKind.ADDRESS and (row_id := as_id(recipient.value)) is not None:
            named[recipient.kind].add(row_id)
    _refuse_absent(session, User, "user", named[RecipientKind.USER])
    _refuse_absent(session, NotificationGroup, "group", named[RecipientKind.GROUP])


def told_rule(rule: Rule) -> dict[str, Any]:
    """For the audit log: readable, and no addresses."""
    shown = to_columns(rule)
    return shown | {
        "schedule": None if rule.schedule is None else format_schedule(rule.schedule),
        "quiet_hours": None if rule.quiet_hours is None else format_schedule(rule.quiet_hours),
        "recipients": [told_recipient(each) for each in rule.recipients],
        "escalation": [
            {
                "after_s": step.after_s,
                "channels": [str(each) for each in step.channel_ids],
                "recipients": [told_recipient(each) for each in step.recipients],
            }
            for step in rule.escalation
        ],
    }


def put(row: NotificationRule, rule: Rule, now: datetime) -> None:
    """Make the row hold the rule; unchanged, and its version with it, where nothing differs."""
    changed = {name: value for name, value in to_columns(rule).items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = now


def _schedule(schedule: WeeklySchedule | None) -> dict[str, Any] | None:
    if schedule is None:
        return None
    dumped: dict[str, Any] = _SCHEDULE.dump_python(schedule, mode="json")
    for span in dumped["spans"]:
        span["days"].sort()
    return dumped


def _refuse_many(*named: Iterable[Any]) -> None:
    if any(len(tuple(each)) > MOST_NAMED for each in named):
        raise ConfigError("the rule names too many things", hint=f"Name at most {MOST_NAMED} of each, or leave the condition out for all")


def _refuse_absent(session: Session, model: type[Camera | NotificationChannel | NotificationGroup | User], noun: str, ids: Any) -> None:
    wanted = set(ids)
    absent = wanted - set(session.scalars(select(model.id).where(model.id.in_(wanted))))
    if absent:
        raise ConfigError(f"the rule names the {noun} {min(absent)}, which is not there", hint=f"See the list of {noun}s")
