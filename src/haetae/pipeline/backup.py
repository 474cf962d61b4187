"""`haetae backup`: a running site into one file.

The order is what makes it complete, because an accepted event is in the journal until it is in the database, and a journal file is
removed only after its events were stored:

1. the journal's checkpoint: all before it is stored, and so will be in the snapshot that comes later;
2. the journal's files, oldest first: a file that is removed before it is reached was stored by then;
3. the dead letters: an event that the checkpoint has passed was stored, or is in this file;
4. one snapshot of the database: it holds what the steps above missed;
5. the keys, after the database: none that its rows were sealed with is missing, for keys are only ever added;
6. learned states, the configuration, and clips and pictures where asked: they lie under their names before a row refers to them. What
   retention deletes in the meantime is missing, as it soon would have been.

Every event that was accepted before the backup began is in it, in the journal or in the database; what is in both is stored once, for the
revision of the row decides when the journal is replayed. Nothing that runs waits for any of it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from haetae import __version__
from haetae.clock import Clock
from haetae.database.backup import snapshot
from haetae.database.journal import segment_path, segments
from haetae.errors import ConfigError, StorageError
from haetae.media.blobs import StorageLayout
from haetae.media.inventory import media_files
from haetae.pipeline.archive import FORMAT, FORMAT_VERSION, SUFFIXES, ArchiveWriter, Manifest, may_be_member, writing
from haetae.vault import key_folder

_log = structlog.get_logger()

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What to back up: the storage folder and the database of a site, its configuration file where there is one.

    Without `keys` what is sealed in the database, the addresses of cameras, can be opened only with the `keys` folder of the site.
    """

    storage: Path
    database_url: str
    target: Path
    config_file: Path | None = None
    media: bool = False
    keys: bool = True


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written, and how large the file is."""

    target: Path
    manifest: Manifest
    size: int


def back_up(plan: BackupPlan, clock: Clock) -> BackupReport:
    """Write the backup; `plan.target` is there only when it is whole.

    Raises ConfigError for a name that will not do, StorageError or MediaError for what cannot be read or written.
    """
    if not plan.target.name.endswith(SUFFIXES):
        raise ConfigError(f"{plan.target} is no name for a backup", hint="Let it end in .tar or .tar.gz")
    if plan.target.exists():
        raise ConfigError(f"{plan.target} is there already", hint="Choose another name: a backup is never overwritten")
    at = clock.now()
    with writing(plan.target) as archive:
        _add_journal(archive, plan.storage / "log")
        with snapshot(plan.database_url) as database:
            rows = {table: archive.add(f"database/{table}.jsonl", database.lines(table)) for table in database.tables}
        for path in sorted(key_folder(plan.storage).glob("*")) if plan.keys else ():
            _add_file(archive, plan.storage, path)
        for path in sorted((plan.storage / "states").rglob("*")):
            _add_file(archive, plan.storage, path)
        if plan.config_file is not None:
            archive.add("config/haetae.toml", _pieces(plan.config_file))
        for media in media_files(StorageLayout(plan.storage)) if plan.media else ():
            _add_file(archive, plan.storage, plan.storage / media.relative)
        manifest = Manifest(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            haetae=__version__,
            revision=database.revision,
            created_at=at,
            database=database.kind,
            media=plan.media,
            rows=rows,
            members=archive.members,
        )
        archive.finish(manifest)
    _log.info("backup_written", path=str(plan.target), rows=rows, files=len(manifest.members))
    return BackupReport(plan.target, manifest, plan.target.stat().st_size)


def _add_journal(archive: ArchiveWriter, folder: Path) -> None:
    paths = [folder / "checkpoint.json", *(segment_path(folder, number) for number in segments(folder)), folder / "dead-letters.jsonl"]
    for path in paths:
        try:
            archive.add(f"log/{path.name}", _pieces(path))
        except FileNotFoundError:
            # There is no such file, or the writer has just stored and removed it.
            continue


def _add_file(archive: ArchiveWriter, root: Path, path: Path) -> None:
    """Unless it is gone, is just being written, or was put there by somebody else."""
    name = path.relative_to(root).as_posix()
    if may_be_member(name) and path.is_file() and not path.is_symlink():
        with suppress(FileNotFoundError), _open(path) as file:
            archive.add_file(name, file)


def _pieces(path: Path) -> Iterator[bytes]:
    """A file as far as it has grown by now."""
    with _open(path) as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}", hint="Back up as the user that runs Haetae, or as root") from error
