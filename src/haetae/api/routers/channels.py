"""Channels: the ways to people, and how they are configured. For admins."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.if_match import IfMatch, expected_version
from haetae.api.routers.rule_schemas import Name, UnreadableRow
from haetae.api.routers.schedule_schema import Input
from haetae.api.services import Services
from haetae.database.channel_store import StoredChannel
from haetae.errors import MissingExtra
from haetae.notifications.base import CHANNELS, secret_fields
from haetae.pipeline.notifier import Tried

router = APIRouter(tags=["notifications"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})

_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[404]}
_CHANGE: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (404, 409, 412, 428)}
_Settings = Annotated[
    dict[Annotated[str, Field(max_length=64)], Any],
    Field(max_length=64, description="by the schema of the kind, see GET /channels/kinds; secrets are write-only"),
]


class ChannelCreate(Input):
    name: Name
    kind: Annotated[str, Field(min_length=1, max_length=32, examples=["email"])]
    settings: _Settings
    enabled: bool = True


class ChannelChange(Input):
    """What is left out stays. `settings` are all of them but the secrets: a secret that is left out stays, null takes it away."""

    name: Name | None = None
    enabled: bool | None = None
    settings: _Settings | None = None


class ChannelRead(Input):
    id: UUID
    name: str
    kind: str
    enabled: bool
    settings: dict[str, Any] = Field(description="without secrets")
    secrets_set: list[str] = Field(description="the secrets that there are")
    broken: str = Field(description="why it cannot be used; empty where it can")
    failing: bool = Field(description="it is left alone for now, because it failed again and again")
    version: int
    created_at: datetime
    updated_at: datetime


class ChannelList(Input):
    channels: list[ChannelRead]
    unreadable: list[UnreadableRow]


class ChannelKind(Input):
    kind: str
    available: bool
    hint: str = Field("", description="what to install where it is not available")
    target_needed: bool = Field(False, description="rules must say whom to reach")
    settings_schema: dict[str, Any] = Field(default_factory=dict, description="JSON schema of its settings; `writeOnly` ones are secrets")


class ChannelKinds(Input):
    kinds: list[ChannelKind]


class ChannelTest(Input):
    target: Annotated[str, Field(max_length=320, description="whom to reach, where the kind wants to be told")] = ""
    language: Annotated[str, Field(pattern="^(en|ko)$")] = "en"


class TriedRead(Input):
    channel_id: UUID
    target: str
    accepted: bool
    answer: str = Field(description="what the other side said")
    error: str
    hint: str


@router.get("/channels")
def list_channels(_admin: AdminDep, services: ServicesDep) -> ChannelList:
    """Every channel, without its secrets."""
    channels, unreadable = services.channels.read_all()
    return ChannelList(
        channels=[_read(channel, services) for channel in channels],
        unreadable=[UnreadableRow(id=row.id, name=row.name, error=row.error) for row in unreadable],
    )


@router.get("/channels/kinds")
def list_channel_kinds(_admin: AdminDep) -> ChannelKinds:
    """The kinds of channels that there are, and how each is configured."""
    return ChannelKinds(kinds=[_kind(name) for name in CHANNELS.names()])


@router.post("/channels", status_code=201, responses={409: ERRORS[409]})
def add_channel(body: ChannelCreate, _admin: AdminDep, actor: ActorDep, services: ServicesDep, response: Response) -> ChannelRead:
    """Add a channel. What it would connect to is judged by the site's policy (`notifications` in haetae.toml)."""
    settings = services.notifier.checked_settings(body.kind, body.settings)
    stored = services.channels.add(body.name, body.kind, settings, secret=secret_fields(body.kind), actor=actor, enabled=body.enabled)
    return _answer(stored, services, response)


@router.get("/channels/{channel_id}", responses=_FOUND)
def get_channel(channel_id: UUID, _admin: AdminDep, services: ServicesDep, response: Response) -> ChannelRead:
    """One channel, without its secrets."""
    return _answer(services.channels.get(channel_id), services, response)


@router.patch("/channels/{channel_id}", responses=_CHANGE)
def change_channel(
    channel_id: UUID,
    body: ChannelChange,
    _admin: AdminDep,
    actor: ActorDep,
    services: ServicesDep,
    response: Response,
    if_match: IfMatch = None,
) -> ChannelRead:
    """Change what is given; what waits to be sent goes out with the new settings."""
    version = expected_version(if_match)
    before = services.channels.get(channel_id)
    secret = secret_fields(before.kind) if body.settings is not None else frozenset[str]()
    settings = None if body.settings is None else _checked(services, before, body.settings, secret)
    stored = services.channels.change(
        channel_id,
        actor=actor,
        name=body.name,
        enabled=body.enabled,
        settings=settings,
        secret=secret,
        expected_version=version or before.version,
    )
    services.notifier.wake()
    return _answer(stored, services, response)


@router.delete("/channels/{channel_id}", status_code=204, responses={status: ERRORS[status] for status in (404, 409)})
def remove_channel(channel_id: UUID, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> None:
    """Remove a channel that no rule names. What was promised on it is dead."""
    services.channels.remove(channel_id, actor)


@router.post("/channels/{channel_id}/test", responses=_FOUND)
def try_channel(channel_id: UUID, body: ChannelTest, _admin: AdminDep, services: ServicesDep) -> TriedRead:
    """Really send a message that is marked as a test, and answer what became of it, within 45 s."""
    config = services.channels.config(channel_id)
    return read_tried(services.notifier.try_channel(config, body.target, language=body.language))


def read_tried(tried: Tried) -> TriedRead:
    return TriedRead(
        channel_id=tried.channel_id,
        target=tried.target,
        accepted=not tried.error,
        answer=tried.answer,
        error=tried.error,
        hint=tried.hint,
    )


def _checked(services: Services, before: StoredChannel, given: dict[str, Any], secret: frozenset[str]) -> dict[str, Any]:
    """The settings as they are to be stored: checked with the secrets that stay, and without them."""
    kept: dict[str, Any] = {}
    if not secret <= given.keys():
        known = services.channels.config(before.id).settings
        kept = {name: known[name] for name in secret if name in known and name not in given}
    whole = services.notifier.checked_settings(before.kind, {name: value for name, value in {**kept, **given}.items() if value is not None})
    removed = {name: None for name in secret if name in given and given[name] is None}
    return {name: value for name, value in whole.items() if name not in secret or name in given} | removed


def _answer(stored: StoredChannel, services: Services, response: Response) -> ChannelRead:
    response.headers["ETag"] = f'"{stored.version}"'
    return _read(stored, services)


def _read(stored: StoredChannel, services: Services) -> ChannelRead:
    return ChannelRead(
        id=stored.id,
        name=stored.name,
        kind=stored.kind,
        enabled=stored.enabled,
        settings=dict(stored.settings),
        secrets_set=sorted(stored.secrets_set),
        broken=stored.broken,
        failing=services.notifier.is_failing(stored.id),
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _kind(name: str) -> ChannelKind:
    try:
        channel = CHANNELS.load(name)
    except MissingExtra as error:
        return ChannelKind(kind=name, available=False, hint=error.hint)
    schema = channel.Settings.model_json_schema()
    return ChannelKind(kind=name, available=True, target_needed=channel.target_needed, settings_schema=schema)
