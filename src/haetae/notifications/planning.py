"""What is to be told of an event, given what was told of it already. Pure: the same input gives the same plan but for new ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from haetae.domain.delivery import Delivery, Lane, Occurrence
from haetae.domain.event import EventKind, EventStatus, Review, Severity, Verdict
from haetae.domain.notice import Change, DeliveryState, NoticeKind
from haetae.domain.rule import Directory, Rule
from haetae.domain.suspicion import suspected_type
from haetae.ids import new_id
from haetae.notifications.rules import NeedsTarget, is_urgent, lanes, mismatch, quiet_until, type_of

ALERT = "alert"
SEVERITY = "severity:"
_LATE = timedelta(hours=1)
"""What is older when it is first heard of (the database was away) rings nobody: it comes in a digest."""

_FORGOTTEN = timedelta(days=30)
"""What is older is nobody's news, whatever happens to it still: what was told of it once may have been deleted since."""

_SETTLED = (Review.RESOLVED, Review.FALSE_ALARM, Review.NORMAL)


@dataclass(frozen=True, slots=True)
class Plan:
    """As in `Settlement`."""

    new: tuple[Delivery, ...] = ()
    raised: Mapping[UUID, Severity] = field(default_factory=dict)
    hurried: frozenset[UUID] = frozenset()
    cancelled: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Timing:
    """`digest_s`: how long what is not urgent waits for its like."""

    digest_s: float = 60.0


def plan(
    occurrence: Occurrence,
    existing: Sequence[Delivery],
    directory: Directory,
    *,
    now: datetime,
    needs_target: NeedsTarget,
    timing: Timing = Timing(),
) -> Plan:
    """`existing` are all deliveries of this event, of whatever rule."""
    event = occurrence.event
    if now - event.timestamp > _FORGOTTEN:
        return Plan()
    known = {(row.lane, row.stage): row for row in existing}
    new: dict[tuple[Lane, str], Delivery] = {}
    for rule in directory.rules:
        # A rule of the future tells that the clock was set back.
        is_older = rule.created_at is not None and event.timestamp < rule.created_at <= now
        if mismatch(rule, event) is None and not is_older and not is_settled(occurrence):
            for row in _first_notices(rule, occurrence, directory, needs_target, now, timing):
                if (row.lane, row.stage) not in known:
                    new.setdefault((row.lane, row.stage), row)
    raised: dict[UUID, Severity] = {}
    hurried: set[UUID] = set()
    for (lane, stage), alert in known.items():
        if stage == ALERT:
            rows = [row for row in existing if row.lane == lane]
            _raise(alert, rows, occurrence, directory, now, timing, new=new, raised=raised, hurried=hurried)
            _update(alert, rows, occurrence, directory, now, new)
    cancelled = frozenset(
        row.id for row in existing if row.kind is NoticeKind.ESCALATION and row.state is DeliveryState.PENDING and is_settled(occurrence)
    )
    return Plan(tuple(new.values()), raised, frozenset(hurried), cancelled)


def is_settled(occurrence: Occurrence) -> bool:
    """Somebody has seen to it: nobody else need be told."""
    return occurrence.acknowledged or occurrence.review in _SETTLED


def stages_of(occurrence: Occurrence) -> dict[str, Change]:
    """What there is to tell of an event beyond that it happened, each under a name that stays."""
    event = occurrence.event
    stages = {f"{SEVERITY}{event.severity.value}": Change.SEVERITY}
    if event.vlm_type or event.verdict in (Verdict.CONFIRMED, Verdict.REJECTED) or (event.verdict is None and event.vlm_description):
        stages["verdict"] = Change.VERDICT
    if suspected_type(event.subtype) is not None:
        stages[f"suspicion:{event.subtype}"] = Change.SUSPICION
    if occurrence.review in _SETTLED:
        stages[f"review:{occurrence.review.value}"] = Change.REVIEW
    if event.kind is EventKind.SYSTEM and event.status is EventStatus.CLOSED:
        stages["ended"] = Change.ENDED
    return stages


