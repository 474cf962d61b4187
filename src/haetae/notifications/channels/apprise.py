"""Messengers through Apprise (the extra `notify`): Slack, Discord, Telegram, Teams, ntfy, Pushover and more."""

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

import apprise
from pydantic import Field, SecretStr, field_validator

from haetae.domain.event import Severity
from haetae.domain.notice import Notice, Receipt
from haetae.errors import ConfigError, DeliveryError
from haetae.notifications.base import ChannelParts, ChannelSettings
from haetae.notifications.connect import reachable

SERVICES: Final = frozenset(
    [
        "bulksms",
        "clicksend",
        "d7sms",
        "dingtalk",
        "discord",
        "feishu",
        "flock",
        "gchat",
        "guilded",
        "join",
        "lametric",
        "lark",
        "line",
        "msgbird",
        "nexmo",
        "opsgenie",
        "pagerduty",
        "pagertree",
        "pbul",
        "pover",
        "prowl",
        "pushy",
        "revolt",
        "simplepush",
        "sinch",
        "slack",
        "spugpush",
        "tgram",
        "twilio",
        "twist",
        "voipms",
        "vonage",
        "webex",
        "wecombot",
        "whatsapp",
        "workflow",
        "workflows",
        "wxpusher",
        "wxteams",
        "zulip",
    ]
)
"""Services whose host Apprise knows by itself."""

SELF_HOSTED: Final = frozenset(
    [
        "bark",
        "barks",
        "gotify",
        "gotifys",
        "hassio",
        "hassios",
        "matrix",
        "matrixs",
        "mmost",
        "mmosts",
        "ncloud",
        "nclouds",
        "nctalk",
        "nctalks",
        "ntfy",
        "ntfys",
        "rocket",
        "rockets",
        "signal",
        "signals",
        "synology",
        "synologys",
    ]
)
"""Services on a host that the address names, which is judged by the site's policy."""

_COLOURS: Final = {
    Severity.LOW: apprise.NotifyType.INFO,
    Severity.MEDIUM: apprise.NotifyType.INFO,
    Severity.HIGH: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}
_SEND_S = 40.0
_MOST_BODY = 1500


class AppriseSettings(ChannelSettings):
    """`url` is Apprise's address of the service; it holds tokens, so all of it is a secret."""

    url: SecretStr = Field(
        description="such as tgram://BOT-TOKEN/CHAT-ID or ntfys://ntfy.example.org/topic; see Apprise's list of services"
    )
    include_picture: bool = True

    @field_validator("url")
    @classmethod
    def _a_messenger(cls, value: SecretStr) -> SecretStr:
        # An allow-list: Apprise also knows addresses that run commands, write files, or talk to the machine's own desktop.
        scheme = value.get_secret_value().partition("://")[0].lower()
        if scheme not in SERVICES | SELF_HOSTED:
            raise ValueError(f"the service {scheme[:32]!r} is not allowed; for mail and webhooks there are channels of their own")
        if not isinstance(apprise.Apprise.instantiate(value.get_secret_value(), suppress_exceptions=True), apprise.NotifyBase):
            raise ValueError(f"Apprise cannot read this {scheme} address")
        return value


class AppriseChannel:
    """Apprise says only whether it worked; why not is in its log, which may hold tokens and stays shut. So every failure is tried again."""

    Settings: ClassVar[type[ChannelSettings]] = AppriseSettings
    target_needed: ClassVar[bool] = False

    def __init__(self, settings: AppriseSettings, parts: ChannelParts) -> None:
        self._settings = settings
        self._reach = parts.reach
        # Its log names addresses with their tokens.
        logging.getLogger("apprise").disabled = True

    @staticmethod
    def check_target(target: str) -> None:
        """Raises ConfigError: the address is a setting."""
        if target:
            raise ConfigError("a messenger takes no recipient", hint="Its address is the channel's url")

    def hosts(self) -> Sequence[str]:
        parts = urlsplit(self._settings.url.get_secret_value())
        return (parts.hostname or "",) if parts.scheme.lower() in SELF_HOSTED else ()

    async def send(self, notice: Notice) -> Receipt:
        for host in self.hosts():
            await reachable(self._reach, host)
        try:
            # A thread that hangs in Apprise is left to Apprise's own time-outs.
            async with asyncio.timeout(_SEND_S):
                accepted = await asyncio.to_thread(self._notify, notice)
        except TimeoutError:
            raise DeliveryError("the messenger does not answer in time") from None
        except Exception as error:
            raise DeliveryError(f"the messenger failed ({type(error).__name__})", hint="Check the channel's address") from None
        if not accepted:
            raise DeliveryError("the messenger does not accept the message", hint="Check the channel's address and its tokens")
        return Receipt("accepted")

    async def close(self) -> None:
        pass

    def _notify(self, notice: Notice) -> bool:
        service = apprise.Apprise()
        service.add(self._settings.url.get_secret_value())
        tell = partial(
            service.notify,
            title=notice.title,
            body=notice.text[:_MOST_BODY],
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=_COLOURS[notice.severity],
        )
        if notice.picture is None or not self._settings.include_picture:
            return bool(tell())
        with tempfile.TemporaryDirectory(prefix="haetae-notice-") as folder:
            # The folder is its owner's alone (0700), and gone afterwards.
            path = Path(folder) / "event.jpg"
            path.write_bytes(notice.picture)
            return bool(tell(attach=str(path)))
