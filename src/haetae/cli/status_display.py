"""A site's status as tables and lines for people."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from haetae.domain.action import ActStatus
from haetae.domain.camera import CameraConfig, CameraState, CameraStatus
from haetae.domain.incident import RespondStatus
from haetae.domain.score import ALARM_LEVEL
from haetae.domain.search import EmbeddingStatus
from haetae.domain.site import LogStatus, ModelStatus, NoticeStatus, SiteStatus, StorageStatus
from haetae.domain.triage import LookStatus
from haetae.telemetry import redact_url

_STATE_STYLE = {
    CameraState.LEARNING: "cyan",
    CameraState.WATCHING: "green",
    CameraState.CONNECTING: "yellow",
    CameraState.OFFLINE: "red",
    CameraState.FAILED: "red",
}
_GB = 1_000_000_000
_MB_PER_GB = 1000.0
_NONE = "-"


def overview(status: SiteStatus, now: datetime) -> RenderableType:
    """The running site at `now`: a row for each camera, and what they share below."""
    parts: list[RenderableType] = [_headline(status, now)]
    if status.cameras:
        parts.append(_cameras(status.cameras, now))
        parts += [line for camera in status.cameras for line in _notes(camera)]
    else:
        parts.append(Text("no cameras yet; add one: haetae camera add NAME SOURCE"))
    parts.append(_footer(status))
    return Group(*parts)


def not_running(cameras: Sequence[CameraConfig], folder: str) -> RenderableType:
    """What is known without a running site."""
    start = Text(_clean(f"nothing is running on {folder}; start it: haetae serve --headless"))
    if not cameras:
        return start
    table = _table("name", "state")
    for camera in cameras:
        table.add_row(_cell(camera.name), _cell("not running" if camera.enabled else "not running (disabled)", "dim"))
    return Group(table, start)


def span(seconds: float, *, exact: bool = False) -> str:
    """A span of time in its largest unit, or in its two largest where `exact`: 42 s, 3 min 10 s, 5 h 2 min, 12 d 4 h."""
    left = max(0, round(seconds))
    for unit, size, smaller, smaller_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if left >= size:
            rest = left % size // smaller_size
            return f"{left // size} {unit}" + (f" {rest} {smaller}" if rest and exact else "")
    return f"{left} s"


def _headline(status: SiteStatus, now: datetime) -> Text:
    running = sum(camera.state is not CameraState.STOPPED for camera in status.cameras)
    since = span((now - status.started_at).total_seconds(), exact=True)
    return Text(_clean(f"Haetae {status.version}, process {status.pid}, up {since}: {running} of at most {status.max_cameras} cameras"))


def _cameras(cameras: Sequence[CameraStatus], now: datetime) -> Table:
    table = _table("name", "state", "since", "score", right=("fps", "analysed", "dropped", "latency", "events", "reconnects"))
    for camera in cameras:
        frames = camera.frames
        dropped = _share(frames.dropped_total, frames.read)
        table.add_row(
            _cell(camera.name or str(camera.camera_id)),
            _state(camera),
            _cell(_NONE if camera.since is None else span((now - camera.since).total_seconds())),
            _score(camera),
            _cell(f"{camera.fps:.1f}"),
            _cell(_share(frames.analysed, frames.read)),
            _cell(dropped, "yellow" if frames.dropped_total else ""),
            _cell(_NONE if camera.latency_s is None else f"{camera.latency_s * 1000:.0f} ms"),
            _cell(str(camera.events)),
            _cell(str(camera.reconnects)),
        )
    return table


def _state(camera: CameraStatus) -> Text:
    words = str(camera.state)
    if camera.state is CameraState.LEARNING:
        words += f" {camera.learning:.0%}"
    return _cell(words, _STATE_STYLE.get(camera.state, "dim"))


def _notes(camera: CameraStatus) -> list[Text]:
    """What is too long for the table: why the camera is not watching, whether it raises events, and why frames were lost."""
    name = camera.name or str(camera.camera_id)
    notes = []
    if camera.cause:
        notes.append(_cell(f"{name}: {camera.cause}", _STATE_STYLE.get(camera.state, "")))
    if not camera.armed:
        notes.append(_cell(f"{name}: not armed now"))
    if camera.frames.dropped_total:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(camera.frames.dropped.items()) if count)
        notes.append(_cell(f"{name}: frames dropped: {reasons}", "yellow"))
    if camera.replaced_threads:
        notes.append(_cell(f"{name}: {camera.replaced_threads} threads hung and were replaced", "yellow"))
    return notes


def _score(camera: CameraStatus) -> Text:
    if camera.score is None:
        return _cell(_NONE)
    return _cell(f"{camera.score:.2f}", "bold red" if camera.score >= ALARM_LEVEL else "")


def _share(part: int, whole: int) -> str:
    """A share that is never rounded to 0 or 100 % where it is not."""
    if not whole:
        return _NONE
    if 0 < part / whole < 0.001:
        return "< 0.1 %"
    if 0.999 < part / whole < 1:
        return "> 99.9 %"
    return f"{part / whole:.1%}".replace("%", " %")


def _footer(status: SiteStatus) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row(_cell("events log"), _log(status.log))
    table.add_row(_cell("notices"), _notices(status.notices))
    table.add_row(_cell("looking"), _looks(status.looks))
    table.add_row(_cell("responding"), _responses(status.responses, status.acts))
    if status.embeddings.state != "off":
        table.add_row(_cell("search"), _embeddings(status.embeddings))
    table.add_row(_cell("disk"), _storage(status.storage))
    for model in status.models:
        table.add_row(_cell("model"), _model(model))
    table.add_row(_cell("process"), _process(status))
    return table


def _log(log: LogStatus) -> Text:
    words = f"{log.stored} stored, {log.waiting} waiting, {log.dead} refused for good"
    if log.last_error:
        words += f": {log.last_error}"
    return _cell(words, "red" if log.last_error or log.dead else "")


def _notices(notices: NoticeStatus) -> Text:
    if not notices.enabled:
        return _cell("switched off (notifications.enabled)", "yellow")
    words = f"{notices.sent} sent, {notices.failed} tries failed, {notices.dead} given up"
    if notices.last_sent_at is not None:
        words += f", the last at {notices.last_sent_at.astimezone():%H:%M:%S}"
    if notices.database_error:
        words += f": {notices.database_error}"
    return _cell(words, "red" if notices.database_error or notices.dead else "")


def _looks(looks: LookStatus) -> Text:
    who = f"{looks.backend} {looks.model}".strip()
    words = f"{who}, {looks.described} described, {looks.looked} looked at ({looks.failed} failed), {looks.waiting} waiting"
    words += "".join(f", {count} not looked at ({reason})" for reason, count in sorted(looks.shed.items()))
    trouble = looks.database_error or looks.cause
    return _cell(f"{words}: {trouble}" if trouble else words, "red" if trouble else "")


def _responses(responses: RespondStatus, acts: ActStatus) -> Text:
    words = f"{responses.planned} planned ({responses.by_model} by a model, {responses.fell_back} fell back), {responses.waiting} waiting"
    words += "".join(f", {count} {state}" for state, count in sorted(acts.ended.items()))
    if acts.approvals_waiting:
        words += f", {acts.approvals_waiting} wait for a person's approval"
    if responses.failed:
        words += f", {responses.failed} faults"
    trouble = responses.database_error
    style = "red" if trouble else "yellow" if acts.approvals_waiting else ""
    return _cell(f"{words}: {trouble}" if trouble else words, style)


def _embeddings(found: EmbeddingStatus) -> Text:
    words = f"{found.model}, {found.embedded} embedded, {found.refused} refused, {found.failed} requests failed, {found.waiting} waiting"
    trouble = found.database_error or found.cause
    return _cell(f"{words}: {trouble}" if trouble else words, "red" if trouble else "")


def _storage(storage: StorageStatus) -> Text:
    words = f"{_gb(storage.free_bytes)} free of {_gb(storage.total_bytes)}, clips and pictures {_gb(storage.media_bytes)}"
    if storage.locked_bytes:
        words += f" ({_gb(storage.locked_bytes)} locked)"
    if storage.days_left is not None:
        words += f", {storage.days_left:.0f} days left"
    words += ", recording" if storage.recording else f", NOT RECORDING: {storage.cause}"
    return _cell(words, "" if storage.recording else "bold red")


def _model(model: ModelStatus) -> Text:
    words = f"{model.name}: {model.cameras} cameras, {model.scored} frames in {model.batches} calls, {model.waiting} waiting"
    words += "".join(f", {count} dropped ({reason})" for reason, count in sorted(model.dropped.items()))
    return _cell(words, "yellow" if any(model.dropped.values()) else "")


def _process(status: SiteStatus) -> Text:
    words = f"{status.rss_mb:.0f} MB, {status.threads} threads, {status.open_files} open files"
    if status.abandoned_threads:
        words += f", {status.abandoned_threads} threads hang and were given up"
    return _cell(words, "yellow" if status.abandoned_threads else "")


def _gb(size_bytes: int) -> str:
    gb = size_bytes / _GB
    return f"{gb:.1f} GB" if gb >= 1 else f"{gb * _MB_PER_GB:.0f} MB"


def _table(*headers: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for header in headers:
        # A name may be long; all else fits.
        table.add_column(header, no_wrap=header != "name", min_width=8 if header == "name" else None)
    for header in right:
        table.add_column(header, justify="right", no_wrap=True)
    return table


def _cell(text: str, style: str = "") -> Text:
    # Text, for a name may hold what rich takes for markup.
    return Text(_clean(text), style=style, overflow="fold")


def _clean(text: str) -> str:
    """Without secrets, and without what could move the terminal's cursor: causes come from cameras, names from people."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in redact_url(text))
