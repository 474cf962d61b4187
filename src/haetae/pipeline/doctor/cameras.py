"""The cameras of the database: whether they can run here, and what they have learned."""

from collections.abc import Iterator, Sequence
from typing import Any

from haetae.database.camera_store import CameraStore
from haetae.database.integrity import looking_sessions
from haetae.domain.camera import CameraConfig
from haetae.errors import DatabaseUnavailable, HaetaeError, StateError
from haetae.media.blobs import StorageLayout
from haetae.pipeline.doctor.finding import Finding, Site, ok, problem, warning
from haetae.pipeline.doctor.gpu import can_use_gpu, find_gpus, find_providers
from haetae.pipeline.memory_probe import ProcessProbe
from haetae.sources.base import SourceOptions
from haetae.sources.factory import open_source
from haetae.telemetry import redact_url
from haetae.vad.base import VAD_MODELS
from haetae.vad.state_file import read_state
from haetae.vault import Vault

_LEARN_AGAIN = "The camera learns anew at its next start; restore the file from a backup to keep what it knew"


def check_cameras(site: Site) -> Iterator[Finding]:
    limit = site.config.site.max_cameras
    try:
        with looking_sessions(site.config.database_url()) as sessions:
            if sessions is None:
                return
            stored, broken = CameraStore(sessions, site.clock, max_cameras=limit, vault=Vault.open(site.storage)).read_all()
    except DatabaseUnavailable:
        # `check_database` says so.
        return
    enabled = [camera.config for camera in stored if camera.config.enabled]
    found = f"{len(enabled)} enabled of {len(stored) + len(broken)}; at most {limit} may run"
    if len(enabled) > limit:
        yield problem("cameras", found, "Raise site.max_cameras, or stop some: haetae camera stop NAME")
    else:
        yield ok("cameras", found)
    for row in broken:
        yield problem(
            f"camera {row.name}", f"its row cannot be read: {row.error}", f"Remove and add it again: haetae camera remove {row.id}"
        )
    for camera in enabled:
        yield from _judge_camera(camera, site)
    yield from _judge_states(enabled, StorageLayout(site.storage))
    yield from _judge_models(enabled, site)


def _judge_camera(camera: CameraConfig, site: Site) -> Iterator[Finding]:
    try:
        open_source(camera.source, SourceOptions(analysed_fps=camera.analysed_fps), clock=site.clock).close()
    except HaetaeError as error:
        yield problem(
            f"camera {camera.name}", f"{redact_url(camera.source)}: {error.message}", error.hint or "Correct it: haetae camera set"
        )
    try:
        VAD_MODELS.load(camera.vad_model)
    except HaetaeError as error:
        yield problem(f"camera {camera.name}", error.message, error.hint)


def _judge_states(cameras: Sequence[CameraConfig], layout: StorageLayout) -> Iterator[Finding]:
    learned = 0
    for camera in cameras:
        path = layout.root / layout.state(camera.id, camera.vad_model)
        if not path.exists():
            continue
        try:
            meta, _ = read_state(path)
        except StateError as error:
            yield warning(f"camera {camera.name}", error.message, _LEARN_AGAIN)
            continue
        wanted, made = getattr(_load(camera.vad_model), "version", None), meta.get("model_version")
        if meta.get("model") != camera.vad_model or (wanted is not None and made != wanted):
            found = f"what it learned is of {meta.get('model')!r} version {made}, and the model is {camera.vad_model!r} version {wanted}"
            yield warning(f"camera {camera.name}", found, _LEARN_AGAIN)
            continue
        learned += 1
    if cameras:
        yield ok("learned states", f"{learned} of {len(cameras)} cameras have learned what is normal")


def _load(model: str) -> Any:
    """The class of a model, None for one that cannot be loaded here: `_judge_camera` says why."""
    try:
        return VAD_MODELS.load(model)
    except HaetaeError:
        return None


def _judge_models(cameras: Sequence[CameraConfig], site: Site) -> Iterator[Finding]:
    """Whether the models that are configured fit together. Each is there once, whatever the number of its cameras."""
    needed = 0.0
    for name, settings in {(camera.vad_model, camera.vad_settings) for camera in cameras}:
        estimate = getattr(_load(name), "estimate_mb", None)
        try:
            needed += float(estimate(**dict(settings))) if estimate else 0.0
        except (HaetaeError, TypeError) as error:
            yield problem(f"model {name}", str(error), "Correct vad_settings: haetae camera set")
    if needed:
        yield judge_model_memory(needed, _room_mb(site), limited=site.config.pool.memory_mb is not None)


def judge_model_memory(needed_mb: float, room_mb: float, *, limited: bool) -> Finding:
    found = f"the models need about {needed_mb:.0f} MB, and {room_mb:.0f} MB may be used"
    if needed_mb <= room_mb:
        return ok("models", found)
    raise_it = "raise pool.memory_mb, " if limited else ""
    return problem("models", found, f"Use smaller models, {raise_it}or the model `motion`, which needs none")


def _room_mb(site: Site) -> float:
    if site.config.pool.memory_mb is not None:
        return site.config.pool.memory_mb
    gpus = {gpu.index: gpu.total_mb for gpu in find_gpus()} if can_use_gpu(find_providers()) else {}
    return gpus.get(site.config.pool.gpu) or ProcessProbe().default_limit_mb()