def _first_notices(
    rule: Rule, occurrence: Occurrence, directory: Directory, needs_target: NeedsTarget, now: datetime, timing: Timing
) -> Iterator[Delivery]:
    event = occurrence.event
    for lane, user_id in lanes(rule.channel_ids, rule.recipients, event, directory, needs_target).items():
        digest, due_at = _when(rule, event.severity, event.timestamp, now, timing)
        yield _row(rule, occurrence, lane, user_id, NoticeKind.ALERT, ALERT, digest, due_at, now)
    for number, step in enumerate(rule.escalation, start=1):
        for lane, user_id in lanes(step.channel_ids, step.recipients, event, directory, needs_target).items():
            due_at = now + timedelta(seconds=step.after_s)
            yield _row(rule, occurrence, lane, user_id, NoticeKind.ESCALATION, f"escalation:{number}", False, due_at, now)


def _when(rule: Rule, severity: Severity, began_at: datetime, now: datetime, timing: Timing) -> tuple[bool, datetime]:
    """Whether it goes into a digest, and when it is due."""
    quiet = quiet_until(rule, severity, now)
    if quiet is not None:
        return True, quiet
    if is_urgent(severity) and now - began_at < _LATE:
        return False, now
    return True, now + timedelta(seconds=timing.digest_s)


def _raise(
    alert: Delivery,
    rows: Sequence[Delivery],
    occurrence: Occurrence,
    directory: Directory,
    now: datetime,
    timing: Timing,
    *,
    new: dict[tuple[Lane, str], Delivery],
    raised: dict[UUID, Severity],
    hurried: set[UUID],
) -> None:
    """It became more severe than anything that this lane was told of it."""
    severity = occurrence.event.severity
    if severity.rank <= max(row.severity.rank for row in rows):
        return
    rule = _rule(alert, directory)
    digest, due_at = _when(rule, severity, now, now, timing)
    waiting = next((row for row in rows if row.state is DeliveryState.PENDING and row.kind is not NoticeKind.ESCALATION), None)
    if waiting is not None:
        raised[waiting.id] = severity
        if waiting.digest and not digest:
            hurried.add(waiting.id)
    elif not is_settled(occurrence):
        # Who never got the alert, because it was held back or died, is alerted now.
        kind = NoticeKind.UPDATE if any(row.state is DeliveryState.SENT for row in rows) else NoticeKind.ALERT
        stage = f"{SEVERITY}{severity.value}"
        new.setdefault((alert.lane, stage), _row(rule, occurrence, alert.lane, alert.user_id, kind, stage, digest, due_at, now))


def _update(
    alert: Delivery,
    rows: Sequence[Delivery],
    occurrence: Occurrence,
    directory: Directory,
    now: datetime,
    new: dict[tuple[Lane, str], Delivery],
) -> None:
    """What became of it follows an alert that was sent by itself. What only stood in a digest is not worth a message more."""
    rule = _rule(alert, directory)
    told_alone = any(row.state is DeliveryState.SENT and not row.digest for row in rows)
    on_its_way = any(row.state is DeliveryState.PENDING and row.kind in (NoticeKind.ALERT, NoticeKind.UPDATE) for row in rows)
    if not (rule.updates and told_alone) or on_its_way or any(lane == alert.lane for lane, _stage in new):
        return
    told = {stage for row in rows for stage in (row.stage, *row.told)}
    for stage, change in stages_of(occurrence).items():
        if change is not Change.SEVERITY and stage not in told:
            new[alert.lane, stage] = _row(rule, occurrence, alert.lane, alert.user_id, NoticeKind.UPDATE, stage, False, now, now)
            # The message tells all there is; what is new by then comes after it.
            return


def _rule(alert: Delivery, directory: Directory) -> Rule:
    """The rule that the alert is by; where that is gone, nothing but what was promised follows."""
    gone = Rule(alert.rule_id or alert.id, "", enabled=False, updates=False)
    return next((rule for rule in directory.rules if rule.id == alert.rule_id), gone)


def _row(
    rule: Rule,
    occurrence: Occurrence,
    lane: Lane,
    user_id: UUID | None,
    kind: NoticeKind,
    stage: str,
    digest: bool,
    due_at: datetime,
    now: datetime,
) -> Delivery:
    event = occurrence.event
    return Delivery(
        id=new_id(),
        rule_id=rule.id,
        event_id=event.id,
        camera_id=event.camera_id,
        event_type=type_of(event),
        severity=event.severity,
        channel_id=lane.channel_id,
        target=lane.target,
        user_id=user_id,
        kind=kind,
        stage=stage,
        digest=digest,
        state=DeliveryState.PENDING,
        due_at=due_at,
        created_at=now,
    )
