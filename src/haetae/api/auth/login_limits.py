"""How often somebody may try: by account and by address, with a wait that grows."""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

from haetae.clock import Clock
from haetae.errors import TooManyRequests

_MOST_KNOWN = 10_000


@dataclass(slots=True)
class _Tries:
    level: float
    at: float
    """When `level` was true, in monotonic seconds."""
    blocked_until: float = 0.0
    strikes: int = 0


class BackOff:
    """`free` tries within `window_s`, which are forgotten evenly over that time; after them each costs a wait that doubles from `first_s`
    to `longest_s`. Of `most_keys` keys the one that was quiet for longest is forgotten first. Safe to call from any thread.
    """

    def __init__(self, clock: Clock, *, free: int, window_s: float, first_s: float, longest_s: float, most_keys: int = 20_000) -> None:
        self._clock = clock
        self._free = free
        self._rate = free / window_s
        self._first_s = first_s
        self._longest_s = longest_s
        self._most_keys = most_keys
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> None:
        """Count one try, before it is made, so that many at once do not slip through. Raises TooManyRequests."""
        now = self._clock.monotonic()
        with self._lock:
            tries = self._tries.setdefault(key, _Tries(0.0, now))
            self._tries.move_to_end(key)
            while len(self._tries) > self._most_keys:
                self._tries.popitem(last=False)
            if now < tries.blocked_until:
                raise _too_often(tries.blocked_until - now)
            tries.level = max(0.0, tries.level - (now - tries.at) * self._rate)
            tries.at = now
            if tries.level == 0.0:
                tries.strikes = 0
            tries.level += 1.0
            if tries.level >= self._free:
                # The exponent is bounded: what it makes is.
                tries.blocked_until = now + min(self._longest_s, self._first_s * 2.0 ** min(tries.strikes, 60))
                tries.strikes += 1

    def give_back(self, key: Hashable) -> None:
        """The last try was a good one: it does not count."""
        with self._lock:
            tries = self._tries.get(key)
            if tries is not None:
                tries.level = max(0.0, tries.level - 1.0)
                if tries.level < self._free:
                    tries.blocked_until = 0.0

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._tries.pop(key, None)


class LoginLimits:
    """The limits of all that can be tried without being logged in. In memory: a restart forgets them.

    Accounts that do not exist count as those that do. An address from which an account has logged in before is counted apart from the
    rest of the world, so that a stranger cannot lock its owner out.
    """

    def __init__(self, clock: Clock) -> None:
        self._accounts = BackOff(clock, free=5, window_s=3600.0, first_s=15.0, longest_s=900.0)
        self._addresses = BackOff(clock, free=20, window_s=3600.0, first_s=15.0, longest_s=900.0)
        self._codes = BackOff(clock, free=10, window_s=600.0, first_s=15.0, longest_s=900.0)
        self._registrations = BackOff(clock, free=5, window_s=3600.0, first_s=60.0, longest_s=3600.0)
        self._refreshes = BackOff(clock, free=300, window_s=60.0, first_s=5.0, longest_s=60.0)
        self._changes = BackOff(clock, free=5, window_s=3600.0, first_s=15.0, longest_s=900.0)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def log_in(self, account: str, address: str) -> None:
        """Before a password is checked. Raises TooManyRequests."""
        place = _place(address)
        self._addresses.take(place)
        self._accounts.take(self._account_key(account, place))

    def logged_in(self, account: str, address: str) -> None:
        """The password was right."""
        place = _place(address)
        self._addresses.give_back(place)
        self._accounts.forget(self._account_key(account, place))
        with self._lock:
            self._known[account, place] = None
            self._known.move_to_end((account, place))
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)

    def code(self, address: str) -> None:
        """Before a set-up, invitation or reset code is looked up. Raises TooManyRequests."""
        self._codes.take(_place(address))

    def register(self, address: str) -> None:
        """Before somebody registers without an invitation. Raises TooManyRequests."""
        self._registrations.take(_place(address))

    def refresh(self, address: str) -> None:
        """Before a refresh token is looked up. Raises TooManyRequests."""
        self._refreshes.take(_place(address))

    def change_password(self, user_id: UUID) -> None:
        """Before the current password is checked. Raises TooManyRequests."""
        self._changes.take(user_id)

    def password_right(self, user_id: UUID) -> None:
        """The current password was right."""
        self._changes.forget(user_id)

    def _account_key(self, account: str, place: str) -> tuple[str, str]:
        with self._lock:
            return (account, place) if (account, place) in self._known else (account, "")


def _place(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in, whose holder has all of it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _too_often(wait_s: float) -> TooManyRequests:
    seconds = math.ceil(wait_s)
    return TooManyRequests("too many tries", retry_after_s=wait_s, hint=f"Try again in {seconds} s")
