"""`haetae watch SOURCE`: one source from frames to stored events."""

from pathlib import Path
from typing import Annotated

import typer


def watch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a folder of images, rtsp://..., http://..., /dev/video0 or sim://plaza?seed=1")
    ],
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON line per event and a final summary line on stdout.")] = False,
    learn: Annotated[
        list[str] | None, typer.Option("--learn", metavar="SOURCE", help="Learn from this footage first (repeatable).")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="Load what was learned from FILE, and save it there.")
    ] = None,
    learning_time: Annotated[
        str | None,
        typer.Option("--learning-time", metavar="TIME", help="Footage to learn from before alarms [10m, or a quarter of a file]"),
    ] = None,
    fps: Annotated[float | None, typer.Option("--fps", help="Frames analysed per second [live 5, files their own rate up to 10]")] = None,
    false_alarms_per_day: Annotated[float, typer.Option("--false-alarms-per-day", help="How many false alarms a day are all right.")] = 1.0,
    model: Annotated[str, typer.Option("--model", help="Name of the VAD model.")] = "motion",
    realtime: Annotated[bool, typer.Option("--realtime", help="Play a file at its own speed.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of clips, pictures, log and database.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Write report.html into the folder.")] = False,
    language: Annotated[str, typer.Option("--lang", help="Language of the report: en or ko.")] = "",
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, not only what went wrong.")] = False,
) -> None:
    """Watch one source: learn what is normal, raise one event per incident, keep a clip of each."""
    from haetae.cli.durations import parse_duration
    from haetae.cli.watching import WatchOptions, run_watch

    run_watch(
        WatchOptions(
            source=source,
            output="json" if json_lines else "terminal",
            learn=tuple(learn or ()),
            state=state,
            learning_s=None if learning_time is None else parse_duration(learning_time, "--learning-time"),
            fps=fps,
            false_alarms_per_day=false_alarms_per_day,
            model=model,
            realtime=realtime,
            out=out,
            report=report,
            language=language,
            config=config,
            verbose=verbose,
        )
    )
