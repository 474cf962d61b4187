"""What fits and what does not."""

import pytest
from tests.support.pool_site import Site

from haetae.errors import ConfigError, OutOfMemory
from haetae.pipeline.resource_pool import ResourcePool, registered_estimate_mb
from haetae.settings import PoolSettings
from haetae.testing.clock import FakeClock


def test_what_does_not_fit_is_refused_with_what_would_have_to_go():
    site = Site(limit_mb=1000)
    site.sizes_mb = {"large": 600, "larger": 700}
    site.pool.get_vad_model("large"), site.pool.get_vad_model("large")
    with pytest.raises(OutOfMemory) as caught:
        site.pool.get_vad_model("larger")
    assert caught.value.message == "the model 'larger' needs 700 MB, and 300 MB are free (700 of 1000 MB are in use)"
    assert caught.value.hint == "Unload large (600 MB, cameras: 2), or raise pool.memory_mb"
    assert [name for name, _ in site.made] == ["large"]
    assert site.pool.check_gpu_memory() == {"allocated_mb": 700, "reserved_mb": 600, "max_allocated_mb": 700, "budget_mb": 1000}
    assert site.pool.status()[0].memory_mb == 600


def test_what_is_idle_is_unloaded_when_that_makes_room_longest_idle_first():
    site = Site(limit_mb=1000)
    site.sizes_mb = {"a": 300, "b": 300, "c": 200, "d": 250}
    handles = {name: site.pool.get_vad_model(name) for name in "abc"}
    for name in "ba":
        handles[name].release()
        site.clock.advance(1)
    site.pool.get_vad_model("d")
    assert {name: model.closed for name, model in site.made} == {"a": 0, "b": 1, "c": 0, "d": 0}
    assert [status.name for status in site.pool.status()] == ["a", "c", "d"]


def test_what_is_idle_stays_when_unloading_it_would_not_make_room():
    site = Site(limit_mb=1000)
    site.sizes_mb = {"a": 300, "b": 500, "c": 700}
    site.pool.get_vad_model("a").release()
    site.pool.get_vad_model("b")
    with pytest.raises(OutOfMemory, match=r"Unload a \(300 MB, cameras: 0\) or b \(500 MB, cameras: 1\)"):
        site.pool.get_vad_model("c")
    assert not any(model.closed for _, model in site.made)


def test_a_model_that_is_refused_can_be_asked_for_again():
    site = Site(limit_mb=1000)
    site.sizes_mb = {"a": 950}
    with pytest.raises(OutOfMemory, match="No model is loaded"):
        site.pool.get_vad_model("a")
    site.sizes_mb = {"a": 850}
    assert site.pool.get_vad_model("a").name == "scripted"


def test_the_registry_is_asked_what_a_model_needs(tmp_path):
    assert registered_estimate_mb("motion", {}) == 0.0
    with pytest.raises(ConfigError, match="unknown VAD model"):
        registered_estimate_mb("none", {})


def test_the_default_pool_makes_models_by_name():
    pool = ResourcePool(PoolSettings(), clock=FakeClock())
    with pool.get_vad_model("motion") as handle:
        assert (handle.name, handle.max_batch) == ("motion", 1)
        figures = pool.check_gpu_memory()
        assert 0 < figures["allocated_mb"] <= figures["max_allocated_mb"] < figures["budget_mb"]
    pool.close()
