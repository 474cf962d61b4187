"""What the commands of `haetae camera` do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import typer

from haetae.agents.base import check_flow
from haetae.cli.camera_display import as_json, print_details, print_json, print_table
from haetae.cli.camera_options import CameraOptions, read_options
from haetae.cli.camera_source import check_form, describe, has_password, normal_source, read_password, with_password
from haetae.clock import SystemClock
from haetae.database.camera_store import CameraStore
from haetae.database.engine import Sessions
from haetae.database.opening import reading, writing
from haetae.domain.camera import CameraConfig
from haetae.domain.camera_check import check_camera
from haetae.domain.zone import ZoneKind
from haetae.errors import ConfigError, UnknownCamera
from haetae.ids import new_id
from haetae.settings import SystemConfig, load_config
from haetae.time_zone import local_time_zone
from haetae.vad.base import VAD_MODELS, create_model
from haetae.vault import Vault

_PRIVACY_NOTE = (
    "note: a privacy zone is blackened in what is analysed and in pictures; clips are copies of the camera's own stream, "
    "so what must never be recorded has to be masked in the camera too"
)
_PASSWORD_NOTE = "note: a password in an address is seen in the process list and the shell's history; --password-stdin reads it instead"


def add_camera(options: CameraOptions, config_file: Path | None, *, password_stdin: bool, check: bool) -> None:
    """Add a camera; raises HaetaeError and changes nothing where that cannot be."""
    site = load_config(config_file)
    given, options = options.source, _complete(options, password_stdin)
    assert options.name is not None
    assert options.source is not None
    blank = CameraConfig(new_id(), options.name, options.source, pre_roll_s=site.clips.pre_roll_s, post_roll_s=site.clips.post_roll_s)
    camera = check_camera(_reader(options, site)(blank))
    _check_parts(camera, options, site, check=check)
    with writable(site) as store:
        stored = store.add(camera).config
    typer.echo(f"added {stored.name!r} ({stored.id}){_follow(site) if stored.enabled else '; it is disabled'}")
    _note(options, given)


def change_camera(name: str, options: CameraOptions, config_file: Path | None, *, password_stdin: bool, check: bool) -> None:
    """Change what the options name; raises HaetaeError and changes nothing where that cannot be."""
    site, given = load_config(config_file), options.source
    if options == CameraOptions() and not password_stdin:
        raise ConfigError("there is nothing to change", hint="Give at least one option; see haetae camera set --help")
    with _known(site) as store:
        before = store.get(name)
        if password_stdin and options.source is None:
            options = replace(options, source=with_password(before.config.source, read_password(before.config.source)))
        else:
            options = _complete(options, password_stdin)
        change = _reader(options, site)
        _check_parts(check_camera(change(before.config)), options, site, check=check)
        after = store.change(before.config.id, change)
    changed = after.version != before.version
    typer.echo(f"{after.config.name!r} {'changed' + _follow(site) if changed else 'was so already'}")
    _note(options, given)


def enable_camera(name: str, config_file: Path | None, *, enabled: bool) -> None:
    """Start or stop a camera, whatever its state."""
    site = load_config(config_file)
    with _known(site) as store:
        changed = store.set_enabled(store.find_id(name), enabled)
    word = "enabled" if enabled else "disabled"
    typer.echo(f"{name!r} is {word}{_follow(site)}" if changed else f"{name!r} was {word} already")


def remove_camera(name: str, config_file: Path | None, *, yes: bool) -> None:
    """Remove a camera once somebody has agreed."""
    site = load_config(config_file)
    with _known(site) as store:
        camera_id = store.find_id(name)
        if not yes and not _agrees(f"Remove camera {name!r}? Its events, clips and statistics stay."):
            typer.echo("nothing was removed")
            raise typer.Exit(1)
        store.remove(camera_id)
    typer.echo(f"removed {name!r}; its events, clips and statistics stay{_follow(site)}")


def list_cameras(config_file: Path | None, *, json: bool) -> None:
    """Print all cameras; none where there is no database yet."""
    site = load_config(config_file)
    with _readable(site) as store:
        cameras, broken = ([], []) if store is None else store.read_all()
    if json:
        print_json([*map(as_json, cameras), *map(as_json, broken)])
    else:
        print_table(cameras, broken)


def show_camera(name: str, config_file: Path | None, *, json: bool) -> None:
    """Print one camera."""
    site = load_config(config_file)
    with _readable(site) as store:
        if store is None:
            raise _no_camera(name)
        camera = store.get(name)
    if json:
        print_json(as_json(camera))
    else:
        print_details(camera)


@contextmanager
def writable(site: SystemConfig) -> Iterator[CameraStore]:
    """The cameras of a site, to be changed; its database is made where there is none."""
    with writing(site.database_url()) as sessions:
        yield _store(sessions, site)


@contextmanager
def _readable(site: SystemConfig) -> Iterator[CameraStore | None]:
    with reading(site.database_url()) as sessions:
        yield None if sessions is None else _store(sessions, site)


def _store(sessions: Sessions, site: SystemConfig) -> CameraStore:
    return CameraStore(sessions, SystemClock(), max_cameras=site.site.max_cameras, vault=Vault.open(site.storage.directory))


@contextmanager
def _known(site: SystemConfig) -> Iterator[CameraStore]:
    """For changes of a camera that must be there already: no database is made for them."""
    with _readable(site) as store:
        if store is None:
            raise ConfigError("there are no cameras yet", hint="Add one: haetae camera add NAME SOURCE")
        yield store


def _no_camera(name: str) -> UnknownCamera:
    return UnknownCamera(f"there is no camera {name!r}", hint="Add it: haetae camera add NAME SOURCE")


def _complete(options: CameraOptions, password_stdin: bool) -> CameraOptions:
    """The options with the source as it is to be stored."""
    if options.source is None:
        return options
    if not password_stdin:
        return replace(options, source=normal_source(options.source))
    if has_password(options.source):
        raise ConfigError("the address holds a password, and --password-stdin gives another", hint="Give the password once")
    return replace(options, source=with_password(options.source, read_password(options.source)))


def _reader(options: CameraOptions, site: SystemConfig) -> Callable[[CameraConfig], CameraConfig]:
    return read_options(options, time_zone=local_time_zone(site.site.time_zone) if options.schedule else "UTC")


def _check_parts(camera: CameraConfig, options: CameraOptions, site: SystemConfig, *, check: bool) -> None:
    """What only the stages know: whether there is such a model and such a source. Only what is given now is looked at."""
    if options.model is not None or options.model_settings:
        _check_model(camera)
    if options.flow is not None:
        check_flow(camera.flow)
    if options.source is not None or check:
        check_form(camera)
    if check:
        typer.echo(describe(camera, site.source))


def _check_model(camera: CameraConfig) -> None:
    if camera.vad_model not in VAD_MODELS.names():
        raise ConfigError(f"unknown VAD model {camera.vad_model!r}", hint=f"Known: {', '.join(VAD_MODELS.names())}")
    if camera.vad_settings:
        try:
            # Only the model itself knows its settings.
            create_model(camera.vad_model, **dict(camera.vad_settings))
        except TypeError as error:
            raise ConfigError(f"model {camera.vad_model!r} refuses these settings: {error}", hint="Correct --model-setting") from None


def _agrees(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise ConfigError("nobody answered", hint="Add --yes to remove it without being asked") from None


def _note(options: CameraOptions, given: str | None) -> None:
    """What people should know of the options; `given` is the address as it stood on the command line."""
    if any(text.strip().lower().startswith(ZoneKind.PRIVACY) for text in options.zones):
        typer.echo(_PRIVACY_NOTE, err=True)
    if given is not None and has_password(given):
        typer.echo(_PASSWORD_NOTE, err=True)


def _follow(site: SystemConfig) -> str:
    """Tell a running `haetae serve` to look now; the end of the line that says so to people."""
    from haetae.pipeline.control import CONTROL_SOCKET, ask_reconcile

    return "; the running site follows" if ask_reconcile(site.storage.directory / CONTROL_SOCKET) else ""
