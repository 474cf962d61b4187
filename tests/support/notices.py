"""Events, rules and deliveries for the tests of notifications."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from haetae.domain.delivery import Delivery, Occurrence
from haetae.domain.event import AnomalyEvent, EventStatus, Severity
from haetae.domain.notice import DeliveryState, NoticeEvent, NoticeKind
from haetae.domain.rule import ChannelConfig, Directory, Person, Recipient, RecipientKind, Rule
from haetae.ids import new_id
from haetae.notifications.templates import NoticeContent, make_notice

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CAMERA = new_id()
MAIL = ChannelConfig(new_id(), "mail", "email", True, {})
HOOK = ChannelConfig(new_id(), "hook", "webhook", True, {})
ADDRESS = Recipient(RecipientKind.ADDRESS, "guard@example.org")


def an_event(**changes):
    event = AnomalyEvent(new_id(), CAMERA, NOW, 7, 0.9, 3.0, severity=Severity.HIGH, status=EventStatus.OPEN)
    return replace(event, **changes)


def an_occurrence(event=None, **changes):
    return Occurrence(event or an_event(), "door", **changes)


def a_rule(**changes):
    """To one address by mail, from medium on."""
    return replace(Rule(new_id(), "guards", channel_ids=(MAIL.id,), recipients=(ADDRESS,)), **changes)


def a_directory(*rules, people=(), groups=(), channels=(MAIL, HOOK), **changes):
    directory = Directory(
        rules,
        {channel.id: channel for channel in channels},
        {group.id: group for group in groups},
        {person.user_id: person for person in people},
    )
    return replace(directory, **changes)


def a_person(*, cameras=None, active=True, sees_system=False, email="kim@example.org"):
    return Person(new_id(), "kim", email, active, sees_system, None if cameras is None else frozenset(cameras))


def needs_target(kind):
    return kind == "email"


def a_delivery(**changes):
    """One that is due."""
    delivery = Delivery(
        id=new_id(),
        rule_id=None,
        event_id=new_id(),
        camera_id=CAMERA,
        event_type="anomaly",
        severity=Severity.HIGH,
        channel_id=MAIL.id,
        target=ADDRESS.value,
        user_id=None,
        kind=NoticeKind.ALERT,
        stage="alert",
        digest=False,
        state=DeliveryState.PENDING,
        due_at=NOW,
        created_at=NOW,
    )
    return replace(delivery, **changes)


def delivered(delivery, at=NOW, **changes):
    """As it stands in the outbox once it was sent."""
    key = delivery.message_key or delivery.id
    return replace(delivery, state=DeliveryState.SENT, finished_at=at, message_key=key, attempts=1, **changes)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def a_told_event(**changes):
    event = NoticeEvent(
        id=new_id(),
        camera_id=CAMERA,
        camera="front door",
        type="Falling",
        severity=Severity.HIGH,
        began_at=NOW,
        score=0.93,
        description="somebody fell",
        facts=("Speed 142 px/s; usual at most 61 px/s",),
        url="https://site.example/events/1",
        clip_url="https://site.example/events/1#clip",
    )
    return replace(event, **changes)


def a_content(**changes):
    """What an alert is to say."""
    content = NoticeContent(
        kind=NoticeKind.ALERT,
        language="en",
        site="Depot",
        events=(a_told_event(),),
        change=None,
        held_back=0,
        time_zone="UTC",
        created_at=NOW,
        severity=Severity.HIGH,
        has_picture=False,
        unsubscribe_url="",
    )
    return replace(content, **changes)


def a_notice(*, target="", picture=None, reply_to=None, title=None, **content):
    """A whole alert."""
    made = make_notice(
        a_content(has_picture=picture is not None, **content), id=new_id(), target=target, picture=picture, reply_to=reply_to, override=None
    )
    return made if title is None else replace(made, title=title)
