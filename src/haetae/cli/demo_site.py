"""The site that `haetae demo` runs: four simulated cameras on which something happens every half minute or so."""

from pathlib import Path

import typer

from haetae.cli.camera_work import writable
from haetae.cli.serving import serve_site
from haetae.cli.target_work import COMMAND_LINE, opened
from haetae.domain.action import TargetKind
from haetae.domain.camera import CameraConfig
from haetae.heaps import limit_heaps
from haetae.ids import new_id
from haetae.pipeline.acting.target_settings import checked_values
from haetae.settings import SystemConfig

LEARNING_S = 60.0
"""What a demo can be asked to wait. It tells running from walking, no more; real cameras learn for days."""

_FPS = 8
_SCENES = (
    ("plaza", {"en": "Plaza", "ko": "광장"}, "running,fall,fight,fire"),
    ("corridor", {"en": "Corridor", "ko": "지하 통로"}, "running,wrong_way,fall,abandoned"),
    ("car_park", {"en": "Car park", "ko": "주차장"}, "running,fight,fire"),
    ("gate", {"en": "Gate", "ko": "정문"}, "vehicle,wrong_way,cyclist"),
)


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
    typer.echo(
        f"Four simulated cameras. They learn for {LEARNING_S:.0f} s, the first time; then something happens every minute or so.", err=True
    )
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
    source = f"sim://{scene}?seed={seed}&live=1&fps={_FPS}&normal_s={LEARNING_S + 15:.0f}&incidents={incidents}"
    return CameraConfig(new_id(), name, source, learning_s=LEARNING_S, false_alarms_per_day=5.0)
