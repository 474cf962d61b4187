"""What a person or a program sees while a source is watched: a live panel, plain lines, or JSON lines."""

import sys
import time
from typing import Any, Protocol

import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.event import AnomalyEvent, EventKind
from haetae.domain.score import ALARM_LEVEL
from haetae.score_chart import clock_text

_STATE_STYLE = {
    CameraState.LEARNING: "cyan",
    CameraState.WATCHING: "green",
    CameraState.CONNECTING: "yellow",
    CameraState.OFFLINE: "red",
    CameraState.FAILED: "red",
}
_PLAIN_EVERY_S = 5.0


class Display(Protocol):
    """Shows one run. All methods are called on the main thread."""

    def tick(self, status: CameraStatus, position_s: float | None, duration_s: float | None) -> None:
        """Called several times a second."""
        ...

    def event(self, event: AnomalyEvent) -> None:
        """An event is complete."""
        ...

    def close(self) -> None:
        """No tick and no event comes after this."""
        ...


def make_display(output: str) -> Display:
    """`json`, else a live panel on a terminal and plain lines elsewhere."""
    if output == "json":
        return JsonDisplay()
    console = Console(stderr=True)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay()


def event_text(event: AnomalyEvent) -> str:
    """One line about one event."""
    end_s = event.end_s if event.end_s is not None else event.peak_s
    what = f"{event.kind} ({event.subtype.replace('_', ' ')})" if event.subtype else str(event.kind)
    line = f"event {clock_text(event.onset_s, 1)}-{clock_text(end_s, 1)} ({end_s - event.onset_s:.1f} s) {what}"
    if event.kind is EventKind.ANOMALY:
        # What a camera scores that somebody covers or turns means nothing.
        line += f", peak {event.vad_score:.2f}"
    if event.facts:
        fact = event.facts[0]
        usual = f", usual at most {fact.usual:.3g}" if fact.usual is not None else ""
        line += f": {' '.join(part for part in (fact.kind, fact.subject, f'{fact.value:.3g}', fact.unit) if part)}{usual}"
    if event.faults:
        line += f" [{'; '.join(event.faults)}]"
    return line


def state_text(status: CameraStatus) -> str:
    """The state in words, with how far the learning is, or why it is not watching."""
    if status.state is CameraState.LEARNING:
        return f"learning {100 * status.learning:.0f} % (no alarms yet)"
    return f"{status.state}: {status.cause}" if status.cause else str(status.state)


def counts_text(status: CameraStatus) -> str:
    frames = status.frames
    return f"{frames.read} read, {frames.analysed} analysed, {frames.skipped} skipped, {frames.dropped_total} dropped"


def print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_SERIALIZE_DATACLASS | orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


class JsonDisplay:
    """One JSON line per event on stdout, and nothing else."""

    def tick(self, status: CameraStatus, position_s: float | None, duration_s: float | None) -> None:
        pass

    def event(self, event: AnomalyEvent) -> None:
        print_json({"type": "event", **orjson.loads(orjson.dumps(event))})

    def close(self) -> None:
        pass


class PlainDisplay:
    """Lines on stderr: each change of state, each event, and where it is every few seconds."""

    def __init__(self) -> None:
        self._state: CameraState | None = None
        self._told = time.monotonic()

    def tick(self, status: CameraStatus, position_s: float | None, duration_s: float | None) -> None:
        now = time.monotonic()
        if status.state is CameraState.FAILED:
            # The error that ends the command says it.
            return
        if status.state is self._state and now - self._told < _PLAIN_EVERY_S:
            return
        self._state, self._told = status.state, now
        where = "" if position_s is None else f"{clock_text(position_s)}{f' of {clock_text(duration_s)}' if duration_s else ''}, "
        self._say(f"{state_text(status)}; {where}{status.fps:.1f} fps, {counts_text(status)}, {status.events} events")

    def event(self, event: AnomalyEvent) -> None:
        self._say(event_text(event))

    def close(self) -> None:
        pass

    def _say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class LiveDisplay:
    """A panel that stays at the bottom of the terminal; events scroll by above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def tick(self, status: CameraStatus, position_s: float | None, duration_s: float | None) -> None:
        self._live.update(_panel(status, position_s, duration_s))

    def event(self, event: AnomalyEvent) -> None:
        self._console.print(Text(event_text(event), style="bold red" if event.vad_score >= 0.65 else "yellow"))

    def close(self) -> None:
        self._live.stop()


def _panel(status: CameraStatus, position_s: float | None, duration_s: float | None) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_row("state", Text(state_text(status), style=_STATE_STYLE.get(status.state, "")), Text(f"{status.fps:.1f} fps"))
    if status.state is CameraState.LEARNING:
        table.add_row("learned", ProgressBar(total=1.0, completed=status.learning, width=40), "")
    elif status.score is not None:
        alarming = status.score >= ALARM_LEVEL
        bar = ProgressBar(total=1.0, completed=status.score, width=40, complete_style="red" if alarming else "green", finished_style="red")
        table.add_row("score", bar, Text(f"{status.score:.2f}", style="bold red" if alarming else ""))
    if position_s is not None:
        table.add_row("time", Text(clock_text(position_s) + (f" of {clock_text(duration_s)}" if duration_s else "")), "")
    table.add_row("frames", Text(counts_text(status)), Text(f"{status.events} events"))
    return Group(table)
