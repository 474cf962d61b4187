"""By what an event can be found beside its own columns."""

from collections.abc import Iterator, Sequence

from haetae.domain.analysis import Analysis, EventType
from haetae.domain.event import AnomalyEvent
from haetae.domain.fact import Fact
from haetae.notifications.words import TYPES
from haetae.vlm.evidence import describe

MOST = 8000


def search_text(event: AnomalyEvent, facts: Sequence[Fact], analysis: Analysis) -> str:
    """Words for type and facts in both languages, what was observed, and text that was read in the scene."""
    return "\n".join(dict.fromkeys(part for part in _parts(event, facts, analysis) if part))[:MOST]


def _parts(event: AnomalyEvent, facts: Sequence[Fact], analysis: Analysis) -> Iterator[str]:
    types: list[EventType] = [each for each in (analysis.event_type, *analysis.alternatives) if each is not None]
    words = [event.subtype or event.kind.value, *(each.value for each in types)]
    for language in ("en", "ko"):
        yield from (TYPES[language].get(word, "") for word in words)
    yield from (each.text for each in analysis.observations)
    yield analysis.visible_text
    for language in ("en", "ko"):
        yield describe(event, facts, language).description
