"""The PostgreSQL of the operating system, where one with pg_trgm is installed: the one from pip brings no extension but pgvector."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_INSTALLED = Path("/usr/lib/postgresql")
_SHARED = Path("/usr/share/postgresql")
_ACCOUNT = "postgres"
_START_S = 60


def _newest_with(extension: str) -> Path | None:
    """The folder of the programs of the newest version that brings this extension, as Debian lays them out."""
    versions = [path for path in _INSTALLED.glob("*") if (_SHARED / path.name / "extension" / f"{extension}.control").exists()]
    newest = max(versions, key=lambda path: float(path.name), default=None)
    return None if newest is None or not (newest / "bin" / "initdb").exists() else newest / "bin"


def _account() -> str | None:
    """Who the server runs as: it refuses root. Raises KeyError where there is nobody else."""
    if os.getuid():
        return None
    pwd.getpwnam(_ACCOUNT)
    return _ACCOUNT


@contextlib.contextmanager
def system_postgres(extension: str) -> Iterator[str]:
    """The URL of an empty database on a server of its own, whose superuser asks; skips, with the reason, where there is no such server."""
    programs = _newest_with(extension)
    if programs is None:
        pytest.skip(f"no PostgreSQL with {extension} is installed in {_INSTALLED}")
    try:
        account = _account()
    except KeyError:
        pytest.skip(f"PostgreSQL refuses root, and there is no account {_ACCOUNT}")
    # Not below pytest's folder, which another account may not enter; and short, for a socket's path is.
    folder = Path(tempfile.mkdtemp(prefix="haetae-pg-"))
    try:
        if account is not None:
            shutil.chown(folder, account)
        data = folder / "data"
        # A locale of Unicode: by that of C, Korean has no letters, and so no trigrams.
        _run(account, programs / "initdb", "-D", data, "-U", "haetae", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(account, programs / "pg_ctl", "-D", data, "-w", "-t", str(_START_S), "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://haetae@/postgres?host={folder}"
        finally:
            _run(account, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(account: str | None, program: Path, *arguments: str | Path) -> None:
    # To a file that nobody waits for: the server keeps what it inherits open.
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(
        command, user=account, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}"
