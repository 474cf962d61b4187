import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.moving_scene import MovingScene, texture

from haetae.vad.motion import foreground
from haetae.vad.motion.foreground import ABSORB_S, Background, Seen

SCENE = MovingScene()


def feed(background: Background, pictures: list[NDArray[np.uint8]], t_s: float = 0.0, step_s: float = 0.1) -> list[Seen]:
    return [background.step(picture, t_s + step_s * number, step_s) for number, picture in enumerate(pictures)]


def empty(count: int, t_s: float = 0.0) -> list[NDArray[np.uint8]]:
    return [SCENE.picture(t_s + 0.1 * number) for number in range(count)]


def settled() -> Background:
    background = Background()
    feed(background, empty(100))
    return background


def with_box(picture: NDArray[np.uint8], x: int = 100, level: int = 200) -> NDArray[np.uint8]:
    picture = picture.copy()
    picture[80:140, x : x + 40] = level
    return picture


def test_it_says_when_it_has_seen_enough_to_judge() -> None:
    seen = feed(Background(), empty(40))
    assert not seen[0].settled
    assert not seen[10].settled
    assert seen[-1].settled


def test_only_what_is_new_is_foreground() -> None:
    [seen] = feed(settled(), [with_box(SCENE.picture(20.0))], 20.0)
    share = (seen.mask > 0).mean()
    assert (seen.mask[80:140, 100:140] > 0).mean() > 0.95
    assert abs(share - 60 * 40 / seen.mask.size) < 0.002


def test_who_walks_through_while_it_is_made_leaves_no_ghost() -> None:
    background = Background()
    feed(background, [with_box(picture, x=5 * number) for number, picture in enumerate(empty(50))])
    seen = feed(background, empty(60, 5.0), 5.0)
    assert (seen[-1].mask > 0).mean() < 0.002


def test_while_it_is_made_it_is_the_median_of_what_was_seen() -> None:
    random = np.random.default_rng(5)
    background, pictures = Background(), []
    for number in range(14):
        pictures.append(random.integers(80, 100, (48, 64)).astype(np.uint8))
        background.step(pictures[-1], 0.5 * number, 0.5)
        assert background.mean is not None
        assert np.array_equal(background.mean, np.median(np.stack(pictures), axis=0).astype(np.float32))
        assert background.mean.dtype == np.float32


def test_slow_light_is_followed() -> None:
    background = settled()
    brighter = [np.clip(picture.astype(int) + number // 5, 0, 255).astype(np.uint8) for number, picture in enumerate(empty(250, 10.0))]
    seen = feed(background, brighter, 10.0)
    assert not any(each.changed for each in seen)
    assert (seen[-1].mask > 0).mean() < 0.002


def lit(picture: NDArray[np.uint8], gain: float) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(picture * gain), 0, 255), np.uint8)


def test_a_cloud_that_passes_hides_nobody() -> None:
    """2 % brighter in two pictures, much faster than the background follows."""
    background = settled()
    passing = [lit(with_box(picture, level=20), 1.01**number) for number, picture in enumerate(empty(30, 20.0))]
    seen = feed(background, passing, 20.0)
    assert not any(each.changed for each in seen)
    for each in seen:
        assert (each.mask[80:140, 100:140] > 0).mean() > 0.95
        assert (each.mask > 0).mean() < 0.06


def test_a_background_in_another_light_is_that_light_times_the_background() -> None:
    random = np.random.default_rng(2)
    mean = random.uniform(0.0, 255.0, (120, 160)).astype(np.float32)
    for gain in random.uniform(0.7, 1.5, 50).tolist():
        picture = np.rint(np.minimum(mean * np.float32(gain), np.float32(255.0))).astype(np.uint8)
        [seen] = feed(Background(mean.copy()), [picture], step_s=0.2)
        assert (seen.count, seen.changed) == (0, False)


