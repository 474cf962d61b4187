"""What is learned of one camera: heights of people, ways, what is usual where."""

import numpy as np
import pytest

from haetae.vad.tracks.blobs import Blob
from haetae.vad.tracks.follow import Follower
from haetae.vad.tracks.heights import Heights
from haetae.vad.tracks.places import Places
from haetae.vad.tracks.usual import Measure, Usual
from haetae.vad.tracks.ways import Ways


def test_heights_follow_perspective_even_where_nobody_walked():
    heights = Heights()
    assert not heights.known
    for i in range(200):
        foot = 0.4 + 0.3 * (i % 20) / 20
        heights.learn(foot, 100 * foot - 10)
    assert heights.known
    assert heights.at(0.5, 240) == pytest.approx(40, rel=0.12)
    assert heights.at(0.9, 240) == pytest.approx(80, rel=0.15)


def test_a_few_cars_do_not_make_people_taller():
    heights = Heights()
    for i in range(300):
        heights.learn(0.3 + 0.5 * (i % 10) / 10, 30 if i % 11 else 90)
    assert heights.at(0.5, 240) == pytest.approx(30, rel=0.15)


def test_insects_and_drops_do_not_hide_the_line_on_which_people_are():
    heights = Heights()
    random = np.random.default_rng(3)
    for _ in range(3000):
        heights.learn(float(random.uniform(0.3, 1.0)), float(random.uniform(6.0, 14.0)))
    for i in range(1500):
        foot = 0.35 + 0.6 * (i % 30) / 30
        heights.learn(foot, (100 * foot - 15) * float(random.uniform(0.93, 1.07)))
    assert heights.at(0.5, 240) == pytest.approx(35, rel=0.12)
    assert heights.at(0.9, 240) == pytest.approx(75, rel=0.12)


def test_a_way_is_wrong_only_where_all_go_the_other_one():
    ways = Ways(160, 90)
    for _ in range(60):
        ways.learn(50, 45, 1.0, 0.0)
        ways.learn(120, 45, 1.0, 0.0)
        ways.learn(120, 45, -1.0, 0.0)
    assert ways.against([(50, 45)], -1.0, 0.0) > 0.9
    assert ways.against([(50, 45)], 1.0, 0.0) == 0.0
    assert ways.against([(50, 45)], 0.0, 1.0) == 0.0
    assert ways.against([(120, 45)], -1.0, 0.0) == 0.0
    assert ways.against([(80, 5)], -1.0, 0.0) == 0.0


def test_ways_are_told_from_a_part_and_those_round_it_up_to_the_last_passage():
    random = np.random.default_rng(4)
    ways, counts = Ways(160, 90), np.zeros((9, 16, 8))
    for x, y, turn in random.uniform((0, 0, 0), (160, 90, 1), (3000, 3)):
        # Nearly all go to the right, so that there is a wrong way.
        heading = np.pi * (turn - 0.5) if turn < 0.97 else np.pi
        right, down = float(np.cos(heading)), float(np.sin(heading))
        places = [(x, y), (max(0.0, x - 12.0), y)]
        parts = [(int(each_y / 10), int(each_x / 10)) for each_x, each_y in places]
        near = sum(counts[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].sum(axis=(0, 1)) for row, column in parts)
        way = round(heading / (2 * np.pi) * 8) % 8
        own, opposite = (sum(near[(way + off + turn) % 8] for turn in (-1, 0, 1)) for off in (0, 4))
        known = own + opposite >= 10.0 and opposite >= 0.8 * (own + opposite) and own + opposite >= 0.5 * near.sum()
        expected = -np.log10((own + 0.5) / (own + opposite + 1.0)) / 2.0 if known else 0.0
        assert ways.against(places, right, down) == pytest.approx(expected)
        ways.learn(x, y, right, down)
        counts[int(y / 10), int(x / 10), way] += 1.0
    assert ways.against([(80, 45)], -1.0, 0.0) > 0.5


