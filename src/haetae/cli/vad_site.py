"""`haetae vad site-eval`: measure a model on the rendered benchmark site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haetae.cli.simulate_site import (
    Cameras,
    DayHours,
    Full,
    Incidents,
    Jobs,
    LearnHours,
    Oddities,
    Quick,
    Seeds,
    SiteProgress,
    Size,
    TestHours,
    site_spec,
)

if TYPE_CHECKING:
    from rich.table import Table

    from haetae.training.site_report import SiteReport


def site_eval(
    model: Annotated[str, typer.Option("--model", help="The model's name.")] = "motion",
    setting: Annotated[
        list[str] | None, typer.Option("--model-setting", "--set", metavar="NAME=VALUE", help="Setting of the model (repeatable).")
    ] = None,
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
    cache: Annotated[Path | None, typer.Option("--cache", metavar="DIR", help="Keep the pictures there and use those that are.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the scores there and use those that are.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Judge anew the cameras whose scores are kept.")] = False,
    jobs: Jobs = 2,
    listed: Annotated[bool, typer.Option("--list", help="Also list every false alarm and every missed incident.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let every camera of the benchmark site learn, judge its test day, and report what was found at what false alarms."""
    import tempfile
    from functools import partial

    import cv2

    from haetae.cli.vad_training import model_settings
    from haetae.simulate.site_cache import KeptCamera
    from haetae.training.site import Site, run_site
    from haetae.training.site_report import report_site
    from haetae.vad.base import create_model

    cv2.setNumThreads(1)
    built = site_spec(seeds, quick, full, cameras, learn_hours, test_hours, day_hours, incidents, size, oddities).build()
    site_cameras = built if cache is None else tuple(KeptCamera(camera, cache) for camera in built)
    settings = model_settings(setting)
    made = create_model(model, **settings)
    listed_as = ",".join([model, *(f"{name}={value}" for name, value in settings.items())])
    with (
        tempfile.TemporaryDirectory(prefix="haetae-site-") as scratch,
        SiteProgress("judging", {camera.name: round(camera.seconds * camera.fps) for camera in built}) as told,
    ):
        site = Site(
            Path(scratch) if out is None else out, f"{listed_as} {made.version}", partial(create_model, model, **settings), again=again
        )
        runs = run_site(site_cameras, site, jobs=jobs, told=told)
    report = report_site(listed_as, f"{seeds}{' quick' if quick else ' full' if full else ''}", site_cameras, runs)
    if json:
        import orjson

        typer.echo(orjson.dumps(report.as_json(), option=orjson.OPT_SERIALIZE_NUMPY).decode())
        return
    from rich.console import Console

    console = Console()
    for table in _tables(report):
        console.print(table)
    if listed:
        for line in report.lines():
            typer.echo(line)


def _tables(report: "SiteReport") -> "list[Table]":
    from rich.table import Table

    head = f"{report.model} on site {report.site}: {report.normal_h:.2f} h of normal time, {report.events} incidents"
    levels = Table("alarm level", *(f"{figures['allowed_per_day']:g} a day" for figures in report.budgets), title=head)
    for key, title in _ROWS:
        levels.add_row(title, *(_shown(figures[key]) for figures in report.budgets))
    groups = Table("", *(column for figures in report.budgets for column in (f"found at {figures['allowed_per_day']:g}", "false a day")))
    for group in ("weathers", "cameras", "kinds"):
        for name in report.budgets[-1][group]:
            cells = []
            for figures in report.budgets:
                one = figures[group][name]
                cells += [f"{one['found']}/{one['events']}", "" if group == "kinds" else _shown(one["false_alarms_per_day"])]
            groups.add_row(name, *cells)
        groups.add_section()
    return [levels, groups]


_ROWS = (
    ("recall", "event recall"),
    ("recall_ideal", "recall at the best level with so many false alarms"),
    ("false_alarms_per_day", "false alarms a day"),
    ("false_alarms_per_day_ci", "95 % interval"),
    ("false_alarms", "false alarms"),
    ("false_tampers", "of them tampering"),
    ("delay_s_median", "delay, median s"),
    ("delay_s_p90", "delay, 90 % s"),
    ("oddities", "harmless oddities"),
    ("odd_alarms", "of them alarmed"),
    ("odd_alarms_later", "and that after two were called normal"),
    ("frame_auc", "AUC over frames"),
    ("ms_per_frame", "ms per frame"),
)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, (tuple, list)):
        return " to ".join(_shown(each) for each in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
