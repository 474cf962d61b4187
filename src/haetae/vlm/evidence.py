"""The analyzer that needs no model: sentences over what was measured, and nothing else.

It verifies nothing, so its verdict is always `unverified`. Every number in its texts is a fact's own, rounded to three digits.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from haetae.domain.analysis import Analysis, Basis, EventType, Observation, Picture, Provenance
from haetae.domain.event import AnomalyEvent, EventKind, Verdict
from haetae.domain.fact import Fact, FactKind
from haetae.vlm.base import AnalyzerParts
from haetae.vlm.evidence_words import LANGUAGES, LEAD, MEASURED, NOTHING_MEASURED, RARE, UNITS, USUAL

MOST_SENTENCES = 8
_LONGEST_SUBJECT = 64
_NEVER_IN_TEXT = re.compile(r"[^\w .,:;+/()#&'-]")

HYPOTHESES: Final = {
    "fall": EventType.FALLING,
    "fight": EventType.FIGHTING,
    "abandoned": EventType.SUSPICIOUS_OBJECT,
    "loitering": EventType.LOITERING,
    "running": EventType.OTHER_ANOMALY,
    "wrong": EventType.OTHER_ANOMALY,
    "intrusion": EventType.INTRUSION,
    "fire": EventType.ARSON,
    "smoke": EventType.ARSON,
    "explosion": EventType.EXPLOSION,
    "weapon": EventType.WEAPON,
    "tamper": EventType.CAMERA_TAMPER,
}
"""The first word of a rule's name -> what it suspects."""


class EvidenceAnalyzer:
    """Stateless: any thread, any number at a time."""

    def __init__(self, language: str = "en") -> None:
        """`language` is one of LANGUAGES."""
        self._language = language

    async def analyze(self, event: AnomalyEvent, frames: Sequence[Picture], facts: Sequence[Fact], deadline: float) -> Analysis:  # noqa: ARG002
        return describe(event, facts, self._language)

    async def disconnect(self) -> None:
        """Has no connections."""

    def close(self) -> None:
        """Holds nothing."""


def make_evidence(parts: AnalyzerParts) -> EvidenceAnalyzer:
    return EvidenceAnalyzer(parts.settings.language)


def describe(event: AnomalyEvent, facts: Sequence[Fact], language: str) -> Analysis:
    """What the facts say, in `language` ("en" where it is not known). Never fails, whatever the facts hold."""
    language = language if language in LANGUAGES else "en"
    observations = tuple(
        Observation(text, fact_ids=(fact.id,)) for fact in measured(event, facts) if (text := sentence(fact, language)) is not None
    )[:MOST_SENTENCES]
    said = " ".join(each.text for each in observations) or NOTHING_MEASURED[language]
    return Analysis(
        Verdict.UNVERIFIED,
        description=f"{lead(event, language)} {said}".strip(),
        observations=observations,
        basis=Basis.EVIDENCE,
        language=language,
        provenance=Provenance("evidence", prompt_id="evidence-1"),
    )


def measured(event: AnomalyEvent, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts with those that the event itself holds: how long it lasted and its highest score, where no fact says so already."""
    kinds = {fact.kind for fact in facts}
    own: list[Fact] = []
    if FactKind.DURATION not in kinds and event.end_s is not None and event.end_s >= event.onset_s:
        own.append(Fact("duration", FactKind.DURATION, event.end_s - event.onset_s, "s", event.onset_s, event.end_s, source="event"))
    if FactKind.SCORE not in kinds and event.kind is EventKind.ANOMALY:
        own.append(Fact("score", FactKind.SCORE, event.vad_score, "", event.onset_s, event.peak_s, source="event"))
    return (*facts, *own)


def lead(event: AnomalyEvent, language: str) -> str:
    """The first sentence: what sort of event it is. It has no number. Empty for events that no camera's picture raised."""
    if event.kind is EventKind.SYSTEM:
        return ""
    words = LEAD[language if language in LANGUAGES else "en"]
    return words.get(event.subtype or "") or words.get(event.kind) or words[EventKind.ANOMALY]


def sentence(fact: Fact, language: str) -> str | None:
    """One fact as a sentence; None for one whose value is no number."""
    if not math.isfinite(fact.value):
        return None
    unit = UNITS[language].get(fact.unit, fact.unit)
    template = MEASURED[language][fact.kind]
    if fact.subject and "{subject}" not in template:
        # What a detector held the track for.
        template += " ({subject})"
    parts = [_filled(template, value=number(fact.value), unit=unit, subject=_subject(fact))]
    if fact.usual is not None and math.isfinite(fact.usual):
        parts.append(_filled(USUAL[language], usual=number(fact.usual), unit=unit))
    elif fact.rarity is not None and 0.0 < fact.rarity < 0.5 and math.isfinite(1.0 / fact.rarity):
        parts.append(_filled(RARE[language], times=number(round(1.0 / fact.rarity))))
    return "; ".join(parts) + "."


def number(value: float) -> str:
    """Three digits, without an exponent: 0.0123, 3.14, 61, 1,420."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def suspected_types(event: AnomalyEvent, facts: Sequence[Fact]) -> frozenset[EventType]:
    """What rules and detectors hold the event for."""
    return suspected(event.kind, facts)


def suspected(kind: EventKind, facts: Sequence[Fact], least: float = 0.0) -> frozenset[EventType]:
    """What rules hold an event of this kind for, of those with a strength of `least` or more."""
    return frozenset(_suspicions(kind, facts, least))


def _suspicions(kind: EventKind, facts: Sequence[Fact], least: float) -> Iterator[EventType]:
    if kind is EventKind.TAMPER:
        yield EventType.CAMERA_TAMPER
    for fact in facts:
        if fact.kind is FactKind.HYPOTHESIS and fact.value >= least:
            found = HYPOTHESES.get(fact.subject.partition("_")[0].lower())
            if found is not None:
                yield found


def _subject(fact: Fact) -> str:
    """A name from the configuration or of a class, in quotes and without what could pass for anything else."""
    return f"“{_NEVER_IN_TEXT.sub('', fact.subject)[:_LONGEST_SUBJECT].strip()}”"


def _filled(template: str, **values: str) -> str:
    return " ".join(template.format(**values).split())
