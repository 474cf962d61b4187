"""Names to implementations: an explicit map of name -> "module:Class", imported on use.

Packages outside Haetae add theirs through entry points of the same group (`haetae.vad`, `haetae.sources`, ...).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from haetae.errors import ConfigError, MissingExtra


@dataclass(frozen=True, slots=True)
class Registry:
    """What one stage offers.

    `builtin` maps a name to "module:attribute"; `extras` maps the top-level module that an implementation may lack to
    the extra that brings it.
    """

    group: str
    noun: str
    builtin: Mapping[str, str]
    extras: Mapping[str, str]

    def names(self) -> list[str]:
        """Every name that `load` knows, sorted."""
        return sorted({*self.builtin, *(point.name for point in entry_points(group=self.group))})

    def load(self, name: str) -> Any:
        """Import and return what `name` stands for.

        Raises ConfigError for an unknown name, MissingExtra when a package that it needs is not installed.
        """
        target = self.builtin.get(name)
        try:
            if target is not None:
                module, _, attribute = target.partition(":")
                return getattr(import_module(module), attribute)
            for point in entry_points(group=self.group, name=name):
                return point.load()
        except ModuleNotFoundError as error:
            top = (error.name or "").partition(".")[0]
            extra = self.extras.get(top)
            if extra is None:
                raise
            raise MissingExtra(
                f"{self.noun} {name!r} needs the package {top!r}, which is not installed",
                hint=f"Install it with: pip install 'haetae[{extra}]'",
            ) from error
        raise ConfigError(f"unknown {self.noun} {name!r}", hint=f"Known: {', '.join(self.names())}")
