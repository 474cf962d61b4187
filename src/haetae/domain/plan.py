"""The response to an event: which actions, who chose them, and how each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Risk(StrEnum):
    """What an action can do to the world, which decides who may start it."""

    R0 = "R0"
    """Touches nothing but Haetae's own records: automatic."""
    R1 = "R1"
    """Reaches people or devices and can be taken back: automatic within rate limits."""
    R2 = "R2"
    """Frightens, locks or calls for help: only when a person approves, and never once the approval has expired."""


class ActionKind(StrEnum):
    """Everything that a response can do. A word that is not here is an error, wherever it comes from."""

    BOOKMARK_CLIP = "bookmark_clip"
    EXTEND_RECORDING = "extend_recording"
    RAISE_PRIORITY = "raise_priority"
    ADD_NOTE = "add_note"
    LINK_CAMERAS = "link_cameras"
    SNAPSHOT = "snapshot"
    NOTIFY = "notify"
    ESCALATE = "escalate"
    PTZ_PRESET = "ptz_preset"
    CALL_WEBHOOK = "call_webhook"
    OPEN_TICKET = "open_ticket"
    SIREN = "siren"
    DOOR_LOCK = "door_lock"
    ANNOUNCE = "announce"
    EMERGENCY_CALL_DRAFT = "emergency_call_draft"

    @property
    def risk(self) -> Risk:
        return RISKS[self]


RISKS: Mapping[ActionKind, Risk] = MappingProxyType(
    {
        ActionKind.BOOKMARK_CLIP: Risk.R0,
        ActionKind.EXTEND_RECORDING: Risk.R0,
        ActionKind.RAISE_PRIORITY: Risk.R0,
        ActionKind.ADD_NOTE: Risk.R0,
        ActionKind.LINK_CAMERAS: Risk.R0,
        ActionKind.SNAPSHOT: Risk.R0,
        ActionKind.NOTIFY: Risk.R1,
        ActionKind.ESCALATE: Risk.R1,
        ActionKind.PTZ_PRESET: Risk.R1,
        ActionKind.CALL_WEBHOOK: Risk.R1,
        ActionKind.OPEN_TICKET: Risk.R1,
        ActionKind.SIREN: Risk.R2,
        ActionKind.DOOR_LOCK: Risk.R2,
        ActionKind.ANNOUNCE: Risk.R2,
        ActionKind.EMERGENCY_CALL_DRAFT: Risk.R2,
    }
)


class ActionState(StrEnum):
    """How an action stands. PLANNED to RUNNING are on the way; the others are its end."""

    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Begun, and nobody knows whether it took place: a person has to look."""
    REJECTED = "rejected"
    """A person said no."""
    EXPIRED = "expired"
    """No person said yes in time, so nothing was done."""
    REFUSED = "refused"
    """The playbook or a rate limit forbids it."""


class PlannedBy(StrEnum):
    """Who chose the actions. Whatever it says, the playbook had the last word."""

    PLAYBOOK = "playbook"
    SEQUENTIAL = "sequential"
    HIERARCHICAL = "hierarchical"
    COLLABORATIVE = "collaborative"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One thing to do. `target` is an id from the site's configuration, "" where the kind has none; `options` are those of its kind.

    `text` (at most 500 characters) is words for people only, as of a note or an announcement; `reason` says why, for readers of the plan.
    `mandatory`: the playbook says that it must be.
    """

    kind: ActionKind
    target: str = ""
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    text: str = ""
    reason: str = ""
    mandatory: bool = False

    @property
    def key(self) -> tuple[ActionKind, str]:
        """What makes two actions of one response the same."""
        return self.kind, self.target


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """The response to one event, after the policy gate.

    `disputed` are actions that planners did not agree on, `review` says why a person must look ("" where none must); `fallback` why the
    playbook planned although a flow was to ("" where it was not). `refused` are actions that the policy gate took out, each with its
    reason. `calls`, `tokens` and `elapsed_s` are what planning cost.
    """

    actions: tuple[PlannedAction, ...] = ()
    planned_by: PlannedBy = PlannedBy.PLAYBOOK
    playbook_version: int = 0
    disputed: tuple[PlannedAction, ...] = ()
    refused: tuple[tuple[PlannedAction, str], ...] = ()
    review: str = ""
    fallback: str = ""
    summary: str = ""
    calls: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0
