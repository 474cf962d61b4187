"""What the cameras of a site share."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.support.events import make_event
from tests.support.gated_model import GatedModel
from tests.support.pool_site import Site, tick, together, values, windows
from tests.support.waiting import wait_until

from haetae.errors import ConfigError, ModelBusy, ModelError
from haetae.pipeline.resource_pool import ResourcePool
from haetae.settings import PoolSettings
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_analyzer import UNVERIFIED
from haetae.testing.scripted_model import ScriptedModel, ScriptedState


@pytest.fixture
def threads():
    with ThreadPoolExecutor(64) as pool:
        yield pool


def test_32_threads_that_ask_at_once_share_one_model(threads):
    site = Site()
    handles = together(threads, 32, lambda number: site.pool.get_vad_model("motion", size=1))
    assert len(site.made) == 1
    assert len({id(handle) for handle in handles}) == 32
    [status] = site.pool.status()
    assert (status.name, status.cameras) == ("motion(size=1)", 32)
    site.pool.close()


def test_other_settings_are_another_model():
    site = Site()
    with site.pool.get_vad_model("motion", size=1), site.pool.get_vad_model("motion", size="1"), site.pool.get_vad_model("motion"):
        assert len(site.made) == 3


def test_making_one_model_holds_up_neither_the_use_nor_the_making_of_another(threads):
    slow, entered = threading.Event(), threading.Event()

    def make(name):
        if name == "slow":
            entered.set()
            assert slow.wait(30)
        return GatedModel()

    site = Site(make=make)
    used = site.pool.get_vad_model("used")
    waiting = [threads.submit(site.pool.get_vad_model, "slow") for _ in range(2)]
    assert entered.wait(30)
    assert values(used.score(windows(ScriptedState(), 1.0))) == [1.0]
    site.pool.get_vad_model("other").release()
    assert [status.name for status in site.pool.status()] == ["other", "used"]
    site.clock.advance(1e6)
    site.pool.check()
    slow.set()
    for future in waiting:
        future.result(30).release()
    assert [name for name, _ in site.made] == ["used", "other", "slow"]


def test_a_failure_is_told_to_all_who_waited_and_the_next_one_tries_again(threads):
    tries = []

    def make(name):
        tries.append(name)
        wait_until(lambda: site.pool._all[("vad", "motion")].users == 8 or len(tries) > 1, "all wait")
        if len(tries) == 1:
            raise ModelError("no weights")
        return GatedModel()

    site = Site(make=make)
    failures = together(threads, 8, lambda number: site.pool.get_vad_model("motion"))
    assert [str(failure) for failure in failures] == ["no weights"] * 8
    assert len(tries) == 1
    assert site.pool.status() == ()
    assert values(site.pool.get_vad_model("motion").score(windows(ScriptedState(), 1.0))) == [1.0]


def test_a_handle_is_a_model():
    model = ScriptedModel(lambda window: window.t_s, least=1)
    pool = ResourcePool(PoolSettings(), clock=FakeClock(), make_vad_model=lambda name: model, estimate_mb=lambda name, settings: 0.0)
    with pool.get_vad_model("scripted") as handle:
        state = handle.new_state()
        handle.learn(windows(state, 1.0))
        assert handle.finish_learning(state).raw.tolist() == [0.5]
        assert values(handle.score(windows(handle.load_state(state.arrays()), 2.0))) == [2.0]
        assert (handle.name, handle.version, handle.max_batch) == ("scripted", 1, 1)
    assert state.learned == [1.0]


def test_a_model_without_batches_runs_on_each_cameras_own_thread_at_once(threads):
    inside, names = threading.Barrier(8), []

    def raw(window):
        inside.wait(30)
        names.append(threading.current_thread().name)
        return window.t_s

    site = Site(make=lambda name: GatedModel(raw))

    def camera(number):
        with site.pool.get_vad_model("motion") as handle:
            return values(handle.score(windows(ScriptedState(), float(number))))

    assert together(threads, 8, camera) == [[float(number)] for number in range(8)]
    assert len(set(names)) == 8


def test_a_batched_model_is_one_with_all_its_cameras_in_its_batches(threads):
    site = Site(make=lambda name: GatedModel(max_batch=8))
    handles = [site.pool.get_vad_model("network") for _ in range(4)]
    got = together(threads, 4, lambda number: values(handles[number].score(windows(ScriptedState(), float(number)))))
    assert got == [[0.0], [1.0], [2.0], [3.0]]
    [(_, model)] = site.made
    assert [sorted(batch) for batch in model.batches] == [[0.0, 1.0, 2.0, 3.0]]
    [status] = site.pool.status()
    assert (status.cameras, status.scored, status.batches, status.waiting, status.dropped) == (4, 4, 1, 0, {})
    site.pool.close()


def test_what_a_camera_gets_is_what_it_gets_alone(threads):
    """Each camera's scores come from its own state, however the batches fall."""

    def raw(window):
        return window.t_s + 1000 * len(window.state.scored)

    def watch(pool, number):
        state, got = ScriptedState(), []
        with pool.get_vad_model("network") as handle:
            for frame in range(30):
                got += values(handle.score(windows(state, number + frame / 100)))
        return got, state.scored

    alone, shared = Site(make=lambda name: GatedModel(raw, max_batch=8)), Site(make=lambda name: GatedModel(raw, max_batch=8))
    expected = [watch(alone.pool, number) for number in range(16)]
    ticking = threads.submit(tick, shared.clock, stop := threading.Event())
    assert together(threads, 16, lambda number: watch(shared.pool, number)) == expected
    stop.set()
    ticking.result(30)
    [(_, model)] = shared.made
    assert np.mean([len(batch) for batch in model.batches]) > 1
    shared.pool.close()
    alone.pool.close()


