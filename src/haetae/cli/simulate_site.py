"""`haetae simulate site`: render the cameras of the benchmark site into a folder, for `haetae vad site-eval --cache`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from haetae.simulate.site import SiteSpec

Seeds = Annotated[str, typer.Option("--seeds", help="dev to work with, test to measure with.")]
Quick = Annotated[bool, typer.Option("--quick", help="Two cameras, 20 min of learning, 1 h of testing, 40 incidents.")]
Full = Annotated[bool, typer.Option("--full", help="Days of 24 h: one to learn from and one to be tested on. Takes long.")]
Cameras = Annotated[int | None, typer.Option("--cameras", min=1, max=1000, help="Number of cameras (4).")]
LearnHours = Annotated[float | None, typer.Option("--learn-hours", help="Hours that each camera learns (6).")]
TestHours = Annotated[float | None, typer.Option("--test-hours", help="Hours that each camera is tested (7.5).")]
Incidents = Annotated[int | None, typer.Option("--incidents", min=0, help="Incidents over all cameras (208).")]
DayHours = Annotated[float | None, typer.Option("--day-hours", help="Hours that a day of the site lasts (6).")]
Size = Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the pictures.")]
Oddities = Annotated[bool, typer.Option("--oddities", help="Also what is odd but harmless: a robot on its rounds, a flag in the wind.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=256, help="Cameras at a time, each in a process of its own.")]


def site_spec(
    seeds: str,
    quick: bool,
    full: bool,
    cameras: int | None,
    learn_h: float | None,
    test_h: float | None,
    day_h: float | None,
    incidents: int | None,
    size: str,
    oddities: bool,
) -> "SiteSpec":
    """The site that the options ask for: the usual, the quick or the full one, with what was given in its place. Raises ConfigError."""
    from dataclasses import replace

    from haetae.errors import ConfigError
    from haetae.simulate import site
    from haetae.simulate.spec import parse_size

    names = [each.value for each in site.Seeds]
    if seeds not in names:
        raise ConfigError(f"--seeds must be {' or '.join(names)}, not {seeds!r}")
    if quick and full:
        raise ConfigError("--quick and --full exclude each other")
    make = site.quick if quick else site.full if full else site.SiteSpec
    base = make(site.Seeds(seeds))
    return replace(
        base,
        cameras=base.cameras if cameras is None else cameras,
        learn_h=base.learn_h if learn_h is None else learn_h,
        test_h=base.test_h if test_h is None else test_h,
        day_h=base.day_h if day_h is None else day_h,
        incidents=base.incidents if incidents is None else incidents,
        size=parse_size(size),
        oddities=oddities,
    )


def render_site(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pictures go.")],
    seeds: Seeds = "dev",
    quick: Quick = False,
    full: Full = False,
    cameras: Cameras = None,
    learn_hours: LearnHours = None,
    test_hours: TestHours = None,
    day_hours: DayHours = None,
    incidents: Incidents = None,
    size: Size = "320x180",
    oddities: Oddities = False,
    jobs: Jobs = 2,
) -> None:
    """Render the benchmark site's pictures (H.264 of their luma, with the ground truth beside), so that measuring need not."""
    from haetae.simulate.site_cache import KeptCamera
    from haetae.training.processes import in_processes

    kept = [
        KeptCamera(camera, folder)
        for camera in site_spec(seeds, quick, full, cameras, learn_hours, test_hours, day_hours, incidents, size, oddities).build()
    ]
    with SiteProgress("rendering", {camera.name: round(camera.seconds * camera.fps) for camera in kept}) as told:
        in_processes([camera for camera in kept if not camera.there], KeptCamera.walk, jobs=jobs, told=told)
    for camera in kept:
        typer.echo(f"{camera.path}: {camera.seconds / 3600.0:.2f} h, {len(camera.kinds)} incidents")


class SiteProgress:
    """Bars on stderr, one for each camera; nothing where nobody looks."""

    def __init__(self, what: str, frames: dict[str, int]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (TextColumn(f"{what} {{task.description}}"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks = {name: self._progress.add_task(name, total=count) for name, count in frames.items()}

    def __enter__(self) -> "Callable[[str, int], None]":
        self._progress.start()
        return lambda name, frames: self._progress.update(self._tasks[name], completed=frames)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
