"""`haetae restore`: a site out of a backup, checked before anything is touched, put in place at the end, the old one moved aside."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from uuid import UUID

import orjson
import structlog

from haetae.clock import Clock
from haetae.database.journal import sync_folder
from haetae.database.migrate import known_revisions
from haetae.database.refill import build_and_fill
from haetae.database.replace import NewDatabase, new_database
from haetae.errors import DatabaseTooNew, StorageError
from haetae.media.blobs import MEDIA_KINDS, StorageLayout
from haetae.media.inventory import media_files
from haetae.pipeline.archive import Manifest, extract, read_manifest
from haetae.vault import FOLDER, key_folder

_log = structlog.get_logger()

CONFIG_NAME = "haetae.toml.from-backup"
"""Beside the restored site, for a person to compare: a configuration belongs to its machine."""

LOCKS = ("haetae.lock", "log/journal.lock")
"""Held (flock) by whatever runs in a storage folder."""


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """Where to: a storage folder and a database. `force` moves aside what is there."""

    archive: Path
    storage: Path
    database_url: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored: rows per table, files per folder, and where that which was there went."""

    manifest: Manifest
    rows: dict[str, int]
    files: dict[str, int]
    moved: tuple[str, ...]


def restore(plan: RestorePlan, clock: Clock) -> RestoreReport:
    """Restore a whole site, or leave everything as it was.

    Raises StorageError for a file that is no sound backup, a target that is in use or holds data (without `force`), and a failing disk;
    DatabaseTooNew for a backup of a newer schema.
    """
    manifest = read_manifest(plan.archive)
    if manifest.revision not in known_revisions():
        raise DatabaseTooNew(
            f"{plan.archive} has the schema {manifest.revision!r} of a newer Haetae ({manifest.haetae})", hint="Update Haetae first"
        )
    stamp = clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        with ExitStack() as stack:
            database = new_database(plan.database_url, stamp, clock)
            stack.callback(database.close)
            _hold(plan.storage, database.folder, stack)
            _refuse_occupied(plan, manifest, database)
            staging = _make_staging(plan, manifest, stamp, stack)
            extract(plan.archive, manifest, staging)
            if has_keys(manifest):
                key_folder(staging).chmod(0o700)
            _give_to_owner(staging, plan.storage)
            rows = _fill(database, manifest, staging)
            os.sync()
            files = {name: sum(path.is_file() for path in (staging / name).rglob("*")) for name in _folders(manifest)}
            moved = _put_in_place(plan, manifest, staging, database, stamp)
    except OSError as error:
        raise StorageError(f"{plan.storage} cannot be restored: {error}", hint="Check its permissions and its space") from error
    _log.info("backup_restored", path=str(plan.archive), storage=str(plan.storage), rows=rows)
    return RestoreReport(manifest, rows, files, tuple(moved))


def has_keys(manifest: Manifest) -> bool:
    """Whether the keys of the site are in the backup."""
    return any(name.startswith(f"{FOLDER}/") for name in manifest.members)


def _folders(manifest: Manifest) -> tuple[str, ...]:
    """What the backup replaces as a whole. One without clips or keys leaves those that are there."""
    return ("log", "states", *((FOLDER,) if has_keys(manifest) else ()), *(MEDIA_KINDS if manifest.media else ()))


def _hold(storage: Path, database: Path | None, stack: ExitStack) -> None:
    """Keep every Haetae out of the folders until the end; refuse where one is in."""
    storage.mkdir(parents=True, exist_ok=True)
    there = {path.resolve() for folder in (storage, database or storage) for path in (folder / name for name in LOCKS) if path.exists()}
    for path in sorted({*there, (storage / LOCKS[0]).resolve()}):
        stack.enter_context(_lock(path))


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            message = f"{path.parent} is in use by a running Haetae (process {holder})"
            raise StorageError(message, hint="Stop that one first, or restore --into another folder") from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def _refuse_occupied(plan: RestorePlan, manifest: Manifest, database: NewDatabase) -> None:
    there = [f"the folder {plan.storage / name}" for name in _folders(manifest) if _holds_files(plan.storage / name)]
    holders = [*filter(None, [database.occupied()]), *there]
    if holders and not plan.force:
        raise StorageError(
            f"there is data already: {', '.join(holders)}", hint="Restore --into another folder, or use --force, which moves it aside"
        )


