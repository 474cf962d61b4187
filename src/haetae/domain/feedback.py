"""What people tell a camera."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NormalEvidence:
    """An event that somebody called normal, for its camera to learn from.

    `value` is its calibrated peak in [0, 1], `threshold` the raw score at the alarm level then; `at` is its onset, UTC.
    """

    feedback_id: UUID
    camera_id: UUID
    value: float
    threshold: float
    at: datetime
