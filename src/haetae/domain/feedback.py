"""What people tell a camera."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

NORMAL, CONFIRMED = "normal", "confirmed"
"""What cameras learn of an event: that such things are usual there, or that it was one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event that somebody called normal, or confirmed, for its camera to learn from.

    `value` is its calibrated peak in [0, 1], `threshold` the raw score at the alarm level then; `at` is its onset, UTC.
    """

    feedback_id: UUID
    camera_id: UUID
    value: float
    threshold: float
    at: datetime
    confirmed: bool = False
