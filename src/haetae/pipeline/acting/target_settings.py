"""What a target of each kind is configured by, and whether it may be reached at all."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, SecretStr

from haetae.database.target_store import TargetValues
from haetae.domain.action import TargetKind
from haetae.errors import ConfigError, SourceUnavailable
from haetae.notifications.base import Reach
from haetae.pipeline.acting.devices import DeviceSettings, device_settings
from haetae.sources.pan_tilt import HeadSettings, head_settings

DEVICE_SECRETS = frozenset({"secret", "headers"})
PRESET_SECRETS = frozenset({"password"})


def settings_schema(kind: TargetKind) -> dict[str, Any]:
    """The JSON schema of the settings."""
    return (HeadSettings if kind is TargetKind.PRESET else DeviceSettings).model_json_schema()


def checked_values(
    kind: TargetKind,
    name: str,
    given: Mapping[str, Any],
    reach: Reach,
    *,
    camera_id: UUID | None = None,
    people: int = 1,
    enabled: bool = True,
) -> TargetValues:
    """A target's settings as they are stored: whole, but for secrets that are left out, which stay as they are.

    Raises ConfigError for what the kind refuses, and for a host that may not be reached. A host whose name is not known now may be so
    later, and is taken.
    """
    secret = PRESET_SECRETS if kind is TargetKind.PRESET else DEVICE_SECRETS
    wanted = {key: value for key, value in given.items() if not (key in secret and value is None)}
    if kind is TargetKind.PRESET:
        if camera_id is None:
            raise ConfigError("a preset belongs to a camera", hint="Name it in camera_id")
        settings: BaseModel = head_settings(wanted)
    else:
        settings = device_settings(wanted)
    host = urlsplit(getattr(settings, "url", "")).hostname
    if host:
        with suppress(SourceUnavailable):
            reach(host)
    whole = {key: value for key, value in _plain(settings).items() if key not in secret or key in given}
    removed = {key: None for key in secret if key in given and given[key] is None}
    return TargetValues(name, whole | removed, secret, camera_id, people, enabled)


def _plain(settings: BaseModel) -> dict[str, Any]:
    """All settings as JSON takes them, secrets in clear: for the store that seals them, and for nobody else."""
    values = settings.model_dump(mode="json")
    for name, value in settings:
        if isinstance(value, SecretStr):
            values[name] = value.get_secret_value()
        elif isinstance(value, Mapping):
            values[name] = {key: each.get_secret_value() if isinstance(each, SecretStr) else each for key, each in value.items()}
    return values
