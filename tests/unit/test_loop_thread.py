"""The thread that telling, looking, responding and acting run on."""

import asyncio
import threading

import pytest
from tests.support.waiting import wait_until

from haetae.errors import DatabaseUnavailable
from haetae.loop_thread import LoopThread


@pytest.fixture
def loop(monkeypatch):
    """Looks by itself only once an hour: what is done sooner was asked for."""
    monkeypatch.setattr("haetae.loop_thread._POLL_S", 3600.0)
    loop = LoopThread("test", patience_s=10.0)
    yield loop
    loop.close()


def test_work_is_repeated_while_there_is_more_and_when_woken(loop):
    done, left = [], [3]

    async def work():
        done.append(threading.current_thread().name)
        left[0] -= 1
        return left[0] > 0

    loop.repeat(work)
    loop.wake()
    loop.start()
    wait_until(lambda: len(done) == 3, "all of it is done")
    for count in (4, 5):
        loop.wake()
        wait_until(lambda count=count: len(done) == count, "it is done again")
    assert set(done) == {"test"}


def test_a_fault_ends_nothing_and_an_outage_is_said_until_it_is_over(loop):
    faults, calls = [RuntimeError("broken"), DatabaseUnavailable("gone"), None], []

    async def work():
        calls.append(faults[0])
        fault = faults.pop(0) if len(faults) > 1 else faults[0]
        if fault is not None:
            raise fault
        return False

    loop.repeat(work)
    loop.start()
    wait_until(lambda: len(calls) == 1, "it failed")
    assert loop.database_error == ""
    loop.wake()
    wait_until(lambda: loop.database_error == "gone", "the outage is said")
    loop.wake()
    wait_until(lambda: loop.database_error == "", "it is over")


def test_one_work_waits_for_no_other(loop):
    release, done = threading.Event(), []

    async def slow():
        await asyncio.to_thread(release.wait)
        return False

    async def quick():
        done.append(1)
        return False

    loop.repeat(slow)
    signal = loop.repeat(quick)
    loop.start()
    try:
        wait_until(lambda: len(done) == 1, "the other is done")
        signal.set()
        wait_until(lambda: len(done) == 2, "and again")
    finally:
        release.set()


@pytest.mark.parametrize("patient", [True, False])
def test_what_is_under_way_at_the_end_is_waited_for_as_long_as_said(patient):
    ended, began = [], threading.Event()
    release = threading.Event()

    async def ending():
        ended.append("ending")

    async def task():
        began.set()
        try:
            while not release.is_set():
                await asyncio.sleep(0.001)
            ended.append("done")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    loop = LoopThread("test", ending=ending, patience_s=30.0 if patient else 0.0)

    async def work():
        if not began.is_set():
            loop.begin(task())
        return False

    loop.repeat(work)
    loop.start()
    assert began.wait(30.0)
    closing = threading.Thread(target=loop.close, args=(30.0,))
    closing.start()
    if patient:
        wait_until(lambda: loop.stopping, "it is closing")
        release.set()
    closing.join(30.0)
    assert ended == ["done" if patient else "cancelled", "ending"]
    assert loop.loop is None


def test_one_that_never_started_is_closed_at_once():
    LoopThread("test").close()
