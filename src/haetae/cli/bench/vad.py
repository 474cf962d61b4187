"""`haetae bench vad`: what each model finds on labelled data sets, and what it costs, in one run on one machine."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from haetae import __version__
from haetae.cli.bench.degraded import Degradation, degraded
from haetae.cli.bench.vad_speed import SpeedClip
from haetae.cli.vad_training import fit_settings, model_settings, prepared_for_dataset
from haetae.clock import SystemClock
from haetae.errors import HaetaeError
from haetae.training.datasets import Dataset, load_dataset
from haetae.training.evaluate import evaluate
from haetae.vad.motion.tables import Attribute

Told = Callable[[str], None]

QUALITY = (
    "micro_auc",
    "micro_auc_ci",
    "micro_auc_judged",
    "unjudged_frames",
    "macro_auc",
    "ap",
    "rbdc",
    "tbdc",
    "event_recall",
    "false_alarms",
    "event_recall_at_one_false_alarm",
    "legacy_micro_auc",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its settings, from "NAME,key=value,..."; `label` is how it is listed."""

    name: str
    settings: dict[str, Any]
    label: str

    @classmethod
    def of(cls, text: str) -> "Candidate":
        name, *settings = text.split(",")
        return cls(name, model_settings(settings), text)


def bench_vad(
    *,
    folders: Sequence[Path],
    models: Sequence[str],
    ablation: bool,
    robustness: bool,
    seconds: float,
    repeats: int,
    time_limit: str | None,
    told: Told,
) -> dict[str, Any]:
    """Every model on every data set, and its cost on a rendered clip. A model that cannot be made is listed with the reason.

    `ablation` adds `motion` without each of its attributes, `robustness` each data set as worse cameras would have recorded it.
    Raises ConfigError for a data set that cannot be read.
    """
    cv2.setNumThreads(1)
    datasets = [load_dataset(folder) for folder in folders]
    candidates = [Candidate.of(text) for text in models]
    if ablation:
        candidates += [Candidate("motion", {"without": name.lower()}, f"motion without {name.lower()}") for name in Attribute.__members__]
    told("rendering the clip for the speed")
    clip = SpeedClip(seconds, repeats)
    with TemporaryDirectory(prefix="haetae-bench-") as name:
        worse = [] if not robustness else list(_worse(datasets, Path(name), told))
        measured = [_measure(candidate, [*datasets, *worse], clip, time_limit, told) for candidate in candidates]
    return {
        "bench": "vad",
        "haetae": __version__,
        "at": SystemClock().now().isoformat(timespec="seconds"),
        "machine": machine(),
        "decode_ms": round(clip.decode_ms, 4),
        "dis_flow_ms": round(clip.flow_ms, 4),
        "models": measured,
        "goal": "motion at 1 ms per frame of 360x240 at most",
    }


def _worse(datasets: Sequence[Dataset], folder: Path, told: Told) -> Iterator[Dataset]:
    for number, dataset in enumerate(datasets):
        for kind in Degradation:
            told(f"{dataset.name} at {kind.value.replace('_', ' ')}")
            yield degraded(dataset, kind, folder / str(number) / kind.value)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return {"cpu": name, "cores": os.cpu_count(), "system": platform.platform(terse=True), "python": platform.python_version()}


def _measure(candidate: Candidate, datasets: Sequence[Dataset], clip: SpeedClip, time_limit: str | None, told: Told) -> dict[str, Any]:
    found: dict[str, Any] = {"model": candidate.label, "datasets": {}}
    try:
        for dataset in datasets:
            told(f"{candidate.label} on {dataset.name}")
            with _prepared(candidate, dataset, time_limit) as prepared:
                report = evaluate(
                    dataset,
                    prepared.model,
                    SystemClock(),
                    false_alarms_per_day=1.0,
                    before_learning=prepared.before_learning,
                    trained_s=prepared.seconds,
                ).as_json()
                found["datasets"][dataset.name] = {
                    **{name: report[name] for name in (*QUALITY, "events", "normal_s", "fit_s", "baselines")},
                    "trained_s": prepared.seconds,
                }
                if "speed" not in found:
                    found["speed"] = clip.cost_of(prepared.whole)
        if "speed" not in found:
            from haetae.vad.base import create_model

            found["speed"] = clip.cost_of(create_model(candidate.name, **candidate.settings))
    except HaetaeError as error:
        found["error"] = str(error)
    return found


