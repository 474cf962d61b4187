"""What a source address means: its scheme, and the path and query of a local one."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from haetae.errors import ConfigError

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_LOCAL_SCHEMES = ("file", "images", "webcam")
_VIDEO_DEVICE = re.compile(r"/dev/video\d+")


def scheme_of(url: str) -> str:
    """The scheme in lower case, "" for a plain path: only `scheme://` makes a scheme, so `concat:a|b` is a path."""
    match = _SCHEME.match(url)
    return match[1].lower() if match else ""


def is_video_device(path: Path) -> bool:
    return _VIDEO_DEVICE.fullmatch(str(path)) is not None


def local_path(url: str) -> tuple[Path, dict[str, str]]:
    """The path and the query (`?fps=25`) of a plain path, or of a URL without a host (`file:///a%20b.mp4`).

    A plain path that exists is taken as it is, whatever characters it has. Raises ConfigError for a URL that names a host.
    """
    if "\0" in url:
        raise ConfigError("the source address holds a NUL character", hint="Remove it.")
    scheme = scheme_of(url)
    if not scheme:
        path = Path(url).expanduser()
        if "?" not in url or path.exists():
            return path, {}
        plain, _, query = url.rpartition("?")
        return Path(plain).expanduser(), dict(parse_qsl(query))
    rest, _, query = url[len(scheme) + 3 :].partition("?")
    if scheme in _LOCAL_SCHEMES and not rest.startswith("/"):
        host, slash, below = rest.partition("/")
        if host != "localhost" or not slash:
            raise ConfigError(f"the address {url} names a host", hint=f"Write it with three slashes: {scheme}:///{rest}")
        rest = f"/{below}"
    return Path(unquote(rest)), dict(parse_qsl(query))
