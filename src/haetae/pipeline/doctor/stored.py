"""The database and the event journal."""

from collections.abc import Iterator

from haetae.database.integrity import DatabaseReport, inspect_database, inspect_journal
from haetae.database.migrate import head_revision
from haetae.errors import DatabaseUnavailable
from haetae.pipeline.doctor.finding import Finding, Site, ok, problem, warning

_WAL_BYTES = 256 * 2**20
_RESTORE = "Stop Haetae, then restore the newest backup: haetae restore FILE --force keeps the damaged one aside"


def check_database(site: Site) -> Iterator[Finding]:
    url = site.config.database_url()
    try:
        report = inspect_database(url)
    except DatabaseUnavailable as error:
        fix = _RESTORE if "not a database" in error.message or "malformed" in error.message else error.hint
        yield problem("database", error.message, fix)
        return
    if report is None:
        yield ok("database", "there is none yet: it is made when Haetae first runs")
        return
    yield from judge_database(report)


def judge_database(report: DatabaseReport) -> Iterator[Finding]:
    name = "SQLite" if report.kind == "sqlite" else "PostgreSQL"
    yield ok("database", f"{name} {report.version}, {report.size_bytes / 2**20:.1f} MB")
    if report.newer:
        found = f"revision {report.revision!r} is of a newer Haetae; this one knows up to {head_revision()!r}"
        yield problem("schema", found, "Install the newer Haetae again, or restore a backup from before")
    elif report.older:
        yield ok("schema", f"revision {report.revision!r}, older: `haetae serve` migrates it, SQLite after a copy was made beside it")
    else:
        yield ok(
            "schema",
            f"revision {report.revision!r}" if report.revision else "the database is empty: its tables are made at the first start",
        )
    if report.kind != "sqlite":
        trigrams, vectors = (next((each for each in report.extensions if each.startswith(name)), "") for name in ("pg_trgm", "vector"))
        yield ok("search of words", f"by an index of {trigrams}" if trigrams else "reads every row, for there is no extension pg_trgm")
        yield ok("search by meaning", f"by the database, with {vectors}" if vectors else "in memory, for there is no extension vector")
        return
    if report.faults:
        yield problem("integrity", f"the database is damaged: {'; '.join(report.faults)}", _RESTORE)
    elif report.broken_references:
        yield problem("integrity", f"{report.broken_references} rows refer to rows that are not there", _RESTORE)
    else:
        yield ok("integrity", "every page and every reference of the database is sound")
    if report.wal_bytes > _WAL_BYTES:
        found = f"SQLite's write-ahead log has {report.wal_bytes / 2**20:.0f} MB: a reader has kept it open for long"
        yield warning("write-ahead log", found, "End programs that hold the database open; it shrinks when Haetae is started again")


def check_journal(site: Site) -> Iterator[Finding]:
    folder = site.storage / "log"
    if not folder.is_dir():
        yield ok("event log", "there is none yet")
        return
    report = inspect_journal(folder)
    if report.waiting and not report.held:
        yield ok("event log", f"{report.waiting} events wait to be stored; that happens when Haetae starts")
    else:
        state = "Haetae is running" if report.held else "Haetae is not running"
        yield ok("event log", f"{report.waiting} events wait to be stored; {state}")
    if report.dead:
        found = f"{report.dead} events were refused by the database for good"
        yield warning(
            "dead letters", found, f"Look at the reasons in {folder / 'dead-letters.jsonl'}, report them, then move the file away"
        )
