"""Tells people of events: turns what is new into promises in the outbox, and keeps them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.delivery import Delivery, Lane, News, Settlement
from haetae.domain.event import Severity
from haetae.errors import DatabaseUnavailable, DeliveryError
from haetae.loop_thread import LoopThread, Work
from haetae.notifications.breaker import Breakers
from haetae.notifications.channel_set import ChannelSet, Make
from haetae.notifications.composing import Composer
from haetae.notifications.last_resort import LastResort
from haetae.notifications.outbox import Outbox
from haetae.notifications.planning import Plan, Timing, plan
from haetae.notifications.rules import NeedsTarget
from haetae.notifications.sender import Counters, Sender

_log = structlog.get_logger()

T = TypeVar("T")

_NEWS = 200
_LANES = 64
_WORKERS = 8
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """`give_up_s`: a message that could not be delivered for so long is dead, for a person to look at."""

    dedup_s: float = 15.0
    digest_s: float = 60.0
    give_up_s: float = 86_400.0


class NotificationEngine:
    """`start` and `close` once each; `wake` from any thread. Everything else happens on a thread of its own with an event loop.

    Two tasks: one settles news (what is to be told to whom), the other serves lanes that have something due, each lane by one worker at a
    time. Every fault is logged and tried again: the loop ends only when told to.
    """

    def __init__(
        self,
        outbox: Outbox,
        make: Make,
        composer: Composer,
        clock: Clock,
        *,
        needs_target: NeedsTarget,
        options: EngineOptions | None = None,
    ) -> None:
        options = options or EngineOptions()
        self._outbox = outbox
        self._clock = clock
        self._needs_target = needs_target
        self._timing = Timing(digest_s=options.digest_s)
        self._channels = ChannelSet(make)
        self._breakers = Breakers(clock)
        self._sender = Sender(
            outbox,
            self._channels,
            composer,
            self._breakers,
            clock,
            dedup_s=options.dedup_s,
            digest_s=options.digest_s,
            give_up_s=options.give_up_s,
        )
        self._last_resort = LastResort(self._channels, composer, clock, needs_target)
        self._busy: set[Lane] = set()
        self._loop = LoopThread("notifications", ending=self._channels.close, patience_s=_PATIENCE_S)
        self._loop.repeat(lambda: self._watched(self.settle_news))
        self._due = self._loop.repeat(lambda: self._watched(self._serve_due))

    @property
    def database_error(self) -> str:
        """Why the database cannot be used, "" where it can."""
        return self._loop.database_error

    def start(self) -> None:
        self._loop.start()

    def close(self, timeout_s: float = 15.0) -> None:
        """Stop. A message under way is waited for; one that takes too long may be sent again after the next start."""
        self._loop.close(timeout_s)

    def wake(self) -> None:
        """Something is new. Returns at once."""
        self._loop.wake()

    async def _watched(self, work: Work) -> bool:
        """While the database is away admins are told of that at least."""
        try:
            more = await work()
        except DatabaseUnavailable as error:
            await self._last_resort.away(error.message, self._sender.directory)
            raise
        self._last_resort.back()
        return more

    # What is to be told

    async def settle_news(self) -> bool:
        """Make promises of some news; true where there may be more. Raises DatabaseUnavailable."""
        news = await asyncio.to_thread(self._outbox.news, _NEWS)
        if not news:
            return False
        self._sender.directory = await asyncio.to_thread(self._outbox.directory)
        settlement = await asyncio.to_thread(self._settlement, news)
        await asyncio.to_thread(self._outbox.settle, settlement)
        if settlement.new or settlement.hurried:
            self._due.set()
        return True

    def _settlement(self, news: list[News]) -> Settlement:
        existing = self._outbox.deliveries_of([each.event_id for each in news])
        now = self._clock.now()
        plans = [self._plan(each, existing.get(each.event_id, []), now) for each in news]
        raised: dict[UUID, Severity] = {}
        for each in plans:
            raised |= each.raised
        return Settlement(
            settled={each.event_id: each.token for each in news},
            new=tuple(row for each in plans for row in each.new),
            raised=raised,
            hurried=frozenset().union(*(each.hurried for each in plans)),
            cancelled=frozenset().union(*(each.cancelled for each in plans)),
        )

    def _plan(self, news: News, existing: list[Delivery], now: datetime) -> Plan:
        if news.occurrence is None:
            return Plan()
        return plan(news.occurrence, existing, self._sender.directory, now=now, needs_target=self._needs_target, timing=self._timing)

    # Telling it

    async def _serve_due(self) -> bool:
        """Start a worker for each lane that has something due, as many as may run."""
        skip = self._breakers.paused()
        lanes = await asyncio.to_thread(lambda: self._outbox.lanes_due(self._clock.now(), _LANES, skip_channels=skip))
        free = [lane for lane in lanes if lane not in self._busy]
        if free:
            # What was configured since the last news counts as well.
            self._sender.directory = await asyncio.to_thread(self._outbox.directory)
        for lane in free:
            if len(self._busy) >= _WORKERS:
                break
            if self._breakers.allows(lane.channel_id):
                self._busy.add(lane)
                self._loop.begin(self._serve(lane))
        return False

    async def _serve(self, lane: Lane) -> None:
        """Send what is due on a lane, one message after the other, until there is nothing or it fails."""
        try:
            # What was said is news again, for it may have changed meanwhile: the next look finds it, many at a time.
            while not self._loop.stopping and await self._sender.send_next(lane):
                pass
        except DatabaseUnavailable as error:
            _log.warning("notifications wait for the database", error=error.message)
        except Exception as error:
            _log.error("notifications failed", channel_id=str(lane.channel_id), exc_info=error)
        finally:
            self._breakers.untried(lane.channel_id)
            self._busy.discard(lane)
            self._due.set()

    # For people

    @property
    def counters(self) -> Counters:
        """What was sent since the start of this process."""
        return self._sender.counters

    def is_open(self, channel_id: UUID) -> bool:
        """Whether a channel is being left alone because it fails."""
        return self._breakers.is_open(channel_id)

    def run_on_loop(self, work: Callable[[], Coroutine[Any, Any, T]], timeout_s: float) -> T:
        """Run a coroutine on the engine's loop and wait for it. Raises DeliveryError where the engine does not run or takes too long."""
        loop = self._loop.loop
        if loop is None:
            raise DeliveryError("notifications are not running", hint="Start `haetae serve`")
        future = asyncio.run_coroutine_threadsafe(work(), loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise DeliveryError("the channel did not answer in time", hint="Check that its server can be reached") from None
