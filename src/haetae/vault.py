"""The site key, and what is sealed with it: passwords of cameras and the like, so that the database alone gives nobody away.

`keys/site.key` below the storage folder holds one key a line (base64 of 32 random bytes). The last one seals; those before it still open
what they sealed, until it was sealed anew. A sealed text is `sealed:v1:KEY:DATA`: KEY names the key, DATA is the base64 of a nonce of 12
bytes and what AES-256-GCM (NIST SP 800-38D) made of the text. It is bound to its place, a column and the id of a row: it opens nowhere
else.
"""

import base64
import binascii
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from haetae.errors import ConfigError, StorageError

FOLDER = "keys"
SITE_KEY = "site.key"

_MARK = "sealed:v1:"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LOST_KEY = "Put the folder `keys` of this site back from a backup, or give the camera's address anew"


def key_folder(directory: Path) -> Path:
    """Where the keys of the site with this storage folder are: the site key, and those that sign log-ins."""
    return directory / FOLDER


def is_sealed(text: str) -> bool:
    """True for what `Vault.seal` made."""
    return text.startswith(_MARK)


class Vault:
    """Seals and unseals with the keys of one storage folder. Safe to call from any thread, and from several processes at once.

    The key is made when the first text is sealed: looking at a site leaves nothing behind. Every method raises StorageError while the key
    file cannot be read or written, or when others than its owner may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._ciphers: dict[str, AESGCM] = {}

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The vault of the storage folder `directory`. Raises StorageError for a key file that cannot be used."""
        vault = cls(key_folder(directory) / SITE_KEY)
        vault._load()
        return vault

    def seal(self, text: str, *, place: str) -> str:
        """`text` so that only this site can read it, and only at `place`, such as `cameras.source:ID`. Different every time."""
        if not self._ciphers and not self._load():
            self._write(())
            self._load()
        name, cipher = next(reversed(self._ciphers.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        data = nonce + cipher.encrypt(nonce, text.encode(), _bound(name, place))
        return f"{_MARK}{name}:{base64.urlsafe_b64encode(data).decode()}"

    def unseal(self, text: str, *, place: str) -> str:
        """The text that was sealed for `place`; what is not sealed comes back as it is.

        Raises ConfigError for what was sealed with a key that is not here, sealed for another place, or changed since.
        """
        if not is_sealed(text):
            return text
        name, _, coded = text.removeprefix(_MARK).partition(":")
        cipher = self._cipher(name)
        if cipher is None:
            raise ConfigError(f"it was sealed with the site key {name[:16]!r}, which is not in {self._path}", hint=_LOST_KEY)
        try:
            data = base64.b64decode(coded, altchars=b"-_", validate=True)
            return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(name, place)).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise ConfigError(
                "what is sealed here was changed, or was sealed for another place", hint="Give the camera's address anew"
            ) from None

    def is_current(self, text: str) -> bool:
        """True for what the newest key sealed; false for plain text and for what an older key sealed."""
        newest = next(reversed(self._ciphers), None)
        return newest is not None and text.startswith(f"{_MARK}{newest}:")

    def rotate(self) -> None:
        """Seal with a new key from now on. The old ones stay, for what they have sealed."""
        with suppress(FileNotFoundError):
            self._write(tuple(self._path.read_text(encoding="ascii").split()), replacing=True)
            self._load()

    def _cipher(self, name: str) -> AESGCM | None:
        """The file is read again for a name that is new: another process may have made or rotated the key."""
        if name not in self._ciphers:
            self._load()
        return self._ciphers.get(name)

    def _load(self) -> bool:
        """Read the keys; false where there are none yet."""
        with self._lock, _disk(self._path):
            try:
                with self._path.open("rb") as file:
                    _refuse_open(self._path, os.fstat(file.fileno()).st_mode)
                    lines = file.read().split()
            except FileNotFoundError:
                return False
            try:
                keys = [base64.b64decode(line, validate=True) for line in lines]
            except binascii.Error:
                keys = []
            if not keys or any(len(key) != _KEY_BYTES for key in keys):
                raise StorageError(f"{self._path} holds no site key", hint="Put it back from a backup: haetae restore")
            self._ciphers = {hashlib.sha256(b"haetae site key" + key).hexdigest()[:12]: AESGCM(key) for key in keys}
            return True

    def _write(self, before: tuple[str, ...], *, replacing: bool = False) -> None:
        """A new key behind those of `before`. A key that another process has just made is left as it is, unless `replacing`."""
        lines = (*before, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
        with self._lock, _disk(self._path):
            make_key_folder(self._path.parent.parent)
            temp = self._path.with_name(f".{SITE_KEY}-{secrets.token_hex(8)}")
            try:
                write_secret(temp, "".join(f"{line}\n" for line in lines).encode())
                if replacing:
                    temp.replace(self._path)
                else:
                    with suppress(FileExistsError):
                        self._path.hardlink_to(temp)
            finally:
                temp.unlink(missing_ok=True)
            _sync(self._path.parent)


def make_key_folder(directory: Path) -> Path:
    """The folder of keys below the storage folder `directory`, made for its owner alone where it is missing. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    folder = key_folder(directory)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _give_to_owner(folder, directory)
        _sync(directory)
    return folder


def write_secret(path: Path, content: bytes) -> None:
    """A new file in the folder of keys that its owner alone may read, on the disk when this returns. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    _give_to_owner(path, path.parent)


def _bound(name: str, place: str) -> bytes:
    return f"{_MARK}{name}:{place}".encode()


def _refuse_open(path: Path, mode: int) -> None:
    if mode & _OTHERS:
        raise StorageError(f"{path} may be read by others (mode {stat.S_IMODE(mode):04o})", hint=f"Close it: chmod 600 {path}")
    folder = path.parent.stat().st_mode
    if folder & (stat.S_IWGRP | stat.S_IWOTH):
        raise StorageError(f"others may change {path.parent} (mode {stat.S_IMODE(folder):04o})", hint=f"Close it: chmod 700 {path.parent}")


def _give_to_owner(path: Path, like: Path) -> None:
    """As root, to whom the folder above belongs: the user that runs Haetae must be able to read it."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the key file {path} cannot be used: {error.strerror or error}", hint="Run as the user that runs Haetae, and check the disk"
        ) from error
