"""The network of a trained model: one ONNX file that `haetae vad fit` exported, which says itself what it is."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from haetae.errors import ConfigError, ModelError
from haetae.vad.onnx_file import fingerprint
from haetae.vad.onnx_runtime import Device, Session, open_session

PREFIX = "haetae."
"""Of the keys under which a network's description stands in its file."""

FORMAT = 1
"""Of that description."""

_HINT = "Give the .onnx file that `haetae vad fit --model {name}` wrote"


@dataclass(frozen=True, slots=True)
class Weights:
    """A loaded network with its description. `id` is its SHA-256, 32 bytes."""

    path: Path
    id: bytes
    session: Session
    about: dict[str, str]

    @classmethod
    def load(cls, path: str | PathLike[str] | None, name: str, version: int, *, device: Device, gpu: int, threads: int) -> "Weights":
        """The weights of the model `name`. Raises ConfigError without a path, ModelError for a file that is missing, unreadable, or not
        the network of this model: weights are never made up."""
        hint = _HINT.format(name=name)
        if path is None:
            raise ConfigError(f"the model {name!r} needs the setting 'weights'", hint=hint)
        session = open_session(Path(path), device=device, gpu=gpu, threads=threads)
        about = {key.removeprefix(PREFIX): value for key, value in session.metadata.items() if key.startswith(PREFIX)}
        found = about.get("network")
        if found != name:
            what = "no network of a trained model" if found is None else f"a network of the model {found!r}, not of {name!r}"
            raise ModelError(f"{path} is {what}", hint=hint)
        if (about.get("format"), about.get("version")) != (str(FORMAT), str(version)):
            raise ModelError(
                f"{path} was trained for version {about.get('version')} of the model {name!r}; this is version {version}",
                hint=f"Train it again with `haetae vad fit --model {name}`",
            )
        return cls(Path(path), fingerprint(Path(path)), session, about)

    def number(self, key: str, low: float, high: float) -> float:
        """A number of the description within [low, high]. Raises ModelError where it is none."""
        try:
            value = float(self.about[key])
        except (KeyError, ValueError):
            value = float("nan")
        if not low <= value <= high:
            raise ModelError(f"{self.path} says {key} = {self.about.get(key)!r}", hint="It is damaged: train it again")
        return value

    def numbers(self, key: str) -> list[float]:
        """Numbers of the description, separated by spaces. Raises ModelError where they are none."""
        try:
            return [float(each) for each in self.about[key].split()]
        except (KeyError, ValueError):
            raise ModelError(f"{self.path} says {key} = {self.about.get(key)!r}", hint="It is damaged: train it again") from None
