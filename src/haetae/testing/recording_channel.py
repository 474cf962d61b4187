"""A channel that keeps what it is given, and fails when told to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from haetae.domain.notice import Notice, Receipt
from haetae.errors import ConfigError
from haetae.notifications.base import ChannelParts, ChannelSettings

Behave = Callable[[Notice], Receipt | None]
"""Called with each notice before it is kept: raises DeliveryError to refuse it, or answers; None: accepted as usual."""


class RecordingSettings(ChannelSettings):
    """Needs none."""


class RecordingChannel:
    """`accepted` are the notices that were taken, oldest first; `tried` all that were offered. Any thread may read them."""

    Settings: ClassVar[type[ChannelSettings]] = RecordingSettings
    target_needed: ClassVar[bool] = True

    def __init__(self, settings: Any = None, parts: ChannelParts | None = None) -> None:
        self.settings = settings
        self.parts = parts
        self.tried: list[Notice] = []
        self.accepted: list[Notice] = []
        self.closed = False
        self.behave: Behave = lambda _notice: None
        self.takes_s = 0.0

    @staticmethod
    def check_target(target: str) -> None:
        """Takes whatever is not empty."""
        if not target:
            raise ConfigError("there is no target", hint="Name one")

    def hosts(self) -> Sequence[str]:
        return ()

    async def send(self, notice: Notice) -> Receipt:
        self.tried.append(notice)
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        receipt = self.behave(notice)
        self.accepted.append(notice)
        return receipt or Receipt("accepted", f"<{notice.id}@recorded>")

    async def close(self) -> None:
        self.closed = True
