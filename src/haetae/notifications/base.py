"""What a channel is: the contract, its registry, and how one is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from haetae.domain.notice import Notice, Receipt
from haetae.errors import ConfigError
from haetae.registry import Registry

CHANNELS = Registry(
    group="haetae.channels",
    noun="channel",
    builtin={
        "email": "haetae.notifications.channels.email:EmailChannel",
        "webhook": "haetae.notifications.channels.webhook:WebhookChannel",
        "apprise": "haetae.notifications.channels.apprise:AppriseChannel",
        "log": "haetae.notifications.channels.log:LogChannel",
    },
    extras={"apprise": "notify"},
)

Reach = Callable[[str], Sequence[IPv4Address | IPv6Address]]
"""From a host's name to the addresses that may be connected to, all of them allowed by the site's policy, resolved now. Raises ConfigError
where one is not allowed, SourceUnavailable where the name is not known. It may wait for a name server: never call it on an event loop."""


class ChannelSettings(BaseModel):
    """Base of what a channel is configured by. Fields of the type SecretStr are sealed in the database and never shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """What a channel may use of the rest of the site."""

    reach: Reach


class Channel(Protocol):
    """One way to people. Its coroutines are called on the event loop of notifications, several at a time; no method blocks that loop.

    `target_needed` says that each notice must name whom to reach (an address); else the settings say so. `check_target` raises ConfigError
    for a target that can be none. `hosts` names what `send` connects to, to be judged by the policy when the channel is configured.
    """

    Settings: ClassVar[type[ChannelSettings]]
    target_needed: ClassVar[bool]

    def __init__(self, settings: Any, parts: ChannelParts) -> None: ...

    @staticmethod
    def check_target(target: str) -> None: ...

    def hosts(self) -> Sequence[str]: ...

    async def send(self, notice: Notice) -> Receipt:
        """Hand the notice over; returns once the other side has accepted it. Raises DeliveryError for every failure, in bounded time.

        Cancelled or killed in the middle, it may have been accepted all the same: the same `notice.id` comes again then.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. Nothing is sent after it."""
        ...


def channel_settings(kind: str, values: Mapping[str, Any]) -> ChannelSettings:
    """Checked settings of a channel of this kind. Raises ConfigError that names the field and never its value, MissingExtra."""
    settings: type[ChannelSettings] = CHANNELS.load(kind).Settings
    try:
        return settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(
            f"{kind}: {field}: {first['msg']}", hint="Correct the named field; docs/guide/notifications.md lists them"
        ) from None


def secret_fields(kind: str) -> frozenset[str]:
    """The settings of this kind that are sealed and never shown. Raises ConfigError for an unknown kind, MissingExtra."""
    settings: type[ChannelSettings] = CHANNELS.load(kind).Settings
    return frozenset(name for name, field in settings.model_fields.items() if "SecretStr" in str(field.annotation))


def revealed(settings: ChannelSettings) -> dict[str, Any]:
    """All settings as JSON takes them, secrets in clear: for the store that seals them, and for nobody else."""
    values = settings.model_dump(mode="json")
    for name, value in settings:
        if isinstance(value, SecretStr):
            values[name] = value.get_secret_value()
        elif isinstance(value, Mapping):
            values[name] = {key: each.get_secret_value() if isinstance(each, SecretStr) else each for key, each in value.items()}
    return values


def make_channel(kind: str, settings: ChannelSettings, parts: ChannelParts) -> Channel:
    """Raises ConfigError, and MissingExtra where the package that it needs is not installed."""
    channel: Channel = CHANNELS.load(kind)(settings, parts)
    return channel