def test_a_failure_and_a_late_frame_are_counted_with_their_reasons(threads):
    def raw(window):
        if window.t_s == 2.0:
            raise ValueError("cannot judge this")
        return window.t_s

    site = Site(make=lambda name: GatedModel(raw, max_batch=8), stale_after_ms=1000)
    first, second = site.pool.get_vad_model("network"), site.pool.get_vad_model("network")
    [(_, model)] = site.made
    model.shut()
    busy = threads.submit(first.score, windows(ScriptedState(), 1.0))
    wait_until(lambda: site.clock.advance(0.01) or model.entered.is_set(), "the first is being judged")
    late = threads.submit(second.score, windows(ScriptedState(), 3.0))
    wait_until(lambda: site.pool.status()[0].waiting == 1, "the second waits")
    site.clock.advance(5.0)
    model.open()
    assert values(busy.result(30)) == [1.0]
    assert late.exception(30).reason == "stale"
    second.release()
    with pytest.raises(ValueError, match="cannot judge this"):
        first.score(windows(ScriptedState(), 2.0))
    [status] = site.pool.status()
    assert (status.scored, status.dropped) == (1, {"stale": 1, "failed": 1})
    site.pool.close()


def test_a_released_handle_gives_nothing_and_the_others_go_on():
    site = Site()
    first, second = site.pool.get_vad_model("motion"), site.pool.get_vad_model("motion")
    first.release()
    first.release()
    with pytest.raises(ModelBusy) as caught:
        first.score(windows(ScriptedState(), 1.0))
    assert caught.value.reason == "closed"
    with pytest.raises(ModelBusy):
        first.new_state()
    assert site.pool.status()[0].cameras == 1
    assert values(second.score(windows(ScriptedState(), 1.0))) == [1.0]


def test_there_is_one_analyzer_and_one_flow_of_a_type():
    site = Site()
    pool = site.pool
    event = make_event()
    with pool.get_vlm_analyzer() as one, pool.get_vlm_analyzer() as other, pool.get_agent_flow("a") as flow, pool.get_agent_flow("b"):
        assert asyncio.run(one.analyze(event, [], [], 1.0)) == asyncio.run(other.analyze(event, [], [], 2.0)) == UNVERIFIED
        assert asyncio.run(flow.respond(event, "unverified", None, 1.0)) == ()
        assert [(status.name, status.cameras) for status in pool.status()] == [("analyzer", 2), ("flow a", 1), ("flow b", 1)]
    site.clock.advance(1e6)
    pool.check()
    assert pool.status() == ()


def test_a_pool_without_analyzer_or_flows_says_so():
    pool = ResourcePool(PoolSettings(), clock=FakeClock())
    with pytest.raises(ConfigError, match="analyzer"):
        pool.get_vlm_analyzer()
    with pytest.raises(ConfigError, match="flows"):
        pool.get_agent_flow("sequential")
