"""Keeps one promise: claims the next message of a lane, composes it, hands it to its channel, and notes what came of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.domain.delivery import Claim, Delivery, Lane, Occurrence
from haetae.domain.notice import Notice, Receipt
from haetae.domain.rule import Directory
from haetae.errors import DatabaseUnavailable, DeliveryError, HaetaeError
from haetae.notifications.breaker import Breakers, retry_at
from haetae.notifications.channel_set import ChannelSet
from haetae.notifications.composing import Composer, nothing_left, told_by
from haetae.notifications.lane import Limits, decide
from haetae.notifications.outbox import Outbox

_log = structlog.get_logger()

_LEAST_TRIES = 5
_SEND_S = 60.0
_LEASE_S = 120.0
"""Longer than a message may take, so that no other process tries it at the same time."""


@dataclass(slots=True)
class Counters:
    """Since the start of this process: messages accepted by the other side, tries that failed, messages given up."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    last_sent_at: datetime | None = None


@dataclass(slots=True)
class Sender:
    """Belongs to the engine's event loop. `directory` is replaced by the engine whenever it was read anew. `give_up_s`: a message that
    could not be delivered for so long is dead, for a person to look at."""

    outbox: Outbox
    channels: ChannelSet
    composer: Composer
    breakers: Breakers
    clock: Clock
    dedup_s: float
    digest_s: float
    give_up_s: float
    directory: Directory = field(default_factory=lambda: Directory((), {}, {}, {}))
    counters: Counters = field(default_factory=Counters)

    async def send_next(self, lane: Lane) -> bool:
        """Send one message of the lane; false where there was none, or where it failed. Raises DatabaseUnavailable."""
        now = self.clock.now()
        limits = self._limits()
        claim = await asyncio.to_thread(
            lambda: self.outbox.claim(
                lane,
                now=now,
                lease_s=_LEASE_S,
                sent_since=now - timedelta(seconds=limits.memory_s),
                decide=lambda state: decide(state, limits),
            )
        )
        if claim is None:
            return False
        composed, given_up = await asyncio.to_thread(self._compose, claim)
        self.counters.dead += given_up
        if composed is None:
            return True
        claim, notice, told = composed
        try:
            channel = await self.channels.get(lane.channel_id, self.directory.channels)
            async with asyncio.timeout(_SEND_S):
                receipt = await channel.send(notice)
        except Exception as error:
            await self._note_failure(claim, error)
            return False
        await self._note_sent(claim, receipt, told)
        return True

    def _limits(self) -> Limits:
        by_rule = {rule.id: rule.rate_limit for rule in self.directory.rules if rule.rate_limit is not None}
        return Limits(self.dedup_s, self.digest_s, by_rule)

    def _compose(self, claim: Claim) -> tuple[tuple[Claim, Notice, Mapping[UUID, Any]] | None, int]:
        """The message of a claim, once what need not be told any more is cancelled, None where nothing is left; and how many rows were
        given up, for no message can be written of them."""
        occurrences = self.outbox.occurrences([row.event_id for row in claim.rows if row.event_id is not None])
        left: list[Delivery] = []
        by_reason: dict[str, list[UUID]] = {}
        for row in claim.rows:
            reason = nothing_left(row, self._occurrence(row, occurrences), self.directory)
            if reason is None and self.composer.is_moot(row):
                reason = "it is decided, or the time to decide is over"
            if reason is None:
                left.append(row)
            else:
                by_reason.setdefault(reason, []).append(row.id)
        for reason, ids in by_reason.items():
            self.outbox.cancel(claim, ids, at=self.clock.now(), reason=reason)
        if not left:
            return None, 0
        claim = replace(claim, rows=tuple(left))
        notice = self._notice(claim, occurrences)
        if isinstance(notice, Notice):
            return (claim, notice, told_by(claim, occurrences)), 0
        sound = self._sort_out(claim, occurrences, notice)
        composed, given_up = self._compose(replace(claim, rows=sound)) if sound else (None, 0)
        return composed, given_up + len(claim.rows) - len(sound)

    def _notice(self, claim: Claim, occurrences: Mapping[UUID, Occurrence]) -> Notice | Exception:
        """The message, or why it cannot be written. Raises DatabaseUnavailable."""
        first = claim.rows[0]
        alone = len(claim.rows) == 1 and first.event_id is not None
        reply_to = self.outbox.first_message_id(first.event_id, claim.lane) if alone and first.event_id is not None else None
        try:
            return self.composer.compose(claim, occurrences, self.directory, now=self.clock.now(), reply_to=reply_to)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            return error

    def _sort_out(self, claim: Claim, occurrences: Mapping[UUID, Occurrence], fault: Exception) -> tuple[Delivery, ...]:
        """Give up the rows that cannot be written of, with the reason, for trying again is in vain; the others are returned. Where each can
        by itself and all together cannot, none is."""
        faults: dict[UUID, Exception] = {}
        if len(claim.rows) > 1:
            alone = ((row, self._notice(replace(claim, rows=(row,)), occurrences)) for row in claim.rows)
            faults = {row.id: found for row, found in alone if isinstance(found, Exception)}
        faults = faults or {row.id: fault for row in claim.rows}
        _log.error("notices cannot be written", delivery_ids=[str(each) for each in faults][:10], exc_info=fault)
        for row in claim.rows:
            if row.id in faults:
                error = faults[row.id]
                reason = error.message if isinstance(error, HaetaeError) else type(error).__name__
                said = f"the message cannot be written: {reason}"
                self.outbox.failed(replace(claim, rows=(row,)), at=self.clock.now(), error=said, answer="", retry_at=None)
        return tuple(row for row in claim.rows if row.id not in faults)

    @staticmethod
    def _occurrence(row: Delivery, occurrences: Mapping[UUID, Occurrence]) -> Occurrence | None:
        return None if row.event_id is None else occurrences.get(row.event_id)

    async def _note_sent(self, claim: Claim, receipt: Receipt, told: Mapping[UUID, Any]) -> None:
        self.breakers.succeeded(claim.lane.channel_id)
        at = self.clock.now()
        self.counters.sent += 1
        self.counters.last_sent_at = at
        # A crash before this line sends the message again, under the same id.
        await asyncio.to_thread(lambda: self.outbox.sent(claim, receipt, at=at, told=told))

    async def _note_failure(self, claim: Claim, error: Exception) -> None:
        failure = _as_delivery_error(error)
        now = self.clock.now()
        oldest = min(row.created_at for row in claim.rows)
        attempts = max(row.attempts for row in claim.rows)
        # What a person puts back after a day is to get more than one try.
        too_long = (now - oldest).total_seconds() > self.give_up_s and attempts >= _LEAST_TRIES
        gives_up = failure.permanent or too_long
        again = None if gives_up else retry_at(now, attempts, failure.retry_after_s)
        if not failure.permanent:
            self.breakers.failed(claim.lane.channel_id, failure.retry_after_s)
        self.counters.failed += 1
        self.counters.dead += gives_up
        _log.warning(
            "notice not delivered",
            channel_id=str(claim.lane.channel_id),
            attempts=attempts,
            error=failure.message,
            retry_at=None if again is None else again.isoformat(timespec="seconds"),
        )
        await asyncio.to_thread(lambda: self.outbox.failed(claim, at=now, error=str(failure), answer=failure.answer, retry_at=again))


def _as_delivery_error(error: Exception) -> DeliveryError:
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, TimeoutError):
        return DeliveryError("the channel did not answer in time")
    if isinstance(error, HaetaeError):
        return DeliveryError(error.message, hint=error.hint)
    _log.error("a channel failed in a way that it should not", exc_info=error)
    return DeliveryError(f"the channel failed: {type(error).__name__}")
