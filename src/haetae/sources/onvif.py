"""ONVIF cameras that can be turned: the two calls of the PTZ service (ONVIF PTZ 21.12, GetPresets and GotoPreset) that presets take.

Log-in is WS-UsernameToken with a digest (OASIS WSS UsernameToken Profile 1.1): Base64(SHA-1(nonce + created + password)).
"""

import asyncio
import base64
import hashlib
import secrets
import xml.etree.ElementTree as ET  # what a camera says is bounded, and may hold no document type
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID
from xml.sax.saxutils import escape

import httpx2

from haetae.errors import ConfigError, SourceUnavailable
from haetae.sources.pan_tilt import HeadParts, HeadSettings

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_MOST_BYTES = 256 * 1024
_MOST_SAID = 200


class OnvifHead:
    """Each call is a connection of its own to an address that was resolved and judged just now; redirects are not followed."""

    def __init__(self, camera_id: UUID, settings: HeadSettings, parts: HeadParts) -> None:
        self._camera_id = camera_id
        self._settings = settings
        self._parts = parts

    async def presets(self) -> Sequence[str]:
        answer = await self._call("GetPresets", f"<tptz:ProfileToken>{escape(self._settings.profile)}</tptz:ProfileToken>")
        return tuple(each.get("token", "") for each in answer.iter(f"{{{_PTZ}}}Preset"))

    async def go_to(self, preset: str) -> str:
        profile = f"<tptz:ProfileToken>{escape(self._settings.profile)}</tptz:ProfileToken>"
        answer = await self._call("GotoPreset", f"{profile}<tptz:PresetToken>{escape(preset)}</tptz:PresetToken>")
        if answer.find(f".//{{{_PTZ}}}GotoPresetResponse") is None:
            raise ConfigError("the camera answers something else than that it turns", hint="Check the address of its PTZ service")
        return "GotoPresetResponse"

    async def _call(self, name: str, inner: str) -> ET.Element:
        settings = self._settings
        parts = urlsplit(settings.url)
        host = parts.hostname or ""
        address = (await asyncio.to_thread(self._parts.reach, host))[0]
        pinned = httpx2.URL(settings.url).copy_with(host=str(address))
        headers = {"Host": parts.netloc, "Content-Type": f'application/soap+xml; charset=utf-8; action="{_PTZ}/{name}"'}
        body = self._envelope(f"<tptz:{name}>{inner}</tptz:{name}>").encode()
        try:
            async with httpx2.AsyncClient(timeout=settings.timeout_s, trust_env=False, follow_redirects=False) as client:
                request = client.build_request("POST", pinned, content=body, headers=headers, extensions={"sni_hostname": host})
                response = await client.send(request, stream=True)
                try:
                    data = await _read(response)
                finally:
                    await response.aclose()
        except httpx2.TimeoutException:
            raise SourceUnavailable("the camera's PTZ service does not answer in time", hint="Check its address") from None
        except httpx2.HTTPError as error:
            name_of = type(error).__name__
            raise SourceUnavailable(f"the camera's PTZ service cannot be reached ({name_of})", hint="Check its address") from None
        return _parsed(data, response.status_code)

    def _envelope(self, body: str) -> str:
        return (
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}" xmlns:tptz="{_PTZ}">'
            f"<s:Header>{self._login()}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )

    def _login(self) -> str:
        settings = self._settings
        if not settings.username:
            return ""
        nonce, created = secrets.token_bytes(16), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        digest = password_digest(nonce, created, settings.password.get_secret_value())
        return (
            f'<w:Security xmlns:w="{_WSSE}" xmlns:u="{_WSU}" s:mustUnderstand="1"><w:UsernameToken>'
            f"<w:Username>{escape(settings.username)}</w:Username>"
            f'<w:Password Type="{_DIGEST}">{digest}</w:Password>'
            f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
            "</w:UsernameToken></w:Security>"
        )


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """What stands for the password; SHA-1 is the profile's choice."""
    return base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()).decode()


async def _read(response: httpx2.Response) -> bytes:
    data = b""
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _MOST_BYTES:
            raise SourceUnavailable("the camera's PTZ service says far too much", hint="Check its address")
    return data


def _parsed(data: bytes, status: int) -> ET.Element:
    """The answer as XML. Raises ConfigError for a refusal, SourceUnavailable for what is no answer."""
    if status == 401:
        raise ConfigError("the camera refuses the log-in", hint="Check username and password, and the camera's clock")
    try:
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise ET.ParseError("it holds a document type")
        answer = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError):
        raise SourceUnavailable(f"the camera's PTZ service gives no SOAP answer ({status})", hint="Check its address") from None
    fault = answer.find(f".//{{{_SOAP}}}Fault")
    if fault is not None or status >= 400:
        said = " ".join("".join(fault.itertext()).split())[:_MOST_SAID] if fault is not None else ""
        raise ConfigError(f"the camera refuses ({status}): {said}", hint="Check the preset, the profile and the log-in")
    return answer
