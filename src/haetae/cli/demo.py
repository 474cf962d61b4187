"""`haetae demo`: a site of simulated cameras to look at in a browser, or one scene watched from end to end with a report."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the site; with --report of scene, clips and report.")] = Path(
        "out/demo"
    ),
    port: Annotated[int, typer.Option("--port", help="Where the console is to be.")] = 8000,
    report: Annotated[bool, typer.Option("--report", help="No site: render one scene, watch it, write a report, and end.")] = False,
    scene: Annotated[str, typer.Option("--scene", help="With --report: plaza, corridor, car_park or gate.")] = "plaza",
    minutes: Annotated[float, typer.Option("--minutes", help="With --report: length of the scene.")] = 3.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another day.")] = 1,
    language: Annotated[str, typer.Option("--lang", help="Language of the report, and of the cameras' names: en or ko.")] = "",
) -> None:
    """Run a site of four simulated cameras with the console, until Ctrl-C; or, with --report, watch one scene and write a report."""
    out.mkdir(parents=True, exist_ok=True)
    if not report:
        from haetae.cli.demo_site import run_demo_site

        run_demo_site(out / "site", port=port, seed=seed, language=language)
        return
    from haetae.cli.simulate import simulate
    from haetae.cli.watching import WatchOptions, run_watch

    video = out / f"{scene}-{seed}.mp4"
    simulate(scene=scene, minutes=minutes, seed=seed, output=video)
    run_watch(WatchOptions(source=str(video), out=out, report=True, language=language, learning_s=minutes * 60 * 0.4))