@contextmanager
def _prepared(candidate: Candidate, dataset: Dataset, time_limit: str | None) -> Iterator[Any]:
    fit = fit_settings(width="light", seed=0, time_limit=time_limit, resume=False, threads=0)
    with ExitStack() as stack:
        yield stack.enter_context(prepared_for_dataset(candidate.name, candidate.settings, dataset, SystemClock(), fit, quiet=True))


def as_markdown(result: dict[str, Any]) -> str:
    """The tables of docs/reference/models.md."""
    on = result["machine"]
    lines = [
        "# Models, measured",
        "",
        f"Made by `haetae bench vad` of Haetae {result['haetae']} on {result['at'][:10]}: {on['cpu']}, {on['cores']} cores,",
        f"Python {on['python']}, one thread per model. Causal, one scale for all clips, the alarm level from the training footage alone;",
        "`haetae vad eval` says how each figure is meant.",
        "",
        "## Cost",
        "",
        f"On a rendered clip of 360x240 at 10 fps; decoding it takes {result['decode_ms']:.2f} ms a frame,",
        f"DIS flow (fast) {result['dis_flow_ms']:.2f} ms.",
        "",
        "| model | CPU ms a frame | to DIS flow | to decoding | learning, s | saved state, kB |",
        "|---|---|---|---|---|---|",
    ]
    for each in result["models"]:
        if "speed" in each:
            cost = each["speed"]
            values = (
                f"{cost['cpu_ms_per_frame']:.2f}",
                cost["ratio_to_dis_flow"],
                cost["ratio_to_decoding"],
                cost["learn_s"],
                cost["state_kb"],
            )
            lines.append(f"| {each['model']} | " + " | ".join(str(value) for value in values) + " |")
    for name in dict.fromkeys(name for each in result["models"] for name in each["datasets"]):
        lines += ["", *_dataset_table(name, result["models"])]
    failed = [f"- {each['model']}: {each['error']}" for each in result["models"] if "error" in each]
    return "\n".join([*lines, *(["", "## Not measured", "", *failed] if failed else [])]) + "\n"


def _dataset_table(name: str, models: list[dict[str, Any]]) -> list[str]:
    measured = [each for each in models if name in each["datasets"]]
    first = measured[0]["datasets"][name]
    baselines = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in first["baselines"].items())
    lines = [
        f"## {name}",
        "",
        f"{first['events']} incidents, {first['normal_s']:.0f} s of normal time. Baselines that learn nothing, micro AUC: {baselines}.",
        "",
        "| model | micro AUC (95 %) | of judged frames | macro AUC | AP | RBDC | TBDC | incidents found | false alarms |"
        ' found at the best level with one | fit, s | "legacy" AUC |',
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in measured:
        row = each["datasets"][name]
        interval = row["micro_auc_ci"]
        auc = _shown(row["micro_auc"]) + (f" ({_shown(interval[0])}-{_shown(interval[1])})" if interval else "")
        recall, best = (
            "-" if row[key] is None else f"{row[key] * row['events']:.0f} of {row['events']}"
            for key in ("event_recall", "event_recall_at_one_false_alarm")
        )
        values = [
            auc,
            *(_shown(row[key]) for key in ("micro_auc_judged", "macro_auc", "ap", "rbdc", "tbdc")),
            recall,
            row["false_alarms"],
            best,
            f"{row['fit_s']:.0f}",
        ]
        lines.append(f"| {each['model']} | " + " | ".join(str(value) for value in (*values, _shown(row["legacy_micro_auc"]))) + " |")
    return lines


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
