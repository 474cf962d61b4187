"""Whether a rule wants an event, and whom it reaches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from haetae.domain.delivery import Lane
from haetae.domain.event import SITE, AnomalyEvent, EventKind, Severity
from haetae.domain.rule import Directory, Person, Recipient, RecipientKind, Rule
from haetae.domain.suspicion import suspected_type

NeedsTarget = Callable[[str], bool]
"""Whether channels of a kind want to be told whom to reach."""


class Mismatch(StrEnum):
    """Why a rule does not match an event."""

    DISABLED = "disabled"
    CAMERA = "camera"
    SYSTEM = "system_events"
    TYPE = "type"
    SEVERITY = "severity"
    SCORE = "score"
    SCHEDULE = "schedule"


def type_of(event: AnomalyEvent) -> str:
    """The word under which an event is told and de-duplicated; it stays the same whatever a model makes of the event."""
    return event.subtype or event.kind.value


def types_of(event: AnomalyEvent) -> frozenset[str | None]:
    """All words by which a rule may ask for an event: kind, subtype, what a rule suspects it to be, what a model says that it is."""
    return frozenset({event.kind.value, event.subtype, suspected_type(event.subtype), event.vlm_type})


def mismatch(rule: Rule, event: AnomalyEvent) -> Mismatch | None:
    """Why not, None where the rule matches. A system event has no score; one of the site itself belongs to no camera."""
    system = event.kind is EventKind.SYSTEM
    if not rule.enabled:
        return Mismatch.DISABLED
    if system and not rule.system_events:
        return Mismatch.SYSTEM
    if rule.camera_ids is not None and event.camera_id != SITE and event.camera_id not in rule.camera_ids:
        return Mismatch.CAMERA
    if rule.event_types is not None and not rule.event_types & types_of(event):
        return Mismatch.TYPE
    if event.severity.rank < rule.min_severity.rank:
        return Mismatch.SEVERITY
    if not system and event.vad_score < rule.min_score:
        return Mismatch.SCORE
    if rule.schedule is not None and not rule.schedule.armed(event.timestamp):
        return Mismatch.SCHEDULE
    return None


def is_urgent(severity: Severity) -> bool:
    """Told at once, by itself; what is less waits for the next digest."""
    return severity.rank >= Severity.HIGH.rank


def quiet_until(rule: Rule, severity: Severity, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` is in, None outside of them and for what is critical."""
    if severity is Severity.CRITICAL or rule.quiet_hours is None or not rule.quiet_hours.armed(now):
        return None
    return rule.quiet_hours.free_at(now)


def may_see(person: Person, event: AnomalyEvent) -> bool:
    """Whether an event may be told to this user at all."""
    if event.camera_id == SITE:
        return person.active and person.sees_system
    return person.active and (person.cameras is None or event.camera_id in person.cameras)


def lanes(
    channel_ids: Iterable[UUID], recipients: Sequence[Recipient], event: AnomalyEvent, directory: Directory, needs_target: NeedsTarget
) -> dict[Lane, UUID | None]:
    """Where it goes: each way once, with the user that it is for, if it is for one. Channels that are gone or switched off are no way."""
    found: dict[Lane, UUID | None] = {}
    for channel_id in channel_ids:
        channel = directory.channels.get(channel_id)
        if channel is None or not channel.enabled:
            continue
        if needs_target(channel.kind):
            for address, user_id in _addresses(recipients, event, directory):
                found.setdefault(Lane(channel_id, address), user_id)
        else:
            found.setdefault(Lane(channel_id, ""), None)
    return found


def _addresses(recipients: Sequence[Recipient], event: AnomalyEvent, directory: Directory) -> Iterator[tuple[str, UUID | None]]:
    for recipient in _members(recipients, directory):
        if recipient.kind is RecipientKind.ADDRESS:
            yield recipient.value, None
            continue
        person = directory.people.get(UUID(recipient.value))
        if person is not None and person.email and may_see(person, event):
            yield person.email, person.user_id


def _members(recipients: Sequence[Recipient], directory: Directory) -> Iterator[Recipient]:
    for recipient in recipients:
        if recipient.kind is RecipientKind.GROUP:
            group = directory.groups.get(UUID(recipient.value))
            yield from group.members if group is not None else ()
        else:
            yield recipient
