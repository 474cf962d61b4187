import threading

from tests.support.waiting import wait_until

from haetae.pipeline.turns import Turn


def test_no_more_than_allowed_have_a_turn_and_all_get_theirs():
    turns = threading.Semaphore(2)
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
    assert turns.acquire(blocking=False)
    assert turns.acquire(blocking=False)
    assert not turns.acquire(blocking=False)


def test_a_turn_is_given_back_when_the_work_fails():
    turns = threading.Semaphore(1)
    try:
        with Turn(turns):
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert turns.acquire(blocking=False)


def test_who_waits_for_a_thread_that_hangs_goes_on_without_and_gives_nothing_back_that_it_never_had():
    turns = threading.Semaphore(1)
    hung = Turn(turns)
    hung.__enter__()
    with Turn(turns):
        pass
    assert not turns.acquire(blocking=False)
    hung.give_up()
    assert turns.acquire(blocking=False)


def test_a_turn_that_was_given_up_is_not_given_back_twice():
    turns = threading.Semaphore(1)
    go_on, entered = threading.Event(), threading.Event()
    turn = Turn(turns)

    def hang():
        with turn:
            entered.set()
            go_on.wait(20)

    thread = threading.Thread(target=hang)
    thread.start()
    assert entered.wait(20)
    turn.give_up()
    assert turns.acquire(blocking=False)
    go_on.set()
    wait_until(lambda: not thread.is_alive(), "the thread that hung")
    assert not turns.acquire(blocking=False)
