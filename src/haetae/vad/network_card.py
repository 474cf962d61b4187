"""The card of a network: a small TOML file beside it that says what its own numbers do not (docs/reference/bring-your-network.md)."""

import difflib
import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haetae.errors import ConfigError

LARGEST_BYTES = 64 * 1024


class CardReader:
    """Reads a card key by key, each checked. `done` refuses what nobody asked for, so that a misspelt key is no silent default."""

    def __init__(self, path: Path | None, values: dict[str, Any]) -> None:
        """Use `open_card`, or `CardReader(None, {})` for none."""
        self.path = path
        self._values = values
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, default: str | None = None, *, choices: Sequence[str] = ()) -> str | None:
        """Raises ConfigError for no text, and for one that is not among `choices`."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, str) or not value or (choices and value not in choices):
            raise self.refusal(key, value, f"Use one of: {', '.join(choices)}" if choices else "Give a text in quotes")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refusal(key, value, "Use true or false")
        return value

    def number(self, key: str, default: float | None = None, *, least: float, most: float) -> float | None:
        value = self._get(key)
        if value is None:
            return default
        if not _is_number(value) or not least <= value <= most:
            raise self.refusal(key, value, f"Use a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, *, least: int, most: int) -> int | None:
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refusal(key, value, f"Use a whole number from {least} to {most}")
        return value

    def wholes(
        self, key: str, default: tuple[int, ...] | None = None, *, count: int | None = None, least: int = 1, most: int = 8192
    ) -> tuple[int, ...] | None:
        """Several whole numbers, `count` of them where it is given."""
        value = self._get(key)
        if value is None:
            return default
        fits = isinstance(value, list) and 0 < len(value) <= 64 and count in (None, len(value))
        if not fits or any(isinstance(each, bool) or not isinstance(each, int) or not least <= each <= most for each in value):
            raise self.refusal(key, value, f"Give {count or 'some'} whole numbers from {least} to {most}, such as [{least}, {most}]")
        return tuple(value)

    def numbers(self, key: str, default: tuple[float, ...] | None = None, *, counts: Sequence[int] = (3,)) -> tuple[float, ...] | None:
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, list) or len(value) not in counts or not all(_is_number(each) for each in value):
            raise self.refusal(key, value, f"Give {' or '.join(str(each) for each in counts)} numbers, such as [0.5, 0.5, 0.5]")
        return tuple(float(each) for each in value)

    def file(self, key: str) -> Path | None:
        """A file in the card's folder, or below it: a card that came with a network is as strange as that."""
        name = self.text(key)
        if name is None or self.path is None:
            return None
        path = self.path.parent / name
        if not path.resolve().is_relative_to(self.path.parent.resolve()):
            raise self.refusal(key, name, f"Put the file beside the card, and write {key} = {Path(name).name!r}")
        return path

    def done(self) -> None:
        """Raises ConfigError that names a key that is not known, and the one that was perhaps meant."""
        unknown = sorted(self._values.keys() - set(self._asked))
        if unknown:
            near = difflib.get_close_matches(unknown[0], self._asked, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(self._asked))}"
            raise ConfigError(f"{self.path}: no key {unknown[0]!r}", hint=hint)

    def refusal(self, key: str, value: object, fix: str) -> ConfigError:
        """The error for a value of a key."""
        shown = repr(value)
        return ConfigError(f"{self.path or 'settings'}: {key} is {shown if len(shown) < 80 else shown[:77] + '...'}", hint=fix)

    def _get(self, key: str) -> Any:
        if key not in self._asked:
            self._asked.append(key)
        return self._values.get(key)


def open_card(path: Path) -> CardReader:
    """The card at `path`. Raises ConfigError where it cannot be read."""
    hint = "See docs/reference/bring-your-network.md for what a card has"
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"no card {path}", hint=hint) from None
    except OSError as error:
        raise ConfigError(f"cannot read the card {path}: {error.strerror}", hint="Check the path and its permissions") from error
    if len(data) > LARGEST_BYTES:
        raise ConfigError(f"{path} is no card: it has more than {LARGEST_BYTES} bytes", hint=hint)
    try:
        return CardReader(path, tomllib.loads(data.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"the card {path} is no TOML: {error}", hint=hint) from error


def card_beside(network: Path) -> CardReader:
    """The card of `network`: the file of the same name that ends in .toml; an empty one where there is none. Raises ConfigError."""
    path = network.with_suffix(".toml")
    return open_card(path) if path.is_file() else CardReader(None, {})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
