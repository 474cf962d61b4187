from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.measured_rules import right_often_enough

from haetae.domain.event import EventKind
from haetae.domain.fact import Fact, FactKind
from haetae.domain.score import ALARM_LEVEL, Score, TamperKind
from haetae.errors import ConfigError
from haetae.vad.gate import FACTS_KEPT, Change, Gate, GateSettings, Transition

START = datetime(2026, 1, 1, tzinfo=UTC)


def score_at(t_s: float, value: float, *, number: int = 0, tamper: TamperKind | None = None, facts: tuple[Fact, ...] = ()) -> Score:
    return Score(value, value, 0.5, number, t_s, START + timedelta(seconds=t_s), facts=facts, tamper=tamper)


def fact(kind: FactKind, value: float, rarity: float | None, source: str = "motion") -> Fact:
    return Fact(str(kind), kind, value, "px/s", 0.0, 1.0, rarity=rarity, source=source)


def feed(gate: Gate, values: list[float], *, fps: float = 10.0, start_s: float = 0.0) -> list[Transition]:
    told = []
    for index, value in enumerate(values):
        told += gate.push(score_at(start_s + index / fps, value, number=index))
    return told


def run(values: list[float], *, fps: float = 10.0, settings: GateSettings | None = None) -> list[Transition]:
    gate = Gate(settings)
    return feed(gate, values, fps=fps) + gate.flush()


def changes(told: list[Transition], kind: EventKind = EventKind.ANOMALY) -> list[str]:
    return [each.change.value for each in told if each.incident.kind is kind and each.change is not Change.PEAKED]


def closed(told: list[Transition]) -> list:
    return [each.incident for each in told if each.change is Change.CLOSED]


def bump(fps: float, *, before_s: float = 3.0, length_s: float = 2.0, after_s: float = 4.0, value: float = 0.8) -> list[float]:
    return [0.1] * round(before_s * fps) + [value] * round(length_s * fps) + [0.1] * round(after_s * fps)


@pytest.mark.parametrize("fps", [2, 3, 5, 8, 10, 15, 25, 30])
def test_one_bump_is_one_incident_at_any_rate(fps):
    told = run(bump(fps), fps=fps)
    assert changes(told) == ["opened", "closed"]
    [incident] = closed(told)
    assert incident.onset_s == pytest.approx(3.0, abs=0.51 / fps)
    assert incident.end_s == pytest.approx(5.0, abs=1.51 / fps)
    assert incident.onset_at == START + timedelta(seconds=incident.onset_s)
    assert not incident.continued


@pytest.mark.parametrize(("fps", "delay_s"), [(2, 0.5), (5, 0.4), (10, 0.3), (30, 0.3)])
def test_it_opens_as_late_as_the_settings_say(fps, delay_s):
    gate = Gate()
    opened_s = None
    for index, value in enumerate(bump(fps)):
        if gate.push(score_at(index / fps, value)) and opened_s is None:
            opened_s = index / fps
    assert opened_s == pytest.approx(3.0 + delay_s, abs=0.02)


@pytest.mark.parametrize("fps", [2, 5, 10, 30])
def test_it_is_closed_after_the_merge_gap_without_a_flush(fps):
    assert changes(feed(Gate(), bump(fps, after_s=3.1), fps=fps)) == ["opened", "closed"]
    assert changes(feed(Gate(), bump(fps, after_s=1.5), fps=fps)) == ["opened"]


@pytest.mark.parametrize("fps", [2, 5, 10])
def test_a_single_abnormal_frame_opens_nothing(fps):
    assert run([0.1] * 30 + [1.0] + [0.1] * 30, fps=fps) == []


def test_a_short_flash_opens_nothing_at_a_high_rate():
    assert run([0.1] * 60 + [1.0] * 8 + [0.1] * 60, fps=30) == []


def test_flicker_of_three_in_five_opens():
    told = run([0.1] * 10 + [0.9, 0.2, 0.9, 0.2, 0.9] * 2 + [0.1] * 40, fps=5)
    assert changes(told) == ["opened", "closed"]


