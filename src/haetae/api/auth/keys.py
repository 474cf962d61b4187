"""The keys that sign tokens: a file that nobody else may read, made at the first start.

HS256 with a key of 256 random bits: the server that signs is the only one that verifies, so there is no public key to give away.
"""

import base64
import binascii
import contextlib
import os
import secrets
import stat
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from haetae.clock import Clock
from haetae.errors import ConfigError
from haetae.ids import new_id

ALGORITHM = "HS256"
_KEY_BYTES = 32
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`retired_at` None: the one that signs. A retired one still verifies what it signed, for as long as that lives."""

    id: str
    secret: bytes
    created_at: datetime
    retired_at: datetime | None = None

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


class SigningKeys:
    """The keys in `path`. Safe to call from any thread. A rotation by another process is noticed at the next use."""

    def __init__(self, path: Path, clock: Clock, *, longest_life_s: float) -> None:
        """Reads the file, or makes it and its folder; `longest_life_s` is that of the longest-lived token they sign.

        Raises ConfigError for a file that others can read or change, or that holds no keys.
        """
        self._path = path
        self._clock = clock
        self._life_s = longest_life_s
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._keys: tuple[SigningKey, ...] = ()
        self._ensure()
        self._fresh()

    def current(self) -> SigningKey:
        """The key to sign with."""
        return self._fresh()[0]

    def find(self, key_id: str) -> SigningKey | None:
        """The key of this id, if it may still verify."""
        return next((key for key in self._fresh() if key.id == key_id and not self._over(key)), None)

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on; what was signed before stays good until it expires."""
        with self._lock:
            now = self._clock.now()
            before = [replace(key, retired_at=key.retired_at or now) for key in self._read() if not self._over(key)]
            key = self._new_key()
            try:
                os.replace(self._stage([key, *before]), self._path)
                _sync(self._path.parent)
            except OSError as error:
                raise self._not_written(error) from error
        return self._fresh()[0]

    def _over(self, key: SigningKey) -> bool:
        return key.retired_at is not None and (self._clock.now() - key.retired_at).total_seconds() > self._life_s

    def _fresh(self) -> tuple[SigningKey, ...]:
        with self._lock:
            try:
                found = self._path.stat()
            except OSError as error:
                raise self._fault(f"cannot be read: {error.strerror}", "Restore it, or start the server anew") from error
            seen = (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
            if seen != self._seen:
                self._keys = self._read()
                self._seen = seen
            return self._keys

    def _ensure(self) -> None:
        folder = self._path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.exists():
                return
            staged = self._stage([self._new_key()])
            try:
                # Of two that start at once one is first, and the other takes its keys.
                with contextlib.suppress(FileExistsError):
                    os.link(staged, self._path)
            finally:
                staged.unlink()
            _sync(folder)
        except OSError as error:
            raise self._not_written(error) from error

    def _new_key(self) -> SigningKey:
        return SigningKey(str(new_id()), secrets.token_bytes(_KEY_BYTES), self._clock.now())

    def _stage(self, keys: list[SigningKey]) -> Path:
        """A file beside, with these keys, safely on disk."""
        staged = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        content = {"keys": [_written(key) for key in keys]}
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        return staged

    def _read(self) -> tuple[SigningKey, ...]:
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(_MOST_BYTES)
            folder_mode = self._path.parent.stat().st_mode
        except OSError as error:
            raise self._fault(f"cannot be read: {error.strerror}", "Give it to the user that runs Haetae") from error
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise self._fault("can be read by others, who could forge log-ins with it", f"Run: chmod 600 {self._path}")
        if folder_mode & 0o022:
            raise self._fault("is in a folder that others can change", f"Run: chmod 700 {self._path.parent}")
        try:
            keys = tuple(_key(item) for item in orjson.loads(content)["keys"])
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise self._fault("holds no keys", "Restore it, or delete it: everybody has to log in again then") from error
        if not keys or keys[0].retired_at is not None:
            raise self._fault("holds no key to sign with", "Restore it, or delete it: everybody has to log in again then")
        return keys

    def _not_written(self, error: OSError) -> ConfigError:
        return self._fault(f"cannot be written: {error.strerror}", "Check the storage folder and its permissions")

    def _fault(self, what: str, hint: str) -> ConfigError:
        return ConfigError(f"the file of the signing keys, {self._path}, {what}", hint=hint)


def _written(key: SigningKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "secret": base64.b64encode(key.secret).decode(),
        "created_at": key.created_at.isoformat(),
        "retired_at": key.retired_at.isoformat() if key.retired_at else None,
    }


def _key(item: dict[str, Any]) -> SigningKey:
    secret = base64.b64decode(item["secret"], validate=True)
    created_at = datetime.fromisoformat(item["created_at"])
    retired_at = datetime.fromisoformat(item["retired_at"]) if item["retired_at"] else None
    if len(secret) < _KEY_BYTES or not isinstance(item["id"], str) or any(at and at.tzinfo is None for at in (created_at, retired_at)):
        raise ValueError("no key")
    return SigningKey(item["id"], secret, created_at, retired_at)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
