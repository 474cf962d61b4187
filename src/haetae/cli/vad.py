"""`haetae vad`: learn a camera's normality, score footage, and measure a model on a labelled data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haetae.cli.vad_site import site_eval

if TYPE_CHECKING:
    from rich.table import Table

    from haetae.training.evaluate import Report
    from haetae.training.footage import Told

app = typer.Typer(help="Learn what is normal, score footage, measure a model.", no_args_is_help=True)

ModelName = Annotated[str, typer.Option("--model", help="The model's name.")]
Fps = Annotated[float | None, typer.Option("--fps", help="Frames analysed per second; a file's own rate up to 10 without.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Settings = Annotated[
    list[str] | None, typer.Option("--model-setting", "--set", metavar="NAME=VALUE", help="Setting of the model (repeatable).")
]
Seed = Annotated[int, typer.Option("--seed", help="Of the training of a network.")]
TimeLimit = Annotated[str | None, typer.Option("--time-limit", help="Longest training of a network: 90s, 10m, 1h.")]
NetworkWidth = Annotated[str, typer.Option("--width", help="Channels of a network: light, or paper for those of its paper.")]
Threads = Annotated[int, typer.Option("--threads", help="CPU threads that train a network; as many as there are cores without.")]
Budget = Annotated[float, typer.Option("--false-alarms-per-day", help="False alarms that a camera may raise per day.")]


@app.command()
def fit(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Normal footage of one camera.")],
    state: Annotated[Path, typer.Option("--state", help="File to write what was learned to.")],
    model: ModelName = "motion",
    fps: Fps = None,
    budget: Budget = 1.0,
    learning_time: Annotated[str | None, typer.Option("--learning-time", help="At most this much of each source: 90s, 10m, 1h.")] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="File to write a trained network to; beside the state as .onnx without.")
    ] = None,
    setting: Settings = None,
    seed: Seed = 0,
    time_limit: TimeLimit = None,
    width: NetworkWidth = "light",
    threads: Threads = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was broken off.")] = False,
    json: Json = False,
) -> None:
    """Learn what is normal from footage of one camera, and save it. A model with a network is trained on two thirds of it first."""
    from haetae.cli.durations import parse_duration
    from haetae.cli.vad_training import fit_settings, model_settings, prepare_for_footage
    from haetae.clock import SystemClock
    from haetae.sources.base import SourceOptions
    from haetae.training.footage import learn_footage

    clock, options = SystemClock(), SourceOptions(analysed_fps=fps)
    limit_s = None if learning_time is None else parse_duration(learning_time, "--learning-time")
    _one_thread()
    before = clock.monotonic()
    prepared = prepare_for_footage(
        model,
        model_settings(setting),
        sources,
        options,
        clock,
        limit_s=limit_s,
        weights=state.with_suffix(".onnx") if weights is None else weights,
        fit=fit_settings(width=width, seed=seed, time_limit=time_limit, resume=resume, threads=threads),
        quiet=json,
    )
    network = prepared.network
    if network is not None and not json:
        typer.echo(
            f"trained {network.result.steps} steps in {network.result.seconds:.0f} s, held-out loss {network.result.held_out_loss:.4g}; "
            f"wrote {network.exported.path}, which differs from torch by {network.exported.greatest_difference:.1g} at most, "
            f"and {network.card}"
        )
    with _Progress(quiet=json) as told:
        normality = learn_footage(
            prepared.model,
            sources,
            options,
            clock,
            false_alarms_per_day=budget,
            limit_s=limit_s,
            told=told,
            before_learning=prepared.before_learning,
        )
    normality.save(state)
    seconds = clock.monotonic() - before
    if json:
        found = {"model": model, "state": str(state), "sources": sources, "fit_s": seconds, "threshold": normality.threshold}
        _print_json(found | ({} if network is None else network.as_json()))
    else:
        typer.echo(
            f"learned {len(sources)} source(s) in {seconds:.1f} s; the alarm level is at raw {normality.threshold:.3g}; saved to {state}"
        )


@app.command()
def score(
    source: Annotated[str, typer.Argument(help="The footage to score.")],
    state: Annotated[Path, typer.Option("--state", help="What `haetae vad fit` saved.")],
    out: Annotated[Path, typer.Option("--out", help="The .npz to write: score, raw, threshold, time, frame.")],
    model: Annotated[str | None, typer.Option("--model", help="The model's name; that of the state without.")] = None,
    fps: Fps = None,
    budget: Annotated[float | None, typer.Option("--false-alarms-per-day", help="Another budget than the saved one.")] = None,
    setting: Settings = None,
    json: Json = False,
) -> None:
    """Score each analysed frame of a source against a saved state. The weights of a trained model are found through the state; where they
    lie elsewhere now, give --set weights=FILE."""
    from haetae.cli.vad_training import model_settings, settings_of_state
    from haetae.clock import SystemClock
    from haetae.domain.score import ALARM_LEVEL
    from haetae.sources.base import SourceOptions
    from haetae.training.footage import score_footage
    from haetae.vad.base import create_model
    from haetae.vad.normality import Normality

    _one_thread()
    learned_by, settings = settings_of_state(state)
    name = model or learned_by
    made = create_model(name, **{**(settings if name == learned_by else {}), **model_settings(setting)})
    normality = Normality.load(state, made)
    if budget is not None:
        normality.set_budget(budget)
    with _Progress(quiet=json) as told:
        scored = score_footage(made, normality, source, SourceOptions(analysed_fps=fps), SystemClock(), told=told)
    scored.save(out)
    frames, above = int(scored.score.size), int((scored.score >= ALARM_LEVEL).sum())
    highest = float(scored.score.max(initial=0.0))
    if json:
        _print_json({"source": source, "out": str(out), "frames": frames, "above_alarm_level": above, "highest": highest})
    else:
        typer.echo(f"{frames} frames, {above} at or above the alarm level, highest score {highest:.3f}; written to {out}")


@app.command(name="eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with training/*.mp4, testing/*.mp4 and labels.npz.")],
    model: ModelName = "motion",
    budget: Budget = 1.0,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="A trained network; without, one is trained on the training clips.")
    ] = None,
    setting: Settings = None,
    seed: Seed = 0,
    time_limit: TimeLimit = None,
    width: NetworkWidth = "light",
    threads: Threads = 0,
    json: Json = False,
) -> None:
    """Learn from a data set's training clips, score its test clips once, and report: causal, one scale for all clips."""
    from haetae.cli.vad_training import fit_settings, model_settings, prepared_for_dataset
    from haetae.clock import SystemClock
    from haetae.training.datasets import load_dataset
    from haetae.training.evaluate import evaluate as run

    _one_thread()
    clock, dataset = SystemClock(), load_dataset(folder)
    settings = model_settings(setting) | ({} if weights is None else {"weights": weights})
    fit = fit_settings(width=width, seed=seed, time_limit=time_limit, resume=False, threads=threads)
    with prepared_for_dataset(model, settings, dataset, clock, fit, quiet=json) as prepared, _Progress(quiet=json) as told:
        report = run(
            dataset,
            prepared.model,
            clock,
            false_alarms_per_day=budget,
            told=lambda what, number, count: told(f"{what} clip", number, float(count)),
            before_learning=prepared.before_learning,
            trained_s=prepared.seconds,
        )
    if json:
        _print_json(report.as_json())
    else:
        from rich.console import Console

        Console().print(_table(report))


