"""Builds what does what was planned."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from haetae.clock import Clock
from haetae.compose.notifying import Telling, channel_parts
from haetae.database.action_effects import EFFECTS
from haetae.database.action_store import ActionStore
from haetae.database.approval_rows import Terms
from haetae.database.approval_store import ApprovalStore
from haetae.database.engine import Sessions
from haetae.database.target_store import TargetStore
from haetae.domain.action import TARGETS, Action, Approval, RateLimit
from haetae.domain.delivery import Delivery, Occurrence
from haetae.domain.event import ACTION_UNKNOWN, APPROVAL_NEEDED, Severity
from haetae.domain.incident import Target
from haetae.domain.notice import NoticeKind
from haetae.domain.plan import ActionKind, ResponsePlan
from haetae.errors import HaetaeError
from haetae.media.blobs import StorageLayout
from haetae.notifications.channel_set import needs_target
from haetae.notifications.composing import Ask, Words
from haetae.pipeline.acting.base import Executor
from haetae.pipeline.acting.cameras import ExtendRecording, KeepSnapshot, Recorders, TurnCamera
from haetae.pipeline.acting.devices import Devices
from haetae.pipeline.acting.drafts import DraftCall
from haetae.pipeline.acting.engine import Acting, ActingOptions
from haetae.pipeline.acting.questions import AskPeople, asker
from haetae.pipeline.acting.telling import Telling as TellPeople
from haetae.pipeline.approval_links import ApprovalLinks
from haetae.pipeline.captions import Captions
from haetae.pipeline.live_feed import LiveFeeds
from haetae.pipeline.responding import ActionDesk
from haetae.pipeline.system_events import SystemEvents
from haetae.settings import ActingSettings, SystemConfig
from haetae.sources.pan_tilt import HeadParts
from haetae.time_zone import local_time_zone
from haetae.vault import Vault


@dataclass(frozen=True, slots=True)
class Asking:
    """The parts that ask people; made before those that tell them, which put the questions into words."""

    store: ApprovalStore
    targets: TargetStore
    links: ApprovalLinks
    ask: Ask
    words: Words


@dataclass(frozen=True, slots=True)
class Doing:
    """The parts that act."""

    acting: Acting
    actions: ActionStore
    asking: Asking


def make_asking(config: SystemConfig, clock: Clock, sessions: Sessions, vault: Vault) -> Asking:
    """Opens nothing."""
    store, targets = ApprovalStore(sessions, clock, vault), TargetStore(sessions, clock, vault)
    links = ApprovalLinks(config.api.public_url, vault)

    def name_of(action: Action) -> str:
        if action.kind not in TARGETS:
            return ""
        try:
            return targets.get(action.planned.target).name
        except HaetaeError:
            return action.planned.target

    actions = ActionStore(sessions, clock)

    def words(row: Delivery) -> str:
        kinds = {NoticeKind.ALERT: ActionKind.NOTIFY, NoticeKind.ESCALATION: ActionKind.ESCALATE}
        return actions.words_for(row.event_id, kinds[row.kind]) if row.event_id is not None and row.kind in kinds else ""

    return Asking(store, targets, links, asker(store, links, name_of), words)


def terms(settings: ActingSettings) -> Terms:
    """How long people have, and how many must approve."""
    return Terms(settings.approval_s, {ActionKind(kind): 2 for kind in settings.two_people})


def start_acting(
    config: SystemConfig,
    clock: Clock,
    sessions: Sessions,
    layout: StorageLayout,
    feeds: LiveFeeds,
    opened: ExitStack,
    *,
    asking: Asking,
    telling: Telling,
    system_events: SystemEvents,
    captions: Captions,
    recorders: Callable[[], Recorders | None],
    changed: Callable[[UUID, UUID], None],
) -> Doing:
    """Start the engine, to be closed by `opened`."""
    actions = ActionStore(sessions, clock, terms(config.acting))
    # The site's lock is held: whoever was acting before was killed.
    actions.release_all()

    def occurrence(event_id: UUID) -> Occurrence | None:
        return telling.outbox.occurrences([event_id]).get(event_id)

    def alarm(action: Action, reason: str) -> None:
        detail = f"{action.kind.value} {action.planned.target}: {reason}"
        system_events.close(system_events.open(action.camera_id, ACTION_UNKNOWN, detail=detail, severity=Severity.HIGH))

    def unheard(approval: Approval) -> None:
        action = approval.action
        detail = f"{action.kind.value} {action.planned.target} waits for a person until {approval.expires_at:%H:%M:%S} UTC"
        system_events.close(system_events.open(action.camera_id, APPROVAL_NEEDED, detail=detail, severity=Severity.HIGH))

    questions = AskPeople(
        asking.store,
        telling.outbox,
        clock,
        needs_target=needs_target,
        deciders=asking.store.deciders,
        unheard=unheard,
        wake=telling.wake,
    )
    reach = channel_parts(config.notifications).reach
    devices = Devices(
        asking.targets.usable,
        reach,
        occurrence,
        asking.store.approved_by,
        site=config.site.name,
        console_url=config.api.public_url,
    )
    tell = TellPeople(telling.outbox, clock, needs_target=needs_target, wake=telling.wake)
    zone = local_time_zone(config.site.time_zone)
    executors: Mapping[ActionKind, Executor] = {
        ActionKind.EXTEND_RECORDING: ExtendRecording(recorders),
        ActionKind.SNAPSHOT: KeepSnapshot(layout, feeds, occurrence),
        ActionKind.NOTIFY: tell,
        ActionKind.ESCALATE: tell,
        ActionKind.PTZ_PRESET: TurnCamera(asking.targets.usable, HeadParts(reach, captions.show)),
        ActionKind.EMERGENCY_CALL_DRAFT: DraftCall(occurrence, site=config.site.name, language=config.vlm.language, time_zone=zone),
        **dict.fromkeys((kind for kind in TARGETS if kind is not ActionKind.PTZ_PRESET), devices),
    }
    options = ActingOptions(config.acting.at_once, limits(config.acting))
    acting = Acting(actions, executors, EFFECTS, questions, clock, options=options, changed=changed, alarm=alarm)
    acting.start()
    opened.callback(acting.close)
    return Doing(acting, actions, asking)


def limits(settings: ActingSettings) -> Mapping[ActionKind, RateLimit]:
    """How often each kind that is automatic may be done for one camera."""
    return {
        ActionKind.NOTIFY: RateLimit(settings.notify_per_hour),
        ActionKind.ESCALATE: RateLimit(settings.escalate_per_hour),
        ActionKind.PTZ_PRESET: RateLimit(settings.ptz_preset_per_hour),
        ActionKind.CALL_WEBHOOK: RateLimit(settings.call_webhook_per_hour),
        ActionKind.OPEN_TICKET: RateLimit(settings.open_ticket_per_hour),
    }


def desk_of(doing: Doing) -> ActionDesk:
    """Where plans are handed in to be carried out."""
    return _Desk(doing)


class _Desk:
    def __init__(self, doing: Doing) -> None:
        self._doing = doing

    def record(self, event_id: UUID, camera_id: UUID, plan: ResponsePlan, *, evidence: Mapping[str, Any] | None = None) -> list[UUID]:
        ids = self._doing.actions.record(event_id, camera_id, plan, evidence=evidence)
        self._doing.acting.wake()
        return ids


def registered_of(targets: TargetStore) -> Callable[[], Sequence[Target]]:
    """What is registered for actions to reach, as those who plan may name it."""
    return lambda: [
        Target(each.kind.value, each.id, each.name, each.camera_id) for each in targets.list() if each.enabled and not each.broken
    ]
