"""Posting a message to a configured address: signed, under a key, never to where the site's policy does not allow."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import httpx2
from pydantic import Field, SecretStr, field_validator

from haetae.domain.notice import Receipt
from haetae.errors import DeliveryError
from haetae.notifications.base import ChannelSettings, Reach
from haetae.notifications.connect import reachable

HOPS = 3
"""Redirects that are followed for one message."""

LONGEST_WAIT_S = 3600.0
"""However long the other side wants to be left alone."""

_MOST_ANSWER_BYTES = 64 * 1024
_MOST_SHOWN = 300
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_OWN = frozenset({"host", "content-length", "content-type", "connection", "transfer-encoding", "upgrade", "te", "trailer", "expect"})
_PERMANENT = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451})
"""What will not be taken however often it is sent. 401, 403 and 404 are a setting that somebody can mend."""
_NOT_BEGUN = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
"""What happens before a message is on its way."""


class PostSettings(ChannelSettings):
    """`secret` signs each message, so that its receiver knows where it comes from."""

    url: str = Field(max_length=2048, examples=["https://hooks.example.org/haetae"])
    secret: SecretStr = SecretStr("")
    headers: dict[str, SecretStr] = Field(default_factory=dict, max_length=16)
    timeout_s: Annotated[float, Field(ge=1, le=50)] = 15.0

    @field_validator("url")
    @classmethod
    def _a_web_address(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("no web address")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("no web address; write https://host/path, and put a login into headers")
        _ = parts.port
        return value

    @field_validator("headers")
    @classmethod
    def _headers_of_ones_own(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN or name.lower().startswith("x-haetae-"):
                raise ValueError(f"the header {name[:64]!r} cannot be set")
            content = text.get_secret_value()
            if not content.isascii() or not content.isprintable() or len(content) > 4096:
                raise ValueError(f"the header {name[:64]!r} holds what a header cannot")
        return value


class Post:
    """One configured address. Every connection, those of redirects too, goes to an address that was resolved and judged for it just now.
    Redirects are followed where they keep the message (307, 308); after the others nothing would be left of it. Belongs to one event loop.
    """

    def __init__(self, settings: PostSettings, reach: Reach) -> None:
        self._settings = settings
        self._reach = reach
        limits = httpx2.Limits(max_connections=8, max_keepalive_connections=2)
        # No proxy of the environment, no cookies, no redirects of its own.
        self._client = httpx2.AsyncClient(timeout=settings.timeout_s, trust_env=False, follow_redirects=False, limits=limits)

    @property
    def host(self) -> str:
        """What it connects to first."""
        return urlsplit(self._settings.url).hostname or ""

    async def send(self, content: bytes, *, key: UUID, headers: Mapping[str, str]) -> Receipt:
        """Post JSON under an idempotency key. Any 2xx accepts: what it answered, its status first. Raises DeliveryError for all else."""
        url = self._settings.url
        for _ in range(HOPS + 1):
            answer = await self._ask(url, content, key, headers)
            if answer.status not in (307, 308):
                return _receipt(answer)
            url = _followed(url, answer.location)
        raise DeliveryError(f"the webhook redirects more than {HOPS} times", hint="Give the address that it redirects to")

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, url: str, content: bytes, key: UUID, more: Mapping[str, str]) -> "_Answer":
        parts = urlsplit(url)
        host = parts.hostname or ""
        address = (await reachable(self._reach, host))[0]
        pinned = httpx2.URL(url).copy_with(host=str(address))
        headers = {"Host": parts.netloc, "Content-Type": "application/json", **self._headers(url, content, key, more)}
        try:
            request = self._client.build_request("POST", pinned, content=content, headers=headers, extensions={"sni_hostname": host})
            response = await self._client.send(request, stream=True)
            try:
                text = await _read(response)
            finally:
                await response.aclose()
        except httpx2.TimeoutException as error:
            uncertain = not isinstance(error, _NOT_BEGUN)
            raise DeliveryError("the webhook does not answer in time", uncertain=uncertain, hint="Check its address") from None
        except httpx2.HTTPError as error:
            raise DeliveryError(
                f"the webhook cannot be reached ({type(error).__name__})",
                uncertain=not isinstance(error, _NOT_BEGUN),
                hint="Check its address, port and certificate",
            ) from None
        return _Answer(response.status_code, text, response.headers.get("location", ""), response.headers.get("retry-after", ""))

    def _headers(self, url: str, content: bytes, key: UUID, more: Mapping[str, str]) -> dict[str, str]:
        """The key and who sends it; to the configured origin also the signature and the channel's own headers."""
        headers = {"User-Agent": "Haetae", "Idempotency-Key": str(key), **more}
        if _origin(url) != _origin(self._settings.url):
            return headers
        timestamp = str(int(datetime.now(UTC).timestamp()))
        headers["X-Haetae-Timestamp"] = timestamp
        secret = self._settings.secret.get_secret_value()
        if secret:
            headers["X-Haetae-Signature"] = f"t={timestamp},v1={signature(secret, timestamp, content)}"
        return headers | {name: value.get_secret_value() for name, value in self._settings.headers.items()}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server answered; `text` is its beginning."""

    status: int
    text: str
    location: str
    retry_after: str


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _receipt(answer: _Answer) -> Receipt:
    said = f"{answer.status} {answer.text}".strip()[:_MOST_SHOWN]
    if 200 <= answer.status < 300:
        return Receipt(said)
    wait_s = _wait_s(answer.retry_after) if answer.status in (429, 503) else None
    raise DeliveryError(
        f"the webhook refuses ({answer.status})",
        permanent=answer.status in _PERMANENT,
        retry_after_s=wait_s,
        answer=said,
        hint="Give the address that it redirects to" if 300 <= answer.status < 400 else "Look at what it answered",
    )


def _wait_s(text: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110), which is a number or a date; None for anything else."""
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(text)
        seconds = (at - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT_S)


def _followed(url: str, location: str) -> str:
    try:
        followed = PostSettings(url=urljoin(url, location)).url
    except ValueError:
        raise DeliveryError("the webhook redirects to what is no web address", hint="Give the address that it redirects to") from None
    if url.startswith("https:") and not followed.startswith("https:"):
        raise DeliveryError("the webhook redirects out of HTTPS", hint="Give the address that it redirects to")
    return followed


async def _read(response: httpx2.Response) -> str:
    """The beginning of the answer; what is longer is not read."""
    data = b""
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _MOST_ANSWER_BYTES:
            break
    return "".join(sign if sign.isprintable() else " " for sign in data[:_MOST_SHOWN].decode("utf-8", "replace"))


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port
