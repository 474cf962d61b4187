"""What counts as right, wrong and neither for a rule, and how sure one can be of a share."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from haetae.training.incidents import Span
from haetae.training.rule_figures import KINDS, clip_figures, figures, tally, wilson
from haetae.training.rule_runs import RuleRun, RuleSite, run_rule_site
from haetae.vad.rules.table import RULES


@dataclass(frozen=True)
class EmptyCamera:
    """A camera of which only the labels are asked for."""

    kinds: tuple[str, ...]
    name: str = "yard"
    fps: float = 5.0
    learning_s: float = 60.0
    seconds: float = 3660.0
    tampering: frozenset[str] = frozenset()

    def hour(self, t_s: float) -> float:
        return 12.0

    def fingerprint(self) -> str:
        return self.name

    def pictures(self) -> Iterator[object]:
        return iter(())


CAMERA = EmptyCamera(("fall", "fight", "fall"))
INCIDENTS = {0: Span(500.0, 508.0), 1: Span(1000.0, 1008.0), 2: Span(2000.0, 2008.0)}


def rows(**alarms: list[Span]) -> dict[str, float]:
    by_rule = {next(rule.name for rule in RULES if rule.name.startswith(name)): spans for name, spans in alarms.items()}
    run = RuleRun(3600.0, INCIDENTS, by_rule)
    return figures(tally([CAMERA], [run])["fall_rule_v2"])


def test_alarms_are_right_in_their_kind_wrong_in_others_and_uncounted_near_by():
    fall = [Span(503.0, 505.0), Span(1002.0, 1004.0), Span(1030.0, 1033.0), Span(3000.0, 3004.0)]
    row = rows(fall=fall)
    assert (row["incidents"], row["found"]) == (2, 1)
    assert (row["right"], row["other_incident"], row["near"], row["false"]) == (1, 1, 1, 1)
    assert row["recall"] == 0.5
    assert row["precision"] == pytest.approx(1 / 3)
    assert row["false_per_day"] == pytest.approx(24.0 / row["normal_h"])


def test_one_alarm_over_two_incidents_finds_both():
    assert rows(fall=[Span(400.0, 2001.0)])["found"] == 2


def test_time_near_two_incidents_is_taken_off_once():
    run = RuleRun(1000.0, {0: Span(500.0, 510.0), 1: Span(520.0, 530.0)}, {})
    assert tally([CAMERA], [run])["fall_rule_v2"].normal_s == pytest.approx(1000.0 - 110.0)


def test_nothing_said_is_no_precision_and_no_recall():
    row = rows()
    assert row["precision"] is None
    assert row["precision_ci"] is None
    assert row["recall"] == 0.0


def test_intervals_are_wilsons():
    # Wilson (1927), as in the usual tables.
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-3)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert wilson(0, 0) is None


def test_clips_count_once_each():
    row = clip_figures("fight_rule_v1", [{"fight_rule_v1"}, set(), {"fall_rule_v2"}], [{"fight_rule_v1"}, set()])
    assert (row["found"], row["clips"], row["false"], row["other_clips"]) == (1, 3, 1, 2)
    assert row["precision"] == 0.5


def test_every_rule_but_the_one_for_zones_is_measured():
    assert {rule.name for rule in RULES} - KINDS.keys() == {"intrusion_rule_v1"}


def test_what_was_run_is_kept_for_the_same_camera_alone(tmp_path):
    site = RuleSite(tmp_path)
    [run] = run_rule_site([CAMERA], site)
    assert site.kept(CAMERA) == run
    assert site.kept(EmptyCamera(("fall",), name="yard", seconds=1.0)) == run
    other = EmptyCamera(("fall",), name="gate")
    assert site.kept(other) is None
