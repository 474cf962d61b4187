"""What models may hold, and what they do hold."""

import pytest

from haetae.pipeline.memory_budget import MemoryBudget


class Probe:
    def __init__(self, used=100.0, free=1e9):
        self.used, self.free = used, free

    def used_mb(self):
        return self.used

    def free_mb(self):
        return self.free

    def default_limit_mb(self):
        return 1000.0


def test_what_is_being_made_counts_before_it_takes_anything_and_not_twice_once_it_does():
    probe = Probe()
    budget = MemoryBudget(probe)
    assert budget.reserve("a", 500)
    assert (budget.free_mb(), budget.shortage_mb(450)) == (400, 50)
    assert not budget.reserve("b", 450)
    probe.used += 300
    assert budget.free_mb() == 400
    assert budget.reserve("b", 400)
    assert budget.check()["reserved_mb"] == 900


def test_a_model_that_was_not_made_gives_its_room_back():
    budget = MemoryBudget(Probe())
    assert budget.reserve("a", 500)
    assert budget.reserve("b", 100)
    budget.failed("a")
    assert budget.free_mb() == 800


def test_what_a_model_holds_is_the_growth_while_it_was_made():
    probe = Probe()
    budget = MemoryBudget(probe)
    assert budget.reserve("a", 500)
    probe.used += 320
    assert budget.loaded("a") == 320
    assert budget.check() == {"allocated_mb": 420, "reserved_mb": 320, "max_allocated_mb": 420, "budget_mb": 1000}
    probe.used -= 300
    budget.freed("a")
    assert budget.check() == {"allocated_mb": 120, "reserved_mb": 0, "max_allocated_mb": 420, "budget_mb": 1000}


def test_the_estimate_stands_where_two_were_made_at_once():
    probe = Probe()
    budget = MemoryBudget(probe)
    assert budget.reserve("a", 200)
    assert budget.reserve("b", 100)
    probe.used += 290
    assert (budget.loaded("a"), budget.loaded("b")) == (200, 100)


def test_a_process_beyond_its_budget_gets_no_model_however_small():
    assert not MemoryBudget(Probe(used=1001)).reserve("a", 0)
    assert MemoryBudget(Probe(used=1001)).free_mb() == 0


def test_a_device_that_others_have_filled_bounds_what_may_be_taken():
    budget = MemoryBudget(Probe(free=50))
    assert budget.free_mb() == 50
    assert not budget.reserve("a", 60)


@pytest.mark.parametrize(("limit", "expected"), [(None, 1000), (300.0, 300)])
def test_the_budget_is_the_setting_or_the_devices_default(limit, expected):
    assert MemoryBudget(Probe(), limit).check()["budget_mb"] == expected
