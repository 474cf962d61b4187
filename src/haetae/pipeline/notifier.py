"""What people do with notifications, beside the engine that runs by itself: try a channel or a rule, rehearse it, look at its texts."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from haetae.clock import Clock
from haetae.domain.delivery import Lane, Occurrence
from haetae.domain.event import AnomalyEvent, EventStatus, Severity
from haetae.domain.notice import Notice, NoticeKind
from haetae.domain.rule import ChannelConfig, Directory, Rule
from haetae.domain.site import NoticeStatus
from haetae.errors import ConfigError, DeliveryError, HaetaeError, SourceUnavailable
from haetae.ids import new_id
from haetae.notifications.base import CHANNELS, ChannelParts, channel_settings, make_channel, revealed
from haetae.notifications.composing import Composer, override_of
from haetae.notifications.engine import NotificationEngine
from haetae.notifications.lane import Limits
from haetae.notifications.rehearsal import Rehearsal, rehearse
from haetae.notifications.rules import NeedsTarget, lanes
from haetae.notifications.templates import NoticeContent, check_override, make_notice

TEST_S = 40.0
_MOST_TESTS = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What a channel made of a test. `error` is empty where it was accepted; `answer` is in the other side's words."""

    channel_id: UUID
    target: str
    answer: str = ""
    error: str = ""
    hint: str = ""


class Notifier:
    """Any thread, but none with an event loop: most of it waits for the database, a name server or another side."""

    def __init__(
        self,
        engine: NotificationEngine,
        composer: Composer,
        parts: ChannelParts,
        clock: Clock,
        *,
        needs_target: NeedsTarget,
        limits: Limits,
        directory: Callable[[], Directory],
        recent: Callable[[int], Sequence[Occurrence]],
        enabled: bool = True,
    ) -> None:
        """`directory` and `recent` (the newest events) read the database."""
        self._enabled = enabled
        self._engine = engine
        self._composer = composer
        self._parts = parts
        self._clock = clock
        self._needs_target = needs_target
        self._limits = limits
        self._directory = directory
        self._recent = recent

    def wake(self) -> None:
        """Something is new. Returns at once."""
        self._engine.wake()

    def status(self) -> NoticeStatus:
        counters = self._engine.counters
        error = self._engine.database_error
        return NoticeStatus(self._enabled, counters.sent, counters.failed, counters.dead, counters.last_sent_at, error)

    def is_failing(self, channel_id: UUID) -> bool:
        """Whether a channel is left alone for now because it fails."""
        return self._engine.is_open(channel_id)

    def checked_settings(self, kind: str, values: dict[str, object]) -> dict[str, object]:
        """The settings of a channel as they are stored. Raises ConfigError for what its kind refuses, and for a host that no channel may
        reach; MissingExtra. A host whose name is not known now may be so later, and is taken."""
        settings = channel_settings(kind, values)
        channel = make_channel(kind, settings, self._parts)
        for host in channel.hosts():
            try:
                self._parts.reach(host)
            except SourceUnavailable:
                continue
        return revealed(settings)

    def check_rule(self, rule: Rule) -> None:
        """Raises ConfigError for templates that mean nothing, targets that a channel cannot have, and a rule that could tell nobody."""
        override = override_of(rule)
        if override is not None:
            check_override(override)
        if not rule.channel_ids and not rule.escalation:
            raise ConfigError("the rule names no channel", hint="Name at least one in channel_ids")
        channels = self._directory().channels
        steps = ((rule.channel_ids, rule.recipients), *((step.channel_ids, step.recipients) for step in rule.escalation))
        for channel_ids, recipients in steps:
            for channel_id in channel_ids:
                config = channels.get(channel_id)
                if config is None or not self._needs_target(config.kind):
                    continue
                if not recipients:
                    raise ConfigError(f"the channel {config.name!r} wants to be told whom to reach", hint="Name recipients")
                for recipient in recipients:
                    if recipient.kind.value == "address":
                        CHANNELS.load(config.kind).check_target(recipient.value)

    def try_channel(self, config: ChannelConfig, target: str, *, language: str) -> Tried:
        """Really send a message that is marked as a test. Raises ConfigError for a target that can be none."""
        if self._needs_target(config.kind):
            CHANNELS.load(config.kind).check_target(target)
        rule = Rule(new_id(), "", language=language)
        return self._try(config, Lane(config.id, target), rule)

    def try_rule(self, rule: Rule) -> list[Tried]:
        """Really send a test to everybody whom the rule names by itself, 20 at the most; it tells of no camera, so anybody may get it."""
        directory = self._directory()
        people = {user_id: replace(person, cameras=None) for user_id, person in directory.people.items()}
        directory = replace(directory, people=people)
        found = list(lanes(rule.channel_ids, rule.recipients, _example(self._clock.now()), directory, self._needs_target))
        return [self._try(directory.channels[lane.channel_id], lane, rule) for lane in found[:_MOST_TESTS]]

    def rehearse(self, rule: Rule, count: int) -> tuple[Rehearsal, list[Occurrence]]:
        """What the rule would have sent of the newest `count` events."""
        occurrences = list(self._recent(count))
        result = rehearse(rule, occurrences, self._directory(), needs_target=self._needs_target, limits=self._limits)
        return result, occurrences

    def preview(self, rule: Rule, occurrence: Occurrence | None) -> Notice:
        """The alert about an event, or about an example, as the rule's readers would see it. Raises ConfigError for its templates."""
        override = override_of(rule)
        if override is not None:
            check_override(override)
        shown = occurrence or Occurrence(_example(self._clock.now()), "Camera 1")
        content = self._content(NoticeKind.ALERT, rule, [shown], shown.event.severity)
        return make_notice(content, id=new_id(), target="", picture=None, reply_to=None, override=override)

    def _try(self, config: ChannelConfig, lane: Lane, rule: Rule) -> Tried:
        content = self._content(NoticeKind.TEST, rule, [], Severity.LOW)
        notice = make_notice(content, id=new_id(), target=lane.target, picture=None, reply_to=None, override=None)
        try:
            receipt = self._engine.run_on_loop(lambda: self._send(config, notice), TEST_S + 5.0)
        except HaetaeError as error:
            answer = error.answer if isinstance(error, DeliveryError) else ""
            return Tried(lane.channel_id, lane.target, answer, error.message, error.hint)
        return Tried(lane.channel_id, lane.target, receipt)

    async def _send(self, config: ChannelConfig, notice: Notice) -> str:
        channel = make_channel(config.kind, channel_settings(config.kind, config.settings), self._parts)
        try:
            async with asyncio.timeout(TEST_S):
                return (await channel.send(notice)).answer
        except TimeoutError:
            raise DeliveryError("the channel did not answer in time", hint="Check that its server can be reached") from None
        finally:
            await channel.close()

    def _content(self, kind: NoticeKind, rule: Rule, occurrences: Iterable[Occurrence], severity: Severity) -> NoticeContent:
        return NoticeContent(
            kind=kind,
            language=rule.language,
            site=self._composer.site,
            events=tuple(self._composer.notice_event(each, rule) for each in occurrences),
            change=None,
            held_back=0,
            time_zone=rule.time_zone,
            created_at=self._clock.now(),
            severity=severity,
            has_picture=False,
            unsubscribe_url="",
        )


def _example(now: datetime) -> AnomalyEvent:
    """Stands for an event in a preview; nobody takes it for one that happened, for it is stored nowhere."""
    return AnomalyEvent(new_id(), new_id(), now, 0, 0.93, 1.0, severity=Severity.HIGH, status=EventStatus.OPEN)
