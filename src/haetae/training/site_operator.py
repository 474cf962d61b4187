"""The person at the screen of a benchmark site: what the gate raises reaches the camera's normality as it would in a guarded place."""

from collections import Counter, deque

from haetae.domain.event import EventKind
from haetae.domain.score import Score
from haetae.training.incidents import GRACE_S
from haetae.vad.gate import Change, Gate, Incident
from haetae.vad.normality import Normality

PATIENCE = 2
"""How often each oddity is called normal: after that it should be silent."""

_REMEMBERED_S = 200.0
"""Longer than the gate leaves an incident open."""


class Operator:
    """Confirms what was an incident, says of each kind of harmless oddity PATIENCE times that it is normal, and leaves other alarms alone.

    Knows the truth only as a person does who looks at the pictures of an alarm once it is over. Frames come in order.
    """

    def __init__(self, normality: Normality) -> None:
        self._normality, self._gate = normality, Gate()
        self._seen: deque[tuple[float, int, int]] = deque()
        self._accepted: Counter[int] = Counter()

    def take(self, score: Score, incident: int, harmless: int) -> None:
        """A judged frame, with the numbers of what is under way in it (-1 for nothing)."""
        self._seen.append((score.t_s, incident, harmless))
        for transition in self._gate.push(score):
            if transition.incident.kind is not EventKind.ANOMALY:
                continue
            if transition.change is Change.OPENED and transition.incident.continues is None:
                self._normality.raised()
            elif transition.change is Change.CLOSED:
                self._look(transition.incident)
        while self._seen and self._seen[0][0] < score.t_s - _REMEMBERED_S:
            self._seen.popleft()

    def _look(self, event: Incident) -> None:
        end_s = event.onset_s if event.end_s is None else event.end_s
        shown = [(incident, harmless) for t_s, incident, harmless in self._seen if event.onset_s - GRACE_S <= t_s <= end_s]
        if any(incident >= 0 for incident, _ in shown):
            self._normality.confirm(event.onset_at)
            return
        kinds = {harmless % 2 for _, harmless in shown if harmless >= 0}
        for kind in kinds:
            if self._accepted[kind] < PATIENCE:
                self._accepted[kind] += 1
                self._normality.accept(event.peak.value, event.peak.threshold, event.onset_at)
