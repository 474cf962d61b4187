"""The disk under the storage folder: its room, its kind, whether it can be written and by whom it can be read."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from haetae.pipeline.doctor.finding import Finding, Site, ok, problem, warning
from haetae.settings import RetentionSettings
from haetae.vault import Vault, key_folder

_GB = 10**9
_NETWORK = {
    "nfs",
    "nfs3",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "9p",
    "fuse.sshfs",
    "fuse.glusterfs",
}
_FLEETING = {"tmpfs", "ramfs"}
_FIX_OWNER = "Give the folder to the user that runs Haetae (chown), or set storage.directory to another one"


def check_room(site: Site) -> Iterator[Finding]:
    folder = nearest(site.storage)
    usage = psutil.disk_usage(str(folder))
    yield judge_room(usage.free / _GB, usage.total / _GB, site.config.retention)


def judge_room(free_gb: float, total_gb: float, retention: RetentionSettings) -> Finding:
    """Gigabytes of 10**9 bytes, as the settings count them."""
    found = f"{free_gb:.1f} GB free of {total_gb:.1f} GB"
    fix = "Free space, use a larger disk, or lower retention.days and retention.max_gb"
    if free_gb < retention.stop_free_gb:
        return problem("disk", f"{found}: less than retention.stop_free_gb = {retention.stop_free_gb:g}, so no clips are recorded", fix)
    if free_gb < retention.min_free_gb:
        return warning("disk", f"{found}: less than retention.min_free_gb = {retention.min_free_gb:g}, so old clips are being deleted", fix)
    if retention.max_gb is not None and retention.max_gb > total_gb:
        return warning("disk", f"{found}, and retention.max_gb = {retention.max_gb:g} never comes into force", "Lower retention.max_gb")
    return ok("disk", found)


def check_file_system(site: Site) -> Iterator[Finding]:
    sqlite = site.config.database_url().startswith("sqlite")
    yield judge_file_system(_file_system(nearest(site.storage)), sqlite=sqlite)


def judge_file_system(kind: str, *, sqlite: bool) -> Finding:
    """`kind` as the kernel calls it, "" where it does not say."""
    if kind in _NETWORK:
        found = f"{kind} is a network file system"
        if sqlite:
            fix = "SQLite's locks and shared memory fail over a network: keep it on a local disk (storage.database_url), or use PostgreSQL"
            return warning("file system", found, fix)
        return warning("file system", found, "Recording stops when the network does: a local disk is safer")
    if kind in _FLEETING:
        return warning("file system", f"{kind} is in memory: all is gone after a restart", "Set storage.directory to a folder on a disk")
    if kind == "overlay":
        return warning("file system", "the container's own layer: all is gone with the container", "Mount a volume at storage.directory")
    return ok("file system", kind or "of a kind that the system does not name")


def check_writing(site: Site) -> Iterator[Finding]:
    """Write, fsync, rename and remove a small file, as Haetae does for each clip."""
    folder = site.storage
    if not folder.is_dir():
        if folder.exists():
            yield problem("storage folder", f"{folder} is no folder", "Move the file away, or set storage.directory to another path")
            return
        parent = nearest(folder)
        if os.access(parent, os.W_OK | os.X_OK):
            yield ok("storage folder", f"{folder} is not there yet; it can be made")
        else:
            yield problem("storage folder", f"{folder} is not there, and cannot be made in {parent}", _FIX_OWNER)
        return
    probe, renamed = folder / f".doctor-{os.getpid()}.part", folder / f".doctor-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, b"x" * 4096)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        probe.rename(renamed)
    except OSError as error:
        yield problem("storage folder", f"{folder.resolve()} cannot be written: {error.strerror}", _FIX_OWNER)
    else:
        yield ok("storage folder", f"{folder.resolve()} can be written")
    finally:
        for path in (probe, renamed):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def check_permissions(site: Site) -> Iterator[Finding]:
    """What others can write is no evidence, and who can read the database learns whom and what the site watches."""
    folder = site.storage
    if not folder.is_dir():
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    found = f"{folder} has mode {mode:04o}"
    if mode & stat.S_IWOTH:
        yield problem("permissions", f"{found}: everybody on this machine can change recordings", f"chmod 700 {folder}")
        return
    database = folder / "haetae.db"
    if mode & stat.S_IXOTH and database.exists() and database.stat().st_mode & stat.S_IROTH:
        yield warning("permissions", f"{found}: everybody on this machine can read the database", f"chmod 700 {folder}")
    else:
        yield ok("permissions", found)


def check_keys(site: Site) -> Iterator[Finding]:
    """The keys that seal the addresses of cameras and sign log-ins: there, sound, and for their owner's eyes alone."""
    folder = key_folder(site.storage)
    if not folder.is_dir():
        yield ok("keys", "there are none yet: they are made when they are first needed")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield problem("keys", f"{folder} has mode {mode:04o}: it is for its owner alone", f"chmod 700 {folder}")
        return
    for path in sorted(folder.iterdir()):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield problem("keys", f"{path} may be read by others (mode {mode:04o})", f"chmod 600 {path}")
            return
    Vault.open(site.storage)
    yield ok("keys", f"{folder} is for its owner alone; haetae backup takes the keys along")


def nearest(path: Path) -> Path:
    """The folder itself, or the closest one above it that is there."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _file_system(folder: Path) -> str:
    """The kind of the mount that `folder` lies on; the last one mounted at a place hides those before."""
    resolved = folder.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if resolved.is_relative_to(part.mountpoint)]
    return str(max(reversed(mounts), key=lambda part: len(part.mountpoint)).fstype) if mounts else ""
