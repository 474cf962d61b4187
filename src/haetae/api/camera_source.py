"""A camera's address in requests and answers: shown without its credentials, and never asked for them again where they may be kept."""

import re
from urllib.parse import urlsplit

from haetae.api.services import Services
from haetae.errors import ConfigError
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.sources.location import is_video_device, local_path, scheme_of
from haetae.sources.policy import NETWORK_SCHEMES, SourcePolicy, take_apart
from haetae.telemetry import REDACTED, redact_url

_THE_SOURCE = "the source"
_ANY_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")
_MASKED_VALUE = re.compile(rf"(?P<key>[?&;][^=&;#?]+)={re.escape(REDACTED)}")
_WRITE_IT = "Write the address with its password; a password that is shown as *** is kept only for the same user, host and port"


def kind_of(source: str) -> str:
    """What kind of source it is, which anybody may know: rtsp, http, sim, device, file."""
    scheme = scheme_of(source)
    if scheme not in ("", "file", "images", "webcam"):
        return scheme
    try:
        return "device" if is_video_device(local_path(source)[0]) else "file"
    except (ConfigError, OSError, RuntimeError, ValueError):
        return "file"


def without_source(text: str, source: str) -> str:
    """What a camera says of itself, for who may not know where it is: its address, host and path are left out."""
    names = {source, redact_url(source)}
    try:
        if scheme_of(source) in NETWORK_SCHEMES:
            parts = urlsplit(source)
            names |= {parts.netloc.rpartition("@")[2], parts.hostname or ""}
        elif kind_of(source) == "file":
            path = local_path(source)[0]
            names |= {str(path), str(path.parent), path.name}
    except (ConfigError, OSError, RuntimeError, ValueError):
        pass
    text = _ANY_URL.sub(_THE_SOURCE, text)
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1:
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w])", _THE_SOURCE, text)
    return text


def with_kept_credentials(given: str, stored: str) -> str:
    """The address to be stored for one that was given with its credentials masked, as they are shown; `stored` is the one of before.

    Raises ConfigError where the credentials would go to another host, port or user, or over another scheme: they were not given for that.
    """
    if REDACTED not in given or given == stored:
        return given
    if given == redact_url(stored):
        return stored
    if scheme_of(given) not in NETWORK_SCHEMES or scheme_of(stored) not in NETWORK_SCHEMES:
        raise _not_kept()
    wanted, known = take_apart(given), take_apart(stored)
    if (wanted.scheme, wanted.host.lower(), wanted.port) != (known.scheme, known.host.lower(), known.port):
        raise _not_kept()
    restored = given
    if wanted.login and wanted.login == _masked_login(known.login):
        restored = given.replace(f"//{wanted.login}@", f"//{known.login}@", 1)
    restored = _MASKED_VALUE.sub(lambda match: f"{match['key']}={_kept_value(match['key'][1:], known.rest)}", restored)
    if REDACTED in restored:
        raise _not_kept()
    return restored


def check_source(source: str, services: Services, *, analysed_fps: float | None = None, resolve_timeout_s: float = 5.0) -> None:
    """Raises ConfigError for an address that no camera may be read from, or that can mean no source. May wait for a name server."""
    refuse_masked(source)
    SourcePolicy(services.config.source_policy, resolve_timeout_s=resolve_timeout_s).check(source, remote=True)
    open_source(source, SourceOptions(analysed_fps=analysed_fps), clock=services.clock).close()


def refuse_masked(source: str) -> None:
    """Raises ConfigError for an address as it is shown, without its password."""
    if REDACTED in source:
        raise _not_kept()


def _masked_login(login: str) -> str:
    """As `redact_url` shows it."""
    user, colon, _password = login.partition(":")
    return f"{user}:{REDACTED}" if colon else REDACTED


def _kept_value(key: str, rest: str) -> str:
    match = re.search(rf"[?&;]{re.escape(key)}=([^&\s#'\"<>]+)", rest)
    return match[1] if match else REDACTED


def _not_kept() -> ConfigError:
    return ConfigError("the address holds *** in the place of credentials", hint=_WRITE_IT)
