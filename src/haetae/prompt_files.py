"""Prompts for models are files of their packages: one that changes what is meant gets another id."""

import tomllib
from importlib import resources
from typing import Any

from haetae.errors import ConfigError


def read_prompts(package: str, prompt_id: str, *, current: str) -> dict[str, Any]:
    """What stands in the file of this id. Raises ConfigError for an id that there is no file of; `current` is one that there is."""
    try:
        text = resources.files(package).joinpath(f"{prompt_id}.toml").read_text(encoding="utf-8")
    except (FileNotFoundError, ValueError) as error:
        raise ConfigError(f"there are no prompts {prompt_id!r}", hint=f"Known: {current}") from error
    return tomllib.loads(text)
