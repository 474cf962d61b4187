"""Audit entries of failed log-ins, so few that nobody can fill the log with them."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from haetae.clock import Clock
from haetae.database.account_store import AccountStore
from haetae.domain.viewer import Actor
from haetae.errors import StorageError, TooManyRequests

UNKNOWN = "unknown account"
"""Stands for a name that nobody has: it may be a password, typed into the wrong field, and the log is kept for ever."""

_EVERY_S = 60.0
_MOST_A_MINUTE = 60
_MOST_KEYS = 1000
_log = structlog.get_logger()


@dataclass(slots=True)
class _Pending:
    actor: Actor
    action: str
    written_at: float
    attempts: int = 0


class FailureLog:
    """At most one entry a minute for an account and an address, with the number of attempts, and at most 60 a minute in all.

    Safe to call from any thread. A failure to write is logged and stops nobody.
    """

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pending: OrderedDict[tuple[str, str, str], _Pending] = OrderedDict()
        self._minute = -_EVERY_S
        self._written = 0
        self._lock = threading.Lock()

    def add(self, action: str, name: str, user: tuple[UUID, str] | None, address: str) -> None:
        """Something failed for the account called `name`; `user` is its id and name where there is one."""
        key = (action, name, address)
        with self._lock:
            pending = self._pending.get(key)
            if pending is None:
                actor = Actor(user[1], user[0], address) if user else Actor(UNKNOWN, None, address)
                pending = self._pending[key] = _Pending(actor, action, -_EVERY_S)
                while len(self._pending) > _MOST_KEYS:
                    self._pending.popitem(last=False)
            pending.attempts += 1
            due = self._take([pending])
        self._write(due)

    @contextmanager
    def lock_outs(self, name: str, user: tuple[UUID, str] | None, address: str) -> Iterator[None]:
        """Tell of a TooManyRequests that leaves the block."""
        try:
            yield
        except TooManyRequests:
            self.add("user.locked_out", name, user, address)
            raise

    def flush(self) -> None:
        """Write what was only counted, where its minute is over, and forget what is quiet."""
        with self._lock:
            due = self._take(list(self._pending.values()))
            now = self._clock.monotonic()
            for key in [key for key, each in self._pending.items() if not each.attempts and now - each.written_at >= _EVERY_S]:
                del self._pending[key]
        self._write(due)

    def _take(self, candidates: list[_Pending]) -> list[tuple[Actor, str, int]]:
        """What is to be written now; counts it as written."""
        now = self._clock.monotonic()
        if now - self._minute >= _EVERY_S:
            self._minute, self._written = now, 0
        due = []
        for each in candidates:
            if each.attempts and now - each.written_at >= _EVERY_S and self._written < _MOST_A_MINUTE:
                due.append((each.actor, each.action, each.attempts))
                each.attempts, each.written_at = 0, now
                self._written += 1
        return due

    def _write(self, due: list[tuple[Actor, str, int]]) -> None:
        for actor, action, attempts in due:
            try:
                self._store.note(actor, action, actor.user_id, {"attempts": attempts})
            except StorageError as error:
                _log.warning("failure_not_audited", action=action, attempts=attempts, error=str(error))