@pytest.mark.parametrize("noise", [2.0, 8.0])
def test_what_cannot_be_the_light_is_seen_as_if_the_light_had_been_tried(monkeypatch: pytest.MonkeyPatch, noise: float) -> None:
    random = np.random.default_rng(7)
    ground = random.integers(30, 200, (96, 128)).astype(np.float32)
    pictures = []
    for number in range(150):
        gain = 1.0 + 0.15 * np.sin(number / 4.0) if number // 25 % 2 else 1.0 + 0.01 * np.sin(number)
        picture = gain * ground + random.normal(0.0, noise / 2, ground.shape)
        x, high = number % 100, int(random.integers(0, 90))
        picture[:high, x : x + 28] += 45.0
        pictures.append(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    seen, backgrounds = [], []
    for rounded in (foreground.ROUNDED, 1000.0):
        # With so much left to rounding nothing is certain.
        monkeypatch.setattr(foreground, "ROUNDED", rounded)
        backgrounds.append(Background(ground.copy(), noise))
        seen.append(feed(backgrounds[-1], pictures, step_s=0.2))
    for one, other in zip(*seen, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert (one.count, one.changed, one.share) == (other.count, other.changed, other.share)
    assert np.array_equal(backgrounds[0].mean, backgrounds[1].mean)
    assert sum(each.share > 2 * each.count / ground.size for each in seen[0]) > 5
    assert sum(each.count > 0.02 * ground.size for each in seen[0]) > 30


def test_after_a_jump_of_the_exposure_nothing_is_judged_for_a_second() -> None:
    background = settled()
    seen = feed(background, [lit(with_box(picture, level=20), 1.25) for picture in empty(30, 20.0)], 20.0)
    assert [each.changed for each in seen] == [True] * 11 + [False] * 19
    assert all(each.settled for each in seen)
    assert (seen[-1].mask[80:140, 100:140] > 0).mean() > 0.95
    assert (seen[-1].mask > 0).mean() < 0.05


def test_the_light_is_followed_while_the_background_is_made() -> None:
    background = Background()
    seen = feed(background, [lit(picture, 1.01 ** min(number, 30)) for number, picture in enumerate(empty(60))])
    assert not any(each.changed for each in seen)
    assert (seen[-1].mask > 0).mean() < 0.002


def test_what_covers_a_third_of_the_picture_is_no_change_of_the_light() -> None:
    background = settled()
    picture = SCENE.picture(20.0).copy()
    picture[:, 100:200] = 20
    [seen] = feed(background, [picture], 20.0)
    assert not seen.changed
    assert (seen.mask[:, 100:200] > 0).mean() > 0.95


def test_what_stays_becomes_background_but_not_at_once() -> None:
    background = settled()
    staying = [with_box(picture, level=170) for picture in empty(20, 10.0)]
    before = feed(background, staying, 10.0, step_s=1.0)
    assert (before[-1].mask[80:140, 100:140] > 0).mean() > 0.95
    after = feed(background, staying * 15, 30.0, step_s=1.0)
    assert 3 * ABSORB_S < 300
    assert (after[-1].mask > 0).mean() < 0.01


def test_a_large_sudden_change_is_told_once_and_learned_anew() -> None:
    background = settled()
    elsewhere = [texture(240, 320, 170, 40, 77)] * 40
    seen = feed(background, elsewhere, 20.0)
    assert [each.changed for each in seen] == [True] + [False] * 39
    assert not seen[1].settled
    assert seen[-1].settled
    assert not seen[-1].mask.any()


def test_what_covered_the_scene_leaves_and_the_old_background_is_taken_back() -> None:
    background = settled()
    feed(background, [np.full((240, 320), 20, np.uint8)] * 100, 20.0)
    seen = feed(background, empty(2, 30.0), 30.0)
    assert seen[0].changed
    assert seen[1].settled
    assert (seen[1].mask > 0).mean() < 0.002


def test_a_background_survives_being_saved() -> None:
    mean = settled().mean
    assert mean is not None
    [seen] = feed(Background(mean.copy(), 2.0), [with_box(SCENE.picture(20.0))], 20.0)
    assert seen.settled
    assert (seen.mask > 0).mean() < 0.04
