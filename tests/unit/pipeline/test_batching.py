"""Windows of many cameras in few calls of one model."""

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
from tests.support.gated_model import GatedModel
from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.errors import ModelBusy, ModelError
from haetae.pipeline.batching import BatchedModel
from haetae.settings import PoolSettings
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel, ScriptedState
from haetae.vad.base import RawScore, Window

LUMA = np.zeros((2, 2), np.uint8)
NEVER_MS = 1000.0
PATIENT_MS = 60_000.0


@pytest.fixture
def threads():
    with ThreadPoolExecutor(64) as pool:
        yield pool


@pytest.fixture
def batched(threads):
    """Makes a BatchedModel; by default no batch starts for having waited, and nothing is stale."""
    made = []

    def make(model, *, users=1, clock=None, max_batch=8, max_wait_ms=NEVER_MS, stale_after_ms=PATIENT_MS, drain_s=10.0):
        settings = PoolSettings(max_batch=max_batch, max_wait_ms=max_wait_ms, stale_after_ms=stale_after_ms)
        made.append((model, BatchedModel(model, settings, clock=clock or FakeClock(), users=lambda: users, drain_s=drain_s)))
        return made[-1][1]

    yield make
    for model, batching in made:
        if isinstance(model, GatedModel):
            model.open()
        batching.close()


def windows(state, *times_s):
    return [Window(state, LUMA, t_s) for t_s in times_s]


def values(scores):
    return [score.value for score in scores]


def hold(model, batching, threads):
    """Keep the model inside a call of another camera; what is asked for now waits in the queue."""
    model.shut()
    first = threads.submit(batching.score, windows(ScriptedState(), -1.0))
    assert model.entered.wait(30)
    return first


def submit_waiting(batching, threads, *calls):
    """Submit calls one after the other, each surely queued before the next."""
    futures = []
    for call in calls:
        before = batching.waiting
        futures.append(threads.submit(batching.score, call))
        wait_until(lambda before=before, call=call: batching.waiting == before + len(call), "the call is queued")
    return futures


def test_a_batch_starts_at_once_when_every_user_waits(batched, threads):
    model = GatedModel(max_batch=8)
    batching = batched(model, users=3)
    futures = [threads.submit(batching.score, windows(ScriptedState(), t_s)) for t_s in (1.0, 2.0, 3.0)]
    assert [values(future.result(30)) for future in futures] == [[1.0], [2.0], [3.0]]
    assert [sorted(batch) for batch in model.batches] == [[1.0, 2.0, 3.0]]


def test_a_full_batch_does_not_wait_for_more_users(batched, threads):
    model = GatedModel(max_batch=2)
    batching = batched(model, users=100)
    futures = [threads.submit(batching.score, windows(ScriptedState(), t_s)) for t_s in (1.0, 2.0)]
    assert [values(future.result(30)) for future in futures] == [[1.0], [2.0]]


def test_the_setting_and_the_model_both_bound_a_batch(batched):
    assert batched(ScriptedModel(max_batch=4), max_batch=8).max_batch == 4
    assert batched(ScriptedModel(max_batch=4), max_batch=3).max_batch == 3


def test_a_camera_that_pauses_holds_nobody_up_longer_than_max_wait(batched, threads):
    clock = FakeClock()
    model = GatedModel(max_batch=8)
    batching = batched(model, users=2, clock=clock, max_wait_ms=20)
    [future] = submit_waiting(batching, threads, windows(ScriptedState(), 1.0))
    clock.advance(0.019)
    assert not model.entered.wait(0.1), "it started before its time"
    clock.advance(0.002)
    assert values(future.result(30)) == [1.0]


def test_one_camera_with_many_windows_does_not_starve_another(batched, threads):
    model = GatedModel(max_batch=2)
    batching = batched(model)
    first = hold(model, batching, threads)
    many, one, other = submit_waiting(
        batching, threads, windows(ScriptedState(), *range(20)), windows(ScriptedState(), 100.0), windows(ScriptedState(), 200.0)
    )
    model.open()
    assert values(one.result(30)) == [100.0]
    assert values(other.result(30)) == [200.0]
    assert values(many.result(30)) == list(range(20))
    assert model.batches[1:4] == [[0, 100.0], [200.0, 1], [2]]
    first.result(30)


def test_several_windows_of_one_state_are_judged_in_order_one_per_batch(batched):
    model = GatedModel(max_batch=8)
    state = ScriptedState()
    assert values(batched(model).score(windows(state, 1.0, 2.0, 3.0))) == [1.0, 2.0, 3.0]
    assert model.batches == [[1.0], [2.0], [3.0]]
    assert state.scored == [1.0, 2.0, 3.0]


def test_nothing_to_judge_is_judged_at_once(batched):
    assert batched(ScriptedModel(max_batch=8)).score([]) == []


