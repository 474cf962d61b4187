"""All checks, one after the other, none of which can keep the others from being made."""

from collections.abc import Mapping
from pathlib import Path

from haetae.clock import Clock
from haetae.errors import ConfigError, HaetaeError
from haetae.pipeline.doctor.cameras import check_cameras
from haetae.pipeline.doctor.finding import Check, Finding, Level, Site, ok, problem
from haetae.pipeline.doctor.gpu import check_gpu
from haetae.pipeline.doctor.libraries import check_ffmpeg, check_onnx
from haetae.pipeline.doctor.machine import check_clock, check_memory, check_open_files, check_processor, check_python
from haetae.pipeline.doctor.model import check_model
from haetae.pipeline.doctor.search import check_search
from haetae.pipeline.doctor.storage import check_file_system, check_keys, check_permissions, check_room, check_writing
from haetae.pipeline.doctor.stored import check_database, check_journal
from haetae.settings import SystemConfig, load_config
from haetae.telemetry import redact_url

MACHINE: Mapping[str, Check] = {
    "python": check_python,
    "processor": check_processor,
    "memory": check_memory,
    "open files": check_open_files,
    "clock": check_clock,
    "ffmpeg": check_ffmpeg,
    "onnxruntime": check_onnx,
    "gpu": check_gpu,
}
SITE: Mapping[str, Check] = {
    "disk": check_room,
    "file system": check_file_system,
    "storage folder": check_writing,
    "permissions": check_permissions,
    "keys": check_keys,
    "database": check_database,
    "event log": check_journal,
    "cameras": check_cameras,
    "looking": check_model,
    "search": check_search,
}


def diagnose(config_file: Path | None, clock: Clock) -> list[Finding]:
    """Every finding. With a configuration that cannot be read the machine alone is looked at, for it is not known where the site is."""
    try:
        config = load_config(config_file)
    except ConfigError as error:
        site = Site(SystemConfig.model_construct(), clock)
        found = f"{error.message}; storage, database and cameras were not looked at"
        return [problem("configuration", found, error.hint), *run_checks(MACHINE, site)]
    file = config_file or Path("haetae.toml")
    told = ok("configuration", f"{file} is sound" if file.is_file() else "no file haetae.toml here: the defaults are in force")
    return [told, *run_checks({**MACHINE, **SITE}, Site(config, clock))]


def run_checks(checks: Mapping[str, Check], site: Site) -> list[Finding]:
    """The findings of all checks; one that crashes becomes a problem, with what it had found before."""
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            # One by one, so that what was found before a crash is kept.
            for finding in check(site):
                findings.append(finding)  # noqa: PERF402
        except HaetaeError as error:
            findings.append(problem(name, redact_url(error.message), redact_url(error.hint)))
        except Exception as error:
            found = f"this check failed: {type(error).__name__}: {redact_url(str(error))}"
            findings.append(problem(name, found, "If it is not clear why, report this line"))
    return findings


def worst(findings: list[Finding]) -> Level:
    """`problem` when there is one, else `warning` when there is one."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.PROBLEM, Level.WARNING) if level in levels), Level.OK)
