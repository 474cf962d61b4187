"""E-mail over SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import ClassVar, Literal

import aiosmtplib
from pydantic import Field, SecretStr, field_validator

from haetae.domain.notice import Notice, Receipt
from haetae.errors import ConfigError, DeliveryError
from haetae.notifications.base import ChannelParts, ChannelSettings
from haetae.notifications.connect import connected

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63})*")
_MOST_ANSWER = 300


class EmailSettings(ChannelSettings):
    """`sender` is an address, with a name if you like: `Haetae <haetae@example.org>`."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = Field("", max_length=256)
    password: SecretStr = SecretStr("")
    sender: str = Field(max_length=320)
    verify_certificate: bool = True
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate, where it is your own")
    timeout_s: float = Field(20.0, ge=1, le=50)

    @field_validator("sender")
    @classmethod
    def _an_address(cls, value: str) -> str:
        address = parseaddr(value)[1]
        if not _ADDRESS.fullmatch(address) or not value.isprintable():
            raise ValueError("no address; write haetae@example.org, or Haetae <haetae@example.org>")
        return value


class EmailChannel:
    """One connection for each message. What the server refuses for now (4xx), a wrong password and a certificate that does not fit are
    tried again, for an admin can mend them; a recipient or a message that it refuses for good (5xx) is not."""

    Settings: ClassVar[type[ChannelSettings]] = EmailSettings
    target_needed: ClassVar[bool] = True

    def __init__(self, settings: EmailSettings, parts: ChannelParts) -> None:
        self._settings = settings
        self._reach = parts.reach
        self._tls = None if settings.security == "none" else _tls(settings)

    @staticmethod
    def check_target(target: str) -> None:
        """Raises ConfigError for what is no address."""
        if len(target) > 254 or not _ADDRESS.fullmatch(target):
            raise ConfigError(f"{target[:80]!r} is no e-mail address", hint="Write it like guard@example.org")

    def hosts(self) -> Sequence[str]:
        return (self._settings.host,)

    async def send(self, notice: Notice) -> Receipt:
        message = compose(notice, self._settings.sender)
        settings = self._settings
        made = await connected(self._reach, settings.host, settings.port, settings.timeout_s)
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            sock=made,
            timeout=settings.timeout_s,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls,
            local_hostname="localhost",
        )
        try:
            await client.connect()
            if settings.username:
                await client.login(settings.username, settings.password.get_secret_value())
            _refused, answer = await client.send_message(message, sender=parseaddr(settings.sender)[1], recipients=[notice.target])
        except Exception as error:
            raise _failure(error) from None
        finally:
            with suppress(Exception):
                await client.quit()
            transport = client.transport
            client.close()
            if isinstance(transport, asyncio.WriteTransport):
                # All has been said; a polite end of TLS would wait for the other side.
                transport.abort()
            # Whatever became of the connection, the socket is the loop's by now, which lets go of it in its next rounds.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return Receipt(answer[:_MOST_ANSWER], message["Message-ID"])

    async def close(self) -> None:
        pass


def compose(notice: Notice, sender: str) -> EmailMessage:
    """The message: plain text and HTML with its picture. Titles are one line, and the library refuses headers with line breaks."""
    message = EmailMessage(policy=SMTP_POLICY)
    name, address = parseaddr(sender)
    message["From"] = Address(name or notice.site, addr_spec=address)
    message["To"] = Address(addr_spec=notice.target)
    message["Subject"] = notice.title
    message["Date"] = format_datetime(notice.created_at)
    # The same for each try, so that a mailbox that got it twice shows it once.
    message["Message-ID"] = f"<{notice.id}@{address.rpartition('@')[2]}>"
    if notice.reply_to:
        message["In-Reply-To"] = notice.reply_to
        message["References"] = notice.reply_to
    message["Auto-Submitted"] = "auto-generated"
    message["X-Haetae-Severity"] = notice.severity.value
    if notice.severity.rank >= 2:
        message["Importance"] = "high"
    if notice.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{notice.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(notice.text)
    message.add_alternative(notice.html, subtype="html")
    if notice.picture is not None:
        page = message.get_payload()[1]  # type: ignore[index]
        page.add_related(notice.picture, "image", "jpeg", cid="<picture>", filename="event.jpg")  # type: ignore[union-attr]
    return message


def _tls(settings: EmailSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if settings.ca_file is None else str(settings.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the file {settings.ca_file} holds no certificate: {error}", hint="Check ca_file (PEM)") from None
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _failure(error: Exception) -> DeliveryError:
    """In words, without what was sent. Only what the server says of this recipient or message is for good."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return DeliveryError("the mail server refuses the log-in", answer=_said(error), hint="Check username and password of the channel")
    if isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused)):
        permanent = 500 <= error.code < 600 and not isinstance(error, aiosmtplib.SMTPSenderRefused)
        return DeliveryError(f"the mail server refuses the message ({error.code})", permanent=permanent, answer=_said(error))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return DeliveryError(f"the mail server refuses ({error.code})", answer=_said(error))
    if isinstance(error, (ssl.SSLError, ssl.CertificateError)) or isinstance(error.__cause__, ssl.SSLError):
        return DeliveryError("TLS with the mail server failed", hint="Check security, the host's name and its certificate (ca_file)")
    if isinstance(error, (aiosmtplib.SMTPTimeoutError, TimeoutError)):
        return DeliveryError("the mail server does not answer in time", hint="Check host and port")
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return DeliveryError("the mail server cannot do what is asked of it", hint="Check security, and whether it takes a log-in")
    return DeliveryError(f"the mail server broke off ({type(error).__name__})", hint="Check host, port and security")


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {error.message}"[:_MOST_ANSWER]
