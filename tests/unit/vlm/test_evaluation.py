"""How good an analyzer is, in figures that say how little a dozen clips tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.triage import by_model

from haetae.domain.analysis import EventType, Flag
from haetae.domain.event import Verdict
from haetae.vlm.evaluation import Judged, calibration_error, evaluate, interval

FALL, FIGHT, NORMAL = EventType.FALLING, EventType.FIGHTING, EventType.NORMAL


def judged(truth, verdict, said, **changes):
    return Judged(f"{truth.value}/x.mp4", truth, by_model(verdict, said, **changes))


SOME = [
    judged(FALL, Verdict.CONFIRMED, FALL),
    judged(FALL, Verdict.CONFIRMED, FIGHT),
    judged(FALL, Verdict.REJECTED, NORMAL),
    judged(FALL, Verdict.UNVERIFIED, EventType.UNCLEAR),
    judged(NORMAL, Verdict.REJECTED, NORMAL),
    judged(NORMAL, Verdict.CONFIRMED, FALL, flags=(Flag.REPAIRED,)),
    judged(NORMAL, Verdict.UNVERIFIED, None, failed=True, reason="no valid answer"),
]


def test_precision_recall_abstention_and_validity_are_what_they_are():
    found = evaluate(SOME)
    assert found["files"] == 7
    fall = found["types"]["Falling"]
    assert (fall["precision"]["value"], fall["precision"]["of"]) == (0.5, 2)
    assert (fall["recall"]["value"], fall["recall"]["of"]) == (0.25, 4)
    assert found["types"]["Fighting"]["precision"]["value"] == 0.0
    assert found["types"]["Fighting"]["recall"]["value"] is None, "there was none"
    incident = found["incident"]
    assert (incident["precision"]["value"], incident["recall"]["value"]) == (0.6667, 0.5)
    assert incident["wrongly_rejected"]["value"] == 0.25
    assert (found["abstained"]["value"], found["abstained"]["of"]) == (0.1667, 6)
    assert found["valid_answers"]["value"] == 0.8571
    assert found["repaired"]["value"] == 0.1667
    assert found["latency_s"]["p50"] == 1.5
    assert [each["reason"] for each in found["mistakes"] if each["reason"]] == ["no valid answer"]


def test_an_analyzer_that_only_abstains_has_no_precision_and_no_recall_to_boast_of():
    found = evaluate([judged(FALL, Verdict.UNVERIFIED, None, confidence=None) for _ in range(5)])
    assert found["incident"]["precision"]["value"] is None
    assert found["incident"]["recall"]["value"] == 0.0
    assert (found["abstained"]["value"], found["calibration_error"]) == (1.0, None)


def test_an_interval_is_as_wide_as_there_is_little_to_go_by():
    low, high = interval(5, 5)
    assert (round(low, 3), high) == (0.566, 1.0)
    assert interval(0, 0) is None
    wide, narrow = interval(5, 10), interval(500, 1000)
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 5


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_holds_the_share(hits, of):
    hits = min(hits, of)
    low, high = interval(hits, of)
    assert 0.0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1.0


@pytest.mark.parametrize(
    ("claims", "error"),
    [([(0.8, True)] * 4 + [(0.8, False)], 0.0), ([(0.9, False)] * 3, 0.9), ([(1.0, True)], 0.0), ([(0.2, True), (0.8, False)], 0.8)],
)
def test_confidence_is_held_against_what_came_true(claims, error):
    assert calibration_error(claims) == pytest.approx(error)
