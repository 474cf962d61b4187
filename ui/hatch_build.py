"""Puts the built console into the wheel. Run by hatchling; see `make wheel`."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface[Any]):
    """A wheel without the console still has the whole API; an editable install finds the console in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        built = Path(self.root) / "ui" / "dist"
        if (built / "index.html").is_file():
            build_data["force_include"][str(built)] = "haetae/console"
        else:
            self.app.display_warning("ui/dist is not there, so this wheel has no console: run `make ui` first")