def test_a_window_that_is_stale_when_its_turn_comes_is_dropped_and_a_fresh_one_is_not(batched, threads):
    clock = FakeClock()
    model = GatedModel(max_batch=8)
    batching = batched(model, clock=clock, stale_after_ms=10_000)
    first = hold(model, batching, threads)
    [old] = submit_waiting(batching, threads, windows(ScriptedState(), 1.0))
    clock.advance(10.5)
    [fresh] = submit_waiting(batching, threads, windows(ScriptedState(), 2.0))
    model.open()
    assert values(fresh.result(30)) == [2.0]
    with pytest.raises(ModelBusy, match="10 s") as caught:
        old.result(30)
    assert caught.value.reason == "stale"
    assert values(first.result(30)) == [-1.0]
    assert model.batches == [[-1.0], [2.0]]


def test_a_model_that_hangs_with_one_camera_lets_the_others_go_when_they_are_stale(batched, threads):
    clock = FakeClock()
    model = GatedModel(max_batch=8)
    batching = batched(model, clock=clock, stale_after_ms=20)
    first = hold(model, batching, threads)
    futures = submit_waiting(batching, threads, windows(ScriptedState(), 1.0), windows(ScriptedState(), 2.0, 3.0))
    clock.advance(1.0)
    for future in futures:
        with pytest.raises(ModelBusy) as caught:
            future.result(30)
        assert caught.value.reason == "stale"
    assert batching.waiting == 0
    assert not first.done(), "its state is still in use"


def test_a_bad_window_fails_only_for_its_own_camera(batched, threads):
    def raw(window):
        if window.t_s == 2.0:
            raise ValueError("cannot judge this")
        return window.t_s

    model = GatedModel(raw, max_batch=8)
    batching = batched(model, users=3)
    good, bad, other = (threads.submit(batching.score, windows(ScriptedState(), t_s)) for t_s in (1.0, 2.0, 3.0))
    assert values(good.result(30)) == [1.0]
    assert values(other.result(30)) == [3.0]
    with pytest.raises(ValueError, match="cannot judge this"):
        bad.result(30)
    assert [len(batch) for batch in model.batches] == [3, 1, 1, 1]


def test_a_failed_window_takes_the_rest_of_its_call_with_it_and_the_model_goes_on(batched):
    def raw(window):
        if window.t_s == 2.0:
            raise ValueError("cannot judge this")
        return window.t_s

    model = GatedModel(raw, max_batch=8)
    batching = batched(model)
    with pytest.raises(ValueError, match="cannot judge this"):
        batching.score(windows(ScriptedState(), 1.0, 2.0, 3.0))
    assert model.batches == [[1.0], [2.0]]
    assert values(batching.score(windows(ScriptedState(), 4.0))) == [4.0]


def test_a_model_that_gives_too_few_scores_is_an_error_not_a_mix_up(batched):
    class Short(ScriptedModel):
        def score(self, batch):
            return super().score(batch)[1:]

    with pytest.raises(ModelError, match="0 scores for 1 windows"):
        batched(Short(max_batch=8)).score(windows(ScriptedState(), 1.0))


def test_learning_never_overlaps_a_batch(batched, threads):
    class Watched(GatedModel):
        def learn(self, batch):
            learned.append(len(self.batches))
            super().learn(batch)

    learned: list[int] = []
    model = Watched(max_batch=8)
    batching = batched(model)
    first = hold(model, batching, threads)
    state = ScriptedState()
    learning = threads.submit(batching.learn, windows(state, 1.0))
    wait_until(lambda: batching._jobs, "the learning waits")
    assert not learned
    model.open()
    learning.result(30)
    assert (state.learned, learned) == ([1.0], [1])
    finishing = threads.submit(batching.finish_learning, state)
    with pytest.raises(ModelError, match="too few"):
        finishing.result(30)
    first.result(30)


def test_a_model_that_learns_alongside_is_not_held_up_by_a_batch(batched, threads):
    model = GatedModel(max_batch=8)
    model.learns_alongside = True
    batching = batched(model)
    first = hold(model, batching, threads)
    state = ScriptedState()
    batching.learn(windows(state, 1.0))
    assert state.learned == [1.0]
    assert not first.done()


def test_learning_without_end_does_not_keep_others_from_being_judged(batched, threads):
    batching = batched(GatedModel(max_batch=8), users=2)
    stop = threading.Event()

    def learn():
        state = ScriptedState()
        while not stop.is_set():
            batching.learn(windows(state, 1.0))

    learners = [threads.submit(learn) for _ in range(3)]
    try:
        for t_s in range(20):
            assert values(threads.submit(batching.score, windows(ScriptedState(), float(t_s))).result(30)) == [float(t_s)]
    finally:
        stop.set()
    for learner in learners:
        learner.result(30)


