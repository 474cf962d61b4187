"""Painted people who walk, fall, run, stay and leave things: what is measured of them, and what the rules make of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.moving_scene import Mover, MovingScene, walkers

from haetae.domain.fact import Fact, FactKind
from haetae.domain.frame import Luma
from haetae.domain.score import ALARM_LEVEL
from haetae.domain.zone import Zone, ZoneKind
from haetae.errors import StateError
from haetae.vad.rules import watch as watch_module
from haetae.vad.rules.found import Watched
from haetae.vad.rules.table import RULES
from haetae.vad.rules.watch import SceneWatch

FPS = 5.0
LEARNED_S = 66.0
START_S = 200.0
WALKER = Mover(-16, 100, 30.0, width=16, height=40)


def people(count: int = 27) -> tuple[Mover, ...]:
    return tuple(replace(each, width=16) for each in walkers(count, every_s=2.5, speed=30.0))


def learn(watch: SceneWatch) -> SceneWatch:
    scene = MovingScene(people())
    for t_s in np.arange(int(LEARNED_S * FPS)) / FPS:
        watch.learn(scene.picture(float(t_s)), float(t_s))
    watch.finish()
    return watch


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray[np.generic]]:
    return learn(SceneWatch()).arrays()


@pytest.fixture
def watch(arrays: dict[str, NDArray[np.generic]]) -> SceneWatch:
    return SceneWatch.of_arrays(arrays)


def judge(
    watch: SceneWatch,
    picture: Callable[[float], Luma],
    seconds: float,
    *,
    ignored: NDArray[np.bool_] | None = None,
    armed: bool | None = None,
) -> list[Watched]:
    """What it says from START_S on, five times a second."""
    times = START_S + np.arange(int(seconds * FPS)) / FPS
    return [watch.judge(picture(float(t_s)), float(t_s), ignored, armed=armed) for t_s in times]


def named(looks: list[Watched]) -> set[str]:
    """The rules that reached their alarm level."""
    return {each.rule.name for look in looks for each in look.hypotheses if each.strength >= ALARM_LEVEL}


def walk_then(*after: Mover) -> Callable[[float], Luma]:
    """Somebody walks to the middle within five seconds; then there is what `after` says instead."""
    return MovingScene((replace(WALKER, start_s=START_S + 2.0, end_s=START_S + 7.0), *after)).picture


LYING = Mover(124, 126, 0.0, START_S + 7.0, width=42, height=14)


def test_who_walks_as_others_do_is_followed_and_no_rule_minds(watch):
    looks = judge(watch, MovingScene((replace(WALKER, start_s=START_S + 1.0),)).picture, 8.0)
    [track] = watch.tracks
    assert track.roamed > 3.0
    assert track.blob.height / track.body == pytest.approx(1.0, abs=0.25)
    assert track.fastest == pytest.approx(30.0 / 40.0, rel=0.25)
    assert not named(looks)


def test_a_fall_is_suspected_where_somebody_who_walked_lies(watch):
    looks = judge(watch, walk_then(LYING), 11.0)
    assert "fall_rule_v2" in named(looks)
    best = max(looks, key=lambda look: look.value)
    assert best.value >= ALARM_LEVEL
    assert best.box is not None
    assert best.box.left < 145 / 320 < best.box.right


def test_what_lies_there_without_anybody_who_fell_is_no_fall(watch):
    assert "fall_rule_v2" not in named(judge(watch, MovingScene((LYING,)).picture, 11.0))


def test_a_runner_is_suspected_of_running(watch):
    runner = Mover(-16, 100, 130.0, START_S + 1.0, width=16, height=40)
    assert named(judge(watch, MovingScene((runner,)).picture, 5.0)) == {"running_rule_v2"}


def test_something_put_down_by_who_moves_on_is_suspected_after_a_while(watch):
    bag = Mover(136, 128, 0.0, START_S + 6.6, width=12, height=12)
    passer = replace(WALKER, start_s=START_S + 2.0)
    looks = judge(watch, MovingScene((passer, bag)).picture, 22.0)
    assert "abandoned_rule_v1" in named(looks)
    assert "abandoned_rule_v1" not in named(looks[: int(10 * FPS)])


def test_who_does_not_leave_is_suspected_of_loitering(watch):
    steps = tuple(
        Mover(120 + (20 if i % 2 else 0), 100, -20.0 if i % 2 else 20.0, START_S + i, START_S + i + 0.999, width=16, height=40)
        for i in range(1, 28)
    )
    assert "loitering_rule_v1" in named(judge(watch, MovingScene(steps).picture, 27.0))


def test_flames_are_suspected_where_nothing_shone(watch):
    def picture(t_s: float) -> Luma:
        shown = MovingScene().picture(t_s)
        if t_s > START_S + 3.0:
            random = np.random.default_rng(int(t_s * 1000))
            height, width = int(random.integers(14, 34)), int(random.integers(10, 22))
            flames = random.integers(150, 256, (height, width), np.uint8)
            shown[150 - height : 150, 200 : 200 + width] = flames
        return shown

    assert "fire_rule_v1" in named(judge(watch, picture, 9.0))


def test_a_shadow_over_everything_is_nothing(watch):
    def picture(t_s: float) -> Luma:
        dimmed = 1.0 - 0.25 * min(1.0, max(0.0, (t_s - START_S - 3.0) / 2.0))
        return (MovingScene().picture(t_s) * dimmed).astype(np.uint8)

    looks = judge(watch, picture, 9.0)
    assert not named(looks)
    assert not watch.tracks


def test_what_is_ignored_is_not_followed(watch):
    ignored = np.zeros((240, 320), np.bool_)
    ignored[90:] = True
    assert not named(judge(watch, walk_then(LYING), 11.0, ignored=ignored))
    assert not watch.tracks


YARD = Zone("Yard", ZoneKind.INCLUDE, ((0.2, 0.3), (0.9, 0.3), (0.9, 0.9), (0.2, 0.9)))


@pytest.mark.parametrize(("armed", "suspected"), [(True, True), (False, False), (None, False)])
def test_intrusion_needs_a_zone_and_a_schedule_that_is_on(watch, armed, suspected):
    watch.set_zones((YARD,))
    looks = judge(watch, MovingScene((replace(WALKER, start_s=START_S + 1.0),)).picture, 10.0, armed=armed)
    assert ("intrusion_rule_v1" in named(looks)) is suspected
    # It may be named; it opens nothing.
    assert max(look.value for look in looks) < ALARM_LEVEL


def by_kind(facts: tuple[Fact, ...]) -> dict[FactKind, Fact]:
    return {fact.kind: fact for fact in facts}


def test_facts_measure_what_is_at_the_box_in_body_heights(watch):
    watch.set_zones((YARD,))
    judge(watch, MovingScene((replace(WALKER, start_s=START_S + 1.0),)).picture, 8.0)
    facts = by_kind(watch.facts(START_S + 8.0, None))
    assert facts[FactKind.COUNT].value == 1
    assert facts[FactKind.SPEED].unit == "body heights/s"
    assert facts[FactKind.SPEED].value == pytest.approx(0.75, rel=0.25)
    assert facts[FactKind.SPEED].rarity > 0.02
    assert facts[FactKind.PATH].value == pytest.approx(0.75 * 7, rel=0.35)
    assert facts[FactKind.ZONE].subject == "Yard"
    assert 3.0 < facts[FactKind.ZONE].value < 6.0
    assert all(fact.t0_s <= fact.t1_s <= START_S + 8.0 and 0.0 <= fact.quality <= 1.0 for fact in facts.values())


def test_a_speed_that_nobody_ever_had_is_rare(watch):
    judge(watch, MovingScene((Mover(-16, 100, 130.0, START_S + 1.0, width=16, height=40),)).picture, 3.4)
    facts = by_kind(watch.facts(START_S + 3.4, None))
    assert facts[FactKind.SPEED].rarity < 0.06
    assert facts[FactKind.SPEED].value > facts[FactKind.SPEED].usual
    guess = facts[FactKind.HYPOTHESIS]
    assert (guess.subject, guess.source) == ("running_rule_v2", "running_rule_v2")
    assert set(guess.track_ids) <= {track.id for track in watch.tracks}


def test_what_people_call_normal_is_usual_there_from_then_on(watch):
    looks = judge(watch, walk_then(LYING), 10.0)
    assert "fall_rule_v2" in named(looks)
    assert watch.accept(START_S + 9.0)
    again = SceneWatch.of_arrays(watch.arrays())
    assert "fall_rule_v2" not in named(judge(again, walk_then(LYING), 10.0))
    assert not watch.accept(START_S + 500.0)


def test_what_was_learned_survives_being_saved(watch, arrays):
    again = watch.arrays()
    assert again.keys() == arrays.keys()
    for name, saved in arrays.items():
        np.testing.assert_array_equal(again[name], saved, err_msg=name)
    assert sum(array.nbytes for array in arrays.values()) < 250_000


@pytest.mark.parametrize("name", ["heights", "ways", "usual", "place_there", "levels", "background"])
def test_a_damaged_state_is_refused(arrays, name):
    for wrong in (arrays[name][:1], np.full_like(arrays[name], -1, dtype=np.float32)):
        with pytest.raises(StateError):
            SceneWatch.of_arrays({**arrays, name: wrong})


def test_the_tables_of_other_rules_are_learned_anew(arrays):
    watch = SceneWatch.of_arrays(arrays, RULES[:2])
    assert watch.thetas.shape == (2,)
    assert judge(watch, MovingScene((Mover(-16, 100, 130.0, START_S, width=16, height=40),)).picture, 3.0)[-1].value == 0.0


def test_no_rule_speaks_before_enough_was_seen_and_it_goes_on_learning_until_then(arrays, monkeypatch):
    monkeypatch.setattr(watch_module, "FEWEST_S", 1e9)
    hasty = SceneWatch.of_arrays(learn(SceneWatch()).arrays())
    before = hasty.arrays()["levels"][1]
    assert not named(judge(hasty, walk_then(LYING), 11.0))
    assert hasty.arrays()["levels"][1] > before
    monkeypatch.undo()
    assert "fall_rule_v2" in named(judge(SceneWatch.of_arrays(arrays), walk_then(LYING), 11.0)), "those that learned enough speak"


def test_once_people_turn_out_to_be_of_another_height_all_that_was_learned_by_it_is_learned_anew(watch):
    runner = Mover(-16, 100, 130.0, START_S + 1.0, width=16, height=40)
    assert named(judge(watch, MovingScene((runner,)).picture, 5.0)) == {"running_rule_v2"}
    for number in range(2000):
        # Twice as tall as was thought, in all rows.
        watch._yardstick.learn(0.4 + 0.5 * (number % 10) / 10, 80.0)
    assert not named(judge(watch, MovingScene(walkers(12, every_s=1.5, speed=30.0, start_s=START_S)).picture, 18.0))
    [*_, track] = watch.tracks
    assert track.body == pytest.approx(80.0, rel=0.15)
    assert watch.arrays()["levels"][1] < 20.0, "seconds of normal time since then"
    assert not watch.arrays()["conduct_judges"].any()
    # Of such people it is a walk.
    assert not named(judge(watch, MovingScene((runner,)).picture, 5.0))
    assert SceneWatch.of_arrays(watch.arrays()).arrays()["judges"].tolist() == [False]
