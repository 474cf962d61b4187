import threading

from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.pipeline.turns import STUCK_S, Turn, Turns
from haetae.testing.clock import FakeClock


def test_no_more_than_allowed_have_a_turn_and_all_get_theirs():
    turns = Turns(SystemClock(), 2)
    lock = threading.Lock()
    inside, most, done = [], [], []

    def camera(number):
        turn = Turn(turns)
        for _ in range(200):
            with turn:
                with lock:
                    inside.append(number)
                    most.append(len(inside))
                with lock:
                    inside.remove(number)
        done.append(number)

    threads = [threading.Thread(target=camera, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2
    assert sorted(done) == list(range(8))
    assert turns.taken == 0


def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    turns = Turns(SystemClock(), 1)
    first = Turn(turns)
    first.__enter__()
    order, threads = [], []

    def camera(number):
        with Turn(turns):
            order.append(number)

    for number in range(6):
        threads.append(threading.Thread(target=camera, args=(number,)))
        threads[-1].start()
        wait_until(lambda waiting=number + 1: turns.waiting == waiting, "it waits")
    first.give_up()
    for thread in threads:
        thread.join(20)
    assert order == list(range(6))


def test_a_turn_is_given_back_when_the_work_fails():
    turns = Turns(SystemClock(), 1)
    try:
        with Turn(turns):
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert turns.taken == 0


def test_who_hangs_with_a_turn_is_relieved_of_it_and_cannot_give_it_back_later():
    clock = FakeClock()
    turns = Turns(clock, 1)
    hung = Turn(turns)
    hung.__enter__()
    clock.advance(STUCK_S)
    with Turn(turns):
        hung.give_up()
        assert turns.taken == 1
    assert turns.taken == 0


def test_who_waits_for_one_that_is_only_slow_goes_on_waiting():
    turns = Turns(FakeClock(), 1)
    slow, entered = Turn(turns), []
    slow.__enter__()

    def camera():
        with Turn(turns):
            entered.append(True)

    thread = threading.Thread(target=camera)
    thread.start()
    thread.join(1.5 * STUCK_S)
    assert not entered
    slow.give_up()
    thread.join(20)
    assert entered
