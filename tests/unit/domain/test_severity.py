"""The table that says how severe events are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from haetae.domain.analysis import EventType
from haetae.domain.event import EventKind, Severity
from haetae.domain.fact import Fact, FactKind
from haetae.domain.notation import parse_schedule
from haetae.domain.severity import DEFAULT_POLICY, MOST_ROWS, FactBound, Occasion, SeverityPolicy, SeverityRow, changes
from haetae.errors import ConfigError

NIGHT = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
IN_YARD = Fact("z", FactKind.ZONE, 4.0, "s", 0.0, 4.0, subject="Yard")
MANY = Fact("c", FactKind.COUNT, 5.0, "objects", 0.0, 1.0)
SEEN = Occasion(EventKind.ANOMALY, 0.6, NIGHT, frozenset({EventType.LOITERING}), (IN_YARD, MANY))


@pytest.mark.parametrize(
    ("row", "met"),
    [
        ({}, True),
        ({"kinds": frozenset({EventKind.ANOMALY})}, True),
        ({"kinds": frozenset({EventKind.TAMPER})}, False),
        ({"types": frozenset({EventType.LOITERING, EventType.THEFT})}, True),
        ({"types": frozenset({EventType.THEFT})}, False),
        ({"zones": frozenset({"Yard"})}, True),
        ({"zones": frozenset({"yard"})}, False),
        ({"schedule": parse_schedule("daily 22:00-06:00", time_zone="UTC")}, True),
        ({"schedule": parse_schedule("daily 06:00-22:00", time_zone="UTC")}, False),
        ({"least_score": 0.6}, True),
        ({"least_score": 0.61}, False),
        ({"facts": (FactBound(FactKind.COUNT, least=5.0),)}, True),
        ({"facts": (FactBound(FactKind.COUNT, most=4.0),)}, False),
        ({"facts": (FactBound(FactKind.SPEED, least=0.0),)}, False),
        ({"zones": frozenset({"Yard"}), "types": frozenset({EventType.THEFT})}, False),
    ],
)
def test_a_row_is_met_by_what_meets_all_that_it_names(row, met):
    policy = SeverityPolicy((SeverityRow(Severity.CRITICAL, **row),))
    assert policy.severity(SEEN) is (Severity.CRITICAL if met else Severity.LOW)


def test_the_first_row_that_is_met_counts():
    policy = SeverityPolicy((SeverityRow(Severity.MEDIUM, least_score=0.5), SeverityRow(Severity.HIGH)))
    assert policy.severity(SEEN) is Severity.MEDIUM
    assert policy.severity(replace(SEEN, score=0.4)) is Severity.HIGH


@pytest.mark.parametrize(("score", "severity"), [(0.5, Severity.LOW), (0.65, Severity.MEDIUM), (0.9, Severity.HIGH)])
def test_by_default_severity_grows_with_the_score(score, severity):
    assert DEFAULT_POLICY.severity(Occasion(EventKind.ANOMALY, score, NIGHT)) is severity


@pytest.mark.parametrize(
    ("types", "severity"),
    [({EventType.FALLING}, Severity.HIGH), ({EventType.ARSON}, Severity.HIGH), ({EventType.WEAPON}, Severity.CRITICAL)],
)
def test_by_default_what_may_cost_lives_is_told_at_once(types, severity):
    assert DEFAULT_POLICY.severity(Occasion(EventKind.ANOMALY, 0.5, NIGHT, frozenset(types))) is severity
    assert DEFAULT_POLICY.severity(Occasion(EventKind.TAMPER, 0.0, NIGHT)) is Severity.HIGH
    assert not DEFAULT_POLICY.remarks(())


def test_a_row_behind_a_wider_one_is_remarked_on():
    wide, narrow = SeverityRow(Severity.LOW, least_score=0.5), SeverityRow(Severity.HIGH, zones=frozenset({"Yard"}), least_score=0.7)
    [remark] = SeverityPolicy((wide, narrow)).remarks(["Yard"])
    assert "row 2 is never reached" in remark
    assert not SeverityPolicy((narrow, wide)).remarks(["Yard"])
    assert SeverityPolicy((narrow, wide)).remarks(["Gate"]) == ("row 1: no camera has a zone 'Yard'",)


@pytest.mark.parametrize(
    "row",
    [
        {"least_score": 1.5},
        {"kinds": frozenset({EventKind.SYSTEM})},
        {"zones": frozenset({""})},
        {"facts": (FactBound(FactKind.SPEED),)},
        {"facts": (FactBound(FactKind.SPEED, least=2.0, most=1.0),)},
    ],
)
def test_rows_that_make_no_sense_are_refused_by_number(row):
    with pytest.raises(ConfigError, match="row 1"):
        SeverityPolicy((SeverityRow(Severity.HIGH, **row),))
    with pytest.raises(ConfigError, match="at most"):
        SeverityPolicy((SeverityRow(Severity.HIGH),) * (MOST_ROWS + 1))


def test_a_policy_is_tried_on_past_events():
    quiet = replace(SEEN, score=0.2)
    counted = changes(SeverityPolicy((SeverityRow(Severity.HIGH, least_score=0.5),)), [(SEEN, Severity.LOW)] * 2 + [(quiet, Severity.LOW)])
    assert counted == {(Severity.LOW, Severity.HIGH): 2, (Severity.LOW, Severity.LOW): 1}
