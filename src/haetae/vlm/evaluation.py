"""How good an analyzer is on labelled pictures and clips: what it confirms and rejects, how often it abstains, and what its confidence is
worth.

Precision and recall come with Wilson's score interval (E. B. Wilson 1927), 95 %: on a dozen clips a figure alone says little. The
calibration error is the expected one over ten bins (Guo et al. 2017, arXiv:1706.04599).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from haetae.domain.analysis import Analysis, EventType, Flag
from haetae.domain.event import Verdict

_Z = 1.959963984540054
_BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled file and what was said of it."""

    name: str
    truth: EventType
    analysis: Analysis


def evaluate(judged: Sequence[Judged]) -> dict[str, Any]:
    """All figures, for printing as JSON. Shares are None where there is nothing to divide by."""
    answered = [each for each in judged if not each.analysis.failed]
    decided = [each for each in answered if each.analysis.verdict is not Verdict.UNVERIFIED]
    types = sorted({each.truth for each in judged} | {_said(each) for each in decided} - {EventType.NORMAL})
    latencies = sorted(each.analysis.provenance.latency_ms / 1000.0 for each in judged if each.analysis.provenance.attempts)
    return {
        "files": len(judged),
        "incident": _incident(judged),
        "types": {each.value: _of_type(judged, each) for each in types if each is not EventType.NORMAL},
        "abstained": _share(len(answered) - len(decided), len(answered)),
        "valid_answers": _share(len(answered), len(judged)),
        "repaired": _share(sum(Flag.REPAIRED in each.analysis.flags for each in answered), len(answered)),
        "contradicted_facts": sum(Flag.CONTRADICTS_FACTS in each.analysis.flags for each in answered),
        "latency_s": {"p50": _at(latencies, 0.5), "p95": _at(latencies, 0.95)},
        "calibration_error": calibration_error([(_confidence(each), _is_right(each)) for each in decided]),
        "mistakes": [_mistake(each) for each in judged if each.analysis.failed or not _is_right(each)],
    }


def interval(hits: int, of: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share; None of nothing."""
    if of <= 0:
        return None
    share = hits / of
    centre = share + _Z**2 / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of * of))
    below = 1 + _Z**2 / of
    return max(0.0, (centre - spread) / below), min(1.0, (centre + spread) / below)


def calibration_error(claims: Sequence[tuple[float, bool]]) -> float | None:
    """By how much confidence and share of right answers differ, over bins weighted by their size; None without a claim."""
    if not claims:
        return None
    error = 0.0
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [(claim, right) for claim, right in claims if low <= claim < high or (claim == high == 1.0)]
        if inside:
            mean = sum(claim for claim, _ in inside) / len(inside)
            right_share = sum(right for _, right in inside) / len(inside)
            error += len(inside) / len(claims) * abs(mean - right_share)
    return round(error, 4)


def _incident(judged: Sequence[Judged]) -> dict[str, Any]:
    """Whether something happened at all, of whatever type."""
    confirmed = [each for each in judged if each.analysis.verdict is Verdict.CONFIRMED and not each.analysis.failed]
    rejected = [each for each in judged if each.analysis.verdict is Verdict.REJECTED and not each.analysis.failed]
    incidents = [each for each in judged if each.truth is not EventType.NORMAL]
    hits = sum(each.truth is not EventType.NORMAL for each in confirmed)
    return {
        "precision": _share(hits, len(confirmed)),
        "recall": _share(hits, len(incidents)),
        "wrongly_rejected": _share(sum(each.truth is not EventType.NORMAL for each in rejected), len(incidents)),
    }


def _of_type(judged: Sequence[Judged], wanted: EventType) -> dict[str, Any]:
    said = [each for each in judged if each.analysis.verdict is Verdict.CONFIRMED and _said(each) is wanted]
    hits = sum(each.truth is wanted for each in said)
    return {"precision": _share(hits, len(said)), "recall": _share(hits, sum(each.truth is wanted for each in judged))}


def _share(hits: int, of: int) -> dict[str, Any]:
    bounds = interval(hits, of)
    return {"value": None if bounds is None else round(hits / of, 4), "of": of, "interval": bounds and [round(each, 4) for each in bounds]}


def _said(each: Judged) -> EventType:
    return each.analysis.event_type or EventType.UNCLEAR


def _is_right(each: Judged) -> bool:
    if each.analysis.verdict is Verdict.UNVERIFIED:
        return False
    return _said(each) is each.truth


def _confidence(each: Judged) -> float:
    return each.analysis.confidence or 0.0


def _mistake(each: Judged) -> dict[str, Any]:
    analysis = each.analysis
    return {
        "file": each.name,
        "truth": each.truth.value,
        "verdict": analysis.verdict.value,
        "said": _said(each).value,
        "reason": analysis.reason,
    }


def _at(sorted_values: Sequence[float], share: float) -> float | None:
    return round(sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))], 3) if sorted_values else None
