"""Tells of the one thing that the outbox cannot tell of: that the database, and the outbox with it, is away."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import structlog

from haetae.clock import Clock
from haetae.domain.delivery import Claim, Delivery, Lane, Occurrence
from haetae.domain.event import DATABASE_AWAY, SITE, AnomalyEvent, EventKind, Severity
from haetae.domain.notice import DeliveryState, NoticeKind
from haetae.domain.rule import Directory, Rule
from haetae.ids import new_id
from haetae.notifications.channel_set import ChannelSet
from haetae.notifications.composing import Composer
from haetae.notifications.planning import ALERT
from haetae.notifications.rules import NeedsTarget, lanes, mismatch

AWAY_S = 30.0
_SEND_S = 30.0

_log = structlog.get_logger()


class LastResort:
    """Belongs to the engine's event loop. Once in each outage that lasts, everybody whom a rule tells of system events is told, by the
    rules that were read last. Nothing of it is kept: a message that fails is logged, and that is all."""

    def __init__(self, channels: ChannelSet, composer: Composer, clock: Clock, needs_target: NeedsTarget) -> None:
        self._channels = channels
        self._composer = composer
        self._clock = clock
        self._needs_target = needs_target
        self._since: float | None = None
        self._told = False

    def back(self) -> None:
        """The database answers."""
        self._since = None
        self._told = False

    async def away(self, reason: str, directory: Directory) -> None:
        """The database does not answer. Called again and again; tells people after AWAY_S."""
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        if self._told or now - self._since < AWAY_S:
            return
        self._told = True
        event = _event(self._clock.now(), reason)
        await asyncio.gather(*(self._tell(rule, lane, event, directory) for rule, lane in self._ways(event, directory)))

    def _ways(self, event: AnomalyEvent, directory: Directory) -> Iterator[tuple[Rule, Lane]]:
        known: set[Lane] = set()
        for rule in directory.rules:
            if mismatch(rule, event) is None:
                for lane in lanes(rule.channel_ids, rule.recipients, event, directory, self._needs_target):
                    if lane not in known:
                        known.add(lane)
                        yield rule, lane

    async def _tell(self, rule: Rule, lane: Lane, event: AnomalyEvent, directory: Directory) -> None:
        now = self._clock.now()
        claim = Claim(lane, new_id(), (_row(rule, lane, event, now),), ())
        try:
            channel = await self._channels.get(lane.channel_id, directory.channels)
            notice = self._composer.compose(claim, {event.id: Occurrence(event)}, directory, now=now, reply_to=None)
            async with asyncio.timeout(_SEND_S):
                await channel.send(notice)
        except Exception as error:
            _log.error("nobody could be told that the database is away", channel_id=str(lane.channel_id), error=str(error))
        else:
            _log.warning("told that the database is away", channel_id=str(lane.channel_id))


def _event(now: datetime, reason: str) -> AnomalyEvent:
    return AnomalyEvent(
        new_id(), SITE, now, 0, 0.0, 0.0, kind=EventKind.SYSTEM, subtype=DATABASE_AWAY, severity=Severity.HIGH, detail=reason
    )


def _row(rule: Rule, lane: Lane, event: AnomalyEvent, now: datetime) -> Delivery:
    return Delivery(
        id=new_id(),
        rule_id=rule.id,
        event_id=event.id,
        camera_id=SITE,
        event_type=DATABASE_AWAY,
        severity=event.severity,
        channel_id=lane.channel_id,
        target=lane.target,
        user_id=None,
        kind=NoticeKind.ALERT,
        stage=ALERT,
        digest=False,
        state=DeliveryState.PENDING,
        due_at=now,
        created_at=now,
    )
