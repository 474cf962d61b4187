from datetime import timedelta

from haetae.testing.clock import FakeClock
from haetae.vlm.breaker import CallBudget
from haetae.vlm.call_log import CallLog


def test_calls_of_an_earlier_run_count_to_the_budget_for_a_day(tmp_path):
    clock, path = FakeClock(), tmp_path / "calls.log"
    first = CallLog(path, clock)
    assert first.made == []
    for _ in range(3):
        first.note()
        clock.advance(3600)
    again = CallLog(path, clock)
    assert len(again.made) == 3
    budget = CallBudget(clock, per_hour=0, per_day=4, made=[(at, 1) for at in again.made])
    assert [budget.take(), budget.take()] == ["", "the budget of 4 calls a day is used up"]
    clock.advance(21.5 * 3600)
    assert [clock.now() - at for at in CallLog(path, clock).made] == [timedelta(hours=23.5), timedelta(hours=22.5)]
    assert len(path.read_text().splitlines()) == 2, "what is older is gone"


def test_a_line_that_was_cut_off_and_a_disk_that_refuses_end_nothing(tmp_path):
    clock, path = FakeClock(), tmp_path / "calls.log"
    CallLog(path, clock).note()
    path.write_bytes(path.read_bytes() + b"2026-03-\xff\n2026-03-01T00:00\n20")
    log = CallLog(path, clock)
    assert len(log.made) == 1
    log.note()
    assert len(CallLog(path, clock).made) == 2
    nowhere = CallLog(tmp_path / "no" / "calls.log", clock)
    nowhere.note()
    assert nowhere.made == []
    assert CallLog(tmp_path, clock).made == []


def test_the_file_of_a_site_without_limits_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("haetae.vlm.call_log._MOST_LINES", 10)
    clock, path = FakeClock(), tmp_path / "calls.log"
    log = CallLog(path, clock)
    for _ in range(100):
        log.note()
        clock.advance(6 * 3600)
    assert len(path.read_text().splitlines()) <= 10
