"""Webhooks: a notice as JSON, posted to an address, signed. See docs/reference/webhook.md."""

import base64
from collections.abc import Sequence
from typing import ClassVar

from haetae.domain.notice import Notice, Receipt
from haetae.errors import ConfigError
from haetae.notifications.base import ChannelParts, ChannelSettings
from haetae.notifications.post import Post, PostSettings
from haetae.notifications.webhook_body import webhook_body


class WebhookSettings(PostSettings):
    """As of any address; `include_picture` puts the picture into the message."""

    include_picture: bool = False


class WebhookChannel:
    """Any 2xx accepts."""

    Settings: ClassVar[type[ChannelSettings]] = WebhookSettings
    target_needed: ClassVar[bool] = False

    def __init__(self, settings: WebhookSettings, parts: ChannelParts) -> None:
        self._settings = settings
        self._post = Post(settings, parts.reach)

    @staticmethod
    def check_target(target: str) -> None:
        """Raises ConfigError: the address is a setting."""
        if target:
            raise ConfigError("a webhook takes no recipient", hint="Its address is the channel's url")

    def hosts(self) -> Sequence[str]:
        return (self._post.host,)

    async def send(self, notice: Notice) -> Receipt:
        picture = notice.picture if self._settings.include_picture else None
        body = webhook_body(notice, None if picture is None else base64.b64encode(picture).decode())
        return await self._post.send(body, key=notice.id, headers={"X-Haetae-Kind": notice.kind.value})

    async def close(self) -> None:
        await self._post.close()
