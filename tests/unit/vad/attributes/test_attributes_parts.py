"""The parts against closed forms and simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from haetae.vad.attributes.banks import NEIGHBOURS, Reservoir, distances
from haetae.vad.attributes.bodies import BodyHeights
from haetae.vad.attributes.classes import TRUST, ClassVisits, part_of
from haetae.vad.attributes.fusion import FADE_S, LEAST_REFERENCE, QUIET, Judgement, contributions, replayed
from haetae.vad.attributes.look import grid_points, own_foreground, uncovered
from haetae.vad.attributes.objects import Attribute, Objects
from haetae.vad.attributes.tables import surprises
from haetae.vad.attributes.tails import GREATEST, NonconformityTail
from haetae.vad.attributes.tracks import MEAN_S, Tracks, matched
from haetae.vad.base import HeldOut

POSITIVE = st.floats(0.0625, 1000.0, width=32)


def objects(boxes, kinds=None, confidence=0.9, velocity=(0.0, 0.0), points=50.0, area=1e4) -> Objects:
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(boxes)
    made = Objects.of_boxes(boxes, np.array(kinds if kinds is not None else [0] * count, np.intp), np.full(count, confidence, np.float32))
    made.velocity[:] = velocity
    made.points[:] = points
    made.area[:] = area
    return made


class TestTail:
    def test_p_is_uniform_for_values_like_the_learned_ones(self):
        random = np.random.default_rng(1)
        tail = NonconformityTail.of(random.gamma(2.0, 1.0, 5000).astype(np.float32))
        surprise = tail.surprise(random.gamma(2.0, 1.0, 200_000).astype(np.float32))
        for p in (0.5, 0.1, 0.02):
            assert float((surprise >= -np.log10(p)).mean()) == pytest.approx(p, rel=0.15)

    def test_beyond_the_footage_an_exponential_tail_is_met(self):
        random = np.random.default_rng(2)
        tail = NonconformityTail.of(random.exponential(3.0, 20_000).astype(np.float32))
        for p in (1e-3, 1e-5, 1e-7):
            assert float(tail.surprise(np.array([-3.0 * np.log(p)], np.float32))[0]) == pytest.approx(-np.log10(p), rel=0.15)

    @given(st.integers(1, 60))
    def test_few_values_claim_no_more_than_they_can(self, count):
        """The greatest of n normal values has p = 1 / (n + 1) at most."""
        values = np.arange(1, count + 1, dtype=np.float32)
        tail = NonconformityTail.of(values)
        assert float(tail.surprise(values[-1:])[0]) <= np.log10(count + 1) + 1e-6

    @given(arrays(np.float32, st.integers(1, 80), elements=POSITIVE), arrays(np.float32, 20, elements=POSITIVE))
    def test_it_rises_and_stays_within_its_bounds(self, learned, asked):
        surprise = NonconformityTail.of(learned).surprise(np.sort(asked))
        assert (np.diff(surprise) >= -1e-5).all()
        assert (surprise >= 0.0).all()
        assert (surprise <= GREATEST).all()

    @given(arrays(np.float32, st.integers(1, 80), elements=POSITIVE), arrays(np.float32, st.integers(1, 80), elements=POSITIVE), POSITIVE)
    def test_what_was_normal_in_either_footage_stays_normal(self, first, second, value):
        tails = NonconformityTail.of(first), NonconformityTail.of(second)
        asked = np.array([value], np.float32)
        both = float(tails[0].joined(tails[1]).surprise(asked)[0])
        assert both <= min(GREATEST, max(float(tail.surprise(asked)[0]) for tail in tails)) + 1e-4

    def test_a_value_that_all_share_is_not_odd(self):
        assert float(NonconformityTail.of(np.full(500, 2.0, np.float32)).surprise(np.array([2.0], np.float32))[0]) == 0.0

    def test_nothing_there_has_p_1(self):
        tails = tuple(NonconformityTail.of(np.linspace(1, 2, 100, dtype=np.float32)) for _ in Attribute)
        assert (surprises(tails, np.zeros((3, len(Attribute)), np.float32)) == 0.0).all()


class TestBodies:
    @given(st.floats(0.0, 0.4), st.floats(5.0, 40.0))
    @settings(max_examples=30)
    def test_the_line_is_found_in_spite_of_wrong_boxes(self, slope, offset):
        random = np.random.default_rng(3)
        row = random.uniform(40, 240, 400).astype(np.float32)
        height = (slope * row + offset) * random.normal(1.0, 0.03, 400)
        height[::10] *= 2.5
        found = BodyHeights.fit(row, height.astype(np.float32), np.zeros(400, np.intp), picture_height=240)
        asked = np.array([60.0, 140.0, 220.0], np.float32)
        assert found.at(asked) == pytest.approx(slope * asked + offset, rel=0.08)

    def test_the_most_usual_class_is_the_yardstick(self):
        row = np.linspace(50, 200, 100).astype(np.float32)
        kind = np.where(np.arange(100) % 3 == 0, 7, 2)
        height = np.where(kind == 7, 90.0, 30.0).astype(np.float32)
        found = BodyHeights.fit(row, height, kind, picture_height=240)
        assert found.kind == 2
        assert found.at(row[:1])[0] == pytest.approx(30.0, rel=0.01)

    def test_without_boxes_there_is_a_guess(self):
        none = np.empty(0, np.float32)
        assert BodyHeights.fit(none, none, none.astype(np.intp), picture_height=240).at(np.array([100.0], np.float32))[0] == 40.0


class TestClasses:
    def taken(self, visits: int, kind: int, foot=(100, 100)) -> ClassVisits:
        counted = ClassVisits.none(3)
        x, y = foot
        for _ in range(visits):
            counted.take(objects([x - 5, y - 20, x + 5, y], [kind], confidence=1.0), 2.0, 320, 240)
        return counted

    def test_the_usual_class_is_not_surprising_and_an_unseen_one_is(self):
        surprise = self.taken(200, 0).surprises()
        row, column = part_of(np.array([[100.0, 100.0]], np.float32), 320, 240)
        usual, unseen = (float(surprise[kind, row[0], column[0]]) for kind in (0, 1))
        assert usual < 0.01
        assert unseen == pytest.approx(-np.log10(0.5 / 201.5 * TRUST / (TRUST + 200 * 0.37)), rel=0.1)

    def test_a_class_that_is_usual_elsewhere_only_is_odd_here(self):
        surprise = (self.taken(100, 0, (40, 40)) + self.taken(100, 1, (280, 200))).surprises()
        row, column = part_of(np.array([[280.0, 200.0]], np.float32), 320, 240)
        assert surprise[0, row[0], column[0]] > 1.0 > 0.1 > surprise[1, row[0], column[0]]

    def test_counts_add_and_subtract(self):
        one, two = self.taken(5, 0), self.taken(7, 2, (30, 30))
        assert np.allclose((one + two - two).visits, one.visits)

    def test_what_has_no_class_is_not_counted(self):
        assert self.taken(5, -1).visits.sum() == 0.0


class TestBanks:
    @given(st.integers(1, 40), st.integers(1, 400), st.integers(1, 9))
    @settings(max_examples=30)
    def test_a_reservoir_holds_no_more_than_it_may_and_only_what_was_added(self, most, count, step):
        rows = np.arange(count, dtype=np.float32)[:, None]
        reservoir = Reservoir(most, 1)
        for first in range(0, count, step):
            reservoir.add(rows[first : first + step])
        assert len(reservoir.rows) == min(most, count)
        assert len(np.unique(reservoir.rows)) == len(reservoir.rows)
        assert reservoir.seen == count

    def test_every_row_has_the_same_chance(self):
        kept = np.zeros(100)
        for seed in range(400):
            reservoir = Reservoir(10, 1, seed=seed)
            for value in range(100):
                reservoir.add(np.array([[value]], np.float32))
            kept[reservoir.rows.astype(int)] += 1
        assert kept[:50].sum() == pytest.approx(kept[50:].sum(), rel=0.1)

    def test_joining_keeps_the_share_of_each_side(self):
        left, right = Reservoir(100, 1), Reservoir(100, 1)
        left.add(np.zeros((900, 1), np.float32))
        right.add(np.ones((300, 1), np.float32))
        left.join(right)
        assert (len(left.rows), left.seen) == (100, 1200)
        assert float(left.rows.mean()) == pytest.approx(0.25, abs=0.02)

    @given(
        arrays(np.float32, (30, 2), elements=st.floats(-5, 5, width=32)), arrays(np.float32, (7, 2), elements=st.floats(-5, 5, width=32))
    )
    def test_distances_are_those_to_the_third_nearest(self, exemplars, rows):
        wanted = np.sort(np.linalg.norm(rows[:, None] - exemplars[None], axis=2), axis=1)[:, NEIGHBOURS - 1]
        assert distances(exemplars, rows) == pytest.approx(wanted, abs=5e-3)

    def test_without_exemplars_nothing_is_far(self):
        assert distances(np.empty((0, 2), np.float32), np.ones((3, 2), np.float32)).tolist() == [0.0, 0.0, 0.0]


class TestTracks:
    def test_measurements_of_one_object_are_averaged(self):
        tracks = Tracks()
        random = np.random.default_rng(4)
        for number in range(20):
            seen = tracks.step(objects([10 + 4 * number, 20, 30 + 4 * number, 60], velocity=random.normal((40, 0), 15)), 0.1 * number)
        # The mean over 2 * MEAN_S / 0.1 looks.
        assert seen.velocity[0] == pytest.approx((40, 0), abs=2.5 * 15 / np.sqrt(2 * MEAN_S / 0.1))

    def test_another_class_begins_without_belief(self):
        tracks = Tracks()
        for number in range(10):
            tracks.step(objects([10, 20, 30, 60], [0], confidence=0.9), 0.1 * number)
        flicker = tracks.step(objects([10, 20, 30, 60], [1], confidence=0.9), 1.0)
        assert flicker.confidence[0] < 0.3

    def test_a_long_silence_ends_what_was_known(self):
        tracks = Tracks()
        tracks.step(objects([10, 20, 30, 60], velocity=(100, 0)), 0.0)
        assert tracks.step(objects([10, 20, 30, 60], velocity=(0, 0)), 60.0).velocity[0, 0] == 0.0

    @given(st.permutations(range(5)))
    def test_each_box_finds_itself_whatever_the_order(self, order):
        boxes = np.array([[40 * number, 0, 40 * number + 30, 30] for number in range(5)], np.float32)
        now, before = matched(boxes[list(order)], boxes)
        assert {(order[here], int(there)) for here, there in zip(now, before, strict=True)} == {(number, number) for number in range(5)}


class TestLook:
    def test_what_no_box_covers_is_found_and_what_one_covers_is_not(self):
        mask = np.zeros((120, 160), np.uint8)
        mask[20:60, 20:40] = 255
        mask[20:60, 100:120] = 255
        mask[5, 5] = 255
        found = uncovered(mask, np.array([[18, 18, 42, 62]], np.float32))
        assert found.tolist() == [[100, 20, 120, 60]]

    def test_foreground_and_points_belong_to_their_boxes(self):
        mask = np.zeros((120, 160), np.uint8)
        mask[20:60, 20:40] = 255
        boxes = np.array([[20, 20, 40, 60], [10, 20, 30, 60], [80, 80, 120, 120], [150, 110, 400, 300]], np.float32)
        # The second one is as large, and comes later: what both cover belongs to the first.
        assert own_foreground(mask, boxes).tolist() == [800, 0, 0, 0]
        points, owner = grid_points(boxes, mask)
        assert set(owner.tolist()) == {0, 1}
        assert (mask[points[:, 1].astype(int), points[:, 0].astype(int)] == 255).all()

    def test_a_box_round_others_has_what_is_left(self):
        mask = np.full((100, 100), 255, np.uint8)
        boxes = np.array([[0, 0, 100, 100], [10, 10, 30, 60]], np.float32)
        assert own_foreground(mask, boxes).tolist() == [9000, 1000]


class TestFusion:
    @given(arrays(np.float32, (4, 4), elements=st.floats(0, 40, width=32)))
    def test_an_attribute_counts_1_at_its_reference_and_nothing_while_quiet(self, surprise):
        share = contributions(surprise, LEAST_REFERENCE)
        assert share[surprise <= QUIET * LEAST_REFERENCE * 0.999].max(initial=0.0) == 0.0
        assert contributions(LEAST_REFERENCE, LEAST_REFERENCE) == pytest.approx(1.0)
        assert (share >= 0.0).all()

    def test_a_judgement_holds_until_the_next_look_is_due_and_then_fades(self):
        judgement = Judgement(hold_s=0.5)
        judgement.look(2.0, 10.0)
        values = {t_s: judgement.at(t_s) for t_s in np.round(np.arange(10.0, 20.0, 0.1), 1)}
        assert values[10.5] > 0.8 * 2.0
        assert judgement.share(10.5) == 1.0
        assert judgement.share(10.5 + FADE_S) == pytest.approx(np.exp(-1))
        assert values[19.0] < 0.01

    def test_held_out_scores_are_what_scoring_would_have_given(self):
        t_s = np.round(np.arange(0.0, 10.0, 0.1), 3)
        motion = HeldOut(t_s, np.linspace(0, 1, 100))
        looked, values = t_s[::5], np.linspace(0, 2, 20).astype(np.float32)
        judgement, wanted = Judgement(0.5), []
        for number, now in enumerate(t_s):
            if number % 5 == 0:
                judgement.look(float(values[number // 5]), float(now))
            wanted.append(motion.raw[number] + 0.4 * judgement.at(float(now)))
        assert replayed(motion, looked, values, 0.5, 0.4) == pytest.approx(wanted)
