"""When to try again: back-off for a message, and a circuit breaker for a channel that fails whatever it is given."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from haetae.clock import Clock

FAILURES = 5
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 300.0

_FIRST_RETRY_S = 2.0
_LONGEST_RETRY_S = 600.0


def retry_at(now: datetime, attempts: int, retry_after_s: float | None, *, chance: Callable[[], float] = random.random) -> datetime:
    """When a message that failed `attempts` times is tried again: after 2, 4, 8 ... 600 seconds less up to half at random, and never before
    the other side wants it."""
    longest = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(attempts - 1, 16))
    return now + timedelta(seconds=max(retry_after_s or 0.0, longest * (0.5 + 0.5 * chance())))


@dataclass(slots=True)
class _State:
    failures: int = 0
    pause_s: float = 0.0
    open_until: float = 0.0
    probing: bool = False


@dataclass(slots=True)
class Breakers:
    """One breaker for each channel. Belongs to one thread.

    After FAILURES failures in a row the channel is left alone for 30 s, then one message is let through; each further failure doubles the
    pause up to 5 min, a success ends it. A channel that named a time to come back is left alone until then.
    """

    clock: Clock
    _states: dict[UUID, _State] = field(default_factory=dict)

    def allows(self, channel: UUID) -> bool:
        """Whether a message may be tried now. After a pause that is one message, until its outcome is told."""
        state = self._states.get(channel)
        if state is None or state.failures < FAILURES:
            return state is None or self.clock.monotonic() >= state.open_until
        if state.probing or self.clock.monotonic() < state.open_until:
            return False
        state.probing = True
        return True

    def paused(self) -> frozenset[UUID]:
        """The channels that are left alone now."""
        now = self.clock.monotonic()
        return frozenset(channel for channel, state in self._states.items() if now < state.open_until)

    def is_open(self, channel: UUID) -> bool:
        """For showing: it is being left alone."""
        state = self._states.get(channel)
        return state is not None and (state.failures >= FAILURES or self.clock.monotonic() < state.open_until)

    def succeeded(self, channel: UUID) -> None:
        self._states.pop(channel, None)

    def failed(self, channel: UUID, retry_after_s: float | None = None) -> None:
        state = self._states.setdefault(channel, _State())
        state.failures += 1
        state.probing = False
        now = self.clock.monotonic()
        if state.failures >= FAILURES:
            state.pause_s = min(LONGEST_PAUSE_S, 2 * state.pause_s) if state.pause_s else FIRST_PAUSE_S
            state.open_until = now + state.pause_s
        if retry_after_s is not None:
            state.open_until = max(state.open_until, now + min(retry_after_s, LONGEST_PAUSE_S))

    def untried(self, channel: UUID) -> None:
        """The message that was let through was not sent after all."""
        state = self._states.get(channel)
        if state is not None:
            state.probing = False
