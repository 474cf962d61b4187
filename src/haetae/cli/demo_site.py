"""The site that `haetae demo` runs: four simulated cameras on which something happens every half minute or so."""

import re
from pathlib import Path

import typer

from haetae.cli.camera_work import writable
from haetae.cli.demo_learning import learn_all, lessons
from haetae.cli.serving import serve_site
from haetae.cli.target_work import COMMAND_LINE, opened
from haetae.domain.action import TargetKind
from haetae.domain.camera import CameraConfig
from haetae.heaps import limit_heaps
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.pipeline.acting.target_settings import checked_values
from haetae.settings import SystemConfig

LEARNING_S = 60.0
"""What a demo can be asked to render first. It tells running from walking, no more; real cameras learn for days."""

CALM_S = 20.0
"""Of the scene before the first incident: long enough to see that nothing is raised."""

_FPS = 8
_SCENES = (
    ("plaza", {"en": "Plaza", "ko": "광장"}, "running,fall,fight,fire"),
    ("corridor", {"en": "Corridor", "ko": "지하 통로"}, "running,wrong_way,fall,abandoned"),
    ("car_park", {"en": "Car park", "ko": "주차장"}, "running,fight,fire"),
    ("gate", {"en": "Gate", "ko": "정문"}, "vehicle,wrong_way,cyclist"),
)


_OURS = re.compile(rf"sim://(?P<scene>\w+)\?seed=(?P<seed>\d+)&live=1&fps={_FPS}&normal_s={CALM_S:.0f}&incidents=[\w,]+")


def run_demo_site(folder: Path, *, port: int, seed: int = 1, language: str = "") -> None:
    """Run the site in `folder` until it is stopped; one that is there goes on with what it learned. Raises HaetaeError."""
    limit_heaps()
    config = demo_config(folder, port)
    with writable(config) as store:
        known, unreadable = store.read_all()
        if not known and not unreadable:
            for number, (scene, names, incidents) in enumerate(_SCENES):
                camera = demo_camera(scene, names.get(language, names["en"]), incidents, seed + number)
                store.add(camera)
                _add_preset(config, scene, camera)
            known, _ = store.read_all()
    # A camera that somebody added themselves learns as any other does.
    ours = [(camera.config, footage) for camera in known if (footage := footage_of(camera.config)) is not None]
    if wanted := lessons(ours, StorageLayout(folder)):
        typer.echo(f"Cameras that learn {LEARNING_S:.0f} s of footage first, once: {len(wanted)}", err=True)
        learn_all(wanted)
    typer.echo("Four simulated cameras, on which something happens every minute or so.", err=True)
    serve_site(config, headless=False)


def _add_preset(config: SystemConfig, scene: str, camera: CameraConfig) -> None:
    """What a response can turn the camera to: it writes it into its picture."""
    with opened(config) as (targets, reach):
        values = checked_values(TargetKind.PRESET, f"{camera.name} 1", {"preset": "1"}, reach, camera_id=camera.id)
        targets.add(f"{scene.replace('_', '-')}-1", TargetKind.PRESET, values, COMMAND_LINE)


def demo_config(folder: Path, port: int) -> SystemConfig:
    """The configuration of the demo. What the environment says (HAETAE_*) holds for all else; a haetae.toml is not read."""
    return SystemConfig.model_validate(
        {"storage": {"directory": folder}, "api": {"port": port}, "metrics": {"enabled": False}, "log": {"level": "warning"}}
    )


def demo_camera(scene: str, name: str, incidents: str, seed: int) -> CameraConfig:
    source = f"sim://{scene}?seed={seed}&live=1&fps={_FPS}&normal_s={CALM_S:.0f}&incidents={incidents}"
    return CameraConfig(new_id(), name, source, learning_s=LEARNING_S, false_alarms_per_day=5.0)


def footage_of(camera: CameraConfig) -> str | None:
    """The address of footage in which the same scene is calm; None for a camera that is not the demo's."""
    found = _OURS.fullmatch(camera.source)
    if found is None or camera.learning_s != LEARNING_S:
        return None
    return f"sim://{found['scene']}?seed={found['seed']}&fps={_FPS}&minutes={LEARNING_S / 60}&incidents=none"