def test_flicker_of_two_in_five_does_not_open():
    assert run([0.1] * 10 + [0.9, 0.2, 0.2, 0.9, 0.2] * 8 + [0.1] * 40, fps=5) == []


def test_between_the_levels_it_stays_open_but_does_not_open():
    assert run([0.45] * 100) == []
    told = run([0.8] * 10 + [0.45] * 60 + [0.1] * 30)
    assert changes(told) == ["opened", "closed"]
    assert closed(told)[0].end_s == pytest.approx(6.9)


def test_a_pause_up_to_the_merge_gap_belongs_to_the_incident():
    told = run([0.8] * 10 + [0.1] * 19 + [0.8] * 10 + [0.1] * 30)
    assert changes(told) == ["opened", "closed"]
    assert closed(told)[0].end_s == pytest.approx(3.8)


def test_a_longer_pause_makes_two_incidents():
    assert changes(run([0.8] * 10 + [0.1] * 25 + [0.8] * 10 + [0.1] * 30)) == ["opened", "closed"] * 2


def test_peaks_are_told_once_each_and_the_closing_carries_the_highest():
    told = run([0.6, 0.6, 0.6, 0.6, 0.7, 0.65, 0.9, 0.9, 0.6] + [0.1] * 30)
    assert [each.change for each in told] == [Change.OPENED, Change.PEAKED, Change.PEAKED, Change.CLOSED]
    assert [each.incident.peak.value for each in told] == [0.6, 0.7, 0.9, 0.9]
    assert told[-1].incident.peak.frame_number == 6
    assert len({each.incident.id for each in told}) == 1


def test_what_goes_on_is_cut_at_the_maximum_length_and_continued():
    told = run([0.8] * 350 + [0.1] * 30, settings=GateSettings(max_duration_s=10.0))
    first, second, third, fourth = closed(told)
    assert [each.continued for each in (first, second, third, fourth)] == [True, True, True, False]
    assert first.continues is None
    assert [each.continues for each in (second, third, fourth)] == [first.id, second.id, third.id]
    assert all(each.end_s - each.onset_s <= 10.0 for each in (first, second, third, fourth))
    assert second.onset_s == pytest.approx(first.end_s + 0.1)


def test_after_a_cut_the_alarm_level_must_be_reached_again():
    settings = GateSettings(max_duration_s=10.0)
    hovering = run([0.8] * 100 + [0.45] * 100 + [0.1] * 30, settings=settings)
    assert changes(hovering) == ["opened", "closed"]
    rising = run([0.8] * 100 + [0.45] * 100 + [0.8] + [0.1] * 30, settings=settings)
    assert closed(rising)[1].continues == closed(rising)[0].id
    later = run([0.8] * 100 + [0.45] * 10 + [0.1] * 25 + [0.8] * 10, settings=settings)
    assert [each.continues for each in closed(later)] == [None, None]


def test_a_break_after_a_cut_ends_the_continuation():
    gate = Gate(GateSettings(max_duration_s=10.0))
    feed(gate, [0.8] * 100 + [0.45] * 5)
    gate.flush()
    [*_, closing] = feed(gate, [0.8] * 10, start_s=10.5) + gate.flush()
    assert closing.incident.continues is None


def test_it_opens_on_an_abnormal_frame_only():
    gate = Gate()
    times_s = [0.0, 0.05, 0.1, 0.5, 0.9, 1.3]
    values = [0.1, 0.1, 0.1, 0.8, 0.8, 0.1]
    assert not [told for t_s, value in zip(times_s, values, strict=True) for told in gate.push(score_at(t_s, value))]
    assert changes(gate.push(score_at(1.4, 0.8))) == ["opened"]


def test_a_gap_in_time_closes_what_is_open():
    gate = Gate()
    feed(gate, [0.8] * 10)
    assert changes(gate.push(score_at(4.0, 0.8))) == ["closed"]
    assert gate.flush() == []


def test_time_that_goes_back_closes_what_is_open():
    gate = Gate()
    feed(gate, [0.8] * 10, start_s=100.0)
    told = gate.push(score_at(0.0, 0.8))
    assert changes(told) == ["closed"]
    assert closed(told)[0].end_s == pytest.approx(100.9)


