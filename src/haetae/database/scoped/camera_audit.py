"""What the audit log keeps of a camera's configuration: readable, and without its credentials."""

from haetae.domain.camera import CameraConfig
from haetae.domain.notation import format_schedule, format_zone
from haetae.telemetry import redact

_DEFAULTS = CameraConfig.__dataclass_fields__
_FIELDS = tuple(name for name in _DEFAULTS if name != "id")


def added(config: CameraConfig) -> dict[str, object]:
    """Everything of a new camera that is not as it is by default."""
    return {name: _shown(config, name) for name in _FIELDS if getattr(config, name) != _DEFAULTS[name].default}


def changed(before: CameraConfig, after: CameraConfig) -> tuple[dict[str, object], dict[str, object]]:
    """What changed, as it was and as it is. That a password changed is said, neither password is."""
    names = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    was, now = ({name: _shown(config, name) for name in names} for config in (before, after))
    if "source" in names and was["source"] == now["source"]:
        now["credentials"] = "changed"
    return was, now


def _shown(config: CameraConfig, name: str) -> object:
    if name == "zones":
        return [format_zone(zone) for zone in config.zones]
    if name == "schedule":
        return None if config.schedule is None else format_schedule(config.schedule)
    if name == "vad_settings":
        return redact(dict(config.vad_settings))
    return redact(getattr(config, name))
