import threading

from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.pipeline.ticker import Ticker
from haetae.testing.clock import FakeClock


def test_a_task_runs_again_and_again_and_outlives_its_own_faults():
    runs = []

    def task():
        runs.append(1)
        if len(runs) == 2:
            raise ZeroDivisionError

    ticker = Ticker("test", 0.001, task, SystemClock())
    ticker.start()
    wait_until(lambda: len(runs) > 4, "five runs")
    assert ticker.close()
    count = len(runs)
    assert count == len(runs)


def test_it_can_be_told_to_run_at_once():
    runs = threading.Semaphore(0)
    ticker = Ticker("test", 3600.0, runs.release, SystemClock())
    ticker.start()
    assert runs.acquire(timeout=20)
    ticker.run_soon()
    assert runs.acquire(timeout=20)
    assert ticker.close()


def test_the_period_is_waited_between_two_runs():
    clock = FakeClock()
    runs = []
    ticker = Ticker("test", 5.0, lambda: runs.append(1), clock)
    ticker.start()
    wait_until(lambda: len(runs) > 3, "four runs")
    ticker.close()
    assert set(clock.waits) == {5.0}


def test_a_task_that_hangs_is_not_waited_for_for_ever():
    go_on = threading.Event()
    begun = threading.Event()

    def task():
        begun.set()
        go_on.wait(20)

    ticker = Ticker("test", 1.0, task, SystemClock())
    ticker.start()
    assert begun.wait(20)
    assert ticker.close(0.01) is False
    go_on.set()
    assert ticker.close()


def test_closing_before_the_start_and_twice_is_fine():
    ticker = Ticker("test", 1.0, lambda: None, SystemClock())
    assert ticker.close()
    assert ticker.close()
