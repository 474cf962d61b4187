import numpy as np
import pytest
from tests.support.moving_scene import Mover, MovingScene

from haetae.vad.motion.cells import CELL, FORGET_S, LONGEST_STAY_S, STILL_LEVELS, STILL_NOISE, Observation, Observer, Value
from haetae.vad.motion.foreground import Background
from haetae.vad.preprocess import WorkSize

SIZE = WorkSize(320, 240, 320, 240)


def observe(
    scene: MovingScene, seconds: float, *, fps: float = 10.0, observer: Observer | None = None, from_s: float = 0.0
) -> list[Observation]:
    observer = observer or Observer(SIZE, Background(scene.ground.astype(np.float32)))
    return [observer.step(scene.picture(from_s + number / fps), from_s + number / fps) for number in range(int(seconds * fps))]


@pytest.mark.parametrize("fps", [5.0, 10.0, 15.0])
def test_speed_does_not_depend_on_the_frame_rate(fps: float) -> None:
    seen = observe(MovingScene((Mover(40, 90, 50.0, width=40, height=60),)), 3.0, fps=fps)
    peaks = [each.values[Value.SPEED].max() for each in seen[-8:]]
    assert np.median(peaks) == pytest.approx(50.0, rel=0.25)


def test_a_repeated_time_stamp_makes_nobody_fast() -> None:
    """Two pictures a tenth of a second apart that carry (nearly) the same time: 5 px in a millisecond would be 5000 px/s."""
    scene = MovingScene((Mover(40, 90, 50.0, width=40, height=60),))
    observer = Observer(SIZE, Background(scene.ground.astype(np.float32)))
    stamps = [number / 10.0 if number % 4 else number / 10.0 - 0.099 for number in range(30)]
    seen = [observer.step(scene.picture(number / 10.0), stamp) for number, stamp in enumerate(stamps)]
    assert max(each.values[Value.SPEED].max(initial=0.0) for each in seen) < 400.0


def test_heading_is_told_clockwise_from_the_right() -> None:
    for speed, expected in ((50.0, 0), (-50.0, 4)):
        seen = observe(MovingScene((Mover(160, 90, speed, width=40, height=60),)), 1.5)[-1]
        told = seen.direction[seen.direction >= 0]
        assert told.size
        assert (told == expected).mean() > 0.9


def test_size_is_the_connected_area() -> None:
    small = observe(MovingScene((Mover(100, 80, 20.0, width=24, height=40),)), 1.0)[-1].values[Value.SIZE].max()
    large = observe(MovingScene((Mover(100, 80, 20.0, width=96, height=40),)), 1.0)[-1].values[Value.SIZE].max()
    assert small == pytest.approx(24 * 40 / 64, rel=0.35)
    assert large > 3 * small


def test_what_lies_is_flatter_than_what_stands() -> None:
    stands = observe(MovingScene((Mover(100, 80, 20.0, width=24, height=48),)), 1.0)[-1].values[Value.FLATNESS].max()
    lies = observe(MovingScene((Mover(100, 80, 20.0, width=48, height=24),)), 1.0)[-1].values[Value.FLATNESS].max()
    assert lies > 2 * stands


def test_limbs_are_agitation_and_walking_is_not() -> None:
    together = MovingScene((Mover(100, 80, 40.0, height=20), Mover(100, 100, 40.0, height=20)))
    against = MovingScene((Mover(100, 80, 40.0, height=20), Mover(130, 100, -40.0, height=20)))
    calm, wild = (np.median([each.values[Value.AGITATION].max() for each in observe(scene, 0.8)[-4:]]) for scene in (together, against))
    assert wild > 2 * calm


def test_a_stay_grows_while_something_is_there_and_not_where_things_pass() -> None:
    stays = observe(MovingScene((Mover(100, 80, 0.0),)), 12.0)[-1]
    passes = observe(MovingScene((Mover(-20, 80, 25.0),)), 12.0)
    assert stays.values[Value.STAY].max() == pytest.approx(12.0, abs=0.5)
    assert max(each.values[Value.STAY].max(initial=0) for each in passes) < 4.0


