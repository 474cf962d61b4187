"""What triage did since its start, for whoever asks."""

from collections import Counter
from dataclasses import dataclass, field

from haetae.domain.analysis import Analysis
from haetae.domain.triage import LookStatus


@dataclass(slots=True)
class TriageTally:
    """Written on the loop of triage; any thread may read `status`, for each of its values is whole by itself."""

    waiting: int = 0
    described: int = 0
    looked: int = 0
    failed: int = 0
    latency_s: float = 0.0
    shed: Counter[str] = field(default_factory=Counter)

    def looked_at(self, analysis: Analysis) -> None:
        """A look is over. `latency_s` is the sum over all of them."""
        self.looked += 1
        self.failed += analysis.failed
        self.latency_s += analysis.provenance.latency_ms / 1000.0

    def status(self) -> LookStatus:
        return LookStatus(
            waiting=self.waiting,
            described=self.described,
            looked=self.looked,
            failed=self.failed,
            latency_s=self.latency_s,
            shed=dict(self.shed),
        )
