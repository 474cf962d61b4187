"""The run behind `haetae watch` and `haetae demo`: the camera on its own thread, the display and the signals on the main one."""

import locale
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

from haetae.cli.display import Display, make_display, print_json
from haetae.cli.report import ReportData, write_report
from haetae.compose.watch import Watching, WatchPlan, build_watch, read_truth
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import AnomalyEvent
from haetae.domain.score import Score
from haetae.errors import ConfigError, HaetaeError
from haetae.pipeline.e2e_system import E2ESystem
from haetae.pipeline.observer import NoObserver
from haetae.settings import load_config
from haetae.telemetry import configure_logging, redact_url

_TICK_S = 0.12


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """The command line of `haetae watch`, parsed."""

    source: str
    output: str = "terminal"
    learn: tuple[str, ...] = ()
    state: Path | None = None
    learning_s: float | None = None
    fps: float | None = None
    false_alarms_per_day: float = 1.0
    model: str = "motion"
    realtime: bool = False
    out: Path | None = None
    report: bool = False
    language: str = ""
    config: Path | None = None
    verbose: bool = False


class Collector(NoObserver):
    """The observer of a run: keeps the curve and the events for display and report.

    Its times are seconds since the first frame, by wall time, so that they go on over a reconnection.
    """

    def __init__(self) -> None:
        self.t_s: list[float] = []
        self.value: list[float] = []
        self.finished: queue.SimpleQueue[AnomalyEvent] = queue.SimpleQueue()
        self.events: dict[UUID, AnomalyEvent] = {}
        self.last_active = CameraState.CONNECTING
        self._learned_here = False
        self._origin: datetime | None = None

    def state_changed(self, status: CameraStatus) -> None:
        if status.state in (CameraState.LEARNING, CameraState.WATCHING):
            self.last_active = status.state
        # Learning from other footage happens before any frame of the source is read.
        self._learned_here |= status.state is CameraState.LEARNING and status.frames.read > 0

    def scored(self, score: Score) -> None:
        if self._origin is None:
            self._origin = score.captured_at - timedelta(seconds=score.t_s)
        self.t_s.append((score.captured_at - self._origin).total_seconds())
        self.value.append(score.value)

    def event_recorded(self, event: AnomalyEvent, *, final: bool) -> None:
        known = self.events.get(event.id)
        if known is None or known.revision < event.revision:
            self.events[event.id] = event
        if final:
            self.finished.put(event)

    def position_s(self) -> float | None:
        """Where the run is, None before the first score."""
        return self.t_s[-1] if self.t_s else None

    def events_on_axis(self) -> list[AnomalyEvent]:
        """The events with their times on the axis of `t_s`."""
        if self._origin is None:
            return list(self.events.values())
        moved = []
        for event in self.events.values():
            shift_s = (event.timestamp - self._origin).total_seconds() - event.onset_s
            end_s = None if event.end_s is None else event.end_s + shift_s
            moved.append(replace(event, onset_s=event.onset_s + shift_s, peak_s=event.peak_s + shift_s, end_s=end_s))
        return moved

    def learning_spans(self, duration_s: float | None) -> list[tuple[float, float]]:
        """Where the camera learned from the source itself; the whole of it when it never got to watch."""
        if not self._learned_here:
            return []
        return [(0.0, self.t_s[0] if self.t_s else duration_s or 0.0)]


def run_watch(options: WatchOptions) -> None:
    """Watch, show, and end with a summary. Raises HaetaeError for what a person has to mend."""
    _check(options)
    config = load_config(options.config)
    configure_logging("info" if options.verbose else "warning", config.log.style)
    collector = Collector()
    plan = WatchPlan(
        source=options.source,
        config=config,
        out=options.out or config.storage.directory,
        learn=options.learn,
        state=options.state,
        learning_s=options.learning_s,
        analysed_fps=options.fps,
        false_alarms_per_day=options.false_alarms_per_day,
        model=options.model,
        realtime=options.realtime,
    )
    started = time.monotonic()
    watching = build_watch(plan, collector)
    display = make_display(options.output)
    try:
        with _signals(watching.system):
            error = _follow(watching, collector, display)
    finally:
        display.close()
    if error is not None:
        raise error
    summary = _summary(watching.system, collector, time.monotonic() - started)
    _tell(options, plan, summary, collector, watching)


