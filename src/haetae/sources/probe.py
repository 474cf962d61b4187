"""Trying a source once: what it delivers, or what is wrong with it, in a bounded time."""

from dataclasses import dataclass

from haetae.clock import Clock
from haetae.domain.frame import RGB
from haetae.errors import SourceUnavailable
from haetae.sources.base import Source, SourceOptions
from haetae.sources.factory import open_source, source_name
from haetae.sources.patience import Overloaded, in_time
from haetae.sources.policy import SourcePolicy
from haetae.telemetry import redact_url

MOST_AT_ONCE = 8
"""Sources that are tried at once, those included that hang and were given up."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source delivers. `kind` is its name in SOURCES, `fps` None where it does not say; the size is that of `picture`."""

    kind: str
    codec: str
    width: int
    height: int
    fps: float | None
    live: bool
    picture: RGB
    took_s: float


def probe(url: str, *, policy: SourcePolicy | None, clock: Clock, timeout_s: float = 10.0, remote: bool = True) -> Probe:
    """Open `url`, decode its first picture, close it. Returns or raises after `timeout_s` at the latest, whatever the source does.

    `remote`: asked for through the API, see `SourcePolicy.check`. Raises ConfigError for what the policy refuses, SourceUnavailable for
    what cannot be read, both with what to do next. Blocks: never call it on an event loop.
    """
    opened: list[Source] = []
    began_s = clock.monotonic()

    def look() -> Probe:
        if policy is not None:
            policy.check(url, remote=remote)
        options = SourceOptions(connect_timeout_s=timeout_s, read_timeout_s=timeout_s, policy=policy)
        source = open_source(url, options, clock=clock)
        opened.append(source)
        return _first_picture(source, url, clock, began_s)

    try:
        return in_time(look, name="source-probe", timeout_s=timeout_s, most=MOST_AT_ONCE)
    except Overloaded:
        raise SourceUnavailable(f"{MOST_AT_ONCE} sources are being tried already", hint="Try again in a moment.") from None
    except TimeoutError:
        for source in opened:
            source.close()
        raise SourceUnavailable(
            f"{redact_url(url)} sent no picture within {timeout_s:g} s", hint="Check the network, and that the camera is on."
        ) from None


def _first_picture(source: Source, url: str, clock: Clock, began_s: float) -> Probe:
    try:
        info = source.open()
        frames = source.frames()
        frame = next(frames, None)
        if frame is None:
            raise SourceUnavailable(f"{redact_url(url)} holds no picture", hint="Choose one with video.")
        return Probe(
            kind=source_name(url),
            codec=info.codec,
            width=frame.width,
            height=frame.height,
            fps=info.fps,
            live=source.live,
            picture=frame.rgb(),
            took_s=clock.monotonic() - began_s,
        )
    finally:
        source.close()
