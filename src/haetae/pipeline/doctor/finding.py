"""What a check finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from haetae.clock import Clock
from haetae.settings import SystemConfig


class Level(StrEnum):
    """`warning` works, with something to mind; `problem` does not work, or loses data."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `check` is the subject in a word; `fix` says what to do, and is empty where all is well."""

    level: Level
    check: str
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What the checks look at."""

    config: SystemConfig
    clock: Clock

    @property
    def storage(self) -> Path:
        return self.config.storage.directory


Check: TypeAlias = Callable[[Site], Iterable[Finding]]
"""Runs on one thread, may take seconds, may raise: that becomes a finding."""


def ok(check: str, found: str) -> Finding:
    return Finding(Level.OK, check, found)


def warning(check: str, found: str, fix: str) -> Finding:
    return Finding(Level.WARNING, check, found, fix)


def problem(check: str, found: str, fix: str) -> Finding:
    return Finding(Level.PROBLEM, check, found, fix)
