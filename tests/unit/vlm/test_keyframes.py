"""Which pictures are shown, and how they are made ready."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haetae.domain.frame import Box
from haetae.vlm.keyframes import BEFORE_S, Seen, choose_times, difference_hash, is_dark, make_pictures


def noise(seed, height=90, width=160):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def decoded(picture):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@given(
    st.lists(st.tuples(st.floats(-5, 60), st.floats(0, 1)), max_size=50),
    st.floats(0, 120),
    st.integers(1, 12),
)
def test_times_are_few_in_order_and_within_the_event(points, lasted_s, count):
    points.sort()
    times = choose_times([t for t, _ in points], [score for _, score in points], lasted_s, count)
    assert 1 <= len(times) <= max(count, 1)
    assert times == sorted(set(times))
    assert all(-BEFORE_S <= each <= lasted_s + 0.001 for each in times)
    if count >= 3:
        assert {-BEFORE_S, 0.0, round(lasted_s, 3)} <= set(times), "before it, its onset, its end"


def test_more_pictures_are_taken_where_the_score_is_high():
    curve = [index / 10 for index in range(101)]
    scores = [1.0 if 7.0 <= t_s <= 8.0 else 0.0 for t_s in curve]
    times = choose_times(curve, scores, 10.0, 6)
    assert sum(6.9 <= each <= 8.1 for each in times) == 3


def test_pictures_are_bounded_numbered_in_order_of_time_and_true_in_colour():
    red = np.zeros((300, 600, 3), np.uint8)
    red[:, :, 0] = 200
    red[::2, ::3, 1] = 60
    pictures = make_pictures([Seen(2.0, noise(2)), Seen(-1.5, red)], None, count=6, side=256)
    assert [(each.number, each.t_s) for each in pictures] == [(1, -1.5), (2, 2.0)]
    assert (pictures[0].width, pictures[0].height) == (256, 128)
    assert (pictures[1].width, pictures[1].height) == (160, 90), "what is small stays as it is"
    mean = decoded(pictures[0]).mean(axis=(0, 1))
    assert mean[0] > 180
    assert mean[2] < 20


def test_what_shows_the_same_is_sent_once_and_the_onset_always():
    still = noise(1)
    seen = [Seen(float(number), still) for number in (-1, 0, 1, 2)] + [Seen(3.0, noise(5))]
    pictures = make_pictures(seen, None, count=6, side=160)
    assert [each.t_s for each in pictures] == [-1.0, 0.0, 3.0]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_there_are_no_more_pictures_than_asked_for_and_the_onset_is_among_them(count):
    seen = [Seen(number - 3.0, noise(number)) for number in range(10)]
    pictures = make_pictures(seen, None, count=count, side=160)
    assert len(pictures) == count
    assert 0.0 in [each.t_s for each in pictures]


def test_the_abnormal_region_is_enlarged_from_the_picture_of_the_peak():
    peak = np.zeros((200, 400, 3), np.uint8)
    peak[100:120, 200:210] = 255
    peak[::7, ::5] = 30
    pictures = make_pictures([Seen(0.0, noise(1)), Seen(4.0, peak)], Box(0.5, 0.5, 0.525, 0.6), count=6, side=200, peak_s=4.1)
    detail = pictures[-1]
    assert (detail.detail, detail.t_s, detail.number) == (True, 4.0, 3)
    assert max(detail.width, detail.height) == 200
    assert decoded(detail).mean() > decoded(pictures[1]).mean() * 2, "it fills more of the enlargement"


@pytest.mark.parametrize("box", [None, Box(0.0, 0.0, 1.0, 1.0), Box(0.5, 0.5, 0.5, 0.5)])
def test_a_region_that_is_the_picture_or_nothing_is_not_enlarged(box):
    assert not any(each.detail for each in make_pictures([Seen(0.0, noise(1))], box, count=3, side=160))


def test_nothing_seen_is_nothing_sent():
    assert make_pictures([], Box(0.1, 0.1, 0.2, 0.2), count=3, side=160) == ()


def test_a_hash_tells_sights_apart_and_noise_not():
    one = cv2.GaussianBlur(noise(1), (0, 0), 12)
    near = np.clip(one.astype(int) + np.random.default_rng(3).integers(-2, 3, one.shape), 0, 255).astype(np.uint8)
    assert (difference_hash(one) ^ difference_hash(near)).bit_count() <= 4
    assert (difference_hash(one) ^ difference_hash(cv2.flip(one, 1))).bit_count() > 16


def test_the_dark_is_noticed():
    dark = make_pictures([Seen(0.0, (noise(1) // 8).astype(np.uint8))], None, count=1, side=160)
    light = make_pictures([Seen(0.0, noise(1))], None, count=1, side=160)
    assert (is_dark(dark), is_dark(light), is_dark(())) == (True, False, False)