def _holds_files(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(path.name != "journal.lock" for path in folder.iterdir()))


def _make_staging(plan: RestorePlan, manifest: Manifest, stamp: str, stack: ExitStack) -> Path:
    """A folder on the same disk, removed at the end. Raises StorageError when the backup cannot fit."""
    # The rows are there twice for a while: as they were backed up, and in the new database with its indexes.
    rows = sum(member.size for name, member in manifest.members.items() if name.startswith("database/"))
    free = shutil.disk_usage(plan.storage).free
    if manifest.size + 2 * rows > free:
        needed = (manifest.size + 2 * rows) / 2**20
        raise StorageError(f"{plan.storage} has {free / 2**20:.0f} MB free, and {needed:.0f} MB are needed", hint="Make room first")
    staging = plan.storage / f".restore-{stamp}"
    staging.mkdir(mode=0o700)
    stack.callback(shutil.rmtree, staging, ignore_errors=True)
    return staging


def _give_to_owner(staging: Path, storage: Path) -> None:
    """As root, give what was extracted to whom the storage folder belongs: the user that runs Haetae must be able to read it."""
    if os.geteuid() == 0:
        owner = storage.stat()
        for path in (staging, *staging.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _fill(database: NewDatabase, manifest: Manifest, staging: Path) -> dict[str, int]:
    def lines(table: str) -> Iterator[bytes]:
        with (staging / "database" / f"{table}.jsonl").open("rb") as file:
            yield from file

    tables = {Path(name).stem for name in manifest.members if name.startswith("database/")}
    rows = build_and_fill(database.make(), manifest.revision, tables, lines)
    if rows != manifest.rows:
        raise StorageError(f"{rows} rows were restored, and {manifest.rows} were backed up", hint="Nothing was put in place; report this")
    return rows


def _put_in_place(plan: RestorePlan, manifest: Manifest, staging: Path, database: NewDatabase, stamp: str) -> list[str]:
    """Old things aside, new ones in, the database last; everything back where it was if one step fails. Returns where the old ones are."""
    steps: list[tuple[Path, Path]] = []
    aside: list[str] = []
    config = staging / "config" / "haetae.toml"
    pairs = [(staging / name, plan.storage / name) for name in _folders(manifest)]
    pairs += [(config, plan.storage / CONFIG_NAME)] if config.exists() else []
    try:
        if not manifest.media:
            aside += _move_strangers(plan.storage, _known_events(staging), stamp, steps)
        for new, place in pairs:
            if os.path.lexists(place):
                old = _aside(place, stamp)
                _rename(place, old, steps)
                aside.append(str(old))
            if new.exists():
                _rename(new, place, steps)
        sync_folder(plan.storage)
        old_database = database.take_place()
    except BaseException:
        for source, target in reversed(steps):
            target.rename(source)
        raise
    return [*aside, *filter(None, [old_database])]


def _move_strangers(storage: Path, known: set[UUID], stamp: str, steps: list[tuple[Path, Path]]) -> list[str]:
    """Clips and pictures that stay but whose events came after the backup: left there they would be taken for orphans and deleted."""
    moved = set()
    for file in media_files(StorageLayout(storage)):
        if file.event_id not in known:
            folder = _aside(storage / file.kind, stamp)
            target = folder / Path(file.relative).relative_to(file.kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            _rename(storage / file.relative, target, steps)
            moved.add(str(folder))
    return sorted(moved)


def _known_events(staging: Path) -> set[UUID]:
    """Events that the restored site has or is going to have."""
    known = set()
    for path in (staging / "database" / "events.jsonl", *(staging / "log").glob("events-*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                # The last line of the journal may be torn: that event was not accepted.
                with suppress(ValueError, KeyError, TypeError):
                    known.add(UUID(orjson.loads(line)["id"]))
    return known


def _aside(path: Path, stamp: str) -> Path:
    return path.with_name(f"{path.name}.before-restore-{stamp}")


def _rename(source: Path, target: Path, steps: list[tuple[Path, Path]]) -> None:
    if os.path.lexists(target):
        raise FileExistsError(f"{target} is there already")
    source.rename(target)
    steps.append((source, target))
