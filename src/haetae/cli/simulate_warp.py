"""`haetae simulate warp`: a labelled data set from any clip of a fixed camera."""

from pathlib import Path
from typing import Annotated

import typer


def warp(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="Footage of a camera that stands still, of half a minute or more.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder for the data set.")],
    kinds: Annotated[
        str, typer.Option("--kinds", metavar="KIND,...", help="Test clips to make: fast, reversed, foreign.")
    ] = "fast,reversed,foreign",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed warps other stretches.")] = 1,
    stretch: Annotated[float, typer.Option("--stretch", help="Seconds that each abnormal stretch lasts.")] = 2.0,
    fps: Annotated[float | None, typer.Option("--fps", help="Pictures per second; the clip's own, up to 15, without it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Make a data set for `haetae vad eval` of CLIP: its first half is normal, its second half has stretches that cannot be."""
    import orjson
    from rich.console import Console

    from haetae.simulate.warp import WarpSpec, parse_warps
    from haetae.simulate.warp import warp as run

    console = Console(stderr=True)
    with console.status("reading the clip") as status:
        made = run(
            WarpSpec(clip, parse_warps(kinds), seed, stretch, fps),
            output,
            lambda name, done: status.update(f"{name}: {done} pictures") if done % 25 == 0 else None,
        )
    if json:
        testing = {name: {"frames": frames, "abnormal": abnormal} for name, (frames, abnormal) in made.testing.items()}
        typer.echo(orjson.dumps({"folder": str(made.folder), "training_frames": made.training_frames, "testing": testing}).decode())
        return
    typer.echo(f"{made.folder}: {made.training_frames} frames to learn from")
    for name, (frames, abnormal) in made.testing.items():
        typer.echo(f"  {name}: {frames} frames, {abnormal} abnormal" + ("" if abnormal else " (nothing in the clip moves long enough)"))
    typer.echo(f"Next: haetae vad eval {made.folder}")
