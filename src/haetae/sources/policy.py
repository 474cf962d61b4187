"""What cameras may be read from: one policy for every address that the server opens on somebody's behalf (DESIGN.md, promise 4).

It is asked twice. `check` is asked when a camera is added, for a clear answer. `reach` is asked by the source each time it connects, and
what it answers, a numeric address, is what is connected to: a name that meant a camera when it was added may mean this machine by now (DNS
rebinding).
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from haetae.errors import ConfigError, SourceUnavailable
from haetae.settings import SourcePolicySettings
from haetae.sources.address_policy import AddressPolicy, AddressRules, Resolve, system_resolve
from haetae.sources.addresses import Address
from haetae.sources.location import is_video_device, local_path, scheme_of

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
NETWORK_SCHEMES = tuple(DEFAULT_PORTS)

_LONGEST = 2048
_AUTHORITY = re.compile(r"(?:(?P<login>[^@/?#\\\s]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """A network source taken apart. `login` is `user:password` as it stands in the URL, `rest` all behind the port."""

    scheme: str
    login: str
    host: str
    port: int
    rest: str

    @property
    def url(self) -> str:
        """Put together again."""
        return f"{self.scheme}://{self.login}{'@' if self.login else ''}{self.host}:{self.port}{self.rest}"

    def at(self, address: Address) -> str:
        """The URL with `address` for its host."""
        return replace(self, host=f"[{address}]" if address.version == 6 else str(address)).url

    @property
    def host_header(self) -> str:
        """The host as HTTP names it."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"


class SourcePolicy:
    """Judges source addresses by the section `source_policy` of the configuration. Safe to call from any thread.

    Raises ConfigError when made from networks that are none.
    """

    def __init__(self, settings: SourcePolicySettings, *, resolve: Resolve = system_resolve, resolve_timeout_s: float = 5.0) -> None:
        self.settings = settings
        rules = AddressRules(
            "source_policy",
            "cameras may not be read from there",
            settings.allow_loopback,
            settings.allow_link_local,
            settings.allowed_networks,
        )
        self._addresses = AddressPolicy(rules, resolve=resolve, resolve_timeout_s=resolve_timeout_s)

    def check(self, url: str, *, remote: bool) -> None:
        """Raises ConfigError, with the key to change in its hint, when no camera may be read from `url`.

        `remote`: asked for through the API, where files are limited to `source_policy.folders`; on the command line any file may be
        watched. Names are resolved (5 s at most), so this may block: never call it on an event loop.
        """
        kind = self.check_kind(url)
        if kind in NETWORK_SCHEMES:
            try:
                self.reach(take_apart(url))
            except SourceUnavailable as error:
                raise ConfigError(error.message, hint=error.hint) from error
        elif kind == "file" and remote:
            self._check_folder(url)

    def check_kind(self, url: str) -> str:
        """The kind of source that `url` is, as `source_policy.schemes` names it. Looks at the text alone. Raises ConfigError."""
        if not url or len(url) > _LONGEST or url != url.strip() or not url.isprintable():
            raise ConfigError(
                "the source address is empty, too long, or holds characters that cannot be printed",
                hint=f"Write it without white space round it, with {_LONGEST} characters at most",
            )
        kind = _kind(url)
        if kind not in self.settings.schemes:
            known = ", ".join(self.settings.schemes) or "none"
            raise ConfigError(f"sources of the kind {kind!r} are not allowed here", hint=f"Allowed by source_policy.schemes: {known}")
        return kind

    def reach(self, target: Target) -> tuple[Address, ...]:
        """The addresses of the host, resolved now, all of them allowed, to be connected to as they are.

        Raises ConfigError when one is not allowed, SourceUnavailable when the name cannot be resolved.
        """
        return self._addresses.reach(target.host)

    def _check_folder(self, url: str) -> None:
        hint = "Put the file into one of source_policy.folders, name its folder there, or add the camera on the command line"
        try:
            path = local_path(url)[0]
            real = path.resolve()
            allowed = path.is_absolute() and any(real.is_relative_to(folder.resolve()) for folder in self.settings.folders)
        except (OSError, RuntimeError, ValueError):
            allowed = False
        if not allowed:
            raise ConfigError("this file is in none of the folders from which files may be watched", hint=hint)


def take_apart(url: str) -> Target:
    """The parts of a network source. Raises ConfigError for whatever two parsers could read in two ways."""
    parts = _split(url)
    match = _AUTHORITY.fullmatch(parts.netloc) if parts is not None else None
    port = int(match["port"] or DEFAULT_PORTS[parts.scheme]) if match is not None and parts is not None else 0
    rest = "" if parts is None else url[url.index("://") + 3 + len(parts.netloc) :]
    # Of `10.0.0.5#@127.0.0.1/` some take the first for the host, some the second.
    is_doubtful = "\\" in url or " " in url or not url.isascii() or not url.isprintable() or ("@" in rest and rest[0] != "/")
    if parts is None or match is None or not 0 < port < 65536 or is_doubtful:
        raise ConfigError(
            "the source address cannot be read without doubt",
            hint="Write it like rtsp://user:password@10.0.0.20:554/stream1; percent-encode special characters of the password (@ as %40)",
        )
    return Target(parts.scheme, match["login"] or "", match["host"], port, rest)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in NETWORK_SCHEMES else None


def _kind(url: str) -> str:
    """As `source_policy.schemes` names it."""
    scheme = scheme_of(url)
    if scheme == "webcam":
        if not is_video_device(local_path(url)[0]):
            raise ConfigError("only /dev/video0 and so on are webcams", hint="Give /dev/video0, or the path of a file")
        return "device"
    if scheme in ("", "file", "images"):
        try:
            return "device" if is_video_device(local_path(url)[0]) else "file"
        except (OSError, RuntimeError, ValueError):
            raise ConfigError("the path cannot be read", hint="Give the path of a file, a folder of images or /dev/video0") from None
    return scheme
