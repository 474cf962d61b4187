"""What becomes of a model's answer: it is held against the measurements, against what a model may say, and against text in the scene."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from haetae.domain.analysis import Analysis, EventType, Flag, may_be_rejected
from haetae.domain.event import AnomalyEvent, Verdict
from haetae.domain.fact import Fact, FactKind
from haetae.vlm.answer import Movement
from haetae.vlm.evidence import suspected_types

STABLE_QUALITY = 0.5
"""A fact of less quality contradicts nobody."""

_MOVED: Final = frozenset({FactKind.COUNT, FactKind.SPEED, FactKind.DIRECTION, FactKind.ZONE, FactKind.PATH})
_COUNTED_FOR_S = 1.0
_BARE = 40

_ORDERS = re.compile(
    "|".join(
        (
            r"\bignore\b",
            r"\bdisregard\b",
            r"\bforget (?:all|every|the|your|previous)",
            r"\binstruction",
            r"\bsystem prompt\b",
            r"\b(?:answer|respond|reply|output|return|say|write)\b[^.]{0,40}(?:\bB\b|\bC\b|normal|json|verdict|nothing|false alarm)",
            r"\bverdict\b",
            r"\bevent_type\b",
            r"\byou are (?:an?|now)\b",
            r"\bas an? (?:ai|assistant|model)\b",
            r"\b(?:mark|classify|treat|report) (?:this|it|the|everything)\b",
            r"\bdo not (?:report|alert|alarm|notify)\b",
            r"[{\[]\s*[\"']?\w+[\"']?\s*:",
            r"<\|",
            r"무시(?:하|해)",
            r"지시",
            r"명령",
            r"프롬프트",
            r"(?:대답|답변|답|응답|출력|판단|분류|보고)[을를은는]?\s*(?:하|해|B|정상|금지)",
            r"정상(?:으로|이라고|입니다라고)",
            r"알리지\s*(?:마|말)",
            r"경보[를을]?\s*(?:끄|꺼|울리지)",
            r"인공지능|AI\s*(?:는|에게|모델)",
        )
    ),
    re.IGNORECASE,
)
"""What text in a scene reads like when it is meant for a model, in English and Korean. It only ever raises a flag and takes trust away."""


def reads_like_orders(text: str) -> bool:
    """Whether text in a scene, or an answer that repeats it, reads like instructions to a model."""
    return _ORDERS.search(" ".join(text.split())) is not None


def obeys_the_scene(raw: str) -> bool:
    """Whether an answer that is none looks as if text in the scene had dictated it: a bare letter or word, or a verdict without a look."""
    text = raw.strip()
    return 0 < len(text) <= _BARE or ('"verdict"' in text and '"observations"' not in text) or reads_like_orders(text.partition("{")[0])


def contradictions(movement: Movement, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Where a model's claim about what moves cannot be, by facts that were measured well."""
    return tuple(_contradictions(movement, facts))


def _contradictions(movement: Movement, facts: Sequence[Fact]) -> Iterator[str]:
    stable = [fact for fact in facts if fact.quality >= STABLE_QUALITY]
    counts = [fact for fact in stable if fact.kind is FactKind.COUNT and fact.t1_s - fact.t0_s >= _COUNTED_FOR_S]
    moved = [fact for fact in stable if fact.kind in _MOVED and fact.value > 0.0]
    if movement == "nothing" and moved:
        yield f"it sees nothing move; measured: {moved[0].id}"
    if counts and movement == "one" and min(fact.value for fact in counts) >= 2:
        yield f"it sees one thing move; measured: {counts[0].id}"
    if counts and movement == "several" and max(fact.value for fact in counts) == 1:
        yield f"it sees several things move; measured: {counts[0].id}"


def judged(analysis: Analysis, event: AnomalyEvent, facts: Sequence[Fact], movement: Movement) -> Analysis:
    """The analysis with what a model may not say taken back. It may confirm, doubt, or call nothing what is neither severe nor suspected of
    what costs lives; it can contradict no measurement; and where the scene itself tries to talk to it, its word for "nothing" is worth
    nothing."""
    found = contradictions(movement, facts)
    flags = set(analysis.flags)
    reasons = [analysis.reason] if analysis.reason else []
    verdict = analysis.verdict
    if found:
        flags.add(Flag.CONTRADICTS_FACTS)
        reasons.append("the model contradicts what was measured")
        verdict = Verdict.UNVERIFIED
    said = (analysis.visible_text, analysis.description, *(each.text for each in analysis.observations))
    if any(reads_like_orders(text) for text in said):
        flags.add(Flag.INJECTION_SUSPECTED)
        if verdict is Verdict.REJECTED:
            reasons.append("text in the scene may have talked to the model")
            verdict = Verdict.UNVERIFIED
    if verdict is Verdict.REJECTED and not may_be_rejected(event.kind, event.severity, suspected_types(event, facts)):
        flags.add(Flag.REJECTION_REFUSED)
        reasons.append("a model alone may not call this nothing")
        verdict = Verdict.UNVERIFIED
    return replace(
        analysis,
        verdict=verdict,
        contradictions=found,
        flags=tuple(sorted(flags)),
        reason="; ".join(reasons),
        # What it cannot tell is no type.
        event_type=analysis.event_type if verdict is not Verdict.UNVERIFIED or analysis.event_type is not EventType.NORMAL else None,
    )