def test_closing_judges_what_waits_and_then_gives_nothing_out(batched, threads):
    model = GatedModel(max_batch=8)
    batching = batched(model, users=100)
    futures = submit_waiting(batching, threads, windows(ScriptedState(), 1.0, 2.0), windows(ScriptedState(), 5.0))
    batching.close()
    assert [values(future.result(30)) for future in futures] == [[1.0, 2.0], [5.0]]
    assert model.closed == 1
    with pytest.raises(ModelBusy) as caught:
        batching.score(windows(ScriptedState(), 6.0))
    assert caught.value.reason == "closed"
    with pytest.raises(ModelBusy):
        batching.learn(windows(ScriptedState(), 6.0))
    batching.close()
    assert model.closed == 1


def test_a_model_that_hangs_does_not_hang_the_closing(batched, threads):
    model = GatedModel(max_batch=2)
    batching = batched(model, drain_s=0.2)
    first = hold(model, batching, threads)
    waiting = submit_waiting(batching, threads, windows(ScriptedState(), 1.0))
    learning = threads.submit(batching.learn, windows(ScriptedState(), 1.0))
    wait_until(lambda: batching._jobs, "the learning waits")
    closing = threads.submit(batching.close)
    for future in (first, *waiting, learning):
        with pytest.raises(ModelBusy) as caught:
            future.result(30)
        assert caught.value.reason == "closed"
    closing.result(30)
    assert not model.closed, "closing a model under a thread that is in it could crash the process"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_model_that_ends_its_thread_leaves_nobody_waiting(batched, threads):
    def raw(_window):
        raise SystemExit

    batching = batched(GatedModel(raw, max_batch=8))
    for _ in range(2):
        with pytest.raises(ModelBusy) as caught:
            threads.submit(batching.score, windows(ScriptedState(), 1.0)).result(30)
        assert caught.value.reason == "closed"


def test_the_queue_is_bounded_by_its_callers(batched, threads):
    model = GatedModel(max_batch=4)
    batching = batched(model, users=13, clock=SystemClock(), max_wait_ms=1)
    first = hold(model, batching, threads)
    seen = []

    def camera():
        state = ScriptedState()
        for frame in range(20):
            batching.score(windows(state, float(frame)))
            seen.append(batching.waiting)

    cameras = [threads.submit(camera) for _ in range(12)]
    wait_until(lambda: batching.waiting == 12, "each camera waits with one window")
    model.open()
    for future in (first, *cameras):
        future.result(60)
    assert len(seen) == 240
    assert max(seen) <= 12
    assert batching.waiting == 0


class Checked(ScriptedModel):
    """Scores a window by its state and its time; says when a state is judged twice at once, or out of order."""

    def __init__(self, seeds, faults=frozenset()):
        super().__init__(max_batch=8)
        self.seeds = seeds
        self.faults = faults
        self.sizes = []
        self.inside = threading.Lock()

    def score(self, batch):
        assert self.inside.acquire(blocking=False), "two batches at once"
        try:
            self.sizes.append(len(batch))
            assert len({id(window.state) for window in batch}) == len(batch)
            for window in batch:
                if (self.seeds[id(window.state)], window.t_s) in self.faults:
                    raise ValueError(window.t_s)
            for window in batch:
                if not window.state.scored or window.state.scored[-1] != window.t_s:
                    window.state.scored.append(window.t_s)
            return [RawScore(self.seeds[id(window.state)] * 1000 + window.t_s) for window in batch]
        finally:
            self.inside.release()


@pytest.mark.parametrize("seed", range(3))
def test_sixteen_cameras_get_the_same_scores_as_alone_and_batches_form(batched, threads, seed):
    states = [ScriptedState() for _ in range(16)]
    random = Random(seed)
    faults = frozenset((random.randrange(16), float(random.randrange(40))) for _ in range(12))
    model = Checked({id(state): number for number, state in enumerate(states)}, faults)
    batching = batched(model, users=16, clock=SystemClock(), max_wait_ms=5)

    def camera(number):
        own, got, frame = Random(f"{seed} {number}"), [], 0
        while frame < 40:
            size = min(own.choice((1, 1, 1, 2, 3)), 40 - frame)
            times_s = [float(t_s) for t_s in range(frame, frame + size)]
            try:
                got.append((times_s, values(batching.score(windows(states[number], *times_s)))))
            except ValueError as error:
                got.append((times_s, error.args[0]))
            frame += size
        return got

    for number, future in enumerate([threads.submit(camera, number) for number in range(16)]):
        for times_s, got in future.result(60):
            bad = [t_s for t_s in times_s if (number, t_s) in faults]
            assert got == (bad[0] if bad else [number * 1000 + t_s for t_s in times_s])
    assert all(state.scored == sorted(state.scored) for state in states)
    assert max(model.sizes) <= 8
    assert np.mean(model.sizes) > 1.5
