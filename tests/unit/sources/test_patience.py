import threading

import pytest

from haetae.sources.patience import Overloaded, in_time


def test_a_result_and_an_error_come_through() -> None:
    assert in_time(lambda: 7, name="patient", timeout_s=10, most=1) == 7
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, name="patient", timeout_s=10, most=1)


def test_what_hangs_is_left_alone_and_only_so_many_may() -> None:
    release = threading.Event()
    try:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                in_time(release.wait, name="hanging", timeout_s=0.02, most=2)
        with pytest.raises(Overloaded):
            in_time(lambda: 7, name="hanging", timeout_s=10, most=2)
        assert in_time(lambda: 7, name="another", timeout_s=10, most=2) == 7
    finally:
        release.set()
    for thread in threading.enumerate():
        if thread.name == "hanging":
            thread.join(10)
    assert in_time(lambda: 7, name="hanging", timeout_s=10, most=2) == 7
