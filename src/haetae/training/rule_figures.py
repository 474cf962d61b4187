"""Precision and recall of each rule, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from haetae.training.incidents import GRACE_S, IncidentFigures, Span
from haetae.training.rule_runs import RuleRun
from haetae.training.site import Camera
from haetae.training.site_figures import MARGIN_S
from haetae.vad.rules.table import TAMPER_RULE

KINDS: Final[dict[str, frozenset[str]]] = {
    "fire_rule_v1": frozenset({"fire"}),
    "fall_rule_v2": frozenset({"fall"}),
    "fight_rule_v1": frozenset({"fight"}),
    "abandoned_rule_v1": frozenset({"abandoned"}),
    "running_rule_v2": frozenset({"running", "crowd_running"}),
    "wrong_way_rule_v1": frozenset({"wrong_way"}),
    "loitering_rule_v1": frozenset({"loitering"}),
    TAMPER_RULE: frozenset({"camera_covered", "camera_turned", "defocus"}),
}
"""The rendered incidents that a rule is meant for. Intrusion depends on zones and schedules that a rendered site does not have."""


@dataclass(slots=True)
class RuleTally:
    """Counts of one rule. Alarms in an incident of its kind are `right`, in one of another kind `other`, in normal time `false`; `near`
    ones begin where the people of an incident come and go, and count for nothing."""

    incidents: int = 0
    found: int = 0
    right: int = 0
    other: int = 0
    false: int = 0
    near: int = 0
    normal_s: float = 0.0


def tally(cameras: Sequence[Camera], runs: Sequence[RuleRun]) -> dict[str, RuleTally]:
    """Over all cameras, by rule."""
    tallies = {name: RuleTally() for name in KINDS}
    for camera, run in zip(cameras, runs, strict=True):
        busy = _length_s([Span(span.start_s - MARGIN_S, span.end_s + MARGIN_S) for span in run.incidents.values()])
        for name, each in tallies.items():
            each.normal_s += max(0.0, run.seconds - busy)
            spans = run.alarms.get(name, [])
            for number, truth in run.incidents.items():
                if camera.kinds[number] in KINDS[name]:
                    each.incidents += 1
                    each.found += any(_meets(span, truth, GRACE_S) for span in spans)
            for span in spans:
                met = [camera.kinds[number] for number, truth in run.incidents.items() if _meets(span, truth, GRACE_S)]
                if any(kind in KINDS[name] for kind in met):
                    each.right += 1
                elif met:
                    each.other += 1
                elif any(_meets(span, Span(truth.start_s - MARGIN_S, truth.end_s), MARGIN_S) for truth in run.incidents.values()):
                    each.near += 1
                else:
                    each.false += 1
    return tallies


def _length_s(spans: Sequence[Span]) -> float:
    """The time that is in any of the spans."""
    total, until_s = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.start_s):
        total += max(0.0, span.end_s - max(span.start_s, until_s))
        until_s = max(until_s, span.end_s)
    return total


def _meets(raised: Span, truth: Span, grace_s: float) -> bool:
    return raised.start_s <= truth.end_s + grace_s and raised.end_s >= truth.start_s


def wilson(hits: int, trials: int, z: float = 1.96) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927), None without trials."""
    if not trials:
        return None
    share, square = hits / trials, z * z / trials
    middle = (share + square / 2.0) / (1.0 + square)
    half = z * sqrt(share * (1.0 - share) / trials + square / (4.0 * trials)) / (1.0 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def figures(each: RuleTally) -> dict[str, Any]:
    """One rule's row."""
    told = each.right + each.other + each.false
    rate = IncidentFigures(0, 0, (), each.false, each.normal_s)
    per_hour, interval = rate.false_alarms_per_hour, rate.false_alarms_per_hour_interval
    return {
        "incidents": each.incidents,
        "found": each.found,
        "recall": each.found / each.incidents if each.incidents else None,
        "recall_ci": wilson(each.found, each.incidents),
        "alarms": told,
        "right": each.right,
        "other_incident": each.other,
        "false": each.false,
        "near": each.near,
        "precision": each.right / told if told else None,
        "precision_ci": wilson(each.right, told),
        "normal_h": each.normal_s / 3600.0,
        "false_per_day": None if per_hour is None else 24.0 * per_hour,
        "false_per_day_ci": None if interval is None else tuple(24.0 * bound for bound in interval),
    }


def clip_figures(rule: str, positive: Sequence[set[str]], negative: Sequence[set[str]]) -> dict[str, Any]:
    """Of a rule on clips that show what it is meant for, and on clips that do not: the rules that alarmed on each."""
    found, wrong = (sum(rule in names for names in clips) for clips in (positive, negative))
    return {
        "clips": len(positive),
        "found": found,
        "recall": found / len(positive) if positive else None,
        "recall_ci": wilson(found, len(positive)),
        "other_clips": len(negative),
        "false": wrong,
        "precision": found / (found + wrong) if found + wrong else None,
        "precision_ci": wilson(found, found + wrong),
    }