def _check(options: WatchOptions) -> None:
    """Refuse numbers that mean nothing before anything is opened."""
    if options.fps is not None and not 0.2 <= options.fps <= 60:
        raise ConfigError(f"--fps {options.fps:g} is out of range", hint="Use a value from 0.2 to 60")
    if not 0 < options.false_alarms_per_day <= 10_000:
        raise ConfigError(
            f"--false-alarms-per-day {options.false_alarms_per_day:g} is out of range", hint="Use a value above 0, for example 1"
        )
    if options.learning_s is not None and options.learning_s <= 0:
        raise ConfigError("--learning-time must be longer than nothing", hint="For example --learning-time 10m")
    if options.language not in ("", "en", "ko"):
        raise ConfigError(f"--lang {options.language!r} is not known", hint="Use en or ko")


@contextmanager
def _signals(system: E2ESystem) -> Iterator[None]:
    """SIGINT and SIGTERM end the run cleanly; a second one ends it at once."""

    def end(signum: int, _frame: FrameType | None) -> None:
        signal.signal(signum, signal.SIG_DFL)
        system.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _follow(watching: Watching, collector: Collector, display: Display) -> HaetaeError | None:
    """Run the camera on its own thread and show it until it ends; the error that ended it, if one did."""
    failure: list[BaseException] = []

    def camera() -> None:
        try:
            watching.run()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=camera, name="camera")
    thread.start()
    while thread.is_alive():
        thread.join(_TICK_S)
        display.tick(watching.system.status, collector.position_s(), watching.system.duration_s)
        _show_finished(collector, display)
    _show_finished(collector, display)
    if not failure:
        return None
    if isinstance(failure[0], HaetaeError):
        return failure[0]
    raise failure[0]


def _show_finished(collector: Collector, display: Display) -> None:
    while not collector.finished.empty():
        display.event(collector.finished.get())


def _summary(system: E2ESystem, collector: Collector, elapsed_s: float) -> dict[str, Any]:
    frames = system.status.frames
    return {
        "type": "summary",
        "frames": {
            "read": frames.read,
            "analysed": frames.analysed,
            "skipped": frames.skipped,
            "dropped": frames.dropped_total,
            "dropped_by_reason": frames.dropped,
        },
        "events": len(collector.events),
        "state": str(collector.last_active),
        "elapsed_s": round(elapsed_s, 3),
        "cpu_s": round(time.process_time(), 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _tell(options: WatchOptions, plan: WatchPlan, summary: dict[str, Any], collector: Collector, watching: Watching) -> None:
    """The last words: the report, then the summary."""
    report = _write_report(options, plan, summary, collector, watching) if options.report else None
    if options.output == "json":
        print_json(summary if report is None else {**summary, "report": str(report)})
        return
    frames = summary["frames"]
    say = sys.stderr.write
    say(f"{redact_url(options.source)}: {summary['events']} event{'' if summary['events'] == 1 else 's'}; {frames['read']} frames read = ")
    say(f"{frames['analysed']} analysed + {frames['skipped']} skipped + {frames['dropped']} dropped; {summary['elapsed_s']:.1f} s, ")
    say(f"{summary['cpu_s']:.1f} s CPU, {summary['peak_rss_mb']:.0f} MB\n")
    if frames["dropped"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in frames["dropped_by_reason"].items() if count)
        say(f"Dropped frames: {reasons}\n")
    if summary["state"] == CameraState.LEARNING:
        say("The source ended while the camera was still learning, so no alarm was possible: ")
        say("give more footage, a shorter --learning-time, or --learn with other footage of this camera\n")
    if collector.events:
        say(f"Clips, pictures, log and database: {plan.out.resolve()}\n")
    if report is not None:
        say(f"Report: {report.resolve()}\n")


def _write_report(options: WatchOptions, plan: WatchPlan, summary: dict[str, Any], collector: Collector, watching: Watching) -> Path:
    stream = watching.system.stream
    data = ReportData(
        source=redact_url(options.source),
        root=plan.out,
        summary=summary,
        codec=stream.codec if stream else "",
        t_s=collector.t_s,
        value=collector.value,
        learning=collector.learning_spans(watching.system.duration_s),
        truth=read_truth(options.source),
        events=collector.events_on_axis(),
        language=options.language or _language(),
    )
    return write_report(data, plan.out / "report.html")


def _language() -> str:
    """ko where the user's locale is Korean, else en."""
    name = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "ko" if name.lower().startswith("ko") else "en"
