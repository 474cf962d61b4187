"""Work that is done again and again on a thread of its own."""

import threading
from collections.abc import Callable

import structlog

from haetae.clock import Clock

_log = structlog.get_logger()


class Ticker:
    """Runs `task` every `period_s` until closed. What the task raises is logged, and it is run again: a site's housekeeping outlives any
    one fault. A period that a slow task overran is not made up for."""

    def __init__(self, name: str, period_s: float, task: Callable[[], None], clock: Clock) -> None:
        self._name = name
        self._period_s = period_s
        self._task = task
        self._clock = clock
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run_soon(self) -> None:
        """Run the task at once rather than at the end of the period."""
        self._wake.set()

    def close(self, timeout_s: float = 10.0) -> bool:
        """Stop; false when the task was still running after `timeout_s`. Safe to call twice, and before `start`."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.run_once()
            self._clock.wait(self._period_s, self._wake)
            self._wake.clear()

    def run_once(self) -> None:
        """One turn of the task; never raises."""
        try:
            self._task()
        except Exception as error:
            # The same fault each second would bury every other line.
            if not self._failing:
                _log.exception("housekeeping failed", task=self._name, error=str(error))
            self._failing = True
        else:
            if self._failing:
                _log.info("housekeeping works again", task=self._name)
            self._failing = False