def test_after_a_gap_nothing_moved_since_the_last_frame() -> None:
    scene = MovingScene((Mover(40, 90, 50.0, width=40, height=60),))
    observer = Observer(SIZE, Background(scene.ground.astype(np.float32)))
    observe(scene, 1.0, observer=observer)
    first = observer.step(scene.picture(3.0), 3.0)
    assert first.elapsed_s == 0.0
    assert first.cell.size > 0
    assert not first.values[Value.SPEED].any()
    second = observer.step(scene.picture(3.1), 3.1)
    assert second.values[Value.SPEED].max() == pytest.approx(50.0, rel=0.3)


def test_a_change_of_the_scene_is_no_observation() -> None:
    scene = MovingScene()
    observer = Observer(SIZE, Background(scene.ground.astype(np.float32)))
    observe(scene, 1.0, observer=observer)
    seen = observer.step(255 - scene.ground // 4, 1.0)
    assert seen.changed
    assert not seen.valid
    assert seen.cell.size == 0


def test_an_empty_scene_has_no_active_cells() -> None:
    assert all(each.cell.size == 0 for each in observe(MovingScene(), 2.0))


def test_what_left_is_forgotten_with_a_time_constant() -> None:
    """Values are means over 0.45 s, so it counts as there 0.4 s longer."""
    comes_back = MovingScene((Mover(100, 80, 0.0, end_s=6.0), Mover(100, 80, 0.0, start_s=10.0)))
    seen = observe(comes_back, 11.0)
    assert seen[80].cell.size == 0
    assert seen[-1].values[Value.STAY].max() == pytest.approx(6.4 * np.exp(-3.6 / FORGET_S) + 1.0, abs=0.3)


def test_times_of_cells_grow_where_something_is_and_fade_or_end_elsewhere() -> None:
    random = np.random.default_rng(6)
    observer = Observer(SIZE, Background(np.full((240, 320), 90, np.float32), 3.0))
    stay, still = np.zeros(30 * 40, np.float32), np.zeros(30 * 40, np.float32)
    level = CELL**2 * (STILL_LEVELS + STILL_NOISE * 3.0)
    for number in range(300):
        elapsed_s = float(random.choice([0.2, 0.25, 4.0]))
        cell = np.flatnonzero(random.random(stay.size) < (0.02 if number % 3 else 0.7))
        change = random.uniform(0.0, 1.3 * level, cell.size).astype(np.float32)
        observer._stay_at(cell, change, elapsed_s)
        active, resting = np.zeros(stay.size, np.bool_), np.zeros(stay.size, np.bool_)
        active[cell], resting[cell] = True, change < level
        faded = stay * np.float32(np.exp(-elapsed_s / FORGET_S))
        stay = np.where(active, np.minimum(stay + np.float32(elapsed_s), np.float32(LONGEST_STAY_S)), faded)
        still = np.where(resting, still + np.float32(elapsed_s), np.float32(0.0))
        assert np.array_equal(observer._stay.ravel(), stay)
        assert np.array_equal(observer._still.ravel(), still)
    assert still.any()


def test_a_few_pixels_of_noise_are_nothing_and_leave_the_rest_as_it_is() -> None:
    scene = MovingScene((Mover(40, 90, 50.0, start_s=1.0, width=40, height=60),))
    clean, specked = (Observer(SIZE, Background(scene.ground.astype(np.float32))) for _ in range(2))
    for number in range(20):
        picture = scene.picture(number / 10.0)
        noisy = picture.copy()
        noisy[10, 10:22] = 255
        one, other = clean.step(picture, number / 10.0), specked.step(noisy, number / 10.0)
        assert np.array_equal(one.cell, other.cell)
        if number > 14:
            assert np.array_equal(one.values, other.values)
