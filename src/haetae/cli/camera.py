"""`haetae camera`: add, change, list, start, stop and remove the cameras of a site."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Add, change, list, start, stop and remove cameras.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="NAME|ID", help="The camera's name or id.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file [haetae.toml]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Check = Annotated[bool, typer.Option("--check", help="Open the source first, and say what it delivers.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password of the address' user from stdin: one in the address is seen in the process list."
    ),
]
Model = Annotated[str | None, typer.Option("--model", help="Name of the VAD model [motion]")]
ModelSetting = Annotated[
    list[str] | None, typer.Option("--model-setting", metavar="NAME=VALUE", help="Setting of the model (repeatable); NAME= takes it back.")
]
Fps = Annotated[str | None, typer.Option("--fps", metavar="NUMBER", help="Frames analysed per second, or auto [live 5, files up to 10]")]
Budget = Annotated[float | None, typer.Option("--false-alarms-per-day", help="How many false alarms a day are all right [1]")]
LearningTime = Annotated[
    str | None, typer.Option("--learning-time", metavar="TIME", help="Footage to learn from before alarms, or auto [10m]")
]
OfflineAlert = Annotated[str | None, typer.Option("--offline-alert", metavar="TIME", help="Tell people when it is away for longer [30s]")]
PreRoll = Annotated[str | None, typer.Option("--pre-roll", metavar="TIME", help="Video kept from before an event [5s]")]
PostRoll = Annotated[str | None, typer.Option("--post-roll", metavar="TIME", help="Video kept from after an event [5s]")]
Flow = Annotated[
    str | None,
    typer.Option("--flow", metavar="NAME", help="Who plans responses: playbook, sequential, hierarchical, collaborative, or auto [auto]"),
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="KIND:NAME:CORNERS",
        help="include, exclude or privacy, as in 'exclude:tree:0.1,0.1 0.4,0.1 0.4,0.5' (repeatable); 0,0 is the upper left.",
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option("--schedule", metavar="PLAN", help="When it is armed: 'mon-fri 18:00-08:00; sat,sun 00:00-24:00 @ Asia/Seoul' [always]"),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="rtsp://..., http://..., a file, a folder of images, /dev/video0 or sim://...")
    ],
    model: Model = None,
    fps: Fps = None,
    budget: Budget = None,
    learning_time: LearningTime = None,
    offline_alert: OfflineAlert = None,
    pre_roll: PreRoll = None,
    post_roll: PostRoll = None,
    flow: Flow = None,
    zone: Zones = None,
    schedule: Schedule = None,
    model_setting: ModelSetting = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Do not start it yet.")] = False,
    password_stdin: PasswordStdin = False,
    check: Check = False,
    config: Config = None,
) -> None:
    """Add a camera. A running `haetae serve` starts it within seconds."""
    from haetae.cli.camera_options import CameraOptions
    from haetae.cli.camera_work import add_camera

    options = CameraOptions(
        name=name,
        source=source,
        model=model,
        fps=fps,
        false_alarms_per_day=budget,
        learning_time=learning_time,
        offline_alert=offline_alert,
        pre_roll=pre_roll,
        post_roll=post_roll,
        flow=flow,
        zones=tuple(zone or ()),
        schedule=schedule,
        model_settings=tuple(model_setting or ()),
        enabled=not disabled,
    )
    add_camera(options, config, password_stdin=password_stdin, check=check)


@app.command(name="set")
def change(
    camera: Which,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Another source.")] = None,
    model: Model = None,
    fps: Fps = None,
    budget: Budget = None,
    learning_time: LearningTime = None,
    offline_alert: OfflineAlert = None,
    pre_roll: PreRoll = None,
    post_roll: PostRoll = None,
    flow: Flow = None,
    zone: Zones = None,
    remove_zone: Annotated[list[str] | None, typer.Option("--remove-zone", metavar="NAME", help="Take a zone away (repeatable).")] = None,
    no_zones: Annotated[bool, typer.Option("--no-zones", help="Take all zones away.")] = False,
    schedule: Schedule = None,
    always_armed: Annotated[bool, typer.Option("--always-armed", help="Take the schedule away.")] = False,
    model_setting: ModelSetting = None,
    enabled: Annotated[bool | None, typer.Option("--enabled/--disabled", help="As `start` and `stop` do.")] = None,
    password_stdin: PasswordStdin = False,
    check: Check = False,
    config: Config = None,
) -> None:
    """Change what is given, and nothing else; a --zone replaces the one of its name."""
    from haetae.cli.camera_options import CameraOptions
    from haetae.cli.camera_work import change_camera

    options = CameraOptions(
        name=name,
        source=source,
        model=model,
        fps=fps,
        false_alarms_per_day=budget,
        learning_time=learning_time,
        offline_alert=offline_alert,
        pre_roll=pre_roll,
        post_roll=post_roll,
        flow=flow,
        zones=tuple(zone or ()),
        remove_zones=tuple(remove_zone or ()),
        no_zones=no_zones,
        schedule=schedule,
        always_armed=always_armed,
        model_settings=tuple(model_setting or ()),
        enabled=enabled,
    )
    change_camera(camera, options, config, password_stdin=password_stdin, check=check)


@app.command(name="list")
def list_(json: Json = False, config: Config = None) -> None:
    """List all cameras, without passwords."""
    from haetae.cli.camera_work import list_cameras

    list_cameras(config, json=json)


@app.command()
def show(camera: Which, json: Json = False, config: Config = None) -> None:
    """Show one camera, without its password."""
    from haetae.cli.camera_work import show_camera

    show_camera(camera, config, json=json)


@app.command()
def start(camera: Which, config: Config = None) -> None:
    """Let a camera run. A running `haetae serve` follows within seconds."""
    from haetae.cli.camera_work import enable_camera

    enable_camera(camera, config, enabled=True)


@app.command()
def stop(camera: Which, config: Config = None) -> None:
    """Stop a camera until it is started again. What it has learned is kept."""
    from haetae.cli.camera_work import enable_camera

    enable_camera(camera, config, enabled=False)


@app.command()
def remove(camera: Which, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, config: Config = None) -> None:
    """Remove a camera. Its events, clips and statistics stay."""
    from haetae.cli.camera_work import remove_camera

    remove_camera(camera, config, yes=yes)
