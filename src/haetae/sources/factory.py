"""From an address to the source that reads it."""

from haetae.clock import Clock
from haetae.errors import ConfigError
from haetae.sources.base import SOURCES, Source, SourceOptions
from haetae.sources.location import is_video_device, local_path, scheme_of
from haetae.telemetry import redact_url


def open_source(url: str, options: SourceOptions, *, clock: Clock) -> Source:
    """The source for `url`, made but not yet opened.

    A path or `file://` URL is a file, a folder of images or `/dev/video*`; other schemes are looked up in `SOURCES`. Nothing reaches
    FFmpeg under a protocol of the caller's choice. Raises ConfigError for an unknown scheme, one that the policy of `options` does not
    allow, or an option that makes no sense.
    """
    if not url.strip():
        raise ConfigError("the source is empty", hint="Give a file, a folder of images, rtsp://, http://, /dev/video0 or sim://.")
    _check(options)
    if options.policy is not None:
        options.policy.check_kind(url)
    name = source_name(url)
    if name not in SOURCES.names():
        known = ", ".join(SOURCES.names())
        raise ConfigError(f"unknown source scheme {name!r} in {redact_url(url)}", hint=f"Known: {known}, or a path.")
    source: Source = SOURCES.load(name)(url, options, clock=clock)
    return source


def source_name(url: str) -> str:
    """The name in `SOURCES` that reads `url`, known or not."""
    scheme = scheme_of(url)
    if scheme not in ("", "file"):
        return scheme
    path, _ = local_path(url)
    if is_video_device(path):
        return "webcam"
    return "images" if path.is_dir() else "file"


def _check(options: SourceOptions) -> None:
    for key in ("analysed_fps", "connect_timeout_s", "read_timeout_s"):
        value = getattr(options, key)
        if value is not None and not 0 < value < 1e6:
            raise ConfigError(f"{key} must be greater than 0, not {value}", hint="Leave it out for the default.")
