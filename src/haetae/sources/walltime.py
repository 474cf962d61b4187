"""Wall time of pictures: when each was captured, as far as the stream or its arrival tells."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from haetae.clock import Clock

REANCHOR_S = 2.0
"""A label that departs from the arrival by more than this is wrong: the stream paused, jumped, or the clock was set."""

_STAMP_EARLY_S = 1.0
_STAMP_LATE_S = 10.0
_SLEW = 0.002
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=36525)


class WallTime(Protocol):
    """Labels packets in the order of their arrival, on the reading thread."""

    def label(self, t_s: float, stamped_at: datetime | None = None) -> datetime:
        """The time of capture (UTC) of the picture at `t_s`; `stamped_at` is what the sender says, where it says anything."""
        ...


class ArrivalWallTime:
    """For live streams: the sender's stamp where plausible, else arrival smoothed by presentation time.

    The first arrival anchors presentation time to the clock. Of later ones an earlier arrival corrects the anchor at once (nothing
    arrives before it was captured: the first pictures may be an old group of pictures sent in a burst), a later one by a slow slew that
    follows the drift of the camera's clock but not the jitter of the network. Beyond REANCHOR_S it starts anew. A sender's stamp is
    plausible from 10 s before its arrival to 1 s after: a camera whose clock was never set is not believed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._zero_at: datetime | None = None

    def label(self, t_s: float, stamped_at: datetime | None = None) -> datetime:
        now = self._clock.now()
        if stamped_at is not None and -_STAMP_EARLY_S <= (now - stamped_at).total_seconds() <= _STAMP_LATE_S:
            return stamped_at
        at_zero = now - timedelta(seconds=t_s)
        if self._zero_at is None:
            self._zero_at = at_zero
        late_s = (at_zero - self._zero_at).total_seconds()
        if late_s < 0 or late_s > REANCHOR_S:
            self._zero_at = at_zero
        else:
            self._zero_at += timedelta(seconds=late_s * _SLEW)
        return self._zero_at + timedelta(seconds=t_s)


class RecordedWallTime:
    """For recordings: their own creation time where plausible, else the time at which they were opened; plus presentation time."""

    def __init__(self, clock: Clock, created: str | None = None) -> None:
        self._zero_at = _creation_time(created, clock.now()) or clock.now()

    def label(self, t_s: float, stamped_at: datetime | None = None) -> datetime:  # noqa: ARG002
        return self._zero_at + min(timedelta(seconds=t_s), _LONGEST)


def _creation_time(text: str | None, now: datetime) -> datetime | None:
    """A container's `creation_time` (ISO 8601, UTC where it names no zone), None unless between 2000 and tomorrow."""
    if not text:
        return None
    try:
        created = datetime.fromisoformat(text)
    except ValueError:
        return None
    created = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
    return created if _EARLIEST <= created <= now + timedelta(days=1) else None
