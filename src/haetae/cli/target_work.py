"""What `haetae target` does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from haetae.clock import SystemClock
from haetae.compose.notifying import channel_parts
from haetae.database.opening import writing
from haetae.database.target_store import TargetStore
from haetae.domain.action import TargetKind
from haetae.domain.viewer import Actor
from haetae.errors import ConfigError
from haetae.notifications.base import Reach
from haetae.settings import SystemConfig
from haetae.vault import Vault

COMMAND_LINE = Actor("command line")


@contextmanager
def opened(settings: SystemConfig) -> Iterator[tuple[TargetStore, Reach]]:
    """The targets of a site, and what it may reach. Raises as `writing` does."""
    with writing(settings.database_url()) as sessions:
        vault = Vault.open(settings.storage.directory)
        yield TargetStore(sessions, SystemClock(), vault), channel_parts(settings.notifications).reach


def kind_of(word: str) -> TargetKind:
    """Raises ConfigError."""
    try:
        return TargetKind(word)
    except ValueError:
        raise ConfigError(f"there is no kind {word!r}", hint=f"Use one of {', '.join(TargetKind)}") from None


def parsed(settings: Sequence[str]) -> dict[str, Any]:
    """`key=value` each; a value that is JSON is taken as such, any other as text. Raises ConfigError."""
    found: dict[str, Any] = {}
    for each in settings:
        key, equals, text = each.partition("=")
        if not equals or not key:
            raise ConfigError(f"{each!r} is no setting", hint="Write KEY=VALUE")
        try:
            found[key] = orjson.loads(text)
        except orjson.JSONDecodeError:
            found[key] = text
    return found
