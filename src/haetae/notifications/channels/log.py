"""A line in Haetae's own log: for a start, and to see what rules do before anybody is woken."""

from collections.abc import Sequence
from typing import ClassVar

import structlog

from haetae.domain.notice import Notice, Receipt
from haetae.notifications.base import ChannelParts, ChannelSettings

_log = structlog.get_logger()


class LogSettings(ChannelSettings):
    """Needs none."""


class LogChannel:
    """Never fails."""

    Settings: ClassVar[type[ChannelSettings]] = LogSettings
    target_needed: ClassVar[bool] = False

    def __init__(self, settings: LogSettings, parts: ChannelParts) -> None:
        pass

    @staticmethod
    def check_target(target: str) -> None:
        """Takes any."""

    def hosts(self) -> Sequence[str]:
        return ()

    async def send(self, notice: Notice) -> Receipt:
        _log.warning(
            "notice",
            kind=notice.kind.value,
            title=notice.title,
            severity=notice.severity.value,
            events=[str(event.id) for event in notice.events],
            held_back=notice.held_back,
        )
        return Receipt("logged")

    async def close(self) -> None:
        pass
