"""A channel's settings in two parts: what may be seen, and what is sealed."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any
from uuid import UUID

import orjson

from haetae.errors import ConfigError
from haetae.vault import Vault

Settings = dict[str, Any]


def secrets_place(channel_id: UUID) -> str:
    """What the sealed secrets of this channel are bound to."""
    return f"notification_channels.secrets:{channel_id}"


def part(settings: Mapping[str, Any], secret: Collection[str]) -> tuple[Settings, dict[str, Any]]:
    """The plain settings, and the secret ones by their path. `secret` names settings, with dots between the keys of nested ones
    (`headers.Authorization`); what is not there is in neither."""
    plain = deepcopy(dict(settings))
    found: dict[str, Any] = {}
    for path in secret:
        *above, last = path.split(".")
        place: Any = plain
        for key in above:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict) and last in place:
            found[path] = place.pop(last)
    return plain, found


def whole(plain: Mapping[str, Any], secrets: Mapping[str, Any]) -> Settings:
    """What `part` took apart."""
    settings = deepcopy(dict(plain))
    for path, value in secrets.items():
        *above, last = path.split(".")
        place = settings
        for key in above:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"the setting {key!r} holds no settings", hint="Give the channel's secrets anew")
            place = inner
        place[last] = value
    return settings


def seal(vault: Vault, channel_id: UUID, secrets: Mapping[str, Any]) -> str | None:
    """The text for the column, None where there is no secret. Raises StorageError while the key cannot be used."""
    return vault.seal(orjson.dumps(dict(secrets)).decode(), place=secrets_place(channel_id)) if secrets else None


def unseal(vault: Vault, channel_id: UUID, sealed: str | None) -> dict[str, Any]:
    """Raises ConfigError for what cannot be opened or was never sealed here, StorageError while the key cannot be used."""
    if sealed is None:
        return {}
    try:
        secrets = orjson.loads(vault.unseal(sealed, place=secrets_place(channel_id)))
    except orjson.JSONDecodeError:
        secrets = None
    if not isinstance(secrets, dict):
        raise ConfigError("what is sealed here holds no secrets", hint="Give the channel's secrets anew")
    return secrets
