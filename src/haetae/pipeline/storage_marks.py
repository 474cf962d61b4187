"""When to delete, when to stop recording, and how long what is there will last: arithmetic only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from haetae.database.retention import DayOfMedia
from haetae.settings import RetentionSettings

GB = 1_000_000_000
"""As disks are sold and `df --si` counts."""

_RESUME_AT = 1.2
"""Recording goes on once there is so much more free than where it stopped."""

_TINY_LOW, _TINY_TARGET, _TINY_STOP = 0.10, 0.14, 0.02
"""Shares of a disk that are kept free where the settings want more than half of it (the proportions of the defaults)."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Free bytes, each at most the next: `stop` recording below it, `resume` from there on, below `low` delete until `target`.

    `clamped` is true where the disk is too small for the settings. Sizes of all media, None without `max_gb`: `full` deletes down to
    `full_target`.
    """

    stop: float
    resume: float
    low: float
    target: float
    full: float | None
    full_target: float | None
    clamped: bool

    @classmethod
    def of(cls, settings: RetentionSettings, total_bytes: int) -> "Marks":
        """The marks for a disk of `total_bytes`. Settings that contradict each other give way to the order above."""
        stop, low, target = (gb * GB for gb in (settings.stop_free_gb, settings.min_free_gb, settings.target_free_gb))
        clamped = max(stop, low, target) > total_bytes / 2
        if clamped:
            low, target, stop = (
                min(wanted, share * total_bytes) for wanted, share in ((low, _TINY_LOW), (target, _TINY_TARGET), (stop, _TINY_STOP))
            )
        resume = stop * _RESUME_AT
        low = max(low, resume)
        full = None if settings.max_gb is None else settings.max_gb * GB
        full_target = None if full is None else full * settings.low_water
        return cls(stop, resume, low, max(target, low), full, full_target, clamped)


_GROWTH_DAYS = 7.0


def growth_per_day(kept: Sequence[DayOfMedia], *, oldest_age_days: float, today: date) -> float | None:
    """Bytes that a day adds: what the last 7 days, or all days since the oldest that is kept, hold of media, per day.

    As the oldest go first, everything since then is still there, so the sums are whole. Today counts for the part of it that has passed (it
    is in `oldest_age_days`). None with less than a day.
    """
    if oldest_age_days < 1.0:
        return None
    if oldest_age_days <= _GROWTH_DAYS:
        return sum(day.total_bytes for day in kept if (today - day.day).days <= math.ceil(oldest_age_days)) / oldest_age_days
    return sum(day.total_bytes for day in kept if 0 < (today - day.day).days <= _GROWTH_DAYS) / _GROWTH_DAYS


def days_until_early(kept: Sequence[DayOfMedia], *, growth: float, room: float, keep_days: float, today: date) -> float | None:
    """In how many days a water mark must delete what the age limit would still keep; None when that is not in sight.

    Day by day, media grow by `growth` bytes and shrink by what then is older than `keep_days`; the answer is when they have grown by
    `room`. After `keep_days` the store holds nothing but what grew meanwhile, so it grows no more and the search ends.
    """
    if growth <= 0.0:
        return None
    if room <= 0.0:
        return 0.0
    ages = sorted(((today - day.day).days, day.deletable_bytes) for day in kept)
    gone = grown_before = 0.0
    for number in range(1, math.ceil(keep_days) + 1):
        while ages and ages[-1][0] + number > keep_days:
            gone += ages.pop()[1]
        grown = growth * number - gone
        if grown > room:
            return min(keep_days, number - 1 + (room - grown_before) / (grown - grown_before))
        grown_before = max(0.0, grown)
    return None
