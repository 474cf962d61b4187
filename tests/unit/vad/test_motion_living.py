import numpy as np
import pytest

from haetae.errors import StateError
from haetae.vad.motion.cells import Observation, Value
from haetae.vad.motion.counts import RATIO, code_of
from haetae.vad.motion.fusion import quotients
from haetae.vad.motion.learning import Learning
from haetae.vad.motion.living import DAY_S, RENEW_S, Judgement, Living
from haetae.vad.motion.quarantine import CONFIRMED_MARGIN_S, MARGIN_S, QUARANTINE_S, Quarantine

ROWS, COLUMNS = 6, 8
FPS = 2.0
EPOCH_S = 1_700_000_000.0
HERE = np.array([18, 19, 26, 27], np.intp)


class Street:
    """Walkers come by every 20 s or so: four cells at a time, with speeds round `speed`."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._number = 0

    def seen(self, t_s: float, *, speed: float | None = None, cell: np.ndarray = HERE, direction: int = 0) -> Observation:
        """A walker where `speed` is None or somebody of that speed, else nobody."""
        self._number += 1
        if speed is None and self._number % 40 > 6:
            none = np.empty(0, np.intp)
            return Observation(t_s, 1 / FPS, none, np.empty((len(Value), 0), np.float32), none)
        values = np.empty((len(Value), cell.size), np.float32)
        values[Value.SPEED] = (20.0 if speed is None else speed) * self._rng.lognormal(0, 0.15, cell.size)
        values[Value.AGITATION] = 4.0 * self._rng.lognormal(0, 0.2, cell.size)
        values[Value.SIZE] = 6.0 * self._rng.lognormal(0, 0.1, cell.size)
        values[Value.FLATNESS] = 0.5 * self._rng.lognormal(0, 0.1, cell.size)
        values[Value.STAY] = 1.0
        values[Value.STILL] = 0.0
        values[Value.FLICKER] = 2.0 * self._rng.lognormal(0, 0.2, cell.size)
        return Observation(t_s, 1 / FPS, cell, values, np.full(cell.size, direction, np.intp))


def learned(seconds: float = 1200.0, seed: int = 0) -> Living:
    street, learning = Street(seed), Learning(ROWS, COLUMNS)
    for number in range(int(seconds * FPS)):
        learning.take(street.seen(number / FPS))
    return Living.begun(learning.total(), learning.judge())


def judge(living: Living, seen: Observation) -> tuple[float, Judgement]:
    codes = code_of(seen.values)
    surprise = living.tables.surprise(seen, codes)
    share = quotients(surprise.copy(), living.reference).max(axis=0, initial=0.0)
    return float(share.max(initial=0.0)), Judgement(seen, codes, surprise, share)


def watch(living: Living, street: Street, from_s: float, seconds: float, *, theta: float = 1.2, **odd) -> list[float]:
    """Watch for so long; `odd` is what is seen for the first 3 s of each 10 minutes, in the place of walkers. Gives its peaks."""
    peaks = []
    for number in range(int(seconds * FPS)):
        t_s = from_s + number / FPS
        strange = bool(odd) and t_s % 600.0 < 3.0
        seen = street.seen(t_s, **odd) if strange else street.seen(t_s)
        value, judged = judge(living, seen)
        if strange:
            peaks.append(value)
        living.note(judged, alarm=value >= 0.8 * theta, at_s=EPOCH_S + t_s)
        living.renew(t_s)
    return peaks


def test_what_is_usual_goes_on_to_be_learned():
    living = learned()
    before = living.counts.seconds
    watch(living, Street(1), 2000.0, 4 * 3600.0)
    assert living.counts.seconds > before + 2.5 * 3600.0
    assert living.history.seconds > 3.5 * 3600.0
    assert living.peaks().seconds == living.history.seconds


def test_a_camera_learns_the_usual_speed_of_a_busier_day_but_slowly():
    living = learned()
    row = int(HERE[0]) // COLUMNS
    before = living.tables.usual[Value.SPEED, row]
    watch(living, Street(1), 2000.0, 12 * 3600.0, theta=100.0, speed=60.0)
    after = living.tables.usual[Value.SPEED, row]
    # One step of the codes an hour while it is young.
    assert before <= after < RATIO**12 * 1.05 * before


def test_an_anomaly_that_is_repeated_all_day_does_not_become_normal():
    living = learned()
    first, _ = judge(living, Street(5).seen(1900.0, speed=60.0))
    peaks = watch(living, Street(1), 2000.0, DAY_S / 2, speed=60.0)
    assert len(peaks) > 200
    assert min(peaks[-20:]) > 1.2
    assert np.median(peaks[-20:]) > 0.6 * first


def test_an_anomaly_below_the_alarm_level_moves_no_tail_by_more_than_a_step_a_day():
    living = learned(3 * DAY_S / 2)
    limits = living._limits.copy()
    watch(living, Street(1), 200_000.0, 6 * 3600.0, theta=1000.0, speed=60.0)
    assert (living._limits <= limits + 1).all()


def test_what_people_call_normal_is_quiet_where_it_was_and_nowhere_else():
    living = learned()
    street = Street(3)

    def robot(t_s: float) -> Observation:
        return street.seen(t_s, speed=70.0, direction=4)

    for round_s in (2000.0, 3000.0):
        for number in range(12):
            _, judged = judge(living, robot(round_s + number / FPS))
            living.note(judged, alarm=True, at_s=EPOCH_S + round_s + number / FPS)
        assert living.accept(EPOCH_S + round_s + 1.0)
    assert max(judge(living, robot(4000.0 + number))[0] for number in range(20)) < 0.8
    faster, _ = judge(living, street.seen(4100.0, speed=250.0, direction=4))
    elsewhere, _ = judge(living, street.seen(4200.0, speed=70.0, cell=np.array([4, 5, 12, 13], np.intp), direction=4))
    assert faster > 1.2
    assert elsewhere > 1.2


def test_an_alarm_that_is_not_remembered_teaches_nothing():
    living = learned()
    tables = living.tables
    assert not living.accept(EPOCH_S)
    assert not living.confirm(EPOCH_S)
    assert living.tables is tables


def test_it_is_saved_and_read_back_and_older_states_have_only_counts():
    living = learned()
    watch(living, Street(1), 2000.0, 2 * RENEW_S, speed=60.0)
    assert living.accept(EPOCH_S + 2400.0 + 1.0)
    arrays = living.arrays()
    again = Living.of_arrays(arrays, living.counts, living.reference)
    seen = Street(7).seen(9000.0, speed=45.0)
    assert judge(again, seen)[0] == pytest.approx(judge(living, seen)[0])
    assert again.peaks().values == pytest.approx(living.peaks().values)
    assert sum(array.nbytes for array in arrays.values()) < 1_000_000
    old = Living.of_arrays({}, living.counts, living.reference)
    assert old.history.seconds == 0.0
    # What was learned before there was a history is not thrown away for the first hour of one.
    reference = old.reference.copy()
    watch(old, Street(2), 20_000.0, 1.2 * RENEW_S)
    assert old.counts.seconds > living.counts.seconds
    assert np.array_equal(old.reference, reference)
    old.renew(30_000.0)
    assert np.array_equal(old.reference, reference)
    for name in ("history", "alarms", "limits"):
        with pytest.raises(StateError):
            Living.of_arrays({**arrays, name: arrays[name].ravel()[:3]}, living.counts, living.reference)


def sample(t_s: float) -> Observation:
    return Observation(t_s, 0.5, HERE, np.zeros((len(Value), HERE.size), np.float32), np.zeros(HERE.size, np.intp))


def released(quarantine: Quarantine, now_s: float) -> list[float]:
    return [each.t_s for each in quarantine.release(now_s)]


def test_nothing_leaves_the_quarantine_early_and_each_thing_leaves_once():
    quarantine = Quarantine()
    for t_s in range(100):
        quarantine.take(sample(float(t_s)), np.zeros((len(Value), HERE.size), np.float32))
    assert released(quarantine, QUARANTINE_S - 1.0) == []
    assert released(quarantine, QUARANTINE_S + 49.0) == list(range(50))
    assert released(quarantine, QUARANTINE_S + 200.0) == list(range(50, 100))


def test_samples_stand_for_the_frames_between_them():
    quarantine = Quarantine()
    for number in range(101):
        quarantine.take(sample(number * 0.1), np.zeros((len(Value), HERE.size), np.float32))
    samples = quarantine.release(2 * QUARANTINE_S)
    assert len(samples) == 11
    assert sum(each.frames for each in samples) == 101
    assert sum(each.seconds for each in samples) == pytest.approx(101 * 0.5)


@pytest.mark.parametrize("margin", [MARGIN_S, CONFIRMED_MARGIN_S])
def test_what_is_near_an_alarm_never_leaves(margin: float):
    quarantine = Quarantine()
    for t_s in range(300):
        quarantine.take(sample(float(t_s)), np.zeros((len(Value), HERE.size), np.float32))
    quarantine.spoil(150.0 - margin, 150.0 + margin)
    left = released(quarantine, 2 * QUARANTINE_S)
    assert left == [t_s for t_s in range(300) if abs(t_s - 150) > margin]


def test_each_mode_keeps_its_own_tables_and_a_new_one_begins_with_a_part():
    living = learned()
    day = living.tables.cells.copy()
    seconds = living.counts.seconds
    living.enter(1, 1300.0)
    assert living.counts.seconds == pytest.approx(0.25 * seconds)
    watch(living, Street(1), 2000.0, 2 * RENEW_S)
    assert living.counts.seconds > seconds
    again = Living.of_arrays(
        {**living.arrays(), "modes": np.zeros((2, 17), np.float32), "mode": np.array([1])}, living.counts, living.reference
    )
    for each in (living, again):
        each.enter(0, 20_000.0)
        assert np.array_equal(each.tables.cells, day)
        assert each.counts.seconds == pytest.approx(seconds)


def test_what_was_learned_moves_with_the_scene_and_parts_of_blocks_add_up():
    living = learned()
    before = living.counts.occupied.reshape(ROWS, COLUMNS).copy()
    living.move(3.0, 0.0, 10.0)
    assert np.array_equal(living.counts.occupied.reshape(ROWS, COLUMNS), before)
    living.move(3.0, 0.0, 20.0)
    assert np.array_equal(living.counts.occupied.reshape(ROWS, COLUMNS)[:, 1:], before[:, :-1])


def test_an_alarm_confirmed_late_leaves_what_was_seen_since_alone():
    quarantine = Quarantine()
    for t_s in range(800):
        quarantine.take(sample(float(t_s)), np.zeros((len(Value), HERE.size), np.float32))
    quarantine.spoil(690.0, 710.0)
    quarantine.spoil(90.0, 110.0)
    assert released(quarantine, 2 * QUARANTINE_S) == [t_s for t_s in range(800) if not (690 <= t_s <= 710 or 90 <= t_s <= 110)]


def test_only_what_is_round_a_confirmed_alarm_is_not_learned():
    living = learned()
    street = Street(4)
    seconds = living.counts.seconds
    for number in range(int(600 * FPS)):
        t_s = 2000.0 + number / FPS
        _, judged = judge(living, street.seen(t_s))
        living.note(judged, alarm=100.0 <= t_s - 2000.0 <= 103.0, at_s=EPOCH_S + t_s)
    living.renew(2000.0)
    assert living.confirm(EPOCH_S + 2101.0)
    living.renew(2000.0 + 2 * QUARANTINE_S)
    # Ten minutes but for the minute on both sides of the alarm.
    assert living.counts.seconds - seconds == pytest.approx(600.0 - 123.0, abs=8.0)
