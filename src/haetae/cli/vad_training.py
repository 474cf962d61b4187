"""What `haetae vad` does for models whose network is trained on the camera's own footage."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from haetae.clock import Clock
    from haetae.sources.base import SourceOptions
    from haetae.training.datasets import Dataset
    from haetae.training.fit_settings import FitSettings, Stand
    from haetae.training.prepare import Prepared


def model_settings(texts: Sequence[str] | None) -> dict[str, Any]:
    """NAME=VALUE texts as settings of a model. Raises ConfigError."""
    from haetae.cli.camera_options import parse_setting

    return {name: value for name, value in (parse_setting(text) for text in texts or ()) if value is not None}


def fit_settings(*, width: str, seed: int, time_limit: str | None, resume: bool, threads: int) -> "FitSettings":
    """The settings of a training. Raises ConfigError for one that is wrong."""
    from haetae.cli.durations import parse_duration
    from haetae.errors import ConfigError
    from haetae.training.fit_settings import FitSettings

    if width not in ("light", "paper"):
        raise ConfigError(f"unknown --width {width!r}", hint="Use light or paper")
    if not 0 <= seed < 2**31:
        raise ConfigError(f"--seed is {seed}", hint="Use 0 to 2147483647")
    limit_s = None if time_limit is None else parse_duration(time_limit, "--time-limit")
    return FitSettings(
        width="paper" if width == "paper" else "light", seed=seed, time_limit_s=limit_s, resume=resume, threads=max(0, threads)
    )


def prepare_for_footage(
    model: str,
    settings: Mapping[str, Any],
    sources: Sequence[str],
    options: "SourceOptions",
    clock: "Clock",
    *,
    limit_s: float | None,
    weights: Path,
    fit: "FitSettings",
    quiet: bool,
) -> "Prepared":
    """The model for `haetae vad fit`: as it is, or with a network trained on these sources and written to `weights`."""
    from haetae.training.footage import frames_of, lengths_s
    from haetae.training.prepare import Prepared, needs_training, trained_model
    from haetae.vad.base import create_model

    if not needs_training(model, settings):
        return Prepared(create_model(model, **settings))
    lengths = lengths_s(sources, options, clock, limit_s)
    footage = [(url, _reader(frames_of, url, options, clock, limit_s)) for url in sources]
    with TrainingProgress(quiet=quiet) as told:
        return trained_model(model, settings, footage, lengths, weights, clock, fit=fit, told=told.tell)


@contextmanager
def prepared_for_dataset(
    model: str, settings: Mapping[str, Any], dataset: "Dataset", clock: "Clock", fit: "FitSettings", *, quiet: bool
) -> Iterator["Prepared"]:
    """The model for `haetae vad eval`: trained on the training clips, in a temporary folder, where `settings` gives no weights."""
    from haetae.sources.base import SourceOptions
    from haetae.training.datasets import every_frame
    from haetae.training.footage import lengths_s
    from haetae.training.networks import trained_part
    from haetae.training.prepare import Prepared, model_on_the_rest, needs_training, trained_model
    from haetae.vad.base import create_model

    if trained_part(model, settings) is None:
        yield Prepared(create_model(model, **settings))
        return
    clips = [str(path) for path in dataset.training]
    lengths = lengths_s(clips, SourceOptions(), clock)
    if not needs_training(model, settings):
        yield model_on_the_rest(model, settings, lengths)
        return
    footage = [(clip, _reader(every_frame, clip)) for clip in clips]
    with TemporaryDirectory(prefix="haetae-") as folder:
        with TrainingProgress(quiet=quiet) as told:
            prepared = trained_model(model, settings, footage, lengths, Path(folder) / f"{model}.onnx", clock, fit=fit, told=told.tell)
        yield prepared


def _reader(read: Any, *arguments: Any) -> Any:
    """A function without arguments: each source its own, which a closure in a loop would not give."""
    return lambda: read(*arguments)


def settings_of_state(path: Path) -> tuple[str, dict[str, Any]]:
    """The model that learned the state at `path`, and the settings that make it again. Raises StateError."""
    from haetae.vad.base import VAD_MODELS
    from haetae.vad.state_file import read_state, without_prefix

    meta, arrays = read_state(path)
    model = str(meta.get("model"))
    settings_of = getattr(VAD_MODELS.load(model), "settings_of", None) if model in VAD_MODELS.names() else None
    return model, {} if settings_of is None else settings_of(without_prefix("model", arrays), path.absolute().parent)


class TrainingProgress:
    """A bar on stderr with the loss and the time left; nothing where nobody looks."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[state]}"))
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console, disable=quiet or not console.is_terminal)
        self._task: Any = None

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, what: str, stand: "Stand | None", frames: int) -> None:
        """Show where the training is."""
        if self._task is None:
            self._task = self._bar.add_task(what, total=None, state="")
        if stand is None:
            self._bar.update(self._task, description=what, completed=frames, state="frames")
            return
        left = f"{stand.left_s / 60:.0f} min" if stand.left_s >= 90 else f"{stand.left_s:.0f} s"
        held_out = "not yet measured" if isnan(stand.held_out_loss) else f"{stand.held_out_loss:.4g}"
        state = f"loss {stand.loss:.4g}, held out {held_out}, {left} left"
        self._bar.update(self._task, description=what, completed=stand.step, total=stand.steps, state=state)
