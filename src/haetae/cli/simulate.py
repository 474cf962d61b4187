"""`haetae simulate`: render a scene with labelled incidents into a video file."""

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    scene: Annotated[str, typer.Option("--scene", help="plaza, corridor, car_park or gate.")] = "plaza",
    minutes: Annotated[float, typer.Option("--minutes", help="Length of the video.")] = 2.0,
    incidents: Annotated[
        str, typer.Option("--incidents", metavar="KIND,...", help="Incidents in their order, or none; without it the scene's usual mix.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another day; the same seed gives the same pictures.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The video (.mp4, .mkv, .mov).")] = None,
    fps: Annotated[float, typer.Option("--fps", help="Pictures per second.")] = 15.0,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the picture.")] = "640x360",
    normal_minutes: Annotated[
        float | None, typer.Option("--normal-minutes", help="Minutes at the start without incidents (40 % of the length without it).")
    ] = None,
    conditions: Annotated[
        str, typer.Option("--conditions", metavar="KIND,...", help="Weather: night, rain:0.6, gusts@13-17, ...; see the reference.")
    ] = "",
    hour: Annotated[
        float | None, typer.Option("--hour", help="Hour of the day at the start; then light and people follow the clock.")
    ] = None,
) -> None:
    """Render a scene into FILE (H.264) and what happens in it, when and where, into a .json beside it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from haetae.simulate.conditions import parse_conditions
    from haetae.simulate.spec import SceneSpec, parse_kinds, parse_size
    from haetae.simulate.video import write_video

    spec = SceneSpec(
        scene=scene,
        seed=seed,
        seconds=minutes * 60.0,
        fps=fps,
        size=parse_size(size),
        incidents=parse_kinds(incidents) if incidents else None,
        normal_s=None if normal_minutes is None else normal_minutes * 60.0,
        conditions=parse_conditions(conditions) if conditions else (),
        starts_at=hour,
    )
    path = output or Path(f"{spec.scene}.mp4")
    console = Console(stderr=True)
    columns = (TextColumn("rendering {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(spec.scene, total=spec.frames)
        labels = write_video(spec, path, lambda done: progress.update(task, completed=done))
    typer.echo(f"{path}: {spec.frames} frames, {minutes:g} min; labels: {labels}")
