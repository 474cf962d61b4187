"""The model card: what a network is, in a TOML file beside its weights, for people."""

from collections.abc import Mapping
from pathlib import Path

from haetae.errors import ConfigError

Section = Mapping[str, "str | int | float | bool | list[str] | list[float]"]


def card_path(weights: Path) -> Path:
    """Where the card of `weights` lies."""
    return weights.with_suffix(".toml")


def write_card(weights: Path, sections: Mapping[str, Section]) -> Path:
    """Write the card of `weights`. Raises ConfigError where that cannot be done."""
    path = card_path(weights)
    lines = [f"# About {weights.name}. Written by `haetae vad fit`; nothing reads it, so it may be added to."]
    for name, section in sections.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror})", hint="Give --weights in a folder that you may write") from error
    return path


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text) + '"'
