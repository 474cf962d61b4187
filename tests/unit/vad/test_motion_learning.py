import numpy as np
import pytest

from haetae.vad.motion import learning as module
from haetae.vad.motion.cells import Observation, Value
from haetae.vad.motion.learning import MOST_PARTS, Learning
from haetae.vad.motion.tables import Attribute

ROWS, COLUMNS = 10, 12


def frame(t_s: float, speed: float, random: np.random.Generator) -> Observation:
    cell = np.sort(random.choice(ROWS * COLUMNS, 4, replace=False))
    values = np.ones((len(Value), 4), np.float32)
    values[Value.SPEED] = values[Value.AGITATION] = speed + random.exponential(3.0, 4)
    return Observation(t_s, 0.1, cell, values, np.full(4, -1))


def learn(seconds: float, *, speed: float = 10.0, fast: tuple[float, float] | None = None, start_s: float = 0.0) -> Learning:
    random = np.random.default_rng(0)
    learning = Learning(ROWS, COLUMNS)
    for number in range(int(seconds * 10)):
        t_s = number / 10
        is_fast = fast is not None and fast[0] <= t_s < fast[1]
        learning.take(frame(start_s + t_s, 60.0 if is_fast else speed, random))
    return learning


@pytest.mark.parametrize("seconds", [5.0, 33.0, 120.0, 400.0])
def test_any_length_is_cut_into_a_bounded_number_of_parts(seconds: float) -> None:
    learning = learn(seconds)
    assert 2 <= len(learning.parts) <= MOST_PARTS
    assert learning.total().frames == int(seconds * 10)
    assert sum(part.length_s for part in learning.parts) == pytest.approx(seconds)
    lengths = [part.length_s for part in learning.parts[:-1]]
    assert max(lengths) <= 4.1 * min(lengths)


def test_a_jump_of_the_time_begins_a_part() -> None:
    learning = Learning(ROWS, COLUMNS)
    random = np.random.default_rng(0)
    for start_s in (0.0, 100.0, 200.0):
        for number in range(12):
            learning.take(frame(start_s + number / 10, 10.0, random))
    assert [part.start_s for part in learning.parts] == [0.0, 100.0, 200.0]


def test_footage_is_judged_by_tables_that_have_not_seen_it() -> None:
    judged = learn(60.0, fast=(30.0, 31.0)).judge()
    speed = judged.surprise[:, Attribute.SPEED]
    inside = (judged.t_s >= 30.0) & (judged.t_s < 31.0)
    assert speed[inside].min() > 6.0
    assert np.quantile(speed[~inside], 0.99) < 4.0


def test_what_was_known_before_counts_as_seen() -> None:
    known = learn(60.0, speed=60.0).total()
    judged = learn(60.0, fast=(30.0, 31.0)).judge(known)
    inside = (judged.t_s >= 30.0) & (judged.t_s < 31.0)
    assert judged.surprise[inside, Attribute.SPEED].max() < 3.0


def test_long_footage_is_thinned_to_its_most_surprising_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 1200)
    learning = learn(200.0, fast=(30.0, 30.3))
    assert sum(seen.cell.size for seen in learning.kept) <= 1200 + 4
    assert learning.total().frames == 2000
    judged = learning.judge()
    assert (np.diff(judged.t_s) > 0).all()
    hottest = judged.t_s[judged.surprise[:, Attribute.SPEED].argmax()]
    assert 30.0 <= hottest < 30.3


def test_a_moment_is_too_little() -> None:
    assert not learn(1.5).enough()
    assert learn(5.0).enough()
