"""Rules as some measurement left them: what becomes of a guess that may name events is tried whatever the newest one says."""

import contextlib
from collections.abc import Iterator

import pytest

from haetae.vad.rules import naming

_RIGHT = {"alarms": 20, "right": 19, "precision": 0.95, "precision_ci": [0.76, 0.99]}


@contextlib.contextmanager
def right_often_enough(*rules: str) -> Iterator[None]:
    """These rules name events, and so do those that the shipped table lets."""
    table = naming.measured()
    changed = table | {"rules": table["rules"] | {rule: table["rules"][rule] | _RIGHT for rule in rules}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(naming, "measured", lambda: changed)
        _forget()
        yield
    _forget()


def _forget() -> None:
    for kept in (naming.names_events, naming.opens_events, naming._suspicions):
        kept.cache_clear()
