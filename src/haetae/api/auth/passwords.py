"""Passwords: what they may be, and how they are kept (Argon2id)."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from haetae.errors import ConfigError, TooManyRequests

MAX_PASSWORD = 256
"""Characters; in UTF-8 at most four times as many bytes."""

# What people choose most, from published lists of leaked passwords, and what a camera system suggests. Only letters: see `_word`.
_COMMON_WORDS = (
    "password passwort passwd admin administrator root user guest login letmein welcome iloveyou monkey dragon master sunshine princess "
    "football baseball superman batman trustno michael jennifer charlie computer internet secret changeme default qwerty qwertz azerty "
    "qazwsx test testing temporary hello freedom whatever starwars shadow camera cctv nvr surveillance security haetae letmeinplease "
    "correcthorsebatterystaple"
)
_COMMONEST = frozenset(_COMMON_WORDS.split())
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb",
)
_LONGEST_UNIT = 4
"""A password that repeats up to so many characters over and over is no better than them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`new_hash` is given when the password is right and its hash was made with other parameters than today's."""

    right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and checks. Safe to call from any thread; each call takes some 0.1 s of a core.

    At most `at_once` hashes are computed at a time and `waiting` callers wait for their turn, so that a flood of log-ins takes neither all
    memory and cores nor all threads of the server; who comes on top of that is told to come back (TooManyRequests).
    """

    def __init__(self, *, min_length: int, hasher: Argon2Hasher | None = None, at_once: int = 2, waiting: int = 8) -> None:
        # 32 MiB, 3 passes, 1 lane: above OWASP's least (19 MiB, 2 passes), and two at once fit the smallest box.
        self._hashes = PasswordHash((hasher or Argon2Hasher(time_cost=3, memory_cost=32 * 1024, parallelism=1),))
        self._min_length = min_length
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._nobodys = self._hashes.hash("nobody has this password")

    def check(self, password: str, *, username: str = "", email: str | None = None) -> None:
        """Raise ConfigError, naming all that is wrong, for a password that may not be set. Any characters are allowed."""
        faults = list(self._faults(_normal(password), username, email or ""))
        if faults:
            raise ConfigError(
                f"the password {' and '.join(faults)}",
                hint=f"Use at least {self._min_length} characters; a few words that do not belong together are easy to keep in mind",
            )

    def hash(self, password: str) -> str:
        """The text to be kept. Raises TooManyRequests."""
        with self._turn():
            return self._hashes.hash(_bytes(password))

    def verify(self, password: str, stored: str | None) -> Verdict:
        """Whether this is the password behind `stored`. For None (no such user) it takes as long, and is wrong. Raises TooManyRequests."""
        if len(password) > MAX_PASSWORD:
            # No account has it: there is nothing to hide.
            return Verdict(False)
        with self._turn():
            try:
                right, new_hash = self._hashes.verify_and_update(_bytes(password), stored or self._nobodys)
            except UnknownHashError:
                self._hashes.verify(_bytes(password), self._nobodys)
                return Verdict(False)
        return Verdict(right, new_hash) if right and stored else Verdict(False)

    def _faults(self, password: str, username: str, email: str) -> Iterator[str]:
        if len(password) < self._min_length:
            yield f"has fewer than {self._min_length} characters"
        if len(password) > MAX_PASSWORD:
            yield f"has more than {MAX_PASSWORD} characters"
            return
        plain = password.casefold()
        word = _word(plain)
        own = {username.casefold(), email.casefold(), email.casefold().partition("@")[0]} - {""}
        if plain in own or (word and word in {_word(name) for name in own}):
            yield "is the user name or e-mail address"
        elif word in _COMMONEST or _is_repeated(word, _COMMONEST):
            yield "is one of the commonest"
        elif _is_pattern(plain):
            yield "is a simple pattern"

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooManyRequests("too many log-ins at this moment", retry_after_s=2.0, hint="Try again in a moment")
        try:
            with self._turns:
                yield
        finally:
            self._places.release()


def _normal(password: str) -> str:
    """One spelling of the same characters, whichever keyboard or system wrote them (RFC 8265 uses NFC)."""
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    # A lone surrogate, which JSON can carry, is no character and must not become an error.
    return _normal(password).encode("utf-8", "surrogatepass")


def _word(text: str) -> str:
    """The letters of a word that digits and signs were put around: `password` of `Password!2024`."""
    return text.strip("".join({character for character in text if not character.isalpha()}))


def _is_repeated(text: str, words: frozenset[str]) -> bool:
    return any(len(word) > _LONGEST_UNIT and text and not text.replace(word, "") for word in words)


def _is_pattern(text: str) -> bool:
    """One short unit again and again, or a piece of the alphabet, the digits or a row of keys, in either direction, maybe repeated."""
    for size in range(1, _LONGEST_UNIT + 1):
        if len(text) >= 2 * size and (text[:size] * len(text))[: len(text)] == text:
            return True
    rows = [long for row in _ROWS for long in (row * len(text), row[::-1] * len(text))]
    return bool(text) and any(text in row for row in rows)
