import numpy as np
import pytest

from haetae.vad.looks import LOOKS_KEPT, SAME_VIEW, Detail, Looks, Thumb, matching_share, measure_detail, reduce_picture

DETAIL = Detail(np.full((4, 6), 50.0, np.float32), 0.0)


def view(seed: int) -> Thumb:
    coarse = np.random.default_rng(seed).uniform(20, 230, (20, 30))
    return np.repeat(np.repeat(coarse, 3, axis=0), 3, axis=1).astype(np.float32)


def test_brightness_and_contrast_do_not_matter():
    assert matching_share(view(1) * 0.2 + 40, view(1)) == 1.0
    assert matching_share(view(2), view(1)) < 0.2


def test_a_view_without_structure_matches_everything():
    assert matching_share(view(1), np.full((60, 90), 99.0, np.float32)) == 1.0


def test_a_small_shift_is_followed_and_a_large_one_is_not():
    looks = Looks()
    looks.add(view(1), DETAIL, 0.0)
    assert looks.match(np.roll(view(1), (4, -7), axis=(0, 1)), DETAIL, 1.0).share >= SAME_VIEW
    assert looks.match(np.roll(view(1), 45, axis=1), DETAIL, 2.0).share < SAME_VIEW


def test_the_look_that_was_not_seen_for_longest_gives_way():
    looks = Looks()
    for seed in range(LOOKS_KEPT):
        looks.add(view(seed), DETAIL, float(seed))
    looks.match(view(0), DETAIL, 10.0)
    looks.add(view(7), DETAIL, 11.0)
    assert len(looks) == LOOKS_KEPT
    assert looks.match(view(0), DETAIL, 12.0).share == 1.0
    assert looks.match(view(1), DETAIL, 13.0).share < SAME_VIEW


def test_what_is_seen_after_loading_is_newer_than_what_was_seen_before():
    looks = Looks()
    for seed in range(LOOKS_KEPT):
        looks.add(view(seed), DETAIL, 1000.0 + seed)
    loaded = Looks.from_arrays(looks.arrays())
    loaded.match(view(0), DETAIL, 1.0)
    loaded.add(view(7), DETAIL, 2.0)
    assert loaded.match(view(0), DETAIL, 3.0).share == 1.0


@pytest.mark.parametrize("size", [(60, 90), (240, 320), (1080, 1920), (1920, 1080)])
def test_pictures_of_any_size_come_down_to_one(size):
    assert reduce_picture(np.zeros(size, np.uint8)).shape == (240, 360)


def test_noise_is_not_taken_for_detail():
    rng = np.random.default_rng(1)
    edges = np.kron(rng.integers(40, 220, (8, 12)), np.ones((30, 30)))
    clean = measure_detail(edges.astype(np.uint8)).blocks.mean()
    noisy = measure_detail(np.clip(edges + rng.normal(0, 4, edges.shape), 0, 255).astype(np.uint8))
    assert noisy.blocks.mean() == pytest.approx(clean, rel=0.1)
    assert noisy.noise == pytest.approx(20 * 16, rel=0.3)
