"""`haetae backup` and `haetae restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from haetae.pipeline.archive import Manifest

_CONFIG = typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")


def backup(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The file to write; it ends in .tar or .tar.gz")],
    media: Annotated[bool, typer.Option("--media", help="Clips and pictures as well.")] = False,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave out the keys: the cameras' addresses in it open only with the site's own.")
    ] = False,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """Write cameras, users, rules, events, statistics, learned states and the event log of a site into one file, while it runs."""
    from haetae.clock import SystemClock
    from haetae.pipeline.backup import BackupPlan, back_up
    from haetae.settings import load_config
    from haetae.vault import FOLDER

    settings = load_config(config)
    config_file = config or Path("haetae.toml")
    plan = BackupPlan(
        storage=settings.storage.directory,
        database_url=settings.database_url(),
        target=target,
        config_file=config_file if config_file.is_file() else None,
        media=media,
        keys=not without_keys,
    )
    report = back_up(plan, SystemClock())
    typer.echo(f"{report.target}: {report.size / 2**20:.1f} MB")
    typer.echo(_rows_text(report.manifest.rows))
    typer.echo(_files_text(_files_by_folder(report.manifest)))
    if not media:
        typer.echo("Clips and pictures are not in it: --media takes them along")
    if without_keys:
        typer.echo(
            f"The keys are not in it, and without them nobody can open the cameras' addresses: keep a copy of {plan.storage / FOLDER}"
        )
    else:
        typer.echo("It holds the passwords of cameras and the key to them, so only its owner may read it: keep it so where you copy it to")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `haetae backup` wrote.")],
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Storage folder to restore into, with a SQLite database [as configured]")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option("--database-url", metavar="URL", help="Database to restore into; any kind takes any backup.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there (NAME.before-restore-TIME).")] = False,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """Restore a site from a backup: checked as a whole first, and put in place only when all of it is there."""
    from haetae.clock import SystemClock
    from haetae.pipeline.restore import CONFIG_NAME, RestorePlan, has_keys
    from haetae.pipeline.restore import restore as restore_site
    from haetae.settings import load_config
    from haetae.telemetry import redact_url
    from haetae.vault import key_folder

    settings = load_config(config)
    storage = into or settings.storage.directory
    # A folder of one's own goes with a database of one's own, not with that of the site which is configured here.
    url = database_url or (f"sqlite:///{into / 'haetae.db'}" if into else settings.database_url())
    report = restore_site(RestorePlan(file, storage, url, force), SystemClock())
    manifest = report.manifest
    typer.echo(f"Restored the backup of {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC (Haetae {manifest.haetae}, {manifest.database})")
    typer.echo(f"Database: {redact_url(url)}")
    typer.echo(_rows_text(report.rows))
    typer.echo(f"Folder: {storage.resolve()}")
    typer.echo(_files_text(report.files))
    for path in report.moved:
        typer.echo(f"What was there before is now {path}")
    if any(name.startswith("config/") for name in manifest.members):
        typer.echo(f"The configuration of then is {storage / CONFIG_NAME}: compare it with yours")
    if not has_keys(manifest):
        typer.echo(f"The keys of the site are not in it: put them into {key_folder(storage)}, or the cameras' addresses cannot be opened")
    typer.echo("Start Haetae: it stores the events that were only in the log by then")


def _rows_text(rows: dict[str, int]) -> str:
    return "Rows: " + ", ".join(f"{count} {table}" for table, count in sorted(rows.items()))


def _files_text(files: dict[str, int]) -> str:
    return "Files: " + ", ".join(f"{count} {folder}" for folder, count in files.items())


def _files_by_folder(manifest: "Manifest") -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in manifest.members:
        folder = name.partition("/")[0]
        if folder != "database":
            counts[folder] = counts.get(folder, 0) + 1
    return counts