def test_rarity_is_the_share_of_occasions_that_reach_a_value():
    usual = Usual()
    assert usual.rarity(Measure.SPEED, 1.0) is None
    for i in range(100):
        usual.learn(Measure.SPEED, 1.0)
        usual.learn(Measure.POSTURE, 2.5)
        if i < 10:
            usual.learn(Measure.SPEED, 2.0)
    assert usual.rarity(Measure.SPEED, 0.5) == pytest.approx(1.0)
    assert usual.rarity(Measure.SPEED, 2.0) == pytest.approx(0.1, abs=0.02)
    assert usual.rarity(Measure.SPEED, 6.0) < 0.01
    assert usual.usual(Measure.SPEED) == pytest.approx(2.2, rel=0.2)
    assert usual.rarity(Measure.POSTURE, 0.4) < 0.02
    assert usual.rarity(Measure.POSTURE, 3.0) == pytest.approx(1.0)


def test_where_it_always_stirs_is_restless():
    places = Places(1)
    for i in range(200):
        places.look([(0.1, 0.1, 0.2, 0.2)] if i % 2 else [])
    assert places.restless(0.15, 0.15)
    assert not places.restless(0.6, 0.6)


def test_what_was_seen_before_is_usual_at_its_place_alone():
    places = Places(2)
    places.learn(1, 0.5, 0.5, 3.0)
    assert places.beyond(1, 0.5, 0.5, 3.0) < 1.0
    assert places.beyond(1, 0.9, 0.9, 3.0) == 3.0
    assert places.beyond(0, 0.5, 0.5, 3.0) == 3.0
    again = Places(2, places.arrays())
    assert again.beyond(1, 0.5, 0.5, 3.0) == places.beyond(1, 0.5, 0.5, 3.0)


def box(x: float, y: float = 100.0, width: float = 10.0, height: float = 30.0) -> Blob:
    return Blob(x - width / 2, y - height, x + width / 2, y, 0.7 * width * height, 10.0, 0.0)


def test_two_who_pass_in_front_of_each_other_stay_two():
    follower = Follower()
    for step in range(30):
        left, right = 20.0 + 4 * step, 140.0 - 4 * step
        apart = abs(left - right) > 10
        blobs = [box(left), box(right)] if apart else [box((left + right) / 2, width=10 + abs(left - right))]
        follower.step(blobs, [30.0] * len(blobs), 0.2 * step, 2.0)
        if step == 5:
            before = {track.id for track in follower.tracks}
        if not apart:
            [both] = follower.tracks
            assert both.others == 1
    assert {track.id for track in follower.tracks} == before
    assert len(before) == 2


def test_things_are_found_again_where_they_overlap_or_are_near_the_likest_first():
    random = np.random.default_rng(9)
    found = 0
    for _ in range(80):
        before = [box(*random.uniform((0, 40, 4, 12), (120, 120, 25, 45)).tolist()) for _ in range(9)]
        after = [box(*random.uniform((0, 40, 4, 12), (120, 120, 25, 45)).tolist()) for _ in range(9)]
        follower = Follower()
        follower.step(before, [30.0] * 9, 0.0, 3.0)
        follower.step(after, [30.0] * 9, 0.2, 3.0)
        pairs = []
        for old, one in enumerate(before):
            for new, two in enumerate(after):
                across = max(0.0, min(one.right, two.right) - max(one.left, two.left))
                common = across * max(0.0, min(one.bottom, two.bottom) - max(one.top, two.top))
                overlap = common / (one.width * one.height + two.width * two.height - common)
                likeness = overlap + 0.6 * max(0.0, 1.0 - float(np.hypot(one.x - two.x, one.bottom - two.bottom)) / 27.0)
                alike = overlap > 0.0 or 1 / 1.6 < two.height / one.height < 1.6
                if likeness >= (0.12 if alike else 1.0):
                    pairs.append((likeness, new, old))
        same: dict[int, int] = {}
        for _, new, old in sorted(pairs, reverse=True):
            if new not in same and old not in same.values():
                same[new] = old
        for new, blob in enumerate(after):
            [track] = [track for track in follower.tracks if track.blob is blob]
            assert track.id == same[new] + 1 if new in same else track.id > len(before)
        found += len(same)
    assert 200 < found < 600


def test_a_track_ends_when_it_is_gone():
    follower = Follower()
    for step in range(5):
        follower.step([box(20.0 + 4 * step)], [30.0], 0.2 * step, 2.0)
    [track] = follower.tracks
    for step in range(5, 20):
        follower.step([], [], 0.2 * step, 2.0)
        if follower.ended:
            break
    assert follower.ended == [track]
    assert not follower.tracks
