"""`haetae demo`: a rendered scene with labelled incidents, watched from end to end."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the scene, the clips and the report.")] = Path("out/demo"),
    scene: Annotated[str, typer.Option("--scene", help="plaza, corridor, car_park or gate.")] = "plaza",
    minutes: Annotated[float, typer.Option("--minutes", help="Length of the scene.")] = 3.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another day.")] = 1,
    language: Annotated[str, typer.Option("--lang", help="Language of the report: en or ko.")] = "",
) -> None:
    """Render a scene with labelled incidents, watch it, and write a report that shows what was found and what was not."""
    from haetae.cli.simulate import simulate
    from haetae.cli.watching import WatchOptions, run_watch

    out.mkdir(parents=True, exist_ok=True)
    video = out / f"{scene}-{seed}.mp4"
    simulate(scene=scene, minutes=minutes, seed=seed, output=video)
    run_watch(WatchOptions(source=str(video), out=out, report=True, language=language, learning_s=minutes * 60 * 0.4))