def test_abnormal_frames_on_both_sides_of_a_break_do_not_add_up():
    gate = Gate()
    assert feed(gate, [0.8, 0.8]) + feed(gate, [0.8, 0.8], start_s=60.0) == []


def test_flush_is_final_and_the_gate_can_go_on():
    gate = Gate()
    feed(gate, [0.8] * 10)
    assert changes(gate.flush()) == ["closed"]
    assert gate.flush() == []
    assert changes(feed(gate, [0.8] * 10, start_s=1.0)) == ["opened"]


def test_facts_are_the_most_surprising_of_each_kind():
    speeds = [fact(FactKind.SPEED, 80.0, 0.01), fact(FactKind.SPEED, 140.0, 0.0001), fact(FactKind.SPEED, 90.0, 0.005)]
    place = fact(FactKind.PLACE, 1.0, 0.00001)
    unknown = fact(FactKind.DIRECTION, 1.0, None)
    gate = Gate()
    for index in range(12):
        gate.push(score_at(index / 10, 0.8, facts=(speeds[index % 3], unknown, *((place,) if index == 9 else ()))))
    [transition] = gate.flush()
    assert transition.incident.facts == (place, speeds[1], unknown)


def test_facts_stay_few():
    gate = Gate()
    for index in range(40):
        gate.push(score_at(index / 10, 0.8, facts=(fact(FactKind.SPEED, 1.0, 0.01, source=f"model-{index}"),)))
    assert len(gate.flush()[0].incident.facts) == FACTS_KEPT


def tampered(kind: TamperKind, *, seconds: float, start_s: float, value: float = 0.9) -> list[Score]:
    return [score_at(start_s + index / 10, value, tamper=kind) for index in range(round(seconds * 10))]


def test_tampering_is_one_incident_of_its_own_kind_however_long():
    gate = Gate(GateSettings(max_duration_s=10.0))
    told = [each for score in tampered(TamperKind.COVERED, seconds=60.0, start_s=0.0) for each in gate.push(score)] + gate.flush()
    assert [each.change for each in told] == [Change.OPENED, Change.CLOSED]
    assert told[0].incident.kind is EventKind.TAMPER
    assert told[0].incident.subtype is TamperKind.COVERED
    assert told[1].incident.end_s == pytest.approx(59.9)


def test_no_anomaly_opens_while_tampered_and_an_open_one_ends():
    gate = Gate()
    told = feed(gate, [0.9] * 10)
    for score in tampered(TamperKind.COVERED, seconds=10.0, start_s=1.0):
        told += gate.push(score)
    assert changes(told) == ["opened", "closed"]
    assert changes(told, EventKind.TAMPER) == ["opened"]
    assert closed(told)[0].end_s == pytest.approx(0.9)
    assert changes(feed(gate, [0.9] * 10, start_s=11.0)) == ["opened"]


def test_a_brief_all_clear_does_not_split_a_tampering():
    gate = Gate()
    told = []
    for start_s in (0.0, 2.0):
        for score in tampered(TamperKind.TURNED, seconds=1.0, start_s=start_s):
            told += gate.push(score)
        told += feed(gate, [0.1] * 10, start_s=start_s + 1.0)
    told += feed(gate, [0.1] * 20, start_s=4.0)
    assert changes(told, EventKind.TAMPER) == ["opened", "closed"]


def test_another_kind_of_tampering_is_another_incident():
    gate = Gate()
    for score in tampered(TamperKind.COVERED, seconds=2.0, start_s=0.0):
        gate.push(score)
    told = gate.push(score_at(2.0, 0.0, tamper=TamperKind.TURNED))
    assert [(each.change, each.incident.subtype) for each in told] == [
        (Change.CLOSED, TamperKind.COVERED),
        (Change.OPENED, TamperKind.TURNED),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"open_k": 6}, {"open_k": 0}, {"off_ratio": 0.0}, {"off_ratio": 1.1}, {"min_duration_s": 3.0}, {"merge_gap_s": 200.0}],
)
def test_settings_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ConfigError):
        GateSettings(**wrong)


