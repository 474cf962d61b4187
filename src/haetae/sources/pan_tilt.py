"""Cameras that can be turned: the contract, its settings, and its registry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from haetae.errors import ConfigError
from haetae.registry import Registry

HEADS = Registry(
    group="haetae.heads",
    noun="pan-tilt head",
    builtin={"simulated": "haetae.simulate.pan_tilt:SimulatedHead", "onvif": "haetae.sources.onvif:OnvifHead"},
    extras={},
)


class HeadSettings(BaseModel):
    """How a camera's presets are reached. `preset` is the camera's own token of one; `url` is that of its PTZ service, for ONVIF."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["simulated", "onvif"] = "simulated"
    preset: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f<>&]*$")
    url: str = Field("", max_length=2048, examples=["http://192.168.7.20/onvif/ptz_service"])
    username: str = Field("", max_length=128)
    password: SecretStr = SecretStr("")
    profile: str = Field("", max_length=64, description="token of the media profile, for ONVIF")
    timeout_s: float = Field(10.0, ge=1, le=50)


@dataclass(frozen=True, slots=True)
class HeadParts:
    """What a head may use of the site: `reach` judges and resolves a host, as channels have it; `show` is told where a simulated camera
    looks."""

    reach: Callable[[str], Sequence[IPv4Address | IPv6Address]]
    show: Callable[[UUID, str], None]


class PanTilt(Protocol):
    """One camera's pan-tilt head. Its coroutines are called on the event loop of acting, and end in bounded time.

    `go_to` raises SourceUnavailable where the camera does not answer, ConfigError where it has no such preset or refuses.
    """

    def __init__(self, camera_id: UUID, settings: HeadSettings, parts: HeadParts) -> None: ...

    async def presets(self) -> Sequence[str]:
        """The tokens that it has. Raises as `go_to`."""
        ...

    async def go_to(self, preset: str) -> str:
        """Turn to a preset; returns what the camera answered. Returns once it was accepted: it may still move."""
        ...


def head_settings(values: dict[str, Any]) -> HeadSettings:
    """Raises ConfigError that names the field and never its value."""
    try:
        settings = HeadSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(f"{field}: {first['msg']}", hint="Correct the named field; docs/guide/approvals.md lists them") from None
    if settings.driver == "onvif" and not (settings.url.startswith(("http://", "https://")) and settings.profile):
        raise ConfigError("an ONVIF preset needs url and profile", hint="Give the address of the PTZ service and a media profile's token")
    return settings


def make_head(camera_id: UUID, settings: HeadSettings, parts: HeadParts) -> PanTilt:
    """The head of a camera."""
    head: PanTilt = HEADS.load(settings.driver)(camera_id, settings, parts)
    return head