app.command(name="site-eval")(site_eval)


class _Progress:
    """A line on stderr that says how far the work is; nothing where nobody looks."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __enter__(self) -> "Told":
        from rich.console import Console

        console = Console(stderr=True)
        self._status = console.status("opening") if console.is_terminal and not self._quiet else None
        if self._status is not None:
            self._status.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def _tell(self, what: str, number: int, of: float) -> None:
        if self._status is not None and (number % 25 == 0 or what.endswith("clip")):
            from haetae.telemetry import redact_url

            self._status.update(
                f"{what} {number} of {of:.0f}" if what.endswith("clip") else f"{redact_url(what)}: {number} frames, {of:.0f} s"
            )


def _one_thread() -> None:
    """One core for OpenCV, as a camera has: figures are comparable, and a second thread made flow slower."""
    import cv2

    cv2.setNumThreads(1)


def _print_json(values: dict[str, object]) -> None:
    import orjson

    typer.echo(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def _table(report: "Report") -> "Table":
    from rich.table import Table

    def shown(value: object) -> str:
        if value is None:
            return "-"
        if isinstance(value, tuple):
            return " to ".join(shown(each) for each in value)
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    table = Table("figure", "value", title=f"{report.model} on {report.dataset}: causal, one scale for all clips")
    for name, value in report.as_json().items():
        if name not in ("dataset", "model", "baselines"):
            table.add_row(name, shown(value))
    for name, auc in report.baselines.items():
        table.add_row(f"baseline {name}: micro_auc", shown(auc))
    return table
