"""Actions that were planned, the devices that they reach, and the approvals that some of them wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from haetae.domain.plan import ActionKind, ActionState, PlannedAction, PlannedBy, Risk


class TargetKind(StrEnum):
    """What can be registered for actions to reach. All but presets are addresses that a message is posted to."""

    WEBHOOK = "webhook"
    TICKET = "ticket"
    PRESET = "preset"
    SIREN = "siren"
    DOOR = "door"
    SPEAKER = "speaker"


TARGETS: Mapping[ActionKind, TargetKind] = MappingProxyType(
    {
        ActionKind.CALL_WEBHOOK: TargetKind.WEBHOOK,
        ActionKind.OPEN_TICKET: TargetKind.TICKET,
        ActionKind.PTZ_PRESET: TargetKind.PRESET,
        ActionKind.SIREN: TargetKind.SIREN,
        ActionKind.DOOR_LOCK: TargetKind.DOOR,
        ActionKind.ANNOUNCE: TargetKind.SPEAKER,
    }
)
"""The kinds of actions that reach a registered target, and what that must be."""

ENDED = frozenset(
    {ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN, ActionState.REJECTED, ActionState.EXPIRED, ActionState.REFUSED}
)
"""States that nothing follows."""


def idempotency_key(event_id: UUID, key: str) -> UUID:
    """The same for the same action of the same event, wherever and however often it is planned."""
    return uuid5(NAMESPACE_URL, f"haetae:action:{event_id}:{key}")


def key_of(action: PlannedAction) -> str:
    """What makes an action of an event the same as another: kind and target."""
    return f"{action.kind.value}:{action.target}"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the response to one event, as it stands. `planned` says what, the rest how it fares.

    `disputed`: planners did not agree on it, so a person decides whatever its risk. `result` is what really came of it: ids of messages,
    the status that a server answered, or under `reason` why nothing did. `attempts` counts how often it was begun, `lease_until` is set
    while somebody runs it. Times are UTC-aware.
    """

    id: UUID
    event_id: UUID
    camera_id: UUID
    planned: PlannedAction
    state: ActionState
    planned_by: PlannedBy
    playbook_version: int
    idempotency_key: UUID
    created_at: datetime
    due_at: datetime
    disputed: bool = False
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    lease_until: datetime | None = None

    @property
    def kind(self) -> ActionKind:
        return self.planned.kind

    @property
    def risk(self) -> Risk:
        return self.planned.kind.risk


class ApprovalState(StrEnum):
    """`open` until enough people have said yes, one has said no, or the time is over."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said, when (UTC), and by which way: `console` or `link`."""

    user_id: UUID
    name: str
    approve: bool
    at: datetime
    way: str = "console"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people: may this be done? `needed` different people must say yes before `expires_at`; a single no ends it.

    Nothing is done where it expires. `wrong_codes` counts codes that were tried with a link and not right.
    """

    id: UUID
    action: Action
    asked_at: datetime
    expires_at: datetime
    needed: int
    state: ApprovalState
    decisions: tuple[Decision, ...] = ()
    wrong_codes: int = 0
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """What an action can reach: a configured address or preset, secrets in clear. `id` is a short word that playbooks name.

    `camera_id` is whose preset it is; None for what belongs to no camera. `people` is how many different people must approve of its use.
    """

    id: str
    kind: TargetKind
    name: str
    enabled: bool
    settings: Mapping[str, Any] = field(repr=False)
    camera_id: UUID | None = None
    people: int = 1
    version: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running an action. A `state` that is RUNNING is not the end: look again `again_s` seconds later; with `retry` that is
    another attempt. `media_bytes` is by how much the event's media grew."""

    state: ActionState
    result: Mapping[str, Any] = field(default_factory=dict)
    again_s: float = 0.0
    retry: bool = False
    media_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ActStatus:
    """Acting. `approvals_waiting` are questions that people have not answered, `running` actions under way; `ended` counts those that ended
    since the start of the process, by state."""

    approvals_waiting: int = 0
    running: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` actions of a kind for a camera in any `period_s` seconds."""

    count: int
    period_s: float = 3600.0
