"""A camera's address on the command line: its form, its password, and what it delivers."""

import sys
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from haetae.clock import SystemClock
from haetae.domain.camera import CameraConfig
from haetae.errors import ConfigError
from haetae.settings import SourceSettings
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source, source_name
from haetae.sources.location import local_path, scheme_of
from haetae.telemetry import redact_url

_NETWORK = ("rtsp", "rtsps", "http", "https")


def normal_source(source: str) -> str:
    """`source` as it is stored: a path becomes absolute, for `haetae serve` may run in another folder."""
    if scheme_of(source) or not source.strip():
        return source
    path, query = local_path(source)
    # A path that exists is taken with all its characters; only one that does not ends before its query.
    return f"{path.absolute()}?{source.rpartition('?')[2]}" if query else str(path.absolute())


def check_form(config: CameraConfig) -> None:
    """Raises ConfigError where the address can mean no source: an unknown scheme, no such file, no host, a senseless option."""
    open_source(config.source, SourceOptions(analysed_fps=config.analysed_fps), clock=SystemClock()).close()
    name = source_name(config.source)
    if name in _NETWORK:
        _host_of(config.source)
    elif name in ("file", "images", "webcam"):
        path = Path(local_path(config.source)[0])
        if not path.exists():
            raise ConfigError(f"there is no file or folder {path}", hint="Check the path, or give an address such as rtsp://host/path")


def describe(config: CameraConfig, settings: SourceSettings) -> str:
    """Open the source once and say what it delivers. Raises SourceUnavailable."""
    options = SourceOptions(connect_timeout_s=settings.connect_timeout_s, read_timeout_s=settings.read_timeout_s)
    source = open_source(config.source, options, clock=SystemClock())
    try:
        info = source.open()
    finally:
        source.close()
    rate = "fps unknown" if info.fps is None else f"{info.fps:g} fps"
    return f"{redact_url(config.source)}: {info.codec}, {info.width}x{info.height}, {rate}"


def read_password(source: str) -> str:
    """The password for the user of `source`: typed without echo on a terminal, else the first line of stdin. Raises ConfigError."""
    user = _user_of(source)
    typed = typer.prompt(f"Password of {user}", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    password = str(typed).rstrip("\r\n")
    if not password:
        raise ConfigError("stdin holds no password", hint="Write it into one line: printf '%s' \"$PASSWORD\" | haetae camera ...")
    return password


def with_password(source: str, password: str) -> str:
    """`source` with this password of its user, percent-encoded, in the place of any other. Raises ConfigError where it names no user."""
    user = _user_of(source)
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def has_password(source: str) -> bool:
    """True where anybody who sees the address sees a password."""
    return bool(scheme_of(source)) and ":" in urlsplit(source).netloc.rpartition("@")[0]


def _user_of(source: str) -> str:
    """The user as it stands in the address."""
    user = urlsplit(source).netloc.rpartition("@")[0].partition(":")[0] if scheme_of(source) in _NETWORK else ""
    if not user:
        raise ConfigError("--password-stdin needs an address that names the user", hint="Put the user and an @ before the host")
    return user


def _host_of(source: str) -> str:
    try:
        parts = urlsplit(source)
        # Reading the port is what checks it.
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:
        host = None
    if not host:
        raise ConfigError(
            f"the address {redact_url(source)} names no host, or no port that can be read",
            hint="Write it like rtsp://10.0.0.20:554/stream1; give a password with special characters by --password-stdin",
        )
    return host
