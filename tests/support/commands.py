"""Run `haetae` as a user does: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it printed with --json."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        return self.lines[-1]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == "event"]


def start(arguments: Sequence[str | Path], cwd: Path, wrapper: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start `haetae ARGUMENTS` in `cwd`, its output piped; `wrapper` is a command that runs it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HAETAE_")}
    return subprocess.Popen(
        [*wrapper, sys.executable, "-m", "haetae", *map(str, arguments)],
        cwd=cwd,
        env={**environment, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", timeout_s: float = 120.0) -> Finished:
    """Wait for the end; a process that hangs is killed and fails the test."""
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f"hangs after {timeout_s} s\n{stdout}\n{stderr}") from None
    return Finished(process.returncode, stdout, stderr)


def run(*arguments: str | Path, cwd: Path, timeout_s: float = 120.0, wrapper: Sequence[str] = ()) -> Finished:
    """`haetae ARGUMENTS` from start to end."""
    return finish(start(arguments, cwd, wrapper), timeout_s)


def interrupt(process: "subprocess.Popen[str]", number: int = signal.SIGINT) -> None:
    process.send_signal(number)
