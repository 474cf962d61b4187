"""Playbooks to begin with. `basic` is in force where a site has stored none: it names nobody, so it fits everywhere."""

from dataclasses import dataclass
from importlib import resources
from typing import Final

from haetae.errors import NotFound

BASIC: Final = "basic"
NAMES: Final = (BASIC, "office", "shop", "car_park")
LANGUAGES: Final = ("en", "ko")


@dataclass(frozen=True, slots=True)
class DefaultPlaybook:
    name: str
    language: str
    content: str


def default_playbook(name: str = BASIC, language: str = "en") -> DefaultPlaybook:
    """Raises NotFound for a name or a language that there is none of."""
    if name not in NAMES or language not in LANGUAGES:
        known = ", ".join(f"{each}.{other}" for each in NAMES for other in LANGUAGES)
        raise NotFound(f"there is no default playbook {name!r} in {language!r}", hint=f"Known: {known}")
    text = resources.files("haetae.agents.playbooks").joinpath(f"{name}.{language}.toml").read_text(encoding="utf-8")
    return DefaultPlaybook(name, language, text)


def default_playbooks() -> list[DefaultPlaybook]:
    """All of them."""
    return [default_playbook(name, language) for name in NAMES for language in LANGUAGES]
