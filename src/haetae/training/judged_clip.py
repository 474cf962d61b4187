"""One test clip with its labels, its scores, and what the gate raised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haetae.training.incidents import Raised, Span, belongs, labelled_spans, raised_incidents
from haetae.training.metrics import auc
from haetae.vad.calibrate import Calibration


@dataclass(frozen=True, slots=True)
class JudgedClip:
    """All arrays have the shape (frames,). `labels` is 1 where anomalous, `t_s` grows and does not begin at 0, `raw` is the model's own
    figure, `calibrated` in [0, 1] with the alarm level at 0.5. `spans` were labelled, `raised` by the gate, both in the time of `t_s`."""

    name: str
    labels: NDArray[np.uint8]
    t_s: NDArray[np.float64]
    raw: NDArray[np.float64]
    calibrated: NDArray[np.float64]
    spans: tuple[Span, ...]
    raised: tuple[Raised, ...]

    @classmethod
    def of(
        cls, name: str, labels: NDArray[np.uint8], t_s: NDArray[np.float64], raw: NDArray[np.float64], calibration: Calibration
    ) -> "JudgedClip":
        calibrated = calibration.apply_map(raw).astype(np.float64)
        spans, raised = labelled_spans(labels, t_s), raised_incidents(calibrated, t_s)
        return cls(name, labels, t_s, raw, calibrated, tuple(spans), tuple(raised))

    @property
    def auc(self) -> float | None:
        """Of the clip's own frames; None where all are of one kind."""
        return auc(self.labels, self.raw)

    @property
    def missed(self) -> tuple[Span, ...]:
        """The labelled spans that no incident belongs to."""
        return tuple(span for span in self.spans if not any(belongs(each.span, span) for each in self.raised))

    @property
    def false_alarms(self) -> tuple[Raised, ...]:
        """The incidents that belong to no labelled span."""
        return tuple(each for each in self.raised if not any(belongs(each.span, span) for span in self.spans))
