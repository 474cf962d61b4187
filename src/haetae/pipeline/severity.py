"""How severe an event is, by policy and never by a model."""

from haetae.domain.event import EventKind, Severity

# Calibrated score (0.5 = alarm level) from which an anomaly counts as the severity named beside it.
_ANOMALY_LEVELS = ((0.9, Severity.HIGH), (0.65, Severity.MEDIUM))


def severity_of(kind: EventKind, score: float) -> Severity:
    """Tampering blinds the camera, so it is always high; an anomaly grows with its peak score in [0, 1]."""
    if kind is EventKind.TAMPER:
        return Severity.HIGH
    return next((severity for level, severity in _ANOMALY_LEVELS if score >= level), Severity.LOW)