levels = st.sampled_from([0.0, 0.3, 0.41, 0.49, 0.5, 0.7, 1.0])
steps_s = st.sampled_from([0.0, 1 / 30, 0.1, 0.2, 0.5, 1.9, 2.1, 30.0, -50.0])
kinds = st.sampled_from([None] * 8 + list(TamperKind))
sequences = st.lists(st.tuples(st.floats(0.03, 0.6) | steps_s, levels | st.floats(0.0, 1.0), kinds), max_size=150)


def numbered() -> Gate:
    ids = count(1)
    return Gate(GateSettings(max_duration_s=5.0), make_id=lambda: UUID(int=next(ids)))


def told_by(gate: Gate, sequence) -> list[Transition]:
    t_s, told = 0.0, []
    for number, (step_s, value, kind) in enumerate(sequence):
        t_s += step_s
        # Wall time counts the frames, for the stream's time may go back at a reconnect.
        told += gate.push(replace(score_at(t_s, value, number=number, tamper=kind), captured_at=START + timedelta(seconds=number)))
    return told + gate.flush()


@given(sequences)
def test_any_sequence_opens_and_closes_in_turn_and_never_overlaps(sequence):
    told = told_by(numbered(), sequence)
    for kind in EventKind:
        order = [each for each in told if each.incident.kind is kind]
        open_id = None
        for each in order:
            assert (each.change is Change.OPENED) == (open_id is None)
            assert open_id in (None, each.incident.id)
            open_id = None if each.change is Change.CLOSED else each.incident.id
        assert open_id is None
        ended = [each.incident for each in order if each.change is Change.CLOSED]
        assert len({incident.id for incident in ended}) == len(ended)
        assert all(before.end_at < after.onset_at for before, after in pairwise(ended))
        assert all(incident.end_s >= incident.onset_s for incident in ended)


@given(sequences)
def test_every_anomaly_has_reached_the_alarm_level_and_keeps_its_length(sequence):
    seen = {incident.id: incident for incident in closed(told_by(numbered(), sequence)) if incident.kind is EventKind.ANOMALY}
    for incident in seen.values():
        assert incident.peak.value >= ALARM_LEVEL
        assert incident.peak.tamper is None
        assert incident.end_s - incident.onset_s <= 5.0 + 1e-6
        assert incident.continues is None or seen[incident.continues].continued


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.floats(0.0, 0.499), st.none()), max_size=150))
def test_scores_below_the_alarm_level_never_open_anything(sequence):
    assert told_by(numbered(), sequence) == []


@given(sequences)
def test_the_same_scores_tell_the_same(sequence):
    assert told_by(numbered(), sequence) == told_by(numbered(), sequence)


@given(fps=st.floats(2.0, 30.0), length_s=st.floats(1.6, 60.0), value=st.floats(0.5, 1.0))
def test_one_bump_is_one_incident_whatever_its_rate_length_and_height(fps, length_s, value):
    told = run(bump(fps, length_s=length_s, value=value), fps=fps)
    assert changes(told) == ["opened", "closed"]


def test_a_guess_that_may_name_the_incident_is_told_when_it_comes():
    def guess(rule: str, strength: float) -> tuple[Fact, ...]:
        return (Fact(rule, FactKind.HYPOTHESIS, strength, "", 0.0, 1.0, source=rule, subject=rule),)

    facts = {
        12: guess("running_rule_v2", 0.9),
        15: guess("fire_rule_v1", 0.6),
        16: guess("fire_rule_v1", 0.7),
        18: guess("fall_rule_v2", 0.8),
    }
    gate = Gate()
    scores = (score_at(number / 10, 0.8, number=number, facts=facts.get(number, ())) for number in range(25))
    with right_often_enough("fire_rule_v1", "fall_rule_v2"):
        told = [each for score in scores for each in gate.push(score)] + gate.flush()
    assert [each.change for each in told] == [Change.OPENED, Change.NAMED, Change.NAMED, Change.CLOSED]
    assert [each.incident.facts[0].subject for each in told[1:]] == ["fire_rule_v1", "fall_rule_v2", "fall_rule_v2"]
    assert len(told[-1].incident.facts) == 3
