"""When shared models go: idle, closed, or while somebody is inside."""

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.events import make_event
from tests.support.gated_model import GatedModel
from tests.support.pool_site import Site, tick, together, values, windows
from tests.support.waiting import wait_until

from haetae.errors import ModelBusy
from haetae.pipeline.resource_pool import ResourcePool
from haetae.settings import PoolSettings
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel, ScriptedState


@pytest.fixture
def threads():
    with ThreadPoolExecutor(64) as pool:
        yield pool


def test_an_idle_model_is_unloaded_after_its_time_and_not_before():
    site = Site(idle_unload_s=300)
    handle = site.pool.get_vad_model("motion")
    [(_, model)] = site.made
    site.clock.advance(1000)
    site.pool.check()
    handle.release()
    site.clock.advance(299)
    site.pool.check()
    assert not model.closed
    site.pool.get_vad_model("motion").release()
    site.clock.advance(299)
    site.pool.check()
    assert not model.closed, "it was used meanwhile"
    site.clock.advance(1)
    site.pool.check()
    assert model.closed == 1
    assert site.pool.status() == ()
    assert values(site.pool.get_vad_model("motion").score(windows(ScriptedState(), 1.0))) == [1.0]
    assert len(site.made) == 2


@pytest.mark.parametrize("max_batch", [1, 8])
def test_an_unloaded_model_leaves_the_memory_and_the_threads(max_batch):
    models = []

    def make(name):
        model = ScriptedModel(max_batch=max_batch)
        models.append(weakref.ref(model))
        return model

    before = threading.active_count()
    pool = ResourcePool(PoolSettings(idle_unload_s=0), clock=FakeClock(), make_vad_model=make, estimate_mb=lambda name, settings: 0.0)
    handle = pool.get_vad_model("scripted")
    handle.score(windows(ScriptedState(), 1.0))
    handle.release()
    pool.check()
    gc.collect()
    assert models[0]() is None, "the handle that the camera still has must not keep it"
    assert threading.active_count() == before


def test_a_model_is_not_closed_under_a_call_that_is_inside(threads):
    site = Site(idle_unload_s=0, make=lambda name: GatedModel(shut=True))
    handle = site.pool.get_vad_model("motion")
    [(_, model)] = site.made
    scoring = threads.submit(handle.score, windows(ScriptedState(), 1.0))
    assert model.entered.wait(30)
    handle.release()
    with pytest.raises(ModelBusy):
        handle.new_state()
    site.pool.check()
    assert not model.closed
    model.open()
    assert values(scoring.result(30)) == [1.0]
    site.pool.check()
    assert model.closed == 1


@pytest.mark.parametrize("max_batch", [1, 4])
def test_unloading_and_asking_race_without_harm(threads, max_batch):
    site = Site(idle_unload_s=0, make=lambda name: GatedModel(max_batch=max_batch))
    stop = threading.Event()

    def supervise():
        while not stop.is_set():
            site.pool.check()
            site.clock.advance(0.001)

    def camera(number):
        for turn in range(30):
            with site.pool.get_vad_model("motion") as handle:
                assert values(handle.score(windows(ScriptedState(), float(turn)))) == [float(turn)]
        return True

    supervisor = threads.submit(supervise)
    try:
        assert together(threads, 8, camera) == [True] * 8
    finally:
        stop.set()
    supervisor.result(30)
    site.pool.check()
    assert all(model.closed == 1 for _, model in site.made)
    assert site.pool.status() == ()


def test_closing_lets_calls_finish_and_then_gives_nothing_out(threads):
    site = Site()
    handle, analyzer, flow = site.pool.get_vad_model("motion"), site.pool.get_vlm_analyzer(), site.pool.get_agent_flow("sequential")
    [(_, model)] = site.made
    model.shut()
    scoring = threads.submit(handle.score, windows(ScriptedState(), 1.0))
    assert model.entered.wait(30)
    closing = [threads.submit(site.pool.close) for _ in range(2)]
    wait_until(lambda: site.pool._closed, "the closing began")
    assert not model.closed
    model.open()
    assert values(scoring.result(30)) == [1.0]
    for future in closing:
        future.result(30)
    site.pool.close()
    assert model.closed == 1
    asked = [
        lambda: handle.score(windows(ScriptedState(), 2.0)),
        lambda: asyncio.run(analyzer.analyze(make_event(), [], [], 1.0)),
        lambda: asyncio.run(flow.respond(make_event(), None, None, 1.0)),
        lambda: site.pool.get_vad_model("motion"),
        lambda: site.pool.get_vad_model("another"),
        site.pool.get_vlm_analyzer,
        lambda: site.pool.get_agent_flow("sequential"),
    ]
    for ask in asked:
        with pytest.raises(ModelBusy, match="closed") as caught:
            ask()
        assert caught.value.reason == "closed"
    assert len(site.made) == 1


@pytest.mark.parametrize("max_batch", [1, 8])
def test_a_model_that_hangs_does_not_hang_the_closing(threads, max_batch):
    site = Site(make=lambda name: GatedModel(max_batch=max_batch, shut=True), drain_s=0.2)
    handle = site.pool.get_vad_model("motion")
    [(_, model)] = site.made
    scoring = threads.submit(handle.score, windows(ScriptedState(), 1.0))
    assert model.entered.wait(30)
    threads.submit(site.pool.close).result(30)
    assert not model.closed
    if max_batch > 1:
        assert scoring.exception(30).reason == "closed"
    model.open()


def test_a_model_that_is_being_made_when_the_pool_closes_is_given_to_nobody(threads):
    slow, entered = threading.Event(), threading.Event()

    def make(name):
        entered.set()
        assert slow.wait(30)
        return GatedModel()

    site = Site(make=make)
    asking = [threads.submit(site.pool.get_vad_model, "slow") for _ in range(2)]
    assert entered.wait(30)
    wait_until(lambda: site.pool._all[("vad", "slow")].users == 2, "both wait")
    threads.submit(site.pool.close).result(30)
    slow.set()
    for future in asking:
        assert future.exception(30).reason == "closed"
    wait_until(lambda: site.made and site.made[0][1].closed, "what was made is closed")


def test_closing_while_cameras_run_ends_each_with_a_score_or_closed(threads):
    for max_batch in (1, 8):
        site = Site(make=lambda name, max_batch=max_batch: GatedModel(max_batch=max_batch))
        running = threading.Barrier(9)

        def camera(number, site=site, running=running):
            handle, done = site.pool.get_vad_model("motion"), 0
            handle.new_state()
            running.wait(30)
            while True:
                assert values(handle.score(windows(ScriptedState(), float(done)))) == [float(done)]
                done += 1

        ticking = threads.submit(tick, site.clock, stop := threading.Event())
        cameras = [threads.submit(camera, number) for number in range(8)]
        running.wait(30)
        site.pool.close()
        for future in cameras:
            error = future.exception(30)
            assert isinstance(error, ModelBusy)
            assert error.reason == "closed"
        stop.set()
        ticking.result(30)
        assert [model.closed for _, model in site.made] == [1]
