"""The channels in use: made when first needed, replaced when their configuration changes."""

from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from haetae.domain.rule import ChannelConfig
from haetae.errors import DeliveryError, HaetaeError
from haetae.notifications.base import CHANNELS, Channel, ChannelParts, channel_settings, make_channel

_log = structlog.get_logger()

Make = Callable[[ChannelConfig], Channel]


def needs_target(kind: str) -> bool:
    """Whether channels of this kind want to be told whom to reach; one that cannot be loaded wants nothing."""
    try:
        return bool(CHANNELS.load(kind).target_needed)
    except HaetaeError:
        return False


def maker(parts: ChannelParts) -> Make:
    """How channels are made. Raises ConfigError and MissingExtra when called."""
    return lambda config: make_channel(config.kind, channel_settings(config.kind, config.settings), parts)


class ChannelSet:
    """Belongs to the engine's event loop."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._channels: dict[UUID, tuple[int, Channel]] = {}

    async def get(self, channel_id: UUID, configs: Mapping[UUID, ChannelConfig]) -> Channel:
        """The channel as it is configured now. Raises DeliveryError where there is none to send with."""
        config = configs.get(channel_id)
        if config is None or not config.enabled:
            await self._drop(channel_id)
            what = "was deleted" if config is None else f"{config.name!r} is switched off"
            raise DeliveryError(f"the channel {what}", permanent=True, hint="Retry once there is one to send with")
        known = self._channels.get(channel_id)
        if known is not None and known[0] == config.version:
            return known[1]
        await self._drop(channel_id)
        try:
            channel = self._make(config)
        except HaetaeError as error:
            # An admin can mend it, and then what waits goes out.
            raise DeliveryError(f"the channel {config.name!r} cannot be used: {error.message}", hint=error.hint) from error
        self._channels[channel_id] = (config.version, channel)
        return channel

    async def close(self) -> None:
        for channel_id in list(self._channels):
            await self._drop(channel_id)

    async def _drop(self, channel_id: UUID) -> None:
        known = self._channels.pop(channel_id, None)
        if known is not None:
            try:
                await known[1].close()
            except Exception as error:
                _log.warning("channel did not close", channel_id=str(channel_id), error=str(error))
