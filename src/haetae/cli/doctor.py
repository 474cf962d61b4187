"""`haetae doctor`: what could keep Haetae from working here, with the fix for each."""

from pathlib import Path
from typing import Annotated

import typer

_WIDTH = 18


def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")] = None,
) -> None:
    """Check this machine and the site on it. Exit code 1 when there is a problem. Nothing is changed."""
    import orjson

    from haetae import __version__
    from haetae.clock import SystemClock
    from haetae.pipeline.doctor.finding import Level
    from haetae.pipeline.doctor.run import diagnose, worst

    clock = SystemClock()
    findings = diagnose(config, clock)
    level = worst(findings)
    if json_output:
        typer.echo(orjson.dumps({"haetae": __version__, "at": clock.now(), "level": level, "findings": findings}).decode())
    else:
        signs = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "red")}
        for finding in findings:
            sign, colour = signs[finding.level]
            typer.echo(f"{typer.style(sign, fg=colour)} {finding.check:<{_WIDTH}} {finding.found}")
            if finding.fix:
                typer.echo(f"  {'':<{_WIDTH}} {typer.style('fix:', bold=True)} {finding.fix}")
        counts = {each: sum(finding.level is each for finding in findings) for each in (Level.PROBLEM, Level.WARNING)}
        typer.echo(f"\n{counts[Level.PROBLEM]} problems, {counts[Level.WARNING]} warnings")
    if level is Level.PROBLEM:
        raise typer.Exit(1)
